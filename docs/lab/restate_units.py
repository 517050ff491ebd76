"""Entries of the ledger from before decision 0018, restated: `python docs/lab/restate_units.py`.

What was trained and what every row scored stays as it was measured. Rows that share a picture, a caption or a group
become one item (`limbeck.evaluation.units.over_units`), as they do when a claim is measured today; differences,
intervals and verdicts are computed from these. An entry that was restated says so; one that is measured again does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from limbeck.claims.found import claim_of, claims
from limbeck.claims.items import pack
from limbeck.claims.ledger import difference, entries, ledger_folder, plain_difference, values, verdict_of
from limbeck.core.artefact import write_json
from limbeck.core.checkout import commit
from limbeck.core.evaluator import Metric
from limbeck.core.recipe import Recipe
from limbeck.data.facts import facts_of
from limbeck.data.open import open_source
from limbeck.data.scan import drop_bad, scan
from limbeck.evaluation.embeddings import Embeddings
from limbeck.evaluation.units import over_units
from limbeck.pipeline.execute import held_apart

# Studies name no data of their own; their trials read the test rows of these.
STUDIES = {"tiny_clip_size": "tiny_clip", "projector_alignment_cka": "projector_alignment", "scale_kd_size": "scale_kd"}
WHY = (
    "rows that share a picture, a caption or a group are one item of the intervals (decision 0018); nothing was trained"
)


@cache
def frame(path: str, fractions: tuple[float, float, float]) -> Embeddings:
    """What `over_units` needs to know of the test rows; there are no vectors in it."""
    source = open_source(path)
    source = drop_bad(source, scan(source))
    rows, _ = held_apart(source, fractions)
    test, facts = list(rows.test), facts_of(source)
    present = {m: np.array([m in source.rows[row].modalities for row in test]) for m in ("image", "text")}
    content = {}
    for modality, here in present.items():
        seen: dict[str, int] = {}
        content[modality] = np.array(
            [
                seen.setdefault(source.content(row, modality), len(seen)) if there else -1
                for row, there in zip(test, here, strict=True)
            ]
        )
    group, label = (np.asarray(column)[test] for column in (facts.groups, facts.labels[0]))
    nothing = {modality: np.zeros((len(test), 1), dtype=np.float32) for modality in present}
    return Embeddings(nothing, present, group, label, np.array(test), content)


def restated(entry: dict[str, Any], item: Any, recipe: Recipe) -> bool:
    """Change the entry; whether there was anything to change."""
    told, changed = frame(recipe.data.path, recipe.data.fractions), False
    for arm, one in entry["arms"].items():
        for name, held in one["metrics"].items():
            before = values(entry, arm, name)
            if before.shape[1] == 1:
                continue  # one figure a seed
            metrics = [Metric(name, float(row.mean()), len(row), 0, 1, 0, items=row) for row in before]
            modality = None if "->" in name else "image"
            after = [over_units(metric, told, modality=modality).items for metric in metrics]
            if after[0].shape == before[0].shape:
                continue
            assert np.allclose([row.mean() for row in after], held["by seed"], atol=1e-6)
            held["items"], changed = pack(after), True
    if changed:
        for label, metrics in entry["differences"].items():
            for metric in metrics:
                metrics[metric] = plain_difference(difference(entry, label, metric))
        found = verdict_of(entry, claim_of(item))
        entry["verdict"] = {**entry["verdict"], "word": found.word, "reason": found.reason}
        entry["restated"] = {"date": datetime.now(UTC).date().isoformat(), "commit": commit(), "why": WHY}
    return changed


def main() -> None:
    """Every entry that has not been yet."""
    folder, known = ledger_folder(), claims()
    for name, entry in entries(folder).items():
        item = known[STUDIES.get(name, name)]
        if "restated" in entry or not isinstance(item, Recipe):
            print(f"{name}: left as it is")
            continue
        before = {label: dict(metrics[entry["claim"]["metric"]]) for label, metrics in entry["differences"].items()}
        word = entry["verdict"]["word"]
        if not restated(entry, known[name], item):
            print(f"{name}: every row is a unit")
            continue
        for label, old in before.items():
            new = entry["differences"][label][entry["claim"]["metric"]]
            said = " -> ".join(f"{one['low']:+.4f} to {one['high']:+.4f} ({one['items']} items)" for one in (old, new))
            print(f"{name}, {label}: {new['value']:+.4f}, {said}")
        print(f"{name}: {word} -> {entry['verdict']['word']}")
        write_json(folder / f"{name}.json", entry)


if __name__ == "__main__":
    main()
