"""The same number of validation trials for every arm, over one small space.

Trial 0 is the arm as it is. Trial k multiplies the learning rate, and the weight of every term but the first (only
ratios of weights matter to AdamW), each by 2^u with u in (-2, 2): a factor between 1/4 and 4. The u are a Halton
sequence (base 2 for the learning rate, then 3, 5, 7, ... for the weights), so that trial k tries the same learning rate
in every arm, few trials are spread out, and more trials begin with the same ones. Weights on a schedule stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from limbeck.core.recipe import Recipe, StageSpec
from limbeck.core.term import Term

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_REACH = 2.0


@dataclass(frozen=True)
class Settings:
    """What a trial changes.

    Args:
        learning_rate: factor on the peak of every stage.
        weights: `stage.term` -> factor on its weight.
    """

    learning_rate: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict)


def candidates(recipe: Recipe, count: int) -> list[Settings]:
    """The first `count` settings of the space for one arm.

    >>> from limbeck.core.recipe import DataSpec, Recipe
    >>> [round(one.learning_rate, 3) for one in candidates(Recipe("r", DataSpec("d"), "conv-s", ()), 4)]
    [1.0, 0.5, 2.0, 0.354]
    """
    names = [f"{stage.name}.{name}" for stage in recipe.stages for name in _free(stage)]
    bases = [_PRIMES[1 + place % (len(_PRIMES) - 1)] for place in range(len(names))]
    found = [Settings()]
    for trial in range(1, count):
        weights = {name: _factor(trial, base) for name, base in zip(names, bases, strict=True)}
        found.append(Settings(_factor(trial + 1, 2), weights))
    return found[:count]


def apply_settings(recipe: Recipe, settings: Settings) -> Recipe:
    """The recipe with its learning rates and weights multiplied."""

    def changed(stage: StageSpec) -> StageSpec:
        optimisation = stage.optimisation
        terms: dict[str, Term] = dict(stage.terms)
        for name, term in stage.terms.items():
            factor = settings.weights.get(f"{stage.name}.{name}")
            if factor is not None and isinstance(term.weight, (int, float)):
                terms[name] = replace(term, weight=term.weight * factor)
        rate = optimisation.learning_rate * settings.learning_rate
        return replace(stage, terms=terms, optimisation=replace(optimisation, learning_rate=rate))

    return replace(recipe, stages=tuple(map(changed, recipe.stages)))


def best_trial(values: Sequence[float]) -> int:
    """The trial with the highest validation value; the earliest of equal ones."""
    return max(range(len(values)), key=lambda trial: (values[trial], -trial))


def _free(stage: StageSpec) -> list[str]:
    """Terms whose weight is tried: all but the first, where it is a number."""
    return [name for name, term in [*stage.terms.items()][1:] if isinstance(term.weight, (int, float))]


def _factor(place: int, base: int) -> float:
    return float(2.0 ** (_REACH * (2 * _radical_inverse(place, base) - 1)))


def _radical_inverse(place: int, base: int) -> float:
    """The digits of `place` in a base, mirrored behind the point: a number in (0, 1)."""
    value, share = 0.0, 1.0 / base
    while place:
        value += share * (place % base)
        place //= base
        share /= base
    return value
