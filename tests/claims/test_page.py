"""The page says what the ledger holds, and the one that is committed is the one that the ledger gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claims import worlds
from limbeck.claims.page import claims_page
from limbeck.core.artefact import write_json


def page_of(root: Path, *, code: str = worlds.FILE, **changed: Any) -> str:
    """The page of a ledger with one entry, after changes of the entry or of the code that it was measured with."""
    write_json(root / "claims" / "fresh_claim.json", {**worlds.entry("fresh_claim"), **changed})
    with worlds.papered(root, code):
        return claims_page(root / "claims")


def test_the_page_shows_every_entry_and_what_is_missing(tmp_path: Path):
    entry, page = worlds.entry("fresh_claim"), page_of(tmp_path)
    assert "1 claims measured" in page
    assert "`fresh_study`" in page.split("Not measured yet:")[1].splitlines()[0]
    row = next(line for line in page.splitlines() if line.startswith("| [fresh_claim]"))
    assert "+1 point" in row
    assert f"**{entry['verdict']['word']}**" in row
    for words in ("Affinities help.", "Nobody 2020", "40 icons.", entry["commit"][:10], "no teacher (decides)"):
        assert words in page
    assert "tale" not in page


def test_a_stale_entry_says_so(tmp_path: Path):
    page = page_of(tmp_path, code=worlds.FILE.replace("Budget(5", "Budget(6"))
    assert "(stale)" in page
    assert "**Stale**" in page


def test_steps_of_every_arm_are_shown(tmp_path: Path):
    page = page_of(tmp_path)
    for arm, one in worlds.entry("fresh_claim")["arms"].items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {arm}"))
        assert line.split(" | ")[1] == str(one["steps"])


def test_a_claim_is_slow_by_the_processor_and_not_by_the_clock(tmp_path: Path):
    stopped = page_of(tmp_path, **{"wall seconds": 4010.0, "seconds": 8003.0, "cpu seconds": 234.0, "jobs": 2})
    assert ", 117 s, commit" in stopped
    assert "a slow one" not in stopped
    assert "601 s; a slow one" in page_of(tmp_path, **{"cpu seconds": 1202.0, "jobs": 2})


def test_an_entry_without_processor_time_has_that_of_the_clock_and_says_so(tmp_path: Path, monkeypatch):
    old = {key: value for key, value in worlds.entry("fresh_claim").items() if key != "cpu seconds"}
    monkeypatch.setattr(worlds, "entry", lambda name: old)
    page = page_of(tmp_path, **{"wall seconds": 601.0, "seconds": 1198.0, "jobs": 2})
    assert "601 s by the clock (processor time was not recorded); a slow one" in page


def test_one_number_that_no_seed_changes_has_no_interval(tmp_path: Path):
    found = {"value": -0.4575, "low": -3.453, "high": 2.538, "p": 0.63, "items": 1, "seeds": 5, "error": 0.0}
    differences = worlds.entry("fresh_claim")["differences"]

    def shown(**changed: Any) -> str:
        constant = differences["no teacher"] | {"image->text R@5": found | changed}
        page = page_of(tmp_path, differences=differences | {"no teacher": constant})
        return next(line for line in page.splitlines() if line.startswith("| no teacher (decides)"))

    assert shown().endswith("; -0.458 |")
    assert shown(error=0.1).endswith("; -0.458 (-3.45 to +2.54) |")
    assert shown(items=2).endswith("; -0.458 (-3.45 to +2.54) |")


def test_teachers_are_those_of_the_recipes(tmp_path: Path):
    code = worlds.FILE.replace("teacher=CLIP,", 'teachers={"old": CLIP},')
    line = next(line for line in page_of(tmp_path).splitlines() if "; data " in line)
    assert line.endswith("; teacher " + worlds.entry("fresh_claim")["teachers"][0]["name"] + ".")
    stale = next(line for line in page_of(tmp_path, code=code).splitlines() if "; data " in line)
    assert stale.endswith(" (by its recipe of today).")
    wrong = page_of(tmp_path, teachers=[{"name": "", "fingerprint": "0"}])
    assert line in wrong.splitlines()


def test_a_restated_entry_says_so(tmp_path: Path):
    again = {"date": "2026-01-02", "commit": "abc", "why": "rows of one picture are one item"}
    said = "Intervals computed again on 2026-01-02: rows of one picture are one item."
    assert said in page_of(tmp_path, restated=again)
    assert "computed again" not in page_of(tmp_path)
