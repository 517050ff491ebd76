from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from limbeck.objectives.logit.kd import KDLoss
from limbeck.objectives.logit.knowledge_fusion import KnowledgeFusionLoss
from objectives.oracle import close, rows, softmax

S, T, LABEL = rows(4, 3, 1), rows(4, 3, 2), torch.tensor([0, 2, 1, 2])


def test_oracle():
    ratio, temperature = [0.0, 1.0, 0.25, 0.7], 2.0
    expected = []
    for s, t, w, y in zip(S.tolist(), T.tolist(), ratio, LABEL.tolist(), strict=True):
        p, q = softmax([x / temperature for x in t]), softmax([x / temperature for x in s])
        taught = temperature**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        expected.append(w * taught - (1 - w) * math.log(softmax(s)[y]))
    close(KnowledgeFusionLoss(2.0)(student=S, teacher=T, ratio=torch.tensor(ratio), target_label=LABEL), expected)


def test_its_ends_are_distillation_and_labels():
    loss = KnowledgeFusionLoss(3.0)
    taught = loss(student=S, teacher=T, ratio=torch.ones(4), target_label=LABEL)
    told = loss(student=S, teacher=T, ratio=torch.zeros(4), target_label=LABEL)
    torch.testing.assert_close(taught, KDLoss(3.0)(student=S, teacher=T))
    torch.testing.assert_close(told, CrossEntropyLoss()(logits=S, target_label=LABEL))


def test_the_ratio_moves_to_the_smaller_of_the_two():
    ratio = torch.full((4,), 0.5, requires_grad=True)
    KnowledgeFusionLoss(1.0)(student=S, teacher=S, ratio=ratio, target_label=LABEL).sum().backward()
    assert (ratio.grad < 0).all()  # the teacher agrees with the student: believing it costs nothing


def test_a_temperature_must_be_positive():
    with pytest.raises(UsageError, match="temperature"):
        KnowledgeFusionLoss(0.0)
