"""Every study that discovery finds measures all that its claim names, on a few icons or digits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from limbeck.claims.found import labels_of
from limbeck.core.discovery import studies
from limbeck.evaluation.search_cost import SearchCost
from limbeck.recipes.papers.dcd_speed import FUSION, faster
from pipeline import worlds
from recipes.worlds import SmallLab, small_teachers

NAMES = sorted(studies())
# Settings of a study for hundreds of rows, as 40 allow them.
FEWER = {
    "subspace": {"ANCHORS": 12, "RIDGES": (0.1, 1.0), "WIDTHS": (2, 4)},
    "dcd_speed": {"FEWER": 10, "ITEMS": 20, "REPEATS": 3},
}


@pytest.fixture(autouse=True)
def _small_teachers() -> Iterator[None]:
    with small_teachers():
        yield


@pytest.mark.parametrize("name", NAMES)
def test_a_study_measures_what_its_claim_names(name: str, monkeypatch: pytest.MonkeyPatch):
    study = studies()[name]()
    for setting, value in FEWER.get(name, {}).items():
        monkeypatch.setattr(f"{study.measure.__module__}.{setting}", value)
    found = study.measure(0, SmallLab(worlds.cache_folder()))
    assert list(found) == labels_of(study)
    for metric in (study.claim.metric, *study.claim.also):
        items = [np.asarray(scores[metric], dtype=float) for scores in found.values()]
        assert len({values.shape for values in items}) == 1, f"{metric}: arms are compared item by item"
        assert items[0].size
        assert all(np.isfinite(values).all() for values in items), metric


def test_studies_were_found():
    assert len(NAMES) >= 2


def test_a_median_ratio_is_not_moved_by_one_slow_repeat():
    slow, fast = SearchCost(FUSION, 0.1, (0.1, 0.1)), SearchCost("method", 0.001, (0.001, 0.001))
    held_up = SearchCost("method", 0.05, (0.05, 0.05))
    costs = [{FUSION: slow, "method": one} for one in (fast, held_up, fast)]
    assert faster(costs, "method") == pytest.approx(100)
    assert faster(costs, FUSION) == 1.0
