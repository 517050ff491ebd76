from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.feature.dual_view import DualViewLoss
from objectives.oracle import close


@pytest.mark.parametrize("balance", [0.0, 0.6, 1.0])
def test_oracle(balance):
    student, teacher = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    expected = []
    for s, t in zip(student.tolist(), teacher.tolist(), strict=True):
        means = [[sum(row[c] for row in x) / 4 for c in range(5)] for x in (s, t)]
        plain = sum((s[i][c] - t[i][c]) ** 2 for i in range(4) for c in range(5)) / 20
        other = sum((s[i][c] - means[0][c] - t[i][c] + means[1][c]) ** 2 for i in range(4) for c in range(5)) / 20
        expected.append(balance * plain + (1 - balance) * other)
    close(DualViewLoss(balance)(student=student, teacher=teacher), expected)


def test_by_hand():
    # differences 1 and 3: squares mean 5; without the mean -1 and 1: 1
    found = DualViewLoss(0.5)(student=torch.tensor([[[1.0], [3.0]]]), teacher=torch.zeros(1, 2, 1))
    close(found, [3.0])


def test_the_second_view_does_not_see_a_shift_of_all_tokens():
    student = torch.randn(2, 4, 5)
    assert DualViewLoss(0.0)(student=student + 7.0, teacher=student).max() < 1e-9
    assert DualViewLoss(1.0)(student=student + 7.0, teacher=student).min() > 48


@pytest.mark.parametrize("balance", [-0.1, 1.1, float("nan")])
def test_a_balance_outside_is_refused(balance):
    with pytest.raises(UsageError, match="balance"):
        DualViewLoss(balance)
