"""One file a task, named by arm and seed; a study that forgets an arm or a metric is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claims import worlds
from limbeck.claims.desk import ClaimDesk, open_claim_desk, record, wanted_metrics
from limbeck.claims.found import find_claim
from limbeck.claims.lab import ClaimLab
from limbeck.core.artefact import read_json, write_json
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Claim
from limbeck.core.study import Study
from pipeline import worlds as data


def test_a_plan_opens_the_desk_of_a_claim(tmp_path: Path):
    write_json(tmp_path / "plan.json", {"claim": "fresh_study", "cache": str(data.cache_folder()), "validation": False})
    with worlds.papered(tmp_path):
        open_claim_desk(tmp_path / "plan.json", lambda line: None)({"seed": 1})
        found = read_json(record(tmp_path, {"seed": 1}))
        assert [*found["arms"]] == ["method", "less"]
        assert find_claim("fresh_study").name == "fresh_study"


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({"method": {"m": [1.0]}}, "unknown arm 'less'"),
        ({"method": {"m": [1.0]}, "less": {"n": [1.0]}}, "unknown metric 'm' in 'less' of 's'"),
    ],
)
def test_a_study_that_lacks_something_is_refused(tmp_path: Path, scores: Mapping[str, Any], says: str):
    study = Study("s", measure=lambda seed, lab: scores, claim=Claim("s", "s", "m", baselines={"less": "half"}))
    desk = ClaimDesk(study, lab=ClaimLab(tmp_path), folder=tmp_path, notify=lambda line: None)
    with pytest.raises(UsageError, match=says):
        desk({"seed": 0})


def test_the_deciding_metric_comes_first_and_each_once():
    claim = Claim("s", "s", "m")
    assert wanted_metrics(claim) == ["m"]
    assert wanted_metrics(replace(claim, also=("a", "m", "b"))) == ["m", "a", "b"]
