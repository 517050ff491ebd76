from __future__ import annotations

import pytest
import torch
from torch import nn

from limbeck.core.errors import UsageError
from limbeck.stages import precision
from limbeck.stages.stage import Stage
from stages import worlds


def stage_and_batch() -> tuple[Stage, worlds.Batch]:
    parts = worlds.producers(dropout=0.5)
    parts["student.image"].norm = nn.BatchNorm1d(12)
    return Stage(worlds.spec(), producers=parts), worlds.Steps().batch(0)


def test_as_asked() -> None:
    stage, batch = stage_and_batch()
    assert precision.decide("bf16", stage, batch, 5).bf16
    assert not precision.decide("fp32", stage, batch, 5).bf16
    with pytest.raises(UsageError, match="did you mean 'bf16'"):
        precision.decide("bf61", stage, batch, 5)


@pytest.mark.parametrize(("fast", "chosen"), [(0.5, "bf16"), (0.95, "fp32"), (2.0, "fp32")])
def test_auto_takes_bf16_where_it_clearly_pays(monkeypatch: pytest.MonkeyPatch, fast: float, chosen: str) -> None:
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    monkeypatch.setattr(precision, "_measured", {})
    monkeypatch.setattr(precision, "_seconds", lambda stage, batch, bf16: fast if bf16 else 1.0)
    stage, batch = stage_and_batch()
    assert precision.decide("auto", stage, batch, 1000).name == chosen
    assert precision.decide("auto", stage, batch, 5).name == "fp32"
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: False)
    assert precision.decide("auto", stage, batch, 1000).name == "fp32"


def test_arms_of_a_comparison_get_one_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.1, 1.0])
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    monkeypatch.setattr(precision, "_measured", {})
    monkeypatch.setattr(precision, "_seconds", lambda stage, batch, bf16: next(times))
    stage, batch = stage_and_batch()
    other = Stage(worlds.spec(terms={"contrast": worlds.TERMS["contrast"]}), producers=stage.producers)
    assert precision.decide("auto", stage, batch, 1000) == precision.decide("auto", other, batch, 500)
    smaller = Stage(worlds.spec(trains=("student.text",)), producers=stage.producers)
    with pytest.raises(StopIteration):
        precision.decide("auto", smaller, batch, 1000)


def test_measuring_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    monkeypatch.setattr(precision, "_measured", {})
    stage, batch = stage_and_batch()
    before, random = {k: v.clone() for k, v in stage.state_dict().items()}, torch.get_rng_state()
    found = precision.decide("auto", stage, batch, 1000)
    assert "ms in fp32" in found.reason
    assert worlds.same(before, stage.state_dict())
    assert torch.equal(random, torch.get_rng_state())
    assert all(p.grad is None for p in stage.parameters())
