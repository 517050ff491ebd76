"""Arms that the ledger has already under the code of today: a claim that gets another arm is measured in that arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from limbeck.claims.fingerprint import code_fingerprint
from limbeck.claims.found import arms_of, claim_of
from limbeck.claims.items import pack, unpack
from limbeck.claims.ledger import machine
from limbeck.core.artefact import versions
from limbeck.core.recipe import Recipe
from limbeck.core.study import METHOD, Study


def carried(
    item: Recipe | Study, before: Mapping[str, Any] | None, *, threads: int, data: Callable[[Recipe], str]
) -> dict[str, Mapping[str, Any]]:
    """Label -> arm of an entry that holds as it stands; none at all where anything but new arms has changed.

    What has to be as it was: the fingerprint of the claim with the arms of the entry alone, versions, machine, threads
    and rows; and the entry is of a clean checkout. A study measures its arms together, and equal seconds are taken
    together: neither is carried.

    Args:
        item: the claim of today.
        before: its entry in the ledger.
        threads: of this measurement.
        data: fingerprint of a recipe's rows, asked last.
    """
    claim = claim_of(item)
    if before is None or isinstance(item, Study) or claim.budget != "steps" or before["dirty"]:
        return {}
    known = before["claim"]["baselines"]
    if known.keys() == claim.baselines.keys() or not known.items() <= dict(claim.baselines).items():
        return {}
    fewer = replace(item, claim=replace(claim, baselines=known))
    if before["code"]["fingerprint"] != code_fingerprint(fewer) or _ran_on(before) != _ran_on(
        {"versions": versions(), "machine": machine(), "threads": threads}
    ):
        return {}
    rows = {one["path"]: one["fingerprint"] for one in before["data"]}
    if any(data(arm) != rows[arm.data.path] for arm in arms_of(fewer).values()):
        return {}
    mark = {"commit": before["commit"], "measured": before["measured"]}
    return {label: {"carried": mark, **before["arms"][label]} for label in (METHOD, *known)}  # its own mark stays


def carried_record(arm: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a desk would have written for this arm and seed; no second was spent on it."""
    metrics = arm["metrics"]
    return {
        "seconds": 0.0,
        "cpu seconds": 0.0,
        "training": {"seconds": arm["seconds by seed"][seed], "steps": arm["steps"]},
        "chance": {name: one["chance"] for name, one in metrics.items()},
        "metrics": {name: pack([unpack(one["items"])[seed]]) for name, one in metrics.items()},
        "controls": list(arm["failed controls"]),
    }


def _ran_on(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Libraries, machine and threads; the package's own version says less than the fingerprint of its code."""
    libraries = {name: version for name, version in entry["versions"].items() if name != "limbeck"}
    return {"libraries": libraries, "machine": entry["machine"], "threads": entry["threads"]}
