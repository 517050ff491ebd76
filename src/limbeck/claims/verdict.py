"""The one rule by which a claim is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limbeck.core.recipe import Claim
from limbeck.evaluation.intervals import Difference

REPRODUCED = "reproduced"
UNCERTAIN = "not distinguishable"
CONTRADICTED = "contradicted"
UNTESTABLE = "not testable at this scale"
VERDICTS = (REPRODUCED, UNCERTAIN, CONTRADICTED, UNTESTABLE)
CEILING = 0.995


@dataclass(frozen=True)
class Verdict:
    """What the measurement says of the claim.

    Args:
        word: one of `VERDICTS`.
        reason: in one sentence.
        against: label of the baseline that decided.
    """

    word: str
    reason: str
    against: str


def judge(claim: Claim, difference: Difference, means: Mapping[str, float], chance: float | None) -> Verdict:
    """The verdict on a claim.

    With `d` = method minus the deciding baseline, positive on the claimed side, and its 95 % interval: reproduced where
    the interval lies above -margin, contradicted where it lies below, else not distinguishable. The last becomes "not
    testable at this scale" where the claim says why, where no arm is above chance, or where all are at the ceiling.

    Args:
        claim: what was said.
        difference: method minus the deciding baseline in the claim's metric, not turned.
        means: arm -> mean of that metric over items and seeds.
        chance: what an arm that knows nothing scores; None where that has no meaning.
    """
    against = claim.decisive()
    low, high = difference.low, difference.high
    if not claim.higher_is_better:
        low, high = -high, -low
    bar = f"{-claim.margin:g}" if claim.margin else "zero"
    shown = f"the interval of the difference to {against}, {low:+.4g} to {high:+.4g} on the claimed side"
    if claim.untestable:
        return Verdict(UNTESTABLE, claim.untestable, against)
    if low > -claim.margin:
        return Verdict(REPRODUCED, f"{shown}, lies above {bar}", against)
    if high < -claim.margin:
        return Verdict(CONTRADICTED, f"{shown}, lies below {bar}", against)
    if chance is not None and claim.higher_is_better:
        if max(means.values()) <= chance:
            return Verdict(UNTESTABLE, f"no arm is above chance, {chance:.3g}", against)
        if min(means.values()) >= CEILING:
            return Verdict(UNTESTABLE, f"every arm is at the ceiling, {min(means.values()):.3g} and more", against)
    return Verdict(UNCERTAIN, f"{shown}, holds {bar}", against)
