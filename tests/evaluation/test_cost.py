from __future__ import annotations

import pytest
import torch
from torch import nn

from evaluation import worlds
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.evaluation.cost import measure_cost, megabytes, parameters, speedup


class Wide(worlds.Passing):
    """A linear layer and a buffer."""

    def __init__(self, modality: str, width: int, hidden: int) -> None:
        super().__init__(modality, width)
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, width)
        self.register_buffer("mean", torch.zeros(10))
        self.calls: list[int] = []

    def forward(self, view, *, want=("pooled",)):  # type: ignore[no-untyped-def]
        self.calls.append(len(view["vector"]))
        assert not self.training
        assert not torch.is_grad_enabled()
        return Features(pooled=self.second(self.first(view["vector"])))


def test_counts_shared_parameters_once() -> None:
    one, two = Wide("image", 4, 6), Wide("text", 4, 6)
    own = (4 * 6 + 6) + (6 * 4 + 4)
    assert parameters([one]) == own
    two.first = one.first
    assert parameters([one, two]) == 2 * own - 30
    assert megabytes([one]) == pytest.approx((own + 10) * 4 / 1e6)
    assert megabytes([one, two]) == pytest.approx((2 * own - 30 + 20) * 4 / 1e6)


def test_measures_every_batch_size_interleaved() -> None:
    small, large = Wide("image", 8, 8).train(), Wide("image", 8, 2048).eval()
    view = {"vector": torch.randn(5, 8)}
    costs = measure_cost({"student": (small, view), "teacher": (large, view)}, repeats=3, least_seconds=1e-4)
    assert set(costs["student"].milliseconds) == {1, 64}
    assert set(small.calls) == set(large.calls) == {1, 64}
    for cost in costs.values():
        for size, (low, high) in cost.spread.items():
            assert 0 < low <= cost.milliseconds[size] <= high
            assert cost.per_second(size) == pytest.approx(1000 / cost.milliseconds[size])
    ratio = speedup(costs, "student", "teacher", batch=64)
    assert ratio == pytest.approx(costs["teacher"].milliseconds[64] / costs["student"].milliseconds[64])
    assert small.training
    assert not large.training


def test_refuses() -> None:
    tower = Wide("image", 8, 8)
    with pytest.raises(UsageError, match="no rows"):
        measure_cost({"student": (tower, {"vector": torch.randn(0, 8)})})
    costs = measure_cost({"student": (tower, {"vector": torch.randn(1, 8)})}, batches=(1,), repeats=1, least_seconds=0)
    with pytest.raises(UsageError, match="did you mean 'student'"):
        speedup(costs, "studnt", "student", batch=1)
