"""A claim that gets another arm is measured in that arm; whatever else has changed, nothing is carried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from limbeck.claims.carry import carried, carried_record
from limbeck.claims.fingerprint import code_fingerprint
from limbeck.claims.found import arms_of, claim_of
from limbeck.claims.items import pack, unpack
from limbeck.claims.ledger import machine
from limbeck.core.artefact import versions
from limbeck.core.recipe import Recipe
from limbeck.recipes.papers.contrastive_gap import contrastive_gap
from limbeck.recipes.papers.nd_loss import nd_loss

ROWS = "rows of today"
NEW = "feature matching"


def older(**changed: Any) -> Recipe:
    """The claim before it got its feature matching."""
    item = nd_loss()
    claim = claim_of(item)
    fewer = {label: name for label, name in claim.baselines.items() if label != NEW}
    return replace(item, claim=replace(claim, baselines=fewer, **changed))


def entry(item: Recipe, **changed: Any) -> dict[str, Any]:
    """What a measurement of it would have left, as far as it matters here."""
    arm = {"steps": 400, "seconds by seed": [1.0, 2.0], "failed controls": ["shuffled"]}
    metrics = {"accuracy": {"chance": 0.1, "items": pack([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])}}
    claim = claim_of(item)
    return {
        "claim": {"baselines": dict(claim.baselines)},
        "code": {"fingerprint": code_fingerprint(item)},
        "versions": versions(),
        "machine": machine(),
        "threads": 1,
        "data": [{"path": item.data.path, "fingerprint": ROWS}],
        "dirty": False,
        "commit": "abc",
        "measured": "2026-01-01",
        "arms": {label: {**arm, "metrics": metrics} for label in arms_of(item)},
        **changed,
    }


def kept(before: dict[str, Any] | None, *, threads: int = 1, rows: str = ROWS) -> list[str]:
    """Labels that are carried over to the claim of today."""
    return [*carried(nd_loss(), before, threads=threads, data=lambda _: rows)]


def test_all_but_the_new_arm_are_carried():
    assert kept(entry(older())) == ["method", "distillation", "no teacher"]
    mark = carried(nd_loss(), entry(older()), threads=1, data=lambda _: ROWS)["method"]["carried"]
    assert mark == {"commit": "abc", "measured": "2026-01-01"}


def test_the_packages_own_version_does_not_matter():
    assert kept(entry(older(), versions={**versions(), "limbeck": "0.0.1"})) == ["method", "distillation", "no teacher"]


def test_an_arm_that_was_carried_before_keeps_its_first_mark():
    before = entry(older())
    before["arms"]["method"]["carried"] = {"commit": "first", "measured": "2025-01-01"}
    found = carried(nd_loss(), before, threads=1, data=lambda _: ROWS)
    assert found["method"]["carried"]["commit"] == "first"
    assert found["no teacher"]["carried"]["commit"] == "abc"


@pytest.mark.parametrize(
    "changed",
    [
        {"dirty": True},
        {"threads": 2},
        {"versions": {"torch": "1.0"}},
        {"machine": {"cores": 64}},
        {"code": {"fingerprint": "other code"}},
        {"claim": {"baselines": {"distillation": "another recipe"}}},
    ],
    ids=str,
)
def test_nothing_is_carried_where_anything_else_changed(changed: dict[str, Any]):
    assert kept(entry(older(), **changed)) == []


def test_nothing_is_carried_to_other_rows_another_margin_or_the_same_arms():
    assert kept(entry(older()), rows="others") == []
    assert kept(entry(older(margin=0.1))) == []
    assert kept(entry(nd_loss())) == []
    assert kept(None) == []


def test_arms_that_are_measured_together_are_not_carried():
    item = nd_loss()
    timed = replace(item, claim=replace(claim_of(item), budget="seconds"))
    assert carried(timed, entry(older(budget="seconds")), threads=1, data=lambda _: ROWS) == {}
    assert carried(contrastive_gap(), entry(older()), threads=1, data=lambda _: ROWS) == {}


def test_a_record_is_what_the_seed_had():
    found = carried_record(entry(older())["arms"]["method"], 1)
    np.testing.assert_array_equal(unpack(found["metrics"]["accuracy"]), [[1.0, 1.0, 1.0]])
    assert found["training"] == {"seconds": 2.0, "steps": 400}
    assert (found["seconds"], found["chance"], found["controls"]) == (0.0, {"accuracy": 0.1}, ["shuffled"])
