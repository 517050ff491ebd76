from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import permutations

import numpy as np
import pytest

from compare import worlds
from limbeck.compare.findings import BETTER, UNCERTAIN, UNJUDGED, WORSE, Findings, findings, findings_of
from limbeck.compare.sentences import sentence
from limbeck.core.errors import UsageError
from limbeck.evaluation.intervals import seeded_difference
from limbeck.evaluation.power import smallest_effect

Items = Mapping[str, list[np.ndarray]]


def items(gains: Mapping[str, float], *, seeds: int = 5, n: int = 120) -> Items:
    """Per-item values around 0.4; every arm is `gain` better than the first, whose gain is 0."""
    generator = np.random.default_rng(3)
    base = 0.4 + 0.2 * generator.normal(size=n)
    return {
        arm: [
            np.clip(base + gain + luck + 0.05 * generator.normal(size=n), 0, 1)
            for luck in 0.005 * generator.normal(size=seeds)
        ]
        for arm, gain in gains.items()
    }


def found(
    gains: Mapping[str, float], *, seeds: int = 5, higher_is_better: bool = True, level: float = 0.05
) -> Findings:
    return findings(
        items(gains, seeds=seeds),
        metric="R@1",
        reference="none",
        higher_is_better=higher_is_better,
        level=level,
        resamples=1000,
    )


CLEAR = {"none": 0.0, "same": 0.0, "good": 0.1, "best": 0.2, "bad": -0.1}


def test_verdicts_and_the_best() -> None:
    one = found(CLEAR)
    assert [(each.arm, each.verdict) for each in one.arms] == [
        ("same", UNCERTAIN),
        ("good", BETTER),
        ("best", BETTER),
        ("bad", WORSE),
    ]
    assert one.best.arms == ("best",)
    assert one.best.beaten["good"] == "best"
    assert set(one.means) == set(CLEAR)
    assert (one.seeds, one.items) == (5, 120)


def test_a_metric_where_less_is_better_turns_verdicts_but_not_differences() -> None:
    up, down = found(CLEAR), found(CLEAR, higher_is_better=False)
    assert [each.difference for each in down.arms] == [each.difference for each in up.arms]
    turned = {BETTER: WORSE, WORSE: BETTER, UNCERTAIN: UNCERTAIN}
    assert [each.verdict for each in down.arms] == [turned[each.verdict] for each in up.arms]
    assert down.best.arms == ("bad",)


def test_numbers_are_those_of_the_parts_below() -> None:
    values, one = items(CLEAR), found(CLEAR)
    raw = {arm: seeded_difference(values[arm], values["none"], resamples=1000) for arm in CLEAR if arm != "none"}
    for arm, each in raw.items():
        shown = one.get(arm).difference
        assert (shown.value, shown.low, shown.high) == pytest.approx((each.value, each.low, each.high), abs=2e-3)
    # Holm by hand over four arms: the largest p stands alone, nothing is below its own p
    assert one.get("same").p == pytest.approx(raw["same"].p, abs=0.03)
    assert one.get("bad").p >= 2 * one.get("bad").difference.p
    assert one.get("best").smallest == pytest.approx(
        smallest_effect(values["best"], values["none"], level=0.05 / 4, resamples=1000)
    )
    assert one.means["good"].by_seed == pytest.approx([values["good"][seed].mean() for seed in range(5)])
    assert one.means["good"].low < one.means["good"].value < one.means["good"].high


def test_more_arms_are_held_to_more() -> None:
    """The same numbers beside ten more arms: the corrected p grows, and what can be seen shrinks."""
    few = found({"none": 0.0, "good": 0.012})
    many = found({"none": 0.0, "good": 0.012, **{f"arm{place}": 0.0 for place in range(10)}})
    assert few.get("good").difference.value == many.get("good").difference.value
    assert many.get("good").p > few.get("good").p
    assert many.get("good").smallest > few.get("good").smallest


