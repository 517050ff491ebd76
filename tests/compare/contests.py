"""A finished contest of two arms under two seeds, and how to run it again; steps cost what a test says they cost."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from compare import worlds
from limbeck.compare import contest as module
from limbeck.compare.arms import Comparison
from limbeck.compare.contest import Outcome, Rules, contest

RULES = Rules(seeds=worlds.SEEDS, tune=2)
RATES = {"no teacher": 1.0, "distilled": 1.5}


def run(
    out: Path,
    *,
    rules: Rules = RULES,
    jobs: int = 1,
    rates: Mapping[str, float] | None = RATES,
    steps: int = 3,
    notify: Any = None,
) -> tuple[Outcome, list[str]]:
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        if notify is not None:
            notify(line)

    # a patch belongs to the process: who runs contests in several threads patches once, and says None here
    with contextlib.nullcontext() if rates is None else measured(rates):
        return contest(worlds.arms(steps=steps), worlds.bench(), rules, out=out, jobs=jobs, notify=tell), said


def measured(rates: Mapping[str, float]) -> Any:
    """Steps cost what is said, wherever they are measured."""
    return mock.patch.object(module, "measure_rates", return_value=dict(rates))


def folder() -> Path:
    """Where the finished contest is."""
    return worlds.worlds.root() / "contest"


@cache
def finished() -> Outcome:
    """Do not change its folder."""
    return run(folder())[0]


def same(first: Outcome, second: Outcome) -> bool:
    """Every item of every arm, seed, metric and budget is equal to the last bit, and so is every trial."""
    pairs = [(first.comparison, second.comparison)]
    if first.other is not None and second.other is not None:
        pairs.append((first.other, second.other))
    return (
        (first.other is None) == (second.other is None)
        and first.trials == second.trials
        and all(_same(one, two) for one, two in pairs)
    )


def _same(first: Comparison, second: Comparison) -> bool:
    return first.runs.keys() == second.runs.keys() and all(
        np.array_equal(a.get(name).items, b.get(name).items)
        for arm in ("teacher", *first.runs)
        for a, b in zip(first.measured(arm), second.measured(arm), strict=True)
        for name in first.metrics()
    )


def weights(out: Path) -> dict[str, bytes]:
    """Run -> its model's bytes."""
    return {path.parents[1].name: path.read_bytes() for path in out.glob("runs/*/model/model.safetensors")}
