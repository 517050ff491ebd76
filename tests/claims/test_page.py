"""The page says what the ledger holds, and the one that is committed is the one that the ledger gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claims import worlds
from limbeck.claims.page import claims_page
from limbeck.core.artefact import write_json


def page_of(root: Path, *, code: str = worlds.FILE, code_of: Any = None, **changed: Any) -> str:
    """The page of a ledger with one entry, after changes of the entry or of the code that it was measured with."""
    changed |= {"code": code_of} if code_of is not None else {}
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
    assert "(stale)" not in page
    assert "**Stale**" not in page
    assert "training loop has changed since, in" not in page


def test_a_changed_training_loop_is_named(tmp_path: Path):
    code = worlds.entry("fresh_claim")["code"]
    before = {**code["training"], "muon": "another", "gone": "0"}
    page = page_of(tmp_path, code_of={**code, "training": before})
    assert "The training loop has changed since, in `stages/gone.py`, `stages/muon.py`." in page
    assert "(stale)" not in page


def test_a_stale_entry_says_so(tmp_path: Path):
    page = page_of(tmp_path, code=worlds.FILE.replace("Budget(5", "Budget(6"))
    assert "(stale)" in page
    assert "**Stale**" in page


def test_steps_of_every_arm_are_shown(tmp_path: Path):
    page = page_of(tmp_path)
    for arm, one in worlds.entry("fresh_claim")["arms"].items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {arm}"))
        assert line.split(" | ")[1] == str(one["steps"])


def times(root: Path, **changed: Any) -> str:
    """What the page says of how long the one entry took."""
    page = page_of(root, **changed)
    line = next(line for line in page.splitlines() if "; data " in line)
    named = " ".join(line for line in page.splitlines() if line.startswith("Slow"))
    return line.partition("budget in steps, ")[2].partition(", measured")[0] + (f" | {named}" if named else "")


def test_a_slow_claim_is_marked_and_one_whose_clock_ran_on_says_so(tmp_path: Path):
    stopped = {"wall seconds": 4010.0, "seconds": 8003.0, "cpu seconds": 234.0, "jobs": 2}
    marked = " (**slow by the clock**) | Slow by the clock: `fresh_claim`."
    assert times(tmp_path, **stopped) == "2 processes, 117 s of the processor, 4010 s by the clock" + marked
    busy = times(tmp_path, **{**stopped, "cpu seconds": 1202.0})
    assert busy == "2 processes, 601 s of the processor, 4010 s by the clock (**slow**) | Slow: `fresh_claim`."
    quick = times(tmp_path, **{"wall seconds": 599.0, "seconds": 590.0, "cpu seconds": 580.0, "jobs": 1})
    assert quick == "1 process, 580 s of the processor, 599 s by the clock"


def test_a_resumed_claim_counts_the_seconds_of_all_its_runs(tmp_path: Path):
    shown = times(tmp_path, **{"wall seconds": 0.6, "seconds": 1530.0, "cpu seconds": 1147.0, "jobs": 2})
    assert shown.startswith("2 processes, 574 s of the processor, 765 s by the clock (**slow by the clock**)")


def test_arms_that_were_taken_over_count_with_their_training(tmp_path: Path):
    arms = {label: dict(arm) for label, arm in worlds.entry("fresh_claim")["arms"].items()}
    arms["no teacher"] |= {"seconds by seed": [100.0] * 5, "carried": {"commit": "abc", "measured": "2026-01-01"}}
    shown = times(tmp_path, **{"arms": arms, "wall seconds": 30.0, "seconds": 20.0, "cpu seconds": 10.0, "jobs": 2})
    assert shown == "2 processes, 255 s of the processor, 280 s by the clock"


def test_an_entry_without_processor_time_has_that_of_the_clock_alone(tmp_path: Path, monkeypatch):
    old = {key: value for key, value in worlds.entry("fresh_claim").items() if key != "cpu seconds"}
    monkeypatch.setattr(worlds, "entry", lambda name: old)
    shown = times(tmp_path, **{"wall seconds": 601.0, "seconds": 1198.0, "jobs": 2})
    assert shown.startswith("2 processes, 601 s by the clock (**slow by the clock**)")


def test_words_are_those_of_today_unless_the_entry_is_stale(tmp_path: Path):
    code = worlds.FILE.replace('setup="40 icons."', 'setup="Two score icons.", differs="No ships are sold."')
    page = page_of(tmp_path, code=code)
    assert "Two score icons." in page
    assert "No ships are sold." in page
    stale = page_of(tmp_path, code=code.replace("Budget(5", "Budget(6"))
    assert "40 icons." in stale
    assert "No ships are sold." not in stale


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


def test_a_restated_entry_says_by_which_code(tmp_path: Path):
    def said(commit: str | None) -> str:
        again = {"date": "2026-01-02", "commit": commit, "why": "rows of one picture are one item"}
        page = page_of(tmp_path, restated=again)
        return next(line for line in page.splitlines() if line.startswith("Intervals computed again"))

    start, why = "Intervals computed again on 2026-01-02 by the code of", ": rows of one picture are one item."
    assert said("0123456789abcdef") == f"{start} commit 0123456789{why}"
    assert said("0123456789abcdef-dirty") == f"{start} commit 0123456789 with uncommitted changes{why}"
    assert said(None) == f"{start} no commit{why}"
    assert "computed again" not in page_of(tmp_path)
