"""What a comparison leaves behind: `comparison.json`, `comparison.csv`, `report.html`, and lines for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from limbeck.compare.arms import Comparison
from limbeck.compare.contest import Outcome
from limbeck.compare.icons_demo import doubts
from limbeck.compare.summary import difference_plot, training_charts
from limbeck.core.artefact import versions, write_file, write_json
from limbeck.pipeline.execute import Bench
from limbeck.report.document import Block, Commands, Facts, Report, Section, Table
from limbeck.report.metrics import metrics_table
from limbeck.report.terminal import plain_table
from limbeck.report.write import write_report

SCHEMA = 1


def write_outputs(outcome: Outcome, bench: Bench, *, out: Path, title: str) -> list[str]:
    """Write everything to `out`; returns the lines for the terminal."""
    write_json(out / "comparison.json", plain_outcome(outcome, bench))
    write_file(out / "comparison.csv", values_csv(outcome).encode())
    write_report(out / "report.html", _report(outcome, title, out))
    return _lines(outcome, out)


def families(outcome: Outcome) -> dict[str, Comparison]:
    """`equal steps` and `equal seconds` -> comparison, the budget that was asked for first."""
    names = ["equal steps", "equal seconds"]
    if outcome.rules.budget == "seconds":
        names.reverse()
    found = {names[0]: outcome.comparison}
    return found | ({names[1]: outcome.other} if outcome.other is not None else {})


def plain_outcome(outcome: Outcome, bench: Bench) -> dict[str, Any]:
    """Every number: per-seed values of every arm and budget, settings, trials, rates, and what was equal."""
    rules = outcome.rules
    return {
        "schema": SCHEMA,
        "seeds": list(rules.seeds),
        "budget": rules.budget,
        "seconds asked for": rules.seconds or None,
        "threads": rules.threads,
        "test split": "read once, after the last training of every arm and trial (test-read.json)",
        "test rows": len(bench.rows.test),
        "data": bench.source.fingerprint(),
        "versions": versions(),
        "withheld": {name: doubts(one) for name, one in families(outcome).items()},
        "arms": {
            arm: {
                "steps": {name: outcome.steps[arm][place] for place, name in enumerate(families(outcome))},
                "seconds a step": outcome.rates[arm],
                "seconds by seed": list(outcome.seconds[arm]),
                "tuned": asdict(outcome.settings[arm]) if arm in outcome.settings else None,
                "validation by trial": list(outcome.trials.get(arm, ())),
            }
            for arm in outcome.comparison.runs
        },
        "results": {name: _plain(one) for name, one in families(outcome).items()},
    }


def values_csv(outcome: Outcome) -> str:
    """One line a budget, arm, seed and metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["budget", "arm", "seed", "metric", "value", "items", "chance", "steps", "seconds_a_step"])
    for place, (budget, comparison) in enumerate(families(outcome).items()):
        for arm in ("teacher", *comparison.runs):
            steps = outcome.steps[arm][place] if arm in outcome.steps else ""
            rate = f"{outcome.rates[arm]:.6g}" if arm in outcome.rates else ""
            for seed, measured in zip(comparison.seeds, comparison.measured(arm), strict=True):
                for metric in measured.metrics:
                    cells = [budget, arm, seed, metric.name, repr(metric.value), metric.n, repr(metric.chance)]
                    writer.writerow([*cells, steps, rate])
    return stream.getvalue()


def _plain(comparison: Comparison) -> Mapping[str, Any]:
    return {
        arm: {
            name: {
                "mean": comparison.mean(arm, name).to_json(),
                "by seed": [measured.get(name).value for measured in comparison.measured(arm)],
            }
            for name in comparison.metrics()
        }
        for arm in ("teacher", *comparison.runs)
    }


def _table(name: str, comparison: Comparison) -> Table:
    arms = ("teacher", *comparison.runs)
    models = {arm: [comparison.mean(arm, metric) for metric in comparison.metrics()] for arm in arms}
    return metrics_table(f"Test split, {name}, means of {len(comparison.seeds)} seeds", models)


def _report(outcome: Outcome, title: str, out: Path) -> Report:
    sections = []
    for name, comparison in families(outcome).items():
        problems = doubts(comparison)
        blocks: list[Block] = [_table(name, comparison)]
        base, *others = comparison.runs
        blocks += [difference_plot(comparison, arm=arm, baseline=base) for arm in others]
        sections.append(Section(name.capitalize(), [] if problems else blocks, lead="; ".join(problems)))
    facts = {
        "seeds": ", ".join(map(str, outcome.rules.seeds)),
        "threads": str(outcome.rules.threads),
        **{f"{arm}: seconds a step": f"{rate:.4f}" for arm, rate in outcome.rates.items()},
        **{f"{name} version": value for name, value in versions().items()},
    }
    sections += [
        Section("Training", training_charts(outcome.comparison)),
        Section("Provenance", [Facts("How this was made", facts), Commands("Next", next_commands(outcome, out))]),
    ]
    return Report(title, [], sections, series=("teacher", *outcome.comparison.runs))


def _lines(outcome: Outcome, out: Path) -> list[str]:
    lines = []
    for name, comparison in families(outcome).items():
        lines += [*(doubts(comparison) or [plain_table(_table(name, comparison))]), ""]
    lines += [f"report: {out}/report.html", f"values: {out}/comparison.json, {out}/comparison.csv", "", "next:"]
    return lines + [f"  {line}" for line in next_commands(outcome, out)]


def next_commands(outcome: Outcome, out: Path) -> list[str]:
    """What to type next."""
    best = max(outcome.comparison.runs, key=lambda arm: _first(outcome.comparison, arm))
    run = outcome.comparison.runs[best][0]
    return [
        f"limbeck evaluate {run.folder} --data {run.recipe.data.path}",
        f"limbeck run {run.folder}/recipe.json --out {out}-again --set seed={max(outcome.rules.seeds) + 1}",
    ]


def _first(comparison: Comparison, arm: str) -> float:
    """Mean of the first metric."""
    return comparison.mean(arm, comparison.metrics()[0]).value
