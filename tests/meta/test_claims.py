"""The real ledger: in order, shown by its page, every paper in it or waiting; two quick claims are measured again."""

from __future__ import annotations

import pytest

from limbeck.claims.found import claim_of, claims, paper_files
from limbeck.claims.ledger import check_ledger, entries, ledger_folder
from limbeck.claims.measure import measure_claim
from limbeck.claims.page import claims_page
from limbeck.claims.verdict import CONTRADICTED, REPRODUCED
from pipeline import worlds

MEASURED = entries(ledger_folder())
QUICK = [name for name, item in claims().items() if claim_of(item).quick and name in MEASURED][:2]


def test_the_ledger_is_in_order():
    wrong, _, _ = check_ledger(ledger_folder())
    assert wrong == []


def test_the_page_is_the_one_that_the_ledger_gives():
    """`limbeck claims --docs` writes it; what is not measured yet is named there."""
    folder = ledger_folder()
    page = claims_page(folder)
    assert (folder.parent / "docs" / "claims.md").read_text() == page
    for name in claims():
        assert name in MEASURED or f"`{name}`" in page


def test_two_quick_claims_are_measured():
    """Else fewer would be measured again below, and nothing would say so."""
    assert len(QUICK) == 2


def test_every_paper_claims_something():
    assert [file for file, names in paper_files().items() if not names] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_quick_claim_comes_out_as_it_did(name: str):
    """Another machine rounds otherwise; the difference has to lie where it lay, and no verdict may turn around."""
    before = MEASURED[name]
    after = measure_claim(claims()[name], cache=worlds.cache_folder(), jobs=2)
    assert {before["verdict"]["word"], after["verdict"]["word"]} != {REPRODUCED, CONTRADICTED}
    against, metric = before["verdict"]["against"], before["claim"]["metric"]
    one, two = (entry["differences"][against][metric] for entry in (before, after))
    room = (one["high"] - one["low"]) / 2
    assert one["low"] - room <= two["value"] <= one["high"] + room
