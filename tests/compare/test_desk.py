"""A desk in another process is the same desk: data, rows, teacher, tasks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compare import worlds
from limbeck.compare.desk import ComparisonDesk, is_tested, is_trained, open_desk, write_plan
from limbeck.core.artefact import read_json, write_json
from limbeck.core.describe import describe
from limbeck.core.errors import ArtefactError
from limbeck.data.subset import SubsetSource


@pytest.mark.parametrize("dropped", [0, 2])
def test_a_plan_opens_the_bench_that_wrote_it(tmp_path: Path, dropped: int):
    bench = worlds.bench()
    if dropped:
        bench = replace(bench, source=SubsetSource(bench.source, keep=range(dropped, len(bench.source))))
    write_plan(tmp_path / "plan.json", bench, worlds.recipe("distilled"))
    found = open_desk(tmp_path / "plan.json", print).bench
    assert found.rows == bench.rows
    assert found.source.fingerprint() == bench.source.fingerprint()
    assert found.models is not None
    assert bench.models is not None
    assert found.models.fingerprints() == bench.models.fingerprints()
    assert found.cache == bench.cache


def test_changed_data_is_refused(tmp_path: Path):
    write_plan(tmp_path / "plan.json", worlds.bench(), worlds.recipe("distilled"))
    write_json(tmp_path / "plan.json", read_json(tmp_path / "plan.json") | {"data": "other"})
    with pytest.raises(ArtefactError, match="has changed since"):
        open_desk(tmp_path / "plan.json", print)


def test_a_trial_leaves_its_validation_value_and_no_checkpoints(tmp_path: Path):
    recipe, data = worlds.recipe("no teacher"), worlds.bench().source.fingerprint()
    assert is_trained(recipe, tmp_path / "trial", data) is None
    desk = ComparisonDesk(worlds.bench(), out=tmp_path, notify=lambda line: None)
    desk({"do": "try", "name": "no teacher", "recipe": describe(recipe), "folder": "trial"})
    found = is_trained(recipe, tmp_path / "trial", data)
    assert found is not None
    assert next(iter(found["validation"])) == "image<->text MRR"
    assert found["steps"] == {"student": 3}
    assert not (tmp_path / "trial" / "checkpoints").exists()
    assert not is_tested(tmp_path / "trial")
    with pytest.raises(ArtefactError, match=r"holds a run with another past \(recipe\.seed: 0 there, 1 asked for"):
        is_trained(replace(recipe, seed=1), tmp_path / "trial", data)
    with pytest.raises(ArtefactError, match="another past"):
        is_trained(recipe, tmp_path / "trial", "other data")


def test_arms_that_read_no_more_than_vectors_share_a_teacher(tmp_path: Path):
    desk = ComparisonDesk(worlds.bench(), out=tmp_path, notify=lambda line: None)
    taught = desk.taught(worlds.recipe("distilled"))
    assert taught is not None
    assert desk.taught(replace(worlds.recipe("distilled"), name="other", stages=())) is taught
    assert desk.taught(replace(worlds.recipe("distilled"), seed=1)) is not taught
    assert desk.taught(worlds.recipe("no teacher")) is None
