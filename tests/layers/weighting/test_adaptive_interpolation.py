from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.weighting.adaptive_interpolation import AdaptiveInterpolation
from objectives.oracle import softmax


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def test_oracle():
    settings = {"start": 0.2, "end": 0.9, "rate": 0.3, "momentum": 0.5}
    layer = AdaptiveInterpolation(10, **settings)
    share, trend, last = 0.2, 0.0, None
    for step in range(1, 9):
        student, teacher = torch.randn(3, 4) / step, torch.randn(3, 4) / step
        found = layer(student=student, teacher=teacher)
        assert float(found["share"]) == pytest.approx(share, abs=1e-5)
        target = [
            [(1 - share) * x + share * y for x, y in zip(s, t, strict=True)]
            for s, t in zip(student.tolist(), teacher.tolist(), strict=True)
        ]
        torch.testing.assert_close(found["pooled"], torch.tensor(target), atol=1e-5, rtol=1e-5)
        loss = sum(kl(softmax(t), softmax(s)) for t, s in zip(target, student.tolist(), strict=True)) / 3
        if last is not None:
            trend = 0.5 * trend + 0.5 * (last - loss) / last
            share += 0.3 / (1 + math.exp(-trend)) * (1 - share)
        last = loss
        share = min(0.9, max(0.2 + 0.7 * step / 10, share))


def test_it_rises_at_least_linearly_to_the_teacher():
    layer = AdaptiveInterpolation(5, start=0.0)
    student, teacher = torch.zeros(2, 3), torch.randn(2, 3)
    shares = [float(layer(student=student, teacher=teacher)["share"]) for _ in range(7)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert all(share >= step / 5 - 1e-6 for step, share in enumerate(shares[:6]))
    assert torch.equal(layer(student=student, teacher=teacher)["pooled"], teacher)


def test_it_runs_ahead_of_the_line_where_the_loss_falls():
    def end(scale):
        layer = AdaptiveInterpolation(100, start=0.1, rate=0.05, momentum=0.5)
        for step in range(20):
            layer(student=torch.zeros(1, 2), teacher=scale(step) * torch.tensor([[3.0, 0.0]]))
        return float(layer.share)

    assert end(lambda step: 0.7**step) > end(lambda step: 1.3**step) > 0.1 + 0.9 * 20 / 100


def test_evaluation_does_not_move_it_and_no_gradient_goes_to_the_student():
    layer = AdaptiveInterpolation(5).eval()
    student = torch.zeros(2, 3, requires_grad=True)
    found = layer(student=student, teacher=torch.ones(2, 3))
    assert not found["pooled"].requires_grad
    assert int(layer.step) == 0
    assert float(layer.share) == pytest.approx(0.4)


@pytest.mark.parametrize("wrong", [{"start": 0.9, "end": 0.5}, {"start": -0.1}, {"end": 1.1}])
def test_refused(wrong):
    with pytest.raises(UsageError, match="start"):
        AdaptiveInterpolation(5, **wrong)
