"""The ledger can be computed again from what it holds; what does not follow is a fault, changed code makes it stale."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claims import worlds
from limbeck.claims.found import find_claim
from limbeck.claims.items import pack
from limbeck.claims.ledger import (
    check_ledger,
    entries,
    faults,
    is_stale,
    ledger_folder,
    machine,
    provenance,
    read_entry,
)
from limbeck.core.artefact import write_json
from limbeck.core.errors import ArtefactError

MRR = "image<->text MRR"


def spoil(what: str) -> dict[str, Any]:
    entry = copy.deepcopy(worlds.entry("fresh_claim"))
    arm = entry["arms"]["no teacher"]["metrics"][MRR]
    if what == "field":
        del entry["commit"]
    elif what == "seeds":
        entry["seeds"] = [0, 1, 2, 3]
    elif what == "verdict":
        entry["verdict"]["word"] = "reproduced" if entry["verdict"]["word"] != "reproduced" else "contradicted"
    elif what == "word":
        entry["verdict"]["word"] = "great"
    elif what == "difference":
        entry["differences"]["no teacher"][MRR]["high"] += 0.01
    elif what == "by seed":
        arm["by seed"][2] += 0.01
    elif what == "items":
        arm["items"] = pack([[0.5] * 5] * 5)
    elif what == "arm":
        entry["arms"]["bonus"] = entry["arms"].pop("no teacher")
    elif what == "name":
        entry["name"] = "other"
    return entry


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("field", "lacks commit"),
        ("seeds", "at least five"),
        ("verdict", "does not follow from its values"),
        ("word", "has the verdict 'great'"),
        ("difference", "the difference to 'no teacher' in image<->text MRR does not follow"),
        ("by seed", "values of 'no teacher' in image<->text MRR are not those of their seeds"),
        ("items", "are not those of their seeds"),
        ("arm", "the claim has"),
        ("name", "is the entry of 'fresh_claim'"),
    ],
)
def test_a_spoilt_entry_is_found(tmp_path: Path, what: str, says: str):
    with worlds.papered(tmp_path):
        found = faults(spoil(what), find_claim("fresh_claim"))
    assert any(says in fault for fault in found), found


def test_changed_code_makes_an_entry_stale_and_not_wrong(tmp_path: Path):
    entry = worlds.entry("fresh_claim")
    with worlds.papered(tmp_path):
        assert not is_stale(entry, find_claim("fresh_claim"))
    with worlds.papered(tmp_path, worlds.FILE.replace("Budget(5", "Budget(6")):
        item = find_claim("fresh_claim")
        assert is_stale(entry, item)
        assert faults(entry, item) == []


def test_an_entry_says_by_which_training_loop_it_was_measured(tmp_path: Path):
    entry = worlds.entry("fresh_claim")
    with worlds.papered(tmp_path):
        untold = {**entry, "code": {name: value for name, value in entry["code"].items() if name != "training"}}
        said = faults(untold, find_claim("fresh_claim"))
    assert said == ["fresh_claim does not say by which training loop it was measured"]


def test_the_ledger_is_checked_as_a_whole(tmp_path: Path):
    ledger = tmp_path / "claims"
    write_json(ledger / "fresh_claim.json", worlds.entry("fresh_claim"))
    write_json(ledger / "nobody.json", worlds.entry("fresh_study"))
    with worlds.papered(tmp_path, worlds.FILE.replace("Budget(5", "Budget(6")):
        wrong, stale, missing = check_ledger(ledger)
    assert wrong == ["nobody is in the ledger, but nothing claims it"]
    assert stale == ["fresh_claim"]
    assert "fresh_study" in missing
    assert [*entries(ledger)] == ["fresh_claim", "nobody"]


def test_another_schema_is_refused(tmp_path: Path):
    write_json(tmp_path / "a.json", {"schema": 99})
    with pytest.raises(ArtefactError, match="has schema 99; this version reads 1"):
        read_entry(tmp_path / "a.json")


def test_a_single_changed_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "src" / "limbeck" / "core" / "checkout.py"
    file.parent.mkdir(parents=True)
    file.write_text("x = 1\n")
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -q -m one"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    monkeypatch.setattr("limbeck.core.checkout.ROOT", tmp_path)
    assert provenance([file])["dirty"] is False
    file.write_text("x = 2\n")
    assert provenance([file])["dirty"] is True
    assert provenance([])["other changes"] == 1


def test_provenance_is_that_of_the_checkout():
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    found = provenance([])
    assert found["dirty"] is False
    if head:
        assert len(found["commit"]) == 40
    assert machine()["cores"] >= 1
    assert ledger_folder().name == "claims"
