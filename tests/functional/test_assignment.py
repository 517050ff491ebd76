from __future__ import annotations

import itertools

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from limbeck.functional.assignment import best_assignment
from objectives.oracle import rows


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 2), (4, 4), (3, 6), (5, 5)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_matchings_tried(n, m, seed):
    score = rows(n, m, seed)
    best = max(sum(float(score[i, c]) for i, c in enumerate(chosen)) for chosen in itertools.permutations(range(m), n))
    found = best_assignment(score)
    assert len(set(found.tolist())) == n
    assert float(score[torch.arange(n), found].sum()) == pytest.approx(best, abs=1e-5)


def test_the_same_sum_as_scipy_with_ties():
    score = torch.randint(0, 5, (60, 70), generator=torch.Generator().manual_seed(0)).float()
    one, other = linear_sum_assignment(score.numpy(), maximize=True)
    assert float(score[torch.arange(60), best_assignment(score)].sum()) == float(score[one, other].sum())


def test_by_hand():
    # greedy takes 9 and then 0; together 8 + 7 is more
    assert best_assignment(torch.tensor([[9.0, 8.0], [7.0, 0.0]])).tolist() == [1, 0]


def test_more_rows_than_columns_are_refused():
    with pytest.raises(ValueError, match="3 rows"):
        best_assignment(torch.zeros(3, 2))
