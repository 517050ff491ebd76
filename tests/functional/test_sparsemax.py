from __future__ import annotations

import pytest
import torch

from limbeck.functional.sparsemax import softmax, sparsemax
from objectives.oracle import close, rows
from objectives.oracle import softmax as plain_softmax


def oracle(logits):
    # bisection on tau: sum max(z - tau, 0) falls from above 1 to 0 as tau grows
    low, high = min(logits) - 1, max(logits)
    for _ in range(80):
        tau = (low + high) / 2
        low, high = (tau, high) if sum(max(z - tau, 0) for z in logits) > 1 else (low, tau)
    return [max(z - low, 0) for z in logits]


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_oracle(scale):
    logits = scale * rows(6, 9, 1)
    close(sparsemax(logits).flatten(), [p for row in logits.tolist() for p in oracle(row)])


def test_by_hand():
    # tau = (1.0 + 0.5 - 1) / 2 = 0.25
    close(sparsemax(torch.tensor([1.0, 0.5, -1.0])), [0.75, 0.25, 0.0])


def test_weights_sum_to_one_and_most_are_zero():
    found = sparsemax(3 * rows(50, 200, 2))
    torch.testing.assert_close(found.sum(-1), torch.ones(50))
    assert (found >= 0).all()
    assert (found == 0).float().mean() > 0.95


def test_gradient_is_that_of_differences():
    logits = rows(1, 7, 3).double().float().requires_grad_()
    weights = torch.arange(7.0)
    (sparsemax(logits) * weights).sum().backward()
    for place in range(7):
        step = torch.zeros(1, 7)
        step[0, place] = 1e-2
        plus, minus = ((sparsemax(logits.detach() + sign * step) * weights).sum() for sign in (1, -1))
        assert logits.grad[0, place].item() == pytest.approx((plus - minus).item() / 2e-2, abs=2e-2)


def test_ties_and_one_column():
    close(sparsemax(torch.zeros(4)), [0.25] * 4)
    close(sparsemax(torch.tensor([[-7.0], [1e4]])).flatten(), [1.0, 1.0])


def test_softmax_is_in_fp32_and_dense():
    logits = rows(3, 4, 1)
    close(softmax(logits).flatten(), [p for row in logits.tolist() for p in plain_softmax(row)])
    assert softmax(logits.bfloat16()).dtype is torch.float32
