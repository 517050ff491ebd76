"""Every arm under every seed, once; what was measured before a kill is not measured again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims import worlds
from limbeck.claims import measure
from limbeck.claims.desk import ClaimDesk
from limbeck.claims.found import claim_of, find_claim
from limbeck.claims.lab import ClaimLab
from limbeck.claims.ledger import faults, values
from limbeck.claims.measure import measure_claim, validate_claim
from limbeck.core.errors import UsageError
from limbeck.evaluation.intervals import seeded_difference
from pipeline import worlds as data


def test_an_entry_holds_every_arm_and_seed(tmp_path: Path):
    found = worlds.entry("fresh_claim")
    assert [*found["arms"]] == ["method", "no teacher", "feature matching"]
    assert found["seeds"] == [0, 1, 2, 3, 4]
    assert found["teachers"][0]["name"].startswith("hf:")
    assert found["data"][0]["path"] == data.data()
    for arm in found["arms"].values():
        assert arm["steps"] == 5
        assert [*arm["metrics"]] == ["image<->text MRR", "image->text R@5"]
        for metric in arm["metrics"].values():
            assert len(metric["by seed"]) == 5
            assert metric["mean"] == pytest.approx(np.mean(metric["by seed"]))
    name = "image<->text MRR"
    by_hand = seeded_difference([*values(found, "method", name)], [*values(found, "no teacher", name)])
    stated = found["differences"]["no teacher"][name]
    assert (stated["value"], stated["low"], stated["high"]) == (by_hand.value, by_hand.low, by_hand.high)
    assert found["verdict"]["against"] == "no teacher"
    with worlds.papered(tmp_path):
        assert faults(found, find_claim("fresh_claim")) == []


def test_arms_are_runs_of_their_recipes(tmp_path: Path):
    """The same numbers as a trial by hand."""
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
        trial = ClaimLab(data.cache_folder()).trial(item, seed=3)  # type: ignore[arg-type]
    stated = worlds.entry("fresh_claim")["arms"]["method"]["metrics"]["image<->text MRR"]["by seed"][3]
    assert trial.student.get("image<->text MRR").value == pytest.approx(stated, abs=1e-6)


def test_a_study_is_held_to_the_same(tmp_path: Path):
    found = worlds.entry("fresh_study")
    assert found["kind"] == "study"
    assert found["verdict"]["word"] == "reproduced"
    expected = [np.random.default_rng(seed).random(50) / 2 for seed in range(5)]
    np.testing.assert_allclose(values(found, "less", "score"), expected, rtol=1e-6)


def test_what_is_there_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done: list[tuple[str, int]] = []
    real = ClaimDesk.__call__

    def spy(self: ClaimDesk, task: dict) -> None:
        if len(done) == 4:
            raise KeyboardInterrupt
        real(self, task)
        done.append((task["arm"], task["seed"]))

    cache = tmp_path / "cache"
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
        monkeypatch.setattr(ClaimDesk, "__call__", spy)
        with pytest.raises(KeyboardInterrupt):
            measure_claim(item, cache=cache, jobs=1)
        monkeypatch.setattr(ClaimDesk, "__call__", real)
        before = [*done]
        monkeypatch.setattr(
            ClaimDesk, "__call__", lambda self, task: (real(self, task), done.append((task["arm"], task["seed"])))[0]
        )
        found = measure_claim(item, cache=cache, jobs=1)
        assert len(done) == len(set(done)) == 15
        assert done[:4] == before
        assert found["arms"]["method"]["metrics"] == worlds.entry("fresh_claim")["arms"]["method"]["metrics"]
        # other code measures everything again
        monkeypatch.setattr(measure, "package_fingerprint", lambda: "other")
        done.clear()
        measure_claim(item, cache=cache, jobs=1)
        assert len(done) == 15
    shutil.rmtree(cache)


def test_with_equal_seconds_the_dearer_arms_get_fewer_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cost = {"method": 2.0, "no teacher": 1.0, "feature matching": 1.05}
    monkeypatch.setattr(measure, "measure_rates", lambda arms, *_, **__: {label: cost[label] for label in arms})
    text = worlds.FILE.replace('setup="40 icons."', 'setup="40 icons.", budget="seconds"')
    with worlds.papered(tmp_path, text):
        found = measure_claim(find_claim("fresh_claim"), cache=data.cache_folder(), jobs=1)
    assert {label: arm["steps"] for label, arm in found["arms"].items()} == {
        "method": 2,
        "no teacher": 5,
        "feature matching": 5,
    }


def test_with_equal_seconds_a_stage_that_all_arms_share_stays_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A probe that follows different pre-training: only pre-training is cut, and the arm without any sets no pace."""
    asked = []

    def rates(arms, *_, leave, **__):
        asked.append((set(arms), leave))
        return {label: {"method": 2.0, "feature matching": 1.0}[label] for label in arms}

    monkeypatch.setattr(measure, "measure_rates", rates)
    text = worlds.FILE.replace('setup="40 icons."', 'setup="40 icons.", budget="seconds"').replace(
        "    return Recipe(name, DataSpec(DATA), CLIP, (stage,),",
        """    pairs = no_teacher()
    probe = StageSpec("probe", pairs.terms, pairs.trains(), Budget(3, batch={"image+text": 8}))
    own = (probe,) if name == "fresh_no_teacher" else (stage, probe)
    return Recipe(name, DataSpec(DATA), CLIP, own,""",
    )
    with worlds.papered(tmp_path, text):
        found = measure_claim(find_claim("fresh_claim"), cache=data.cache_folder(), jobs=1)
    assert {label: arm["steps"] for label, arm in found["arms"].items()} == {
        "method": 2 + 3,
        "no teacher": 3,
        "feature matching": 5 + 3,
    }
    assert asked == [({"method"}, {"probe"}), ({"feature matching"}, {"probe"})] * measure.ROUNDS


def test_a_look_at_validation_reads_no_test_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from limbeck.pipeline import trial as module

    asked: list[tuple[int, ...]] = []
    real = module.measure

    def spy(models, source, rows, *arguments, **values):
        asked.append(tuple(rows))
        return real(models, source, rows, *arguments, **values)

    monkeypatch.setattr(module, "measure", spy)
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
        found = validate_claim(item, None, cache=data.cache_folder())
        rows = ClaimLab(data.cache_folder()).bench(item).rows  # type: ignore[arg-type]
    assert asked == [rows.validation] * 3
    assert {label: [*metrics] for label, metrics in found.items()} == {
        label: ["image<->text MRR", "image->text R@5"] for label in ("method", "no teacher", "feature matching")
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seeds": 4}, "asks for 4 seeds; at least 5"),
        ({"metric": "image<->text MR"}, "unknown metric 'image<->text MR'.*did you mean 'image<->text MRR'"),
    ],
)
def test_a_claim_that_cannot_be_measured_is_refused(tmp_path: Path, change: dict, says: str):
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
        wrong = replace(item, claim=replace(claim_of(item), **change))  # type: ignore[type-var]
        with pytest.raises(UsageError, match=says):
            measure_claim(wrong, cache=data.cache_folder(), jobs=1)
