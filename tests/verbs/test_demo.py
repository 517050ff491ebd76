from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from limbeck import cli
from limbeck.core.artefact import MANIFEST
from limbeck.core.errors import UsageError
from limbeck.core.recipe import DataSpec, Recipe
from limbeck.data.phrases import normalised
from limbeck.recipes.projects import icons as project
from limbeck.verbs.demo import QUERIES, demo
from pipeline import worlds


def test_flags():
    shown = {parameter.name: parameter.default for parameter, _, _ in cli.parameters(demo)}
    assert shown == {"seeds": 1, "out": Path("runs/demo"), "cache": None}


@pytest.mark.parametrize("seeds", [0, -1])
def test_there_is_at_least_one_seed(seeds: int, tmp_path: Path):
    with pytest.raises(UsageError, match=f"seeds is at least 1, got {seeds}"):
        demo(seeds=seeds, out=tmp_path / "out", cache=tmp_path / "cache")
    assert list(tmp_path.iterdir()) == []


def test_no_query_is_a_label_or_a_search_term_of_any_icon():
    import fontawesomefree

    root = Path(next(iter(fontawesomefree.__path__))) / "static" / "fontawesomefree"
    known = json.loads((root / "metadata" / "icons.json").read_text())
    assert len(known) > 1500
    labels = {normalised(about["label"]) for about in known.values()} | {name.replace("-", " ") for name in known}
    terms = {normalised(str(term)) for about in known.values() for term in about["search"]["terms"]}
    assert not {normalised(query) for query in QUERIES} & (labels | terms)
    assert len(set(QUERIES)) == 10


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's own arms on 40 icons, with some steps and rows of a kind; real teachers."""
    items = [dict(item) for item in worlds.icons()]
    items += [{**item, "id": f"picture-{item['id']}", "text": "", "split": "train"} for item in worlds.icons(44)[40:]]
    items += [{"id": f"word-{n}", "image": "", "text": f"word number {n}", "split": "train"} for n in range(24)]
    for item in items:
        item.pop("label", None)
    path = worlds.as_csv(tmp_path / "data", items)
    with open(path, newline="") as stream:
        assert sum(1 for _ in csv.DictReader(stream)) == 68

    def smaller(recipe: Recipe) -> Recipe:
        stages = []
        for stage in recipe.stages:
            batch = {kind: min(rows, 4 if kind == "image" else 16) for kind, rows in stage.budget.batch.items()}
            budget = replace(stage.budget, steps=4, batch=batch, evaluate_every=2, save_every=0)
            optimisation = replace(stage.optimisation, precision="fp32")
            stages.append(replace(stage, budget=budget, optimisation=optimisation))
        align = recipe.align
        if align is not None:
            budget = replace(align.stage.budget, steps=4, batch={"image+text": 16}, evaluate_every=2)
            align = replace(align, stage=replace(align.stage, budget=budget))
        data = DataSpec(str(path), draws={"image+text": 1, "image": 1}, augmentations=recipe.data.augmentations)
        return replace(recipe, data=data, stages=tuple(stages), align=align)

    for name in ("icons", "icons_no_teacher", "icons_feature_matching"):
        monkeypatch.setattr(project, name, partial(lambda made: smaller(made()), getattr(project, name)))
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_the_demo_end_to_end_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Two arms at one seed; then three arms at two seeds reuse what is there."""
    first = demo(out=Path("demo"), cache=tmp_path / "cache")
    said = capsys.readouterr()
    assert set(first.runs) == {"no teacher", "distilled"}
    assert "one seed: the spread over seeds is not in them" in said.out
    for word in (
        "R@1",
        "distilled minus no teacher",
        "ms an item",
        "took ",
        "next:",
        "limbeck evaluate demo/distilled-seed-0",
    ):
        assert word in said.out
    for file in ("report.html", "summary.svg", "comparison.json", f"distilled-seed-0/{MANIFEST}"):
        assert Path("demo", file).is_file()
    page = Path("demo/report.html").read_text()
    assert all(query in page for query in QUERIES)

    second = demo(seeds=2, out=Path("demo"), cache=tmp_path / "cache")
    said = capsys.readouterr()
    assert set(second.runs) == {"no teacher", "distilled", "feature matching"}
    assert said.err.count("finished run reused from") == 2
    assert "Means of 2 seeds" in said.out
    assert "feature matching" in said.out
    assert [run.reused for run in second.runs["distilled"]] == [True, False]
    name = first.metrics()[0]
    assert second.measured("distilled")[0].get(name).value == first.measured("distilled")[0].get(name).value
    plain = json.loads(Path("demo/comparison.json").read_text())
    assert {"data", "caches and alignment", "feature matching", "measuring", "report"} < set(plain["seconds"]["phases"])
    assert plain["seconds"]["found"][:2] == ["alignment (seed 0)", "the teacher's outputs"]
    assert set(plain["differences"]) == {"distilled minus no teacher", "distilled minus feature matching"}
