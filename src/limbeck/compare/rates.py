"""What a training step of each arm costs in seconds, and how many steps an arm may take for the same seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from limbeck.core.describe import describe
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
_LEAST = (2, 3)  # rounds, the first of which warms up, and steps of each


def measure_rates(
    arms: Mapping[str, Recipe],
    bench: Bench,
    taught: Taught | None,
    *,
    steps: int = STEPS,
    rounds: int = ROUNDS,
    seconds: float = 0.0,
    leave: Collection[str] = (),
    notify: Notify = silent,
) -> dict[str, float]:
    """Seconds a step of every arm: waiting for rows, forward, backward and update; no validation, no checkpoint.

    The arms take turns, so that a machine that slows down slows all of them; the smallest of the rounds counts. No arm
    takes more steps than one run of it has, but for a warm-up and a few.

    Args:
        arms: name -> recipe.
        bench: data and teacher.
        taught: the prepared teacher.
        steps: of each stage in a round.
        rounds: turns of every arm.
        seconds: of a run; 0 where the recipes say how long it is.
        leave: names of stages that do not count; every arm has another one.
        notify: takes one line a fact.
    """
    rows = replace(bench.rows, validation=bench.rows.validation[:_FEW])
    found: dict[str, float] = {}
    if not seconds:
        length = min(total_steps(recipe) // len(recipe.stages) for recipe in arms.values())
        rounds = min(rounds, max(_LEAST[0], length // steps))
        steps = min(steps, max(_LEAST[1], length // rounds))
    for done in range(rounds):
        after = {name: (done + 1) * steps * len(recipe.stages) * found.get(name, 0.0) for name, recipe in arms.items()}
        if seconds and done >= _LEAST[0] and max(after.values()) > seconds:
            break
        for name, recipe in arms.items():
            short = replace(recipe, stages=tuple(_shortened(stage, steps) for stage in recipe.stages))
            trained = train(short, bench.source, rows, taught, folder=None, store=bench.store)
            cost = counted = 0.0
            for stage in (one for one in recipe.stages if one.name not in leave):
                fit, batch = trained.fits[stage.name], sum(stage.budget.batch.values())
                busy = batch * steps / fit.rows_per_second if fit.rows_per_second else 0.0
                cost += stage.budget.steps * (busy + fit.waited) / steps
                counted += stage.budget.steps
            found[name] = min(found.get(name, float("inf")), cost / counted)
    for name, rate in found.items():
        notify(f"{name}: {1e3 * rate:.1f} ms a step")
    return found


def dearer(rates: Mapping[str, float]) -> list[str]:
    """Arms that cost more than 10 % more a step than the cheapest one.

    >>> dearer({"a": 1.0, "b": 1.09, "c": 1.2})
    ['c']
    """
    cheapest = min(rates.values())
    return [name for name, seconds in rates.items() if seconds > DEARER * cheapest]


def levelled(rates: Mapping[str, float]) -> dict[str, float]:
    """Rates by which equal seconds become steps: arms that are not dearer all count as the dearest of them.

    They are not run again for equal steps, so they have to have equal steps; none of them exceeds its seconds.

    >>> levelled({"a": 1.0, "b": 1.09, "c": 1.2})
    {'a': 1.09, 'b': 1.09, 'c': 1.2}
    """
    slow = dearer(rates)
    most = max(rate for name, rate in rates.items() if name not in slow)
    return {name: rate if name in slow else most for name, rate in rates.items()}


def shared_stages(arms: Mapping[str, Recipe]) -> frozenset[str]:
    """Names of the stages that are the same in every arm, such as a probe after different pre-training.

    They say what all arms are judged by, not what each of them costs. Where no arm has another stage there are none.
    """
    plain = [{stage.name: describe(stage) for stage in recipe.stages} for recipe in arms.values()]
    same = {name for name, stage in plain[0].items() if all(other.get(name) == stage for other in plain)}
    return frozenset(same) if any(stages.keys() - same for stages in plain) else frozenset()


def steps_for(recipe: Recipe, factor: float, *, leave: Collection[str] = ()) -> Recipe:
    """The recipe with its steps multiplied, stage by stage, and validated and saved as often as before.

    Steps are whole: what one stage loses of them the next one gets, so that recipes of one length stay of one length.

    Args:
        recipe: of an arm.
        factor: what the steps are multiplied by.
        leave: names of stages that stay as long as they are.

    Raises:
        UsageError: less than one step would be left.
    """
    begun = 0

    def whole(steps: int) -> int:
        return int(steps * factor + 1e-6)

    def scaled(stage: StageSpec) -> StageSpec:
        nonlocal begun
        if stage.name in leave:
            return stage
        budget = stage.budget
        steps = whole(begun + budget.steps) - whole(begun)
        begun += budget.steps
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
