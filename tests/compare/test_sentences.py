from __future__ import annotations

import re
from dataclasses import replace

import pytest

from compare import worlds
from compare.test_findings import CLEAR, found
from limbeck.compare.findings import Findings, findings_of
from limbeck.compare.sentences import about_reference, about_teacher, overall, p_text, sentence, sentences
from limbeck.report.document import MINUS


def changed(one: Findings, arm: str, **fields: object) -> Findings:
    """The findings with one arm's finding changed."""
    return replace(one, arms=tuple(replace(each, **fields) if each.arm == arm else each for each in one.arms))


def numbers(text: str) -> list[float]:
    """Every number with a decimal point, and every one with a sign."""
    return [float(each.replace(MINUS, "-")) for each in re.findall(rf"[+{MINUS}]?\d+\.\d+", text)]


def test_a_winner_as_the_issue_words_it() -> None:
    one = found(CLEAR)
    best = one.get("best")
    said = sentence(one, "best")
    difference = best.difference
    points = [round(100 * value, 1) for value in (difference.value, difference.low, difference.high)]
    assert said.startswith(
        f"'best' beats 'none' by {points[0]} points R@1 ({points[1]} to {points[2]}, corrected p {p_text(best.p)}); "
    )
    assert said.endswith("; it is the best arm.")


def test_a_loser_is_shown_with_positive_amounts_and_its_rival() -> None:
    one = found(CLEAR)
    said = sentence(one, "bad")
    difference = one.get("bad").difference
    shown = [round(-100 * value, 1) for value in (difference.value, difference.high, difference.low)]
    assert said.startswith("'bad' loses to 'none' by ")
    assert numbers(said)[:3] == pytest.approx(shown)
    ahead = 100 * one.gain(one.best.beaten["bad"], "bad").value
    assert f"it is not the best: '{one.best.beaten['bad']}' is {ahead:.1f} points ahead" in said


def test_what_cannot_be_told_apart() -> None:
    one = found(CLEAR)
    said = sentence(one, "same")
    difference = one.get("same").difference
    assert said.startswith("'same' cannot be told apart from 'none' (")
    shown = [round(100 * value, 1) for value in (difference.value, difference.low, difference.high)]
    assert numbers(said)[:3] == pytest.approx(shown)
    assert said.endswith(
        f"with 5 seeds and 120 items a difference below {100 * one.get('same').smallest:.1f} points would have gone "
        "unseen in over 20 % of such comparisons."
    )


def test_the_teacher_is_no_arm_and_has_a_sentence() -> None:
    compared = worlds.compared()
    one = findings_of(compared, compared.metrics()[0], reference="no teacher")
    mean = compared.mean("teacher", one.metric)
    shown = [round(100 * value, 1) for value in (mean.value, mean.low, mean.high)]
    assert numbers(about_teacher(one, compared)) == pytest.approx(shown)


def test_an_interval_that_correction_overrules_is_explained() -> None:
    one = changed(found(CLEAR), "good", p=0.08, verdict="not distinguishable")
    said = sentence(one, "good")
    assert "'good' cannot be told apart from 'none'" in said
    assert "p 0.08; the interval leaves zero out, but not after correction for 4 arms)" in said
    assert "leaves zero out" not in sentence(one, "best")


def test_the_overall_answer_follows_the_set() -> None:
    one = found(CLEAR)
    assert overall(one) == "R@1, 5 seeds and 120 items: 'best' is the best of 5 arms."
    some = replace(one, best=replace(one.best, arms=("good", "best")))
    assert "'good' and 'best' cannot be told apart from the best; the other arms are surely not it." in overall(some)
    assert "it may be the best, as may 'good'" in sentence(some, "best").replace("it is not the best", "")
    everyone = replace(one, best=replace(one.best, arms=tuple(CLEAR), beaten={}))
    assert "any of the 5 arms may be the best; this comparison cannot tell" in overall(everyone)
    assert "it may be the best, as may 4 other arms" in sentence(everyone, "good")
    assert "may be the best" in about_reference(everyone)
    assert "it is not the best: 'best' is" in about_reference(one)


def test_less_is_better_changes_who_beats_whom() -> None:
    one = found(CLEAR, higher_is_better=False)
    assert sentence(one, "best").startswith("'best' loses to 'none' by ")
    assert sentence(one, "bad").startswith("'bad' beats 'none' by ")
    assert min(numbers(sentence(one, "bad"))) >= 0


def test_one_seed_calls_nothing_better_and_says_why() -> None:
    one = found(CLEAR, seeds=1)
    gain = one.get("best").difference
    points = [round(100 * value, 1) for value in (gain.value, gain.low, gain.high)]
    assert sentence(one, "best") == (
        f"'best' minus 'none' is +{points[0]} points (+{points[1]} to +{points[2]}, over items alone) at this seed."
    )
    said = sentences(one)
    assert "1 seed and 120 items: no arm is called better or worse" in said[0]
    assert not any(word in " ".join(said[1:]) for word in ("best arm", "beats", "loses", "corrected p", "may be"))
    assert len(said) == 1 + len(CLEAR)
    assert all(each.endswith(".") for each in said)


def test_p_values_are_never_shown_as_zero() -> None:
    assert [p_text(p) for p in (0.0, 0.0009, 0.00999, 0.0251, 1.0)] == ["<0.001", "<0.001", "0.010", "0.03", "1.00"]
    # what is shown never crosses the level that was tested
    assert p_text(0.0496) == "0.050"
    assert p_text(0.0504) == "0.051"
