"""The ledger: one JSON file a claim, complete enough that its verdict can be computed again from it."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.claims.fingerprint import code_fingerprint, training_code
from limbeck.claims.found import claim_of, claims, labels_of
from limbeck.claims.items import unpack
from limbeck.claims.verdict import VERDICTS, Verdict, judge
from limbeck.core import checkout
from limbeck.core.artefact import read_json
from limbeck.core.errors import ArtefactError
from limbeck.core.recipe import Claim, Recipe
from limbeck.core.study import METHOD, Study
from limbeck.evaluation.intervals import Difference, seeded_difference

SCHEMA = 1
FEWEST_SEEDS = 5
SLOW_SECONDS = 600.0
_FIELDS = {
    "schema", "name", "kind", "claim", "verdict", "seeds", "arms", "differences", "teachers", "data", "code", "commit",
    "dirty", "versions", "machine", "threads", "jobs", "seconds", "measured",
}  # fmt: skip


def ledger_folder() -> Path:
    """`claims/` of the checkout that this package lies in, else of the working folder."""
    root = Path(__file__).resolve().parents[3]
    return (root if (root / "pyproject.toml").is_file() else Path()) / "claims"


def read_entry(path: Path) -> dict[str, Any]:
    """One entry.

    Raises:
        ArtefactError: it is no entry of this schema.
    """
    plain = read_json(path, kind="ledger entry")
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        found = plain.get("schema") if isinstance(plain, dict) else type(plain).__name__
        raise ArtefactError(f"{path} has schema {found}; this version reads {SCHEMA}: measure the claim again")
    return plain


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Name -> entry, of every file of the ledger."""
    return {path.stem: read_entry(path) for path in sorted(folder.glob("*.json"))}


def values(entry: Mapping[str, Any], arm: str, metric: str) -> NDArray[np.float64]:
    """Per-item values `(seeds, items)` of one arm."""
    return unpack(entry["arms"][arm]["metrics"][metric]["items"])


def difference(entry: Mapping[str, Any], baseline: str, metric: str) -> Difference:
    """Method minus a baseline, paired by seed and item, computed from the values that the entry holds."""
    return seeded_difference([*values(entry, METHOD, metric)], [*values(entry, baseline, metric)])


def verdict_of(entry: Mapping[str, Any], claim: Claim) -> Verdict:
    """The verdict, computed from the values that the entry holds."""
    chance = entry["arms"][METHOD]["metrics"][claim.metric]["chance"]
    means = {arm: float(values(entry, arm, claim.metric).mean()) for arm in entry["arms"]}
    return judge(claim, difference(entry, claim.decisive(), claim.metric), means, chance)


def faults(entry: Mapping[str, Any], item: Recipe | Study) -> list[str]:
    """What is not in order in an entry; that its code has changed since is no fault (`is_stale`)."""
    name, claim = str(entry.get("name")), claim_of(item)
    if missing := sorted(_FIELDS - entry.keys()):
        return [f"{name} lacks {', '.join(missing)}"]
    found = []
    if "training" not in entry["code"]:
        found.append(f"{name} does not say by which training loop it was measured")
    if entry["name"] != item.name:
        found.append(f"{name} is the entry of '{item.name}'")
    if entry["seeds"] != list(range(claim.seeds)) or claim.seeds < FEWEST_SEEDS:
        found.append(f"{name} has seeds {entry['seeds']}; the claim asks for 0 to {claim.seeds - 1}, at least five")
    if entry["verdict"]["word"] not in VERDICTS:
        found.append(f"{name} has the verdict '{entry['verdict']['word']}'; valid: {', '.join(VERDICTS)}")
    if sorted(entry["arms"]) != sorted(labels_of(item)):
        return [*found, f"{name} has the arms {sorted(entry['arms'])}; the claim has {sorted(labels_of(item))}"]
    try:
        for arm, one in entry["arms"].items():
            for metric, held in one["metrics"].items():
                table = values(entry, arm, metric)
                if len(table) != len(entry["seeds"]) or not np.allclose(table.mean(1), held["by seed"], atol=1e-6):
                    found.append(f"{name}: values of '{arm}' in {metric} are not those of their seeds")
        if not is_stale(entry, item):  # other code may come to other intervals from the same values
            for label, metrics in entry["differences"].items():
                for metric, stated in metrics.items():
                    if not _close(plain_difference(difference(entry, label, metric)), stated):
                        found.append(f"{name}: the difference to '{label}' in {metric} does not follow from its values")
            if verdict_of(entry, claim).word != entry["verdict"]["word"]:
                found.append(f"{name}: the verdict '{entry['verdict']['word']}' does not follow from its values")
    except (ArtefactError, KeyError, TypeError) as error:
        found.append(f"{name}: {error}")
    return found


def is_stale(entry: Mapping[str, Any], item: Recipe | Study) -> bool:
    """Whether the code that the claim's arms are made of has changed since it was measured."""
    return bool(entry["code"]["fingerprint"] != code_fingerprint(item))


def loop_changes(entry: Mapping[str, Any]) -> list[str]:
    """Modules of the training loop that are not what they were when an entry was measured, sorted."""
    before, now = entry["code"]["training"], training_code()
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def check_ledger(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """(faults, names of stale entries, names of claims that were not measured yet)."""
    known, found = claims(), entries(folder)
    wrong = [f"{name} is in the ledger, but nothing claims it" for name in found if name not in known]
    stale = []
    for name, entry in found.items():
        if name in known:
            own = faults(entry, known[name])
            wrong += own
            stale += [name] if not own and is_stale(entry, known[name]) else []
    return wrong, stale, [name for name in known if name not in found]


def provenance(files: list[Path]) -> dict[str, Any]:
    """Commit, whether the files that matter differ from it, and how many others of the package do."""
    root = checkout.ROOT
    changed = [line[3:] for line in checkout.git("status", "--porcelain", "--", "src").splitlines()]
    own = {path.resolve().relative_to(root).as_posix() for path in files if path.resolve().is_relative_to(root)}
    return {
        "commit": checkout.git("rev-parse", "HEAD"),
        "dirty": bool(own & set(changed)),
        "other changes": len(set(changed) - own),
    }


def machine() -> dict[str, Any]:
    """What the seconds were measured on."""
    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = platform.processor()
    return {"system": platform.system(), "machine": platform.machine(), "processor": model, "cores": os.cpu_count()}


def plain_difference(found: Difference) -> dict[str, Any]:
    """As JSON; what is not a number is null."""
    return {key: value if math.isfinite(value) else None for key, value in asdict(found).items()}


def _close(found: Mapping[str, Any], stated: Mapping[str, Any]) -> bool:
    if found.keys() != stated.keys():
        return False
    pairs = [(value, stated[key]) for key, value in found.items()]
    return all(
        one is two if one is None or two is None else math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12)
        for one, two in pairs
    )
