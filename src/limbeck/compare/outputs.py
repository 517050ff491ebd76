"""What a comparison leaves behind: `comparison.json`, two CSV files, `report.html`, and lines for the terminal."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from limbeck.compare.arms import Comparison
from limbeck.compare.charts import arms_plot, learning_curves, pareto_plot
from limbeck.compare.contest import Outcome
from limbeck.compare.costs import costs_table
from limbeck.compare.findings import Findings, findings_of
from limbeck.compare.icons_demo import doubts
from limbeck.compare.rates import dearer
from limbeck.compare.sentences import about_teacher, by_arm, overall, sentences
from limbeck.compare.tables import findings_table, seed_rows, summary_rows
from limbeck.core.artefact import write_file, write_json
from limbeck.core.csv_text import csv_text
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.record import read_checks, warnings_of, waved
from limbeck.pipeline.execute import Bench
from limbeck.report.document import Block, Commands, Facts, Report, Section, Table
from limbeck.report.terminal import plain_table
from limbeck.report.write import write_report

SCHEMA = 1
REFERENCE = "no_teacher"
BUDGETS = ("equal steps", "equal seconds")


@dataclass(frozen=True)
class Family:
    """The arms under one budget, and what can be said of them.

    Args:
        budget: `equal steps` or `equal seconds`.
        comparison: the runs.
        found: one a metric, the deciding one first.
        steps: arm -> steps of a run.
        doubts: why nothing of it is shown; empty where every shuffled control is at chance.
    """

    budget: str
    comparison: Comparison
    found: tuple[Findings, ...]
    steps: Mapping[str, int]
    doubts: tuple[str, ...]

    def shown(self) -> list[Findings]:
        """The metrics of a table: means of both directions where there are any."""
        both = [one for one in self.found if "<->" in one.metric]
        return both or list(self.found)


def write_outputs(
    outcome: Outcome, bench: Bench, *, out: Path, title: str, left_out: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Write everything to `out`; returns the lines for the terminal.

    Args:
        outcome: of the contest.
        bench: its data.
        out: folder.
        title: of the report.
        left_out: humbling baseline that is no arm -> why.
    """
    families, checks = families_of(outcome), read_checks(out)
    plain = plain_outcome(outcome, families, bench) | {"baselines left out": dict(left_out)}
    plain |= {"checks": [asdict(finding) for finding in checks]}
    write_json(out / "comparison.json", _finite(plain))
    by_seed = [(one, row) for one in families for row in seed_rows(one.comparison)]
    by_arm = [(one, row) for one in families for row in summary_rows(one.found)]
    for name, rows in (("comparison.csv", by_seed), ("summary.csv", by_arm)):
        lines = [{"budget": one.budget, **row, **_costs(outcome, one, str(row["arm"]))} for one, row in rows]
        write_file(out / name, csv_text(lines).encode())
    write_report(out / "report.html", report_of(outcome, families, checks, left_out, title=title, out=out))
    return [*terminal_lines(outcome, families, out), *waved(checks)]


def families_of(outcome: Outcome, *, reference: str = REFERENCE) -> list[Family]:
    """The budget that was asked for, and the other one where arms differ in it.

    Args:
        outcome: of the contest.
        reference: the arm that others are held against; the first one where there is none of that name.
    """
    names = BUDGETS if outcome.rules.budget == "steps" else BUDGETS[::-1]
    families = []
    for place, (name, comparison) in enumerate(zip(names, (outcome.comparison, outcome.other), strict=True)):
        if comparison is None:
            continue
        against = reference if reference in comparison.runs else next(iter(comparison.runs))
        found = tuple(findings_of(comparison, metric, reference=against) for metric in comparison.metrics())
        steps = {arm: outcome.steps[arm][place] for arm in comparison.runs}
        families.append(Family(name, comparison, found, steps, tuple(doubts(comparison))))
    return families


def plain_outcome(outcome: Outcome, families: list[Family], bench: Bench) -> dict[str, Any]:
    """Every number: per-seed values of every arm and budget, findings, settings, trials, rates, what was equal."""
    rules = outcome.rules
    recipes = {arm: runs[0].recipe for arm, runs in outcome.comparison.runs.items()}
    first = next(recipe for recipe in recipes.values() if recipe.teacher is not None)
    return {
        "schema": SCHEMA,
        "asked": {"data": first.data.path, "teacher": first.teacher, "student": first.student},
        "seeds": list(rules.seeds),
        "budget": rules.budget,
        "seconds asked for": rules.seconds or None,
        "seconds of a run": outcome.allowed or None,
        "trials an arm": rules.tune,
        "threads": rules.threads,
        "test split": "read after the last training of every arm and trial (test-read.json)",
        "test rows": len(bench.rows.test),
        "data": bench.source.fingerprint(),
        "versions": outcome.code.get("versions", {}),
        "commit": outcome.code.get("commit"),
        "code": outcome.code.get("fingerprint"),
        "arms": {
            arm: {
                "batch": {stage.name: dict(stage.budget.batch) for stage in recipes[arm].stages},
                "optimisation": {
                    stage.name: {
                        "optimizer": stage.optimisation.optimizer,
                        "learning rate": stage.optimisation.learning_rate,
                    }
                    for stage in recipes[arm].stages
                },
                "seconds a step": outcome.rates[arm],
                "seconds by seed": list(outcome.seconds[arm]),
                "tuned": asdict(outcome.settings[arm]) if arm in outcome.settings else None,
                "validation by trial": list(outcome.trials.get(arm, ())),
            }
            for arm in outcome.comparison.runs
        },
        "results": {
            one.budget: {
                "withheld": list(one.doubts),
                "in words": [] if one.doubts else sentences(one.found[0]),
                "steps": dict(one.steps),
                "runs": {arm: [run.folder.name for run in runs] for arm, runs in one.comparison.runs.items()},
                "by seed": seed_rows(one.comparison),
                "findings": [found.to_json() for found in one.found],
            }
            for one in families
        },
    }


