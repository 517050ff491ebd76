from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from limbeck.core.errors import DataError, UsageError
from limbeck.stages.guard import Guard, evidence
from stages import worlds


def guard(folder: Path, **optimisation: float) -> Guard:
    return Guard(worlds.spec(**optimisation), folder=folder, ids=lambda rows: [f"row-{row}" for row in rows])


def test_finite_numbers_pass(tmp_path: Path) -> None:
    guard(tmp_path).update(worlds.Steps().batch(0), 1, 1e30, 0.0, evidence=dict)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("loss", "norm", "what"), [(float("nan"), 1.0, "loss"), (1.0, float("inf"), "gradient")])
def test_stops_and_says_which_rows(tmp_path: Path, loss: float, norm: float, what: str) -> None:
    batch = worlds.Steps(3).batch(2)
    batch.views["student.text"]["features"][1, 1] = float("nan")
    with pytest.raises(DataError, match=f"stopped at step 5: the {what} is not finite.*nonfinite.json"):
        guard(tmp_path).update(batch, 5, loss, norm, evidence=lambda: {"more": 1})
    report = json.loads((tmp_path / "nonfinite.json").read_text())
    assert report["ids"] == ["row-6", "row-7", "row-8"]
    assert report["index"] == [6, 7, 8]
    assert report["views"] == ["student.text.features", "teacher.text.features"]
    assert report["step"] == 5
    assert report["more"] == 1


def test_evidence_names_gradients() -> None:
    model = nn.Linear(2, 1)
    model.weight.grad, model.bias.grad = torch.zeros(1, 2), torch.full((1,), float("inf"))
    found = evidence({"a": torch.tensor(float("nan"))}, model, 0.1)
    assert found == {"terms": {"a": "nan"}, "gradients": ["bias"], "learning_rate": 0.1}


def test_identical_rows_stop_at_the_third_batch_on_end(tmp_path: Path) -> None:
    watch, good = guard(tmp_path), worlds.Steps().batch(0)
    same = good.rows(torch.zeros(12, dtype=torch.long))
    half = dataclasses.replace(same, views={**same.views, "student.text": good.views["student.text"]})
    for batch in (same, same, half, same, same):
        watch.batch(batch, 1)
    with pytest.raises(DataError, match="all the same"):
        watch.batch(same, 6)
    single = guard(tmp_path)
    for _ in range(5):
        single.batch(good.rows(slice(0, 1)), 1)


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 weights are not finite"):
        guard(tmp_path).weights({"a": torch.tensor([float("inf")]), "b": torch.ones(1)}, worlds.Steps().batch(0), 3)


def test_a_rate_that_replaces_the_weights(tmp_path: Path) -> None:
    parameters = list(nn.Linear(64, 64).parameters())
    guard(tmp_path, learning_rate=1e-2).rate(parameters)
    with pytest.raises(UsageError, match="learning rate 1 of stage 'main' would replace the weights"):
        guard(tmp_path, learning_rate=1.0).rate(parameters)
    guard(tmp_path, learning_rate=1.0).rate([nn.Parameter(torch.zeros(3, 3)), nn.Parameter(torch.ones(()))])
