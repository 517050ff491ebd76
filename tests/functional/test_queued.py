from __future__ import annotations

import torch

from limbeck.functional.queued import queued_cosine, queued_rivals
from objectives.oracle import close, cos, rows


def test_columns_are_the_batch_and_then_the_queue():
    query, key, past = rows(3, 4, 0), rows(3, 4, 1), rows(2, 4, 2)
    found = queued_cosine(query, key, past)
    every = [*key.tolist(), *past.tolist()]
    close(found.flatten(), [cos(q, k) for q in query.tolist() for k in every])
    torch.testing.assert_close(queued_cosine(query, key, None), found[:, :3])


def test_who_competes_in_naive_python():
    mask, group = torch.tensor([True, False, True, True]), torch.tensor([5, 5, -1, 5])
    filled, past = torch.tensor([True, True, True, False]), torch.tensor([5, -1, 7, 9])
    found = queued_rivals(torch.zeros(4, 2), mask, group, filled, past).tolist()
    for i in range(4):
        for j in range(4):
            same = i != j and group[i] >= 0 and group[i] == group[j]
            assert found[i][j] == bool(mask[i] and mask[j] and not same)
            same = group[i] >= 0 and group[i] == past[j]
            assert found[i][4 + j] == bool(mask[i] and filled[j] and not same)


def test_without_a_queue_the_batch_is_all():
    assert queued_rivals(torch.zeros(2, 2), None, None, None, None).tolist() == [[True, True], [True, True]]


def test_a_queue_without_groups_competes_with_all():
    found = queued_rivals(torch.zeros(2, 2), None, torch.tensor([1, 1]), torch.tensor([True]), None)
    assert found.tolist() == [[True, False, True], [False, True, True]]
