"""One rule for all claims, at its edges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limbeck.claims.verdict import CONTRADICTED, REPRODUCED, UNCERTAIN, UNTESTABLE, judge
from limbeck.core.recipe import Claim
from limbeck.evaluation.intervals import Difference

CLAIM = Claim("s", "s", "m", baselines={"paper": "p", "none": "n"})
MEANS = {"method": 0.6, "paper": 0.5, "none": 0.4}


def word(
    low: float, high: float, claim: Claim = CLAIM, means: dict[str, float] = MEANS, chance: float | None = 0.1
) -> str:
    return judge(claim, Difference((low + high) / 2, low, high, 10, 5), means, chance).word


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 0.2, REPRODUCED),
        (0.0, 0.2, UNCERTAIN),
        (-0.1, 0.2, UNCERTAIN),
        (-0.1, 0.0, UNCERTAIN),
        (-0.2, -0.01, CONTRADICTED),
    ],
)
def test_the_side_of_zero_decides(low: float, high: float, expected: str):
    assert word(low, high) == expected
    turned = {REPRODUCED: CONTRADICTED, CONTRADICTED: REPRODUCED, UNCERTAIN: UNCERTAIN}
    assert word(low, high, replace(CLAIM, higher_is_better=False)) == turned[expected]
    assert word(-high, -low, replace(CLAIM, higher_is_better=False)) == expected


def test_a_margin_moves_the_bar():
    claim = replace(CLAIM, margin=0.05)
    assert word(-0.04, 0.02, claim) == REPRODUCED
    assert word(-0.06, 0.02, claim) == UNCERTAIN
    assert word(-0.2, -0.06, claim) == CONTRADICTED
    assert word(-0.02, 0.04, replace(claim, higher_is_better=False)) == REPRODUCED
    assert word(0.06, 0.2, replace(claim, higher_is_better=False)) == CONTRADICTED


def test_what_cannot_be_tested_says_why():
    found = judge(replace(CLAIM, untestable="needs a billion pairs"), Difference(1, 1, 1, 9, 5), MEANS, 0.1)
    assert (found.word, found.reason, found.against) == (UNTESTABLE, "needs a billion pairs", "paper")
    assert word(-0.1, 0.1, chance=0.7) == UNTESTABLE  # nobody is above chance
    assert word(-0.1, 0.1, means={"method": 0.999, "paper": 0.996}) == UNTESTABLE  # everybody is perfect
    assert word(-0.1, 0.1, means={"method": 0.999, "paper": 0.99}) == UNCERTAIN
    assert word(-0.1, 0.1, chance=None, means={"method": 3.0, "paper": 2.0}) == UNCERTAIN
    # a difference that is seen is no matter of the scale
    assert word(-0.2, -0.1, chance=0.7) == CONTRADICTED


def test_the_baseline_that_decides_is_named():
    assert judge(replace(CLAIM, decides="none"), Difference(0.1, 0.05, 0.2, 9, 5), MEANS, 0.1).against == "none"
