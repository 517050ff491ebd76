from __future__ import annotations

import math

import torch

from limbeck.functional.divergence import cross_entropy, jensen_shannon, kl_divergence, log_softmax
from objectives.oracle import close, rows, softmax

LOGITS, TARGET = rows(4, 5, 1), rows(4, 5, 2)
KEEP = torch.tensor([[True, True, False, True, False]]).expand(4, 5)


def distributions(keep):
    for s, t in zip(LOGITS.tolist(), TARGET.tolist(), strict=True):
        yield (
            softmax([x for x, k in zip(s, keep, strict=True) if k]),
            softmax([x for x, k in zip(t, keep, strict=True) if k]),
        )


def test_cross_entropy_oracle():
    for keep in (None, KEEP):
        columns = [True] * 5 if keep is None else KEEP[0].tolist()
        expected = [-sum(p * math.log(q) for p, q in zip(t, s, strict=True)) for s, t in distributions(columns)]
        close(cross_entropy(LOGITS, TARGET, keep), expected)


def test_kl_oracle():
    for keep in (None, KEEP):
        columns = [True] * 5 if keep is None else KEEP[0].tolist()
        expected = [sum(p * math.log(p / q) for p, q in zip(t, s, strict=True)) for s, t in distributions(columns)]
        close(kl_divergence(LOGITS, TARGET, keep), expected)


def test_by_hand():
    close(kl_divergence(torch.tensor([[0.0, 0.0]]), torch.tensor([[100.0, 0.0]])), [math.log(2)])
    close(log_softmax(torch.zeros(1, 4)).flatten(), [-math.log(4)] * 4)


def test_left_out_columns_get_no_probability_and_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    assert not log_softmax(logits, KEEP).exp()[~KEEP].any()
    kl_divergence(logits, TARGET, KEEP).sum().backward()
    assert not logits.grad[~KEEP].any()
    assert logits.grad[KEEP].all()


def test_no_column_left_is_finite_without_gradient():
    logits = LOGITS.clone().requires_grad_()
    loss = kl_divergence(logits, TARGET, torch.zeros(4, 5, dtype=torch.bool))
    loss.sum().backward()
    assert loss.tolist() == [0.0] * 4
    assert not logits.grad.any()


def test_jensen_shannon_oracle():
    for keep in (None, KEEP):
        columns = [True] * 5 if keep is None else KEEP[0].tolist()
        expected = []
        for s, t in distributions(columns):
            middle = [(p + q) / 2 for p, q in zip(s, t, strict=True)]
            one = sum(p * math.log(p / r) for p, r in zip(s, middle, strict=True))
            other = sum(q * math.log(q / r) for q, r in zip(t, middle, strict=True))
            expected.append((one + other) / 2)
        close(jensen_shannon(LOGITS, TARGET, keep), expected)
        close(jensen_shannon(TARGET, LOGITS, keep), expected)


def test_jensen_shannon_is_at_most_log_2_and_finite():
    sure = torch.tensor([[1e4, 0.0, 0.0]], requires_grad=True)
    loss = jensen_shannon(sure, torch.tensor([[0.0, 1e4, 0.0]]))
    close(loss, [math.log(2)])
    loss.sum().backward()
    assert sure.grad.isfinite().all()
