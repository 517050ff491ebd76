"""The test split: metrics beside a naive count, controls, and what is read back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.data.open import open_source
from limbeck.encoders.load import load_teacher
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline import measure as module
from limbeck.pipeline.measure import measure, measured_from
from limbeck.pipeline.views import view_of
from pipeline import worlds


def test_a_picture_with_two_captions_is_one_query(tmp_path):
    """Oracle: R@1 counted by hand over distinct pictures and distinct captions."""
    items = []
    for item in worlds.icons()[:6]:
        items += [item | {"id": f"{item['id']}-{n}", "text": f"{item['text']} number {n}"} for n in range(2)]
    items[1]["text"] = items[0]["text"]  # and one caption that stands twice
    source = open_source(worlds.as_csv(tmp_path, items))
    encoders = load_teacher(f"hf:{worlds.model('clip')}").encoders
    found = measure(encoders, source, range(12), [RetrievalEvaluator((1,))])
    texts = list(dict.fromkeys(item["text"] for item in items))
    pictures = [item["image"] for item in items[::2]]
    image = unit(encoders["image"], pictures)
    text = unit(encoders["text"], texts)
    right = np.array([[any(i["image"] == p and i["text"] == t for i in items) for t in texts] for p in pictures])
    alike = image @ text.T
    assert found.get("image->text R@1").n == 6
    assert found.get("text->image R@1").n == 6  # of 11 captions: those of one picture are one item of the interval
    assert "11 answers in 6 units" in found.get("text->image R@1").note
    assert found.get("image->text R@1").value == np.mean([right[n, alike[n].argmax()] for n in range(6)])
    assert found.get("text->image R@1").value == np.mean([right[alike[:, n].argmax(), n] for n in range(11)])
    assert found.get("image->text R@1").chance == pytest.approx(right.mean())


@pytest.mark.parametrize(("rows", "times"), [(6, 20), (2000, 20), (10_000, 4), (10**6, 2)])
def test_many_rows_need_few_dealings(rows, times, monkeypatch):
    """The control of a thousand rows deals as many as that of a hundred thousand, which would take an hour."""
    monkeypatch.setattr(module, "shuffled_control", lambda evaluator, embeddings, permutations: permutations)
    monkeypatch.setattr(module, "over_units", lambda metric, embeddings, modality: metric)
    monkeypatch.setattr(RetrievalEvaluator, "embeddings", lambda self, encoders, loader: range(rows))
    monkeypatch.setattr(RetrievalEvaluator, "metrics", lambda self, embeddings: [])
    encoders = load_teacher(f"hf:{worlds.model('clip')}").encoders
    assert measure(encoders, open_source(worlds.data()), range(6), [RetrievalEvaluator()]).controls == (times,)


def test_a_control_that_could_not_fail_reassures_nobody(tmp_path):
    """Where all rows have one caption every answer is right, dealt or not."""
    encoders = load_teacher(f"hf:{worlds.model('clip')}").encoders
    same = [item | {"text": "a thing"} for item in worlds.icons()[:8]]
    found = measure(encoders, open_source(worlds.as_csv(tmp_path, same)), range(8), [RetrievalEvaluator((1,))])
    assert found.sound
    assert found.reassurance() == ["shuffled control: cannot tell, for any answer is right here"]
    found = measure(encoders, open_source(worlds.data()), range(8), [RetrievalEvaluator((1,))])
    assert found.reassurance() == ["shuffled control: at chance, as it must be"]


def unit(encoder, values) -> np.ndarray:
    view = view_of(encoder)
    with torch.no_grad():
        found = [encoder(view.collate([view.prepare(value)]))["pooled"] for value in values]
    return torch.nn.functional.normalize(torch.cat(found), dim=1).numpy()


def test_what_is_written_is_read_back():
    student = worlds.finished().student
    again = measured_from(student.to_json())
    assert again.metrics == student.metrics
    assert all(np.array_equal(a.items, b.items) for a, b in zip(again.metrics, student.metrics, strict=True))
    assert again.sound == student.sound
    assert again.get("image<->text MRR").n == 5
