"""What published methods say, measured here: the ledger in `claims/`, its verdicts and the page made from it."""
