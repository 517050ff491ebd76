"""The lab page is what its JSON and the recipes say."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from limbeck.compare.findings import findings
from limbeck.compare.sentences import sentences

LAB = Path(__file__).resolve().parents[2] / "docs" / "lab"
spec = importlib.util.spec_from_file_location("limbeck_docs_write", LAB / "write.py")
write = importlib.util.module_from_spec(spec)
spec.loader.exec_module(write)


def test_the_page_holds_its_json_and_the_settings_that_ship():
    text = (LAB / "icons-demo.md").read_text()
    plain = json.loads((LAB / "icons-demo.json").read_text())
    again = write.put(write.put(text, "result", write.page(plain)), "shipped", write.shipped())
    assert again == text  # else: python docs/lab/write.py COPY-OF-THE-JSON icons-demo


def test_another_setting_would_show(monkeypatch):
    from dataclasses import replace

    made = write.icons()
    budget = replace(made.stages[-1].budget, steps=561, batch={"image+text": 7})
    changed = replace(made, stages=(*made.stages[:-1], replace(made.stages[-1], budget=budget)))
    monkeypatch.setattr(write, "icons", lambda: changed)
    assert "561 steps of 7 `image+text` rows" in write.shipped()


def test_seconds_are_shown_where_they_were_taken():
    plain = json.loads((LAB / "icons-demo.json").read_text())
    plain.pop("seconds", None)
    assert " It took " not in write.page(plain)
    taken = {"total": 271.2, "phases": {"data": 12.0, "distilled": 259.2}, "found": []}
    assert write.page({**plain, "seconds": taken}).endswith(" It took 4 min 31 s: data 12 s, distilled 4 min 19 s.\n")


def compared() -> dict:
    """What `limbeck compare` writes of two arms, one metric and two budgets, one of them withheld."""
    generator = np.random.default_rng(0)
    items = {arm: [np.clip(generator.normal(mean, 0.1, 80), 0, 1) for _ in range(3)] for arm, mean in MEANS.items()}
    found = findings(items, metric="MRR", reference="no_teacher", resamples=200)
    rows = [{"arm": "teacher", "metric": "MRR", "seed": seed, "value": 0.75} for seed in range(3)]
    shown = {"steps": {"no_teacher": 40, "good": 30}, "by seed": rows, "findings": [found.to_json()]}
    arm = {
        "batch": {"student": {"image+text": 8, "text": 4}},
        "seconds a step": 0.25,
        "validation by trial": [0.5, 0.6],
    }
    return {
        "asked": {"data": "icons", "teacher": "big", "student": "small"},
        "seeds": [0, 1, 2],
        "trials an arm": 2,
        "test rows": 80,
        "threads": 1,
        "versions": {"limbeck": "0.1.0"},
        "arms": {
            "no_teacher": {**arm, "tuned": {"learning_rate": 0.5, "weights": {}}},
            "good": {**arm, "tuned": {"learning_rate": 2.0, "weights": {"student.features": 0.5}}},
        },
        "results": {
            "equal steps": {**shown, "withheld": [], "in words": sentences(found)},
            "equal seconds": {**shown, "withheld": ["a control is not at chance"], "in words": []},
        },
    }


MEANS = {"no_teacher": 0.3, "good": 0.5}


def test_a_page_of_a_comparison():
    text = write.made(compared())
    assert "`small` from `big` on `icons`: seeds 0, 1, 2, 2 validation trials an arm, 80 test rows, 1 thread" in text
    assert "good 8 `image+text` and 4 `text`" in text
    row = next(line for line in text.splitlines() if line.startswith("| good | 30 |"))
    assert row.startswith("| good | 30 | 250 | 8 | ")
    assert row.endswith("| yes |")
    assert " | better | " in row
    assert "| teacher | | | | 75.0 |" in text
    assert "- 'good' beats 'no_teacher' by " in text
    assert "Withheld: a control is not at chance." in text
    assert "| good | 0.5000 | 0.6000 | learning rate 2, student.features 0.5 |" in text


@pytest.mark.parametrize("path", sorted(LAB.glob("compare-*.json")), ids=lambda path: path.stem)
def test_pages_of_comparisons_hold_their_json(path):
    text = path.with_suffix(".md").read_text()
    assert write.put(text, "result", write.made(json.loads(path.read_text()))) == text


def test_without_tuning_no_trials_are_shown():
    plain = {**compared(), "trials an arm": 0}
    assert "tuning" not in write.made(plain)