def report_of(
    outcome: Outcome,
    families: list[Family],
    checks: Sequence[Finding],
    left_out: Mapping[str, str],
    *,
    title: str,
    out: Path,
) -> Report:
    """The page: what helps, what it costs, how it learned, where it comes from."""
    first = families[0]
    sections = []
    for one in families:
        blocks: list[Block] = [arms_plot(one.shown()[0]), Facts("Arm by arm", by_arm(one.found[0]))]
        blocks.append(findings_table(one.shown(), caption=f"Test split, {one.budget}"))
        blocks += [arms_plot(found) for found in one.shown()[1:2]]
        cost = {arm: steps * outcome.rates[arm] for arm, steps in one.steps.items()}
        if one.budget == BUDGETS[0] or dearer(cost):  # equal seconds need no weighing
            blocks.append(pareto_plot(one.found[0], cost, x="seconds of training steps", caption=_RATES))
        lead = " ".join(one.doubts or [overall(one.found[0])])
        sections.append(Section(one.budget.capitalize(), [] if one.doubts else blocks, lead=lead))
    rules = outcome.rules
    facts = {
        "seeds": ", ".join(map(str, rules.seeds)),
        "budget": f"equal {rules.budget}" + (f", {outcome.allowed:.4g} a run" if outcome.allowed else ""),
        "validation trials an arm": str(rules.tune),
        "test split": "read after the last training",
        "threads": str(rules.threads),
        "optimizer": sorted(
            {stage.optimisation.optimizer for arm in first.comparison.runs.values() for stage in arm[0].recipe.stages}
        ),
        "steps": [f"{arm}: {steps}" for arm, steps in first.steps.items()],
        "seconds a step": [f"{arm}: {rate:.4f}" for arm, rate in outcome.rates.items()],
        "commit": outcome.code.get("commit") or "unknown",
        **{f"{name} version": value for name, value in outcome.code.get("versions", {}).items()},
    }
    settings = [f"{arm}: {_said(one.learning_rate, one.weights)}" for arm, one in outcome.settings.items()]
    sections += [
        Section("Training", [costs_of(outcome, families), *learning_curves(outcome.comparison)]),
        Section(
            "Provenance",
            [
                Facts(
                    "How this was made", facts | ({"tuned settings, times the default": settings} if settings else {})
                ),
                Commands("Next", next_commands(outcome, first, out)),
            ],
        ),
    ]
    notes = {"Baselines left out": left_out, "What the checks warned of": warnings_of(checks)}
    if before := [Facts(name, facts) for name, facts in notes.items() if facts]:
        sections.insert(-1, Section("Before training", before))
    return Report(
        title,
        headlines(families),
        sections,
        warnings=[*(doubt for one in families for doubt in one.doubts), *waved(checks)],
        series=tuple(first.comparison.runs),
    )


def headlines(families: list[Family]) -> list[str]:
    """Which arms may be the best under each budget, and how far the teacher itself gets."""
    sound = [one for one in families if not one.doubts]
    lines = [f"{one.budget.capitalize()}, {overall(one.found[0])}" for one in sound]
    return [*lines, *(about_teacher(one.found[0], one.comparison) for one in sound[:1])]


def costs_of(outcome: Outcome, families: list[Family]) -> Table:
    """Cost of a step and of a run, by arm."""
    return costs_table(outcome.rates, {one.budget: one.steps for one in families})


def terminal_lines(outcome: Outcome, families: list[Family], out: Path) -> list[str]:
    """The result for the terminal."""
    lines = []
    for one in families:
        if one.doubts:
            lines += [*one.doubts, ""]
            continue
        table = findings_table(one.shown(), caption=f"Test split, {one.budget}")
        lines += [plain_table(table), "", *sentences(one.found[0]), ""]
    lines += [plain_table(costs_of(outcome, families)), "", *headlines(families), ""]
    lines += [f"report: {out}/report.html", f"values: {out}/comparison.json, comparison.csv and summary.csv beside it"]
    return [*lines, "", "next:", *(f"  {line}" for line in next_commands(outcome, families[0], out))]


def next_commands(outcome: Outcome, family: Family, out: Path) -> list[str]:
    """What to type next: the arm with the best mean."""
    found = family.found[0]
    sign = 1 if found.higher_is_better else -1
    best = max(found.means, key=lambda arm: sign * found.means[arm].value)
    run = family.comparison.runs[best][0]
    return [
        f"limbeck evaluate {shlex.quote(str(run.folder))} --data {shlex.quote(run.recipe.data.path)}",
        f"limbeck run {shlex.quote(f'{run.folder}/recipe.json')} --out {shlex.quote(f'{out}-again')} "
        f"--set seed={max(outcome.rules.seeds) + 1}",
    ]


_RATES = "Seconds a step were measured in turns before training; validation and checkpoints are not in them."


def _costs(outcome: Outcome, family: Family, arm: str) -> dict[str, object]:
    return {"steps": family.steps.get(arm, ""), "seconds_a_step": outcome.rates.get(arm, "")}


def _said(rate: float, weights: Mapping[str, float]) -> str:
    return ", ".join([f"learning rate {rate:.3g}", *(f"{name} {factor:.3g}" for name, factor in weights.items())])


def _finite(value: Any) -> Any:
    """NaN and infinity as null: JSON has neither."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
