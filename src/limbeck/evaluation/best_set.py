"""`best_set`: the arms that may be the best one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limbeck.evaluation.holm import holm
from limbeck.evaluation.intervals import Difference


@dataclass(frozen=True)
class BestSet:
    """Who may be the best, and who rules out the others.

    Args:
        arms: those that no other arm is surely better than; the truly best is among them with 1 - level.
        beaten: every other arm -> of those that rule it out, the one that is furthest ahead.
    """

    arms: tuple[str, ...]
    beaten: Mapping[str, str]


def best_set(gains: Mapping[tuple[str, str], Difference], *, level: float = 0.05) -> BestSet:
    """Multiple comparisons with the best: an arm leaves the set where one of its m - 1 rivals is surely better.

    Arm i leaves where a rival j is better and `Holm(p(i, .))_j <= level`, the correction running over the m - 1 rivals
    of i. The set loses the truly best arm only if one of *its* m - 1 tests errs, so the probability of that is at most
    `level`: no correction over all m (m - 1) / 2 pairs is needed, and which arm came out on top plays no part.

    Args:
        gains: (one, other) -> one minus other, positive where one is better; each pair of arms once, in any order.
        level: probability of losing the best arm.

    Returns:
        Arms in order of appearance. The arm with the highest mean is always among them.

    Source: Hsu 1984 (multiple comparisons with the best); Holm 1979.
    Differs from the paper: Holm's two-sided correction in place of a one-sided multivariate t: arms differ in spread,
        and the reference leaves exactly where Holm's correction calls an arm better than it.
    """
    arms = list(dict.fromkeys(arm for pair in gains for arm in pair))
    beaten: dict[str, str] = {}
    for arm in arms:
        rivals = {other if arm == one else one: (one, other) for one, other in gains if arm in (one, other)}
        corrected = holm({rival: gains[pair].p for rival, pair in rivals.items()})
        better = [rival for rival, pair in rivals.items() if (gains[pair].value > 0) is (pair[0] == rival)]
        better = [rival for rival in better if corrected[rival] <= level and gains[rivals[rival]].value != 0]
        if better:
            beaten[arm] = max(better, key=lambda rival: abs(gains[rivals[rival]].value))
    return BestSet(tuple(arm for arm in arms if arm not in beaten), beaten)
