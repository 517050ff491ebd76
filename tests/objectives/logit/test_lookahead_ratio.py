from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from limbeck.objectives.logit.knowledge_fusion import KnowledgeFusionLoss
from limbeck.objectives.logit.lookahead_ratio import LookaheadRatioLoss
from objectives.oracle import close, rows

H, T, LABEL = rows(5, 3, 1), rows(5, 4, 2), torch.tensor([0, 3, 1, 2, 2])
WEIGHT = rows(4, 3, 3)


def ask(ratio, **other):
    given = {
        "ratio": ratio,
        "target_logits": H @ WEIGHT.T,
        "target_features": H,
        "teacher": T,
        "target_label": LABEL,
    }
    return LookaheadRatioLoss(2.0)(**(given | other))


def test_it_is_the_change_of_the_others_loss_after_a_step():
    """Autograd through one real step of the last layer, row by row, is the oracle."""
    rate, expected = 1e-3, []
    for i in range(5):
        ratio = torch.full((5,), 0.5, requires_grad=True)
        weight = WEIGHT.clone().requires_grad_()
        inner = KnowledgeFusionLoss(2.0)(student=H @ weight.T, teacher=T, ratio=ratio, target_label=LABEL)[i]
        (step,) = torch.autograd.grad(inner, weight, create_graph=True)
        moved = WEIGHT - rate * step
        others = torch.arange(5) != i
        # linear in the step: the gradient of the outer loss is taken before it
        outer = CrossEntropyLoss()(logits=H @ weight.T, target_label=LABEL)[others].mean()
        (slope,) = torch.autograd.grad(outer, weight)
        (found,) = torch.autograd.grad((slope.detach() * (moved - WEIGHT)).sum() / rate, ratio)
        expected.append(float(found[i]))
    ratio = torch.full((5,), 0.5, requires_grad=True)
    ask(ratio).sum().backward()
    close(ratio.grad, expected, 1e-4)


def test_a_right_teacher_is_believed_and_a_wrong_one_is_not():
    label = torch.tensor([0, 0, 0, 1, 1, 1])
    features = torch.eye(2)[label]
    right = 6 * torch.eye(2)[label]
    wrong = right.clone()
    wrong[0] = right[0].flip(0)
    ratio = torch.full((6,), 0.5, requires_grad=True)
    shared = {"target_logits": torch.zeros(6, 2), "target_features": features, "target_label": label}
    LookaheadRatioLoss(4.0)(ratio=ratio, teacher=wrong, **shared).sum().backward()
    assert ratio.grad[0] > 0
    assert ratio.grad[0] > ratio.grad[1:].max()


def test_a_row_alone_has_nobody_to_help():
    alone = {"target_logits": (H @ WEIGHT.T)[:1], "target_features": H[:1], "teacher": T[:1], "target_label": LABEL[:1]}
    assert ask(torch.tensor([0.5]), **alone).tolist() == [0.0]


def test_a_temperature_must_be_positive():
    with pytest.raises(UsageError, match="temperature"):
        LookaheadRatioLoss(0.0)
