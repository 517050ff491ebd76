from __future__ import annotations

import json

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.stages.selection import Selection


def feed(selection: Selection, values: list[float]) -> list[bool]:
    return [
        selection.consider(step, {"other": 0.0, "recall": value}, weights=lambda s=step: {"w": torch.tensor(s)})[2]
        for step, value in enumerate(values)
    ]


def test_keeps_the_first_of_the_best_and_never_nan() -> None:
    selection = Selection("recall", patience=0)
    assert feed(selection, [float("nan"), 0.2, 0.5, float("nan"), 0.5, 0.4]) == [False, True, True, False, False, False]
    assert (selection.step, selection.metrics["recall"], int(selection.weights["w"])) == (2, 0.5, 2)
    assert not selection.over


def test_patience() -> None:
    selection = Selection("recall", patience=2)
    feed(selection, [0.5, 0.4])
    assert not selection.over
    feed(selection, [0.3])
    assert selection.over


def test_state_round_trips_through_json_with_nan() -> None:
    first, second = Selection("recall", patience=3), Selection("recall", patience=3)
    feed(first, [0.5, float("nan"), 0.1])
    second.load(json.loads(json.dumps(first.state(), allow_nan=False)), first.weights)
    assert second.state() == first.state()
    assert feed(second, [0.4]) == [False]
    assert second.over


def test_unknown_metric() -> None:
    with pytest.raises(UsageError, match="did you mean 'recall'"):
        Selection("recal", patience=0).consider(1, {"recall": 1.0}, weights=dict)
    with pytest.raises(UsageError, match="valid: none"):
        Selection(None, patience=0).consider(1, {}, weights=dict)
    assert Selection(None, patience=0).consider(1, {"a": 1.0, "b": 2.0}, weights=dict)[0] == "a"
