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


def test_steps_of_every_arm_are_shown_and_a_slow_claim_is_marked(tmp_path: Path):
    page = page_of(tmp_path)
    marked = page_of(tmp_path, **{"wall seconds": 601.0, "seconds": 1198.0, "jobs": 2})
    for arm, one in worlds.entry("fresh_claim")["arms"].items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {arm}"))
        assert line.split(" | ")[1] == str(one["steps"])
    assert "a slow one" not in page
    assert "a slow one" in marked
