"""What `limbeck distill` should take when it is told nothing: figures of the validation rows alone.

`python docs/lab/distill_defaults.py DATA STUDENT OPTIMIZER RATE SEED` trains one student, everything else at the
defaults, and adds a line to `distill-defaults.jsonl`; without arguments it writes the page's tables from that file.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
STORE, PAGE = HERE / "distill-defaults.jsonl", HERE / "distill-defaults.md"
METRIC = "image<->text MRR"
Setting = tuple[str, str, float]
BEFORE: Setting = ("conv-s", "adamw", 1e-3)  # what the defaults were


def measure(data: str, student: str, optimizer: str, rate: float, seed: int) -> dict[str, Any]:
    """Train as `limbeck distill` does and look at the validation rows."""
    from limbeck.core.artefact import versions
    from limbeck.core.checkout import commit
    from limbeck.core.memory import keep_freed_memory
    from limbeck.data.places import cache_folder
    from limbeck.pipeline.execute import open_bench, prepare_teacher
    from limbeck.pipeline.trial import trial
    from limbeck.verbs.distill import draft, fill

    keep_freed_memory()
    first = draft(data, teacher="icons", student=student, draws=4, seed=seed, max_bad=0.01)
    bench = open_bench(first, cache=cache_folder())
    counts = {kind: len(rows) for kind, rows in bench.rows.train.items()}
    recipe = fill(
        first,
        counts,
        method="balanced",
        steps=0,
        batch_size=256,
        learning_rate=rate,
        optimizer=optimizer,
        aligned=False,
    )
    taught = prepare_teacher(recipe, bench, folder=cache_folder() / "lab" / f"{data}-{seed}".replace(":", "-"))
    done = trial(recipe, bench, taught, split="validation")
    found = done.student.get(METRIC)
    asked = {"data": data, "student": student, "optimizer": optimizer, "learning rate": rate, "seed": seed}
    said = {"value": found.value, "low": found.low, "high": found.high, "items": found.items.tolist()}
    return {**asked, "steps": done.steps, **said, "commit": commit(), "versions": versions()}


def tables(runs: list[dict[str, Any]]) -> str:
    """One table a data set, with paired differences to what was the default."""
    lines: list[str] = []
    for data in dict.fromkeys(run["data"] for run in runs):
        own = [run for run in runs if run["data"] == data]
        by: dict[Setting, dict[int, dict[str, Any]]] = defaultdict(dict)
        for run in own:
            by[run["student"], run["optimizer"], run["learning rate"]][run["seed"]] = run
        lines += ["", f"`{data}`, {len(own[0]['items'])} validation items:", ""]
        lines += [
            "| student | optimizer | learning rate | steps | MRR by seed, % | minus what was the default, points |",
            f"|{'---|' * 6}",
        ]
        for setting, seeds in by.items():
            values = ", ".join(f"{100 * seeds[seed]['value']:.1f} ({seed})" for seed in sorted(seeds))
            minus = "" if setting == BEFORE else _minus(seeds, by[BEFORE])
            steps = ", ".join(sorted({str(run["steps"]) for run in seeds.values()}))
            lines.append(f"| {setting[0]} | {setting[1]} | {setting[2]:g} | {steps} | {values} | {minus} |")
    commits = sorted({run["commit"][:7] for run in runs if run["commit"]})
    return "\n".join([*lines, "", f"Measured at {', '.join(commits)}.", ""])


def _minus(seeds: dict[int, dict[str, Any]], first: dict[int, dict[str, Any]]) -> str:
    from limbeck.evaluation.intervals import seeded_difference

    both = sorted(set(seeds) & set(first))
    one, two = ([np.array(runs[seed]["items"]) for seed in both] for runs in (seeds, first))
    found = seeded_difference(one, two)
    interval = f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"
    return f"{100 * found.value:+.1f} ({interval}; {len(both)} seed{'s' * (len(both) > 1)})"


def main() -> None:
    """One run, or the page."""
    if len(sys.argv) > 1:
        data, student, optimizer, rate, seed = sys.argv[1:]
        line = json.dumps(measure(data, student, optimizer, float(rate), int(seed)))
        with open(STORE, "a") as stream:
            stream.write(line + "\n")
        return
    runs = [json.loads(line) for line in STORE.read_text().splitlines()]
    head, mark, rest = PAGE.read_text().partition("<!-- result -->\n")
    end = "<!-- end of result -->"
    PAGE.write_text(head + mark + tables(runs) + end + rest.partition(end)[2])


if __name__ == "__main__":
    main()
