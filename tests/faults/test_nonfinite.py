"""Faults 19 and 20: numbers that are not finite, batches without content, students that collapse."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from limbeck.core.errors import DataError, UsageError
from limbeck.core.sample import Batch
from limbeck.core.term import Ref, Term
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.mse import MSELoss
from limbeck.stages import guard
from limbeck.stages.checkpoint import newest_valid
from limbeck.stages.loop import fit
from limbeck.stages.result import FitResult
from stages import worlds


class Spoilt(worlds.Steps):
    """Batches that something happens to from a step on."""

    def __init__(self, change: Callable[[Batch], Batch], *, start: int = 0, stop: int = 10**9) -> None:
        super().__init__()
        self.change, self.start, self.stop = change, start, stop

    def batch(self, step: int) -> Batch:
        batch = super().batch(step)
        return self.change(batch) if self.start <= step < self.stop else batch


def nan(batch: Batch) -> Batch:
    batch.views["student.image"]["features"][3, 2] = float("nan")
    return batch


def huge(batch: Batch) -> Batch:
    views = {name: {"features": view["features"] * 1e30} for name, view in batch.views.items()}
    return dataclasses.replace(batch, views=views)


def one_row(batch: Batch) -> Batch:
    return batch.rows(torch.zeros(len(batch), dtype=torch.long))


def train(folder: Path, loader: Any, parts: Any = None, **given: Any) -> FitResult:
    given = {"steps": 40, "save_every": 1, "precision": "fp32"} | given
    return fit(worlds.spec(**given), parts or worlds.producers(), loader, folder=folder, progress=False)


def nothing_but_finite(folder: Path) -> int:
    """Every number on disk is finite; returns the step of the newest checkpoint."""
    found = newest_valid(folder / "checkpoints" / "main")
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in the log"))
    for path in sorted((folder / "checkpoints").rglob("step-*")):
        for name in ("weights", "optimizer", "ema", "best"):
            from safetensors.torch import load_file

            file = path / f"{name}.safetensors"
            for key, value in (load_file(file) if file.exists() else {}).items():
                assert torch.isfinite(value).all(), f"{file} {key}"
    return found.step if found else 0


@pytest.mark.parametrize("micro", [None, 5])
def test_one_bad_batch_stops_before_its_update(tmp_path: Path, micro: int | None) -> None:
    with pytest.raises(DataError, match=r"stopped at step 8: the loss is not finite.*nonfinite\.json"):
        train(tmp_path, Spoilt(nan, start=7, stop=8), micro_batch=micro, ema=0.9)
    report = json.loads((tmp_path / guard.FILE).read_text())
    assert report["index"] == list(range(84, 96))
    assert report["views"] == ["student.image.features", "teacher.image.features"]
    assert nothing_but_finite(tmp_path) == 7


def test_a_run_goes_on_once_the_row_is_mended(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        train(tmp_path, Spoilt(nan, start=7, stop=8))
    result = train(tmp_path, worlds.Steps())
    assert (result.resumed_from, result.steps) == (7, 40)


def test_gradients_that_overflow(tmp_path: Path) -> None:
    terms = {"mse": Term(MSELoss(), {"student": worlds.TEXT, "teacher": Ref("teacher.text")})}
    parts = worlds.producers()
    with torch.no_grad():
        parts["teacher.text"].encoder.last.bias.fill_(1e25)
    with pytest.raises(DataError, match="not finite"):
        train(tmp_path, worlds.Steps(), parts, terms=terms, trains=("student.text",))
    assert json.loads((tmp_path / guard.FILE).read_text())["step"] <= 3


def test_rate_times_a_thousand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="learning rate 10 .* would replace the weights"):
        train(tmp_path, worlds.Steps(), learning_rate=1e-2 * 1000)
    assert nothing_but_finite_or_empty(tmp_path)


def nothing_but_finite_or_empty(folder: Path) -> bool:
    return not (folder / "checkpoints").exists()


def test_a_run_that_diverges_past_the_check_leaves_nothing_bad(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(guard.Guard, "rate", lambda self, parameters: None)
    terms = {"mse": Term(MSELoss(), {"student": worlds.TEXT, "teacher": Ref("teacher.text")})}
    given = {"terms": terms, "trains": ("student.text",), "clip": None, "warmup": 0.0, "learning_rate": 1e19}
    with pytest.raises(DataError, match="not finite"):
        train(tmp_path, worlds.Steps(), **given)
    assert json.loads((tmp_path / guard.FILE).read_text())["step"] <= 3
    nothing_but_finite(tmp_path)


def test_identical_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the rows of the last 3 batches are all the same"):
        train(tmp_path, Spoilt(one_row, start=5))
    report = json.loads((tmp_path / guard.FILE).read_text())
    assert report["step"] == 8
    assert report["index"] == [84] * 12
    assert nothing_but_finite(tmp_path) == 7


@pytest.mark.parametrize("value", [float("inf"), 200.0])
def test_temperature_to_zero(tmp_path: Path, value: float) -> None:
    parts = worlds.producers()
    parts["student.scale"].limit = float("inf")
    with torch.no_grad():
        parts["student.scale"].log_scale.fill_(value)
    terms = {"contrast": Term(InfoNCELoss(), dict(worlds.TERMS["contrast"].inputs))}
    with pytest.raises(DataError, match="not finite"):
        train(tmp_path, worlds.Steps(), parts, terms=terms)
    assert json.loads((tmp_path / guard.FILE).read_text())["step"] <= 3
    assert nothing_but_finite(tmp_path) <= 2


class Constant(worlds.Small):
    """A student that has died: the last layer hears nothing."""

    def forward(self, view: Any, *, want: Any = ("pooled",)) -> Any:
        return super().forward({"features": view["features"] * 0}, want=want)


class Line(worlds.Small):
    """A student with one direction left."""

    def forward(self, view: Any, *, want: Any = ("pooled",)) -> Any:
        direction = torch.linspace(1, 2, self.width)
        return super().forward(view, want=want).map(lambda x: x[..., :1] * direction)


@pytest.mark.parametrize("kind", [Constant, Line])
def test_collapse_is_flagged_within_200_steps(tmp_path: Path, kind: type) -> None:
    parts = worlds.producers() | {"student.image": kind("image")}
    result = train(tmp_path, worlds.Steps(), parts, steps=200, save_every=0)
    assert [w for w in result.warnings if "'student.image' has collapsed" in w]
    flagged = [entry for line in (tmp_path / "metrics.jsonl").read_text().splitlines()
               if "warning" in (entry := json.loads(line))]  # fmt: skip
    assert flagged[0]["step"] <= 200


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 10), marks=pytest.mark.slow)])
def test_ten_healthy_runs_are_not_flagged(tmp_path: Path, seeds: range) -> None:
    for seed in seeds:
        folder = tmp_path / str(seed)
        result = train(folder, worlds.Steps(seed=seed), worlds.producers(seed), steps=120, save_every=0)
        assert not result.warnings, seed
