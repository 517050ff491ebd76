from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from compare import worlds
from limbeck.compare.arms import Comparison, compare_arms
from limbeck.compare.icons_demo import demo_lines, demo_report, doubts, next_commands
from limbeck.compare.stopwatch import Stopwatch, took
from limbeck.data.card import card
from limbeck.evaluation.control import Control
from limbeck.evaluation.cost import TowerCost

QUERIES = ("somewhere to sit", "chess", "arrow down")  # the last is the label of an icon


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, TowerCost]]:
    out = tmp_path_factory.mktemp("demo")
    bench = worlds.bench()
    return out, demo_report(worlds.compared(), bench, card(bench.source), queries=QUERIES, out=out, watch=Stopwatch())


def suspicious() -> Comparison:
    """The last seed's student passes no control."""
    found = worlds.compared()
    first, last = found.runs["distilled"]
    metric = replace(last.student.metrics[0], value=0.9, low=0.8, high=0.95)
    bad = replace(last, student=replace(last.student, controls=(Control((metric,), (metric.name,)),)))
    return replace(found, runs={**found.runs, "distilled": [first, bad]})


def test_everything_is_written(made: tuple[Path, Mapping[str, TowerCost]]):
    out, costs = made
    assert {path.name for path in out.iterdir()} == {"report.html", "summary.svg", "comparison.json"}
    assert set(costs) == {"teacher.image", "teacher.text", "student.image", "student.text"}
    page = (out / "report.html").read_text()
    for word in ("somewhere to sit", "chess", "distilled minus no teacher", "CC BY 4.0", "limbeck distill"):
        assert word in page
    assert 'src="http' not in page
    assert "arrow down" not in page  # a label is no question


def test_the_json_holds_what_the_runs_measured(made: tuple[Path, Mapping[str, TowerCost]]):
    plain = json.loads((made[0] / "comparison.json").read_text())
    found = worlds.compared()
    assert plain["seeds"] == [0, 1]
    assert plain["withheld"] == []
    assert set(plain["arms"]) == {"teacher", "no teacher", "distilled"}
    for arm, runs in found.runs.items():
        for run, kept in zip(runs, plain["validation"][arm], strict=True):
            logged = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
            first = [100 * next(iter(line["validation"].values())) for line in logged if line.get("validation")]
            assert [value for points in kept.values() for _, value in points] == pytest.approx(first)
            assert first
    for name in found.metrics():
        entry = plain["arms"]["distilled"][name]
        assert entry["by seed"] == [measured.get(name).value for measured in found.measured("distilled")]
        assert entry["mean"]["value"] == pytest.approx(sum(entry["by seed"]) / 2)
        assert plain["differences"]["distilled minus no teacher"][name]["value"] == pytest.approx(
            found.difference("distilled", "no teacher", name).value
        )


def test_the_terminal_says_the_result_and_what_to_type_next(made: tuple[Path, Mapping[str, TowerCost]]):
    out, costs = made
    lines = demo_lines(worlds.compared(), costs, out=out, watch=Stopwatch())
    text = "\n".join(lines)
    for word in ("shuffled control: at chance", "distilled", "no teacher", "teacher's", "Means of 2 seeds", "next:"):
        assert word in text
    assert lines[-1].strip().startswith("limbeck ")
    for path in (out / "report.html", worlds.folder() / "distilled-seed-0/model"):
        assert str(path) in text


def test_a_failed_control_under_any_seed_withholds_the_headline(tmp_path: Path):
    found, bench = suspicious(), worlds.bench()
    said = doubts(found)
    assert len(said) == 1
    assert said[0].startswith("distilled, seed 1: headline withheld")
    costs = demo_report(found, bench, card(bench.source), queries=QUERIES, out=tmp_path, watch=Stopwatch())
    page = (tmp_path / "report.html").read_text()
    assert "headline withheld" in page
    assert "points (" not in page
    text = "\n".join(demo_lines(found, costs, out=tmp_path, watch=Stopwatch()))
    assert "headline withheld" in text
    assert "points (" not in text
    assert json.loads((tmp_path / "comparison.json").read_text())["withheld"] == said
    assert not doubts(worlds.compared())


def test_the_time_of_each_phase_is_kept_and_said(tmp_path: Path):
    watch, bench = Stopwatch(), worlds.bench()
    watch.phases["data"] = 100.0
    found = compare_arms(worlds.arms(), bench, seeds=(0,), out=tmp_path / "new", watch=watch)
    assert watch.found == ["the teacher's outputs"]  # cached by the comparison that the fixtures share
    costs = demo_report(found, bench, card(bench.source), queries=QUERIES, out=tmp_path / "new", watch=watch)
    seconds = json.loads((tmp_path / "new" / "comparison.json").read_text())["seconds"]
    phases = ["data", "caches and alignment", "no teacher", "distilled", "measuring", "report"]
    assert list(seconds["phases"]) == phases
    assert all(value >= 0 for value in seconds["phases"].values())
    assert seconds["total"] == pytest.approx(sum(seconds["phases"].values()), abs=0.5)
    (line,) = (line for line in demo_lines(found, costs, out=tmp_path, watch=watch) if line.startswith("took "))
    assert line.startswith("took 1 min ")
    assert ": data 1 min 40 s, caches and alignment " in line


def test_what_was_there_before_is_named_beside_the_time():
    watch = Stopwatch()
    compare_arms(worlds.arms(), worlds.bench(), seeds=worlds.SEEDS, out=worlds.folder(), watch=watch)
    names = ["alignment (seed 0)", "the teacher's outputs", "no teacher (seed 0)", "distilled (seed 0)"]
    assert watch.found == [*names, *(name.replace("0", "1") for name in (names[0], *names[2:]))]
    assert "(found ready or begun: alignment (seed 0), " in took(watch.plain())


def test_next_commands_can_be_pasted():
    evaluate, again, *_ = map(shlex.split, next_commands(Path("my runs/a demo")))
    assert evaluate[:3] == ["limbeck", "evaluate", "my runs/a demo/distilled-seed-0"]
    assert again[2] == "my runs/a demo/distilled-seed-0/recipe.json"
