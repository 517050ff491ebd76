"""The lab page is what its JSON and the recipes say."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

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
