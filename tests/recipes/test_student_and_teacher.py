"""A student beside its teacher: rows that share a picture or a caption are one item, as in every other measurement."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from limbeck.claims.lab import ClaimLab
from limbeck.data.open import open_source
from limbeck.encoders.load import load_teacher
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.measure import measure
from limbeck.pipeline.rows import Rows
from limbeck.recipes.setups.student_and_teacher import COSTS, student_and_teacher
from pipeline import worlds

METRICS = ("image<->text MRR", "image->text R@1")


def test_rows_of_one_picture_are_one_item(tmp_path: Path) -> None:
    items = [
        item | {"id": f"{item['id']}-{n}", "text": f"{item['text']} {n}"} for item in worlds.icons()[:6] for n in "ab"
    ]
    source = open_source(worlds.as_csv(tmp_path, items))
    encoders = load_teacher(f"hf:{worlds.model('clip')}").encoders
    rows = Rows({"image+text": tuple(range(2))}, validation=tuple(range(12)), test=tuple(range(12)))
    trial = SimpleNamespace(encoders=encoders, taught=SimpleNamespace(encoders=encoders), source=source, rows=rows)
    evaluator = RetrievalEvaluator((1,))
    found = student_and_teacher(trial, ClaimLab(tmp_path), evaluator, METRICS)
    expected = measure(encoders, source, range(12), [evaluator])
    assert found.keys() == {"method", "the teacher"}
    for scores in found.values():
        assert scores.keys() == {*METRICS, *COSTS}
        for name in METRICS:
            assert len(scores[name]) == 6  # pictures, of 12 rows
            assert list(scores[name]) == list(expected.get(name).items)
