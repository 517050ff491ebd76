"""`limbeck claims`: list, measure, look at validation, check, write the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claims import worlds
from limbeck import cli
from limbeck.claims import measure
from limbeck.claims.page import claims_page
from limbeck.core.artefact import write_json
from limbeck.core.errors import UsageError
from limbeck.verbs.claims import claims
from pipeline import worlds as data


def test_the_ledger_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_json(tmp_path / "claims" / "fresh_claim.json", worlds.entry("fresh_claim"))
    with worlds.papered(tmp_path, worlds.FILE.replace("Budget(5", "Budget(6")):
        found = claims(ledger=tmp_path / "claims")
    shown = capsys.readouterr().out
    assert f"fresh_claim: {worlds.entry('fresh_claim')['verdict']['word']} (stale: its code has changed)" in shown
    assert "fresh_study: not measured yet" in shown
    assert found.stale == ["fresh_claim"]
    assert found.exit_code == 0


def test_a_claim_is_measured_written_and_shown_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    ledger = tmp_path / "claims"
    with worlds.papered(tmp_path):
        found = claims(("fresh_study",), ledger=ledger, cache=data.cache_folder(), jobs=1, docs=True, check=True)
        assert (tmp_path / "docs" / "claims.md").read_text() == claims_page(ledger)
    shown = capsys.readouterr().out
    assert "fresh_study: reproduced" in shown
    assert "the ledger is in order: 1 claims" in shown
    assert json.loads((ledger / "fresh_study.json").read_text())["verdict"]["word"] == "reproduced"
    assert found.faults == []


def test_a_ledger_that_is_not_in_order_is_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    entry = json.loads(json.dumps(worlds.entry("fresh_study")))
    entry["verdict"]["word"] = "contradicted"
    write_json(tmp_path / "claims" / "fresh_study.json", entry)
    with worlds.papered(tmp_path):
        assert cli.main(["claims", "--check", "--ledger", str(tmp_path / "claims")]) == 4
    assert "the verdict 'contradicted' does not follow from its values" in capsys.readouterr().err


def test_a_look_at_validation_keeps_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with worlds.papered(tmp_path):
        claims(
            ("fresh_claim",), validate=True, set=("stages.0.budget.steps=2",), ledger=tmp_path / "claims",
            cache=data.cache_folder(),
        )  # fmt: skip
        with pytest.raises(UsageError, match="is a study"):
            claims(("fresh_study",), validate=True, set=("seed=1",), cache=data.cache_folder())
        with pytest.raises(UsageError, match="a claim is measured as it stands"):
            claims(("fresh_claim",), set=("seed=1",))
    shown = capsys.readouterr().out
    assert "fresh_claim, validation rows, seed 100, stages.0.budget.steps=2" in shown
    assert "method: image<->text MRR" in shown
    assert not (tmp_path / "claims").exists()


@pytest.mark.parametrize(
    ("line", "measured"),
    [
        ("", []),
        ("fresh_claim fresh_study", ["fresh_claim", "fresh_study"]),
        ("fresh_study,fresh_claim", ["fresh_study", "fresh_claim"]),
        ("fresh_claim, --jobs 1 fresh_study", ["fresh_claim", "fresh_study"]),
        ("--jobs 1 fresh_study fresh_study", ["fresh_study"]),
    ],
)
def test_several_claims_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line, measured):
    asked = []
    monkeypatch.setattr(measure, "measure_claim", lambda item, **_: asked.append(item.name) or worlds.entry(item.name))
    with worlds.papered(tmp_path):
        assert cli.main(["claims", *line.split(), "--ledger", str(tmp_path / "claims")]) == 0
    assert asked == measured


def test_one_name_may_come_as_a_string_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(measure, "measure_claim", lambda item, **_: asked.append(item.name) or worlds.entry(item.name))
    with worlds.papered(tmp_path):
        claims("fresh_study", ledger=tmp_path / "claims")
    assert asked == ["fresh_study"]


def test_one_wrong_name_among_several_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with worlds.papered(tmp_path):
        assert cli.main(["claims", "fresh_study", "fresh_clam", "--ledger", str(tmp_path / "claims")]) == 2
    assert "did you mean 'fresh_claim'?" in capsys.readouterr().err
    assert not (tmp_path / "claims").exists()
