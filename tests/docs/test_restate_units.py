"""Entries of the ledger that were restated hold units, and say so."""

from __future__ import annotations

import pytest

from limbeck.claims.found import claims
from limbeck.claims.ledger import entries, ledger_folder

ENTRIES = entries(ledger_folder())
RESTATED = [name for name, entry in ENTRIES.items() if "restated" in entry]


@pytest.mark.parametrize("name", RESTATED)
def test_every_metric_of_rows_has_one_item_a_unit(name: str) -> None:
    counts = {held["items"]["shape"][1] for one in ENTRIES[name]["arms"].values() for held in one["metrics"].values()}
    assert counts - {1} == {250}  # concepts
    assert name in claims()
    assert set(ENTRIES[name]["restated"]) == {"date", "commit", "why"}
