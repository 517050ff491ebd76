from __future__ import annotations

import math

import torch

from limbeck.layers.weighting.fusion_ratio import FusionRatio
from objectives.oracle import softmax


def test_oracle():
    torch.manual_seed(3)
    layer = FusionRatio(3, hidden=4)
    torch.nn.init.normal_(layer.out.weight)
    s, t, average, label = torch.randn(2, 3), torch.randn(2, 3), torch.rand(2, 3), torch.tensor([2, 0])
    expected = []
    for i in range(2):
        p, q, a = softmax(s[i].tolist()), softmax(t[i].tolist()), softmax(average[i].tolist())
        g = [float(c == label[i]) for c in range(3)]
        edges = [
            x - y for one, other in ((p, g), (q, g), (p, q), (a, g), (p, a)) for x, y in zip(one, other, strict=True)
        ]
        middle = [
            max(0.0, b + sum(w * e for w, e in zip(row, edges, strict=True)))
            for row, b in zip(layer.into.weight.tolist(), layer.into.bias.tolist(), strict=True)
        ]
        out = layer.out.bias.item() + sum(w * m for w, m in zip(layer.out.weight[0].tolist(), middle, strict=True))
        expected.append(1 / (1 + math.exp(-out)))
    found = layer(student=s, teacher=t, average=average, label=label)["pooled"]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-5, rtol=1e-5)


def test_it_starts_at_one_half_and_sends_no_gradient_to_the_student():
    layer = FusionRatio(3)
    s = torch.randn(4, 3, requires_grad=True)
    found = layer(student=s, teacher=torch.randn(4, 3), average=torch.rand(4, 3), label=torch.tensor([0, 1, 2, 0]))
    assert found["held"].tolist() == found["pooled"].tolist() == [0.5] * 4
    assert not found["held"].requires_grad
    found["pooled"].sum().backward()
    assert s.grad is None
    assert layer.out.bias.grad.any()


def test_it_can_learn_to_leave_a_wrong_teacher():
    layer = FusionRatio(3)
    label = torch.arange(60) % 3
    wrong = torch.arange(60) % 2 == 0
    teacher = 5 * torch.nn.functional.one_hot(torch.where(wrong, (label + 1) % 3, label), 3).float()
    ask = {"student": torch.zeros(60, 3), "teacher": teacher, "average": torch.full((60, 3), 1 / 3), "label": label}
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(40):
        ratio = layer(**ask)["pooled"]
        loss = torch.where(wrong, ratio, 1 - ratio).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = layer(**ask)["pooled"]
    assert found[wrong].max() < 0.2 < 0.8 < found[~wrong].min()
