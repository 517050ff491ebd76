"""What a training step of each arm costs in seconds, and how many steps an arm may take for the same seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.errors import UsageError
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.train import train

STEPS = 8
ROUNDS = 5
DEARER = 1.10
_FEW = 16


def measure_rates(
    arms: Mapping[str, Recipe],
    bench: Bench,
    taught: Taught | None,
    *,
    steps: int = STEPS,
    rounds: int = ROUNDS,
    notify: Notify = silent,
) -> dict[str, float]:
    """Seconds a step of every arm: waiting for rows, forward, backward and update; no validation, no checkpoint.

    The arms take turns, so that a machine that slows down slows all of them; the smallest of the rounds counts.

    Args:
        arms: name -> recipe.
        bench: data and teacher.
        taught: the prepared teacher.
        steps: of each stage in a round.
        rounds: turns of every arm.
        notify: takes one line a fact.
    """
    rows = replace(bench.rows, validation=bench.rows.validation[:_FEW])
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, recipe in arms.items():
            short = replace(recipe, stages=tuple(_shortened(stage, steps) for stage in recipe.stages))
            done = train(short, bench.source, rows, taught, folder=None, store=bench.store)
            seconds = length = 0.0
            for stage in recipe.stages:
                fit = done.fits[stage.name]
                trained = sum(stage.budget.batch.values()) * steps / fit.rows_per_second if fit.rows_per_second else 0.0
                seconds += stage.budget.steps * (trained + fit.waited) / steps
                length += stage.budget.steps
            found[name] = min(found.get(name, float("inf")), seconds / length)
    for name, seconds in found.items():
        notify(f"{name}: {1e3 * seconds:.1f} ms a step")
    return found


def dearer(rates: Mapping[str, float]) -> list[str]:
    """Arms that cost more than 10 % more a step than the cheapest one.

    >>> dearer({"a": 1.0, "b": 1.09, "c": 1.2})
    ['c']
    """
    cheapest = min(rates.values())
    return [name for name, seconds in rates.items() if seconds > DEARER * cheapest]


def steps_for(recipe: Recipe, factor: float) -> Recipe:
    """The recipe with its steps multiplied, stage by stage, and validated and saved as often as before.

    Raises:
        UsageError: less than one step would be left.
    """

    def scaled(stage: StageSpec) -> StageSpec:
        budget = stage.budget
        steps = int(budget.steps * factor + 1e-6)
        if steps < 1:
            raise UsageError(
                f"'{recipe.name}' would get {budget.steps * factor:.2f} steps in stage '{stage.name}'; "
                "give the comparison more seconds or steps"
            )

        def often(every: int) -> int:
            return max(1, round(every * steps / budget.steps)) if every else 0

        every, saved = often(budget.evaluate_every), often(budget.save_every)
        return replace(stage, budget=replace(budget, steps=steps, evaluate_every=every, save_every=saved))

    return replace(recipe, stages=tuple(map(scaled, recipe.stages)))


def total_steps(recipe: Recipe) -> int:
    """Steps of all stages."""
    return sum(stage.budget.steps for stage in recipe.stages)


def _shortened(stage: StageSpec, steps: int) -> StageSpec:
    return replace(stage, budget=replace(stage.budget, steps=steps, evaluate_every=0, save_every=0, patience=0))