def test_the_answers_never_contradict_each_other() -> None:
    """The reference may be the best unless an arm beats it; an arm that loses to it may not; somebody always may."""
    verdicts = set()
    for place in range(40):
        generator = np.random.default_rng(place)
        one = found({"none": 0.0, **{f"arm{arm}": 0.012 * generator.normal() for arm in range(3)}}, seeds=3)
        named = {each.verdict for each in one.arms}
        verdicts |= named
        assert ("none" in one.best.arms) is (BETTER not in named)
        assert all(each.arm not in one.best.arms for each in one.arms if each.verdict == WORSE)
        assert max(one.means, key=lambda arm: one.means[arm].value) in one.best.arms
        assert set(one.best.arms) | set(one.best.beaten) == set(one.means)
        assert not set(one.best.arms) & set(one.best.beaten)
        for arm, rival in one.best.beaten.items():
            assert one.means[rival].value > one.means[arm].value
    assert verdicts == {BETTER, WORSE, UNCERTAIN}


def test_gain_of_any_two_arms() -> None:
    one = found(CLEAR)
    for first, second in permutations(CLEAR, 2):
        gain = one.gain(first, second)
        assert gain.value == pytest.approx(one.means[first].value - one.means[second].value)
        assert gain.low < gain.value < gain.high


def test_one_seed_judges_nothing() -> None:
    """Its items alone would call an arm different too often: other seeds may say the opposite."""
    one = found({"none": 0.0, "good": 0.2}, seeds=1)
    good = one.get("good")
    assert good.verdict == UNJUDGED
    assert good.difference.distinguishable  # the interval over items is still there
    assert math.isnan(good.p)
    assert math.isnan(good.smallest)
    assert one.best.arms == ("none", "good")
    assert not one.best.beaten
    assert found({"none": 0.0, "good": 0.2}, seeds=2).get("good").verdict == BETTER


def test_equal_arms() -> None:
    same = {arm: [np.tile([0.0, 1.0], 60)] * 3 for arm in ("none", "twin")}
    one = findings(same, metric="R@1", reference="none")
    assert one.get("twin").verdict == UNCERTAIN
    assert one.get("twin").p == 1
    assert one.best.arms == ("none", "twin")


def test_what_cannot_be_compared() -> None:
    values = items({"none": 0.0, "good": 0.1})
    with pytest.raises(UsageError, match="two arms"):
        findings({"none": values["none"]}, metric="R@1", reference="none")
    with pytest.raises(UsageError, match="unknown reference 'nne'.*did you mean 'none'"):
        findings(values, metric="R@1", reference="nne")
    with pytest.raises(UsageError, match="good has 4 seeds of 120 items and none 5 seeds"):
        findings({**values, "good": values["good"][:4]}, metric="R@1", reference="none")
    with pytest.raises(UsageError, match="unknown arm"):
        found({"none": 0.0, "good": 0.1}).get("god")


def test_json_holds_everything_as_plain_values() -> None:
    one = found(CLEAR)
    plain = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert plain["against reference"]["bad"]["verdict"] == WORSE
    assert plain["may be best"] == ["best"]
    assert plain["means"]["good"]["by_seed"] == list(one.means["good"].by_seed)
    assert plain["against reference"]["good"]["p corrected"] == one.get("good").p


def test_a_finished_comparison() -> None:
    compared = worlds.compared()
    metric = compared.metrics()[0]
    one = findings_of(compared, metric, reference="no teacher")
    assert list(one.means) == ["no teacher", "distilled"]
    assert one.seeds == 2
    assert one.get("distilled").difference == compared.difference("distilled", "no teacher", metric)
    assert one.is_share


def test_shares_are_never_further_apart_than_all_of_it() -> None:
    """Two seeds and four items: Student's t with one degree of freedom reaches far beyond what a share can be."""
    few = {
        "a": [np.array([0.1, 0.3, 0.0, 0.2]), np.array([0.9, 1.0, 0.8, 0.9])],
        "b": [np.array([0.2, 0.5, 0.4, 0.3])] * 2,
    }
    found = findings(few, metric="MRR", reference="a", resamples=200)
    (one,) = found.arms
    assert -1 <= one.difference.low <= one.difference.high <= 1
    assert one.smallest == 1.0
    assert "2 seeds and 4 items are too few to see any difference" in sentence(found, "b")
    seconds = {arm: [100 * values for values in table] for arm, table in few.items()}
    assert findings(seconds, metric="ms", reference="a", resamples=200).arms[0].smallest > 1
