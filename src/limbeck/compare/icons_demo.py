"""What the demo leaves behind: `report.html`, `summary.svg` and `comparison.json`, and what it says at the end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from limbeck.compare.arms import Comparison
from limbeck.compare.queries import answer
from limbeck.compare.stopwatch import Stopwatch, took
from limbeck.compare.summary import (
    cost_table,
    difference_plot,
    picture,
    quality_table,
    savings,
    training_charts,
    verdict,
)
from limbeck.core.artefact import versions, write_file, write_json
from limbeck.core.checkout import commit
from limbeck.data.card import DataCard
from limbeck.data.phrases import normalised
from limbeck.evaluation.cost import TowerCost, measure_cost
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.finish import curves, withheld
from limbeck.pipeline.views import view_of
from limbeck.report.document import Block, Commands, Facts, Figure, Report, Section
from limbeck.report.terminal import plain_table
from limbeck.report.write import write_report

ARM, BASELINE = "distilled", "no teacher"
HEADLINES = ("image<->text R@1", "image<->text R@10")
LICENCE = "Icons: Font Awesome Free 6 by Fonticons, Inc., CC BY 4.0 (fontawesome.com/license/free)."


def demo_report(
    comparison: Comparison, bench: Bench, facts: DataCard, *, queries: Sequence[str], out: Path, watch: Stopwatch
) -> Mapping[str, TowerCost]:
    """Measure what the towers cost, answer the queries, and write everything to `out`, last the time that it took."""
    student = comparison.runs[ARM][0]
    costs = tower_costs(comparison, bench)
    problems = doubts(comparison)
    pictures = [row for row, found in enumerate(bench.source.rows) if found.modalities >= {"image", "text"}]
    known = {normalised(bench.source.rows[row].text.partition(":")[0]) for row in pictures}
    asked = [query for query in queries if normalised(query) not in known]
    models = {"teacher": comparison.taught.encoders, ARM: student.encoders}
    unseen = len(bench.rows.test)
    grid = answer(asked, models, bench.source, pictures)
    watch.lap("measuring")
    quality: list[Block] = [
        quality_table(
            comparison, arm=ARM, baseline=BASELINE, caption=f"Retrieval among {unseen} icons never seen before"
        ),
        difference_plot(comparison, arm=ARM, baseline=BASELINE),
    ]
    if "feature matching" in comparison.runs:
        quality.append(difference_plot(comparison, arm=ARM, baseline="feature matching"))
    report = Report(
        title="Find an icon by meaning: a small student of two large teachers",
        summary=[]
        if problems
        else [verdict(comparison, arm=ARM, baseline=BASELINE, metric=name) for name in HEADLINES],
        warnings=problems,
        figures=[] if problems else [Figure(s.label, s.ratio, f"{s.teacher} to {s.student}") for s in savings(costs)],
        sections=[
            Section("What distillation bought", [] if problems else quality),
            Section("What it costs", [cost_table(costs)]),
            Section(
                "Look for yourself",
                [replace(grid, caption=f"{LICENCE} The gallery holds training icons as well; no query is a label.")],
                lead="Ten queries that are nobody's label, answered by the teacher and by the student.",
            ),
            Section("Training", training_charts(comparison)),
            Section("Data", [Facts("Data card", {"card": facts.lines(), "licence": LICENCE})]),
            Section(
                "Provenance",
                [
                    Facts("Versions", {**versions(), "seeds": ", ".join(map(str, comparison.seeds))}),
                    Commands("Next", next_commands(out)),
                ],
            ),
        ],
        series=("teacher", ARM, BASELINE, "feature matching"),
    )
    write_report(out / "report.html", report)
    title = f"Find an icon by meaning: {unseen} icons never seen in training"
    write_file(out / "summary.svg", picture(comparison, costs, title=title, metrics=HEADLINES, arm=ARM).encode())
    watch.lap("report")
    write_json(out / "comparison.json", {**plain(comparison, costs), "seconds": watch.plain()})
    return costs


def doubts(comparison: Comparison) -> list[str]:
    """One sentence for every model, the teacher included, whose shuffled control is not at chance under some seed."""
    arms = ("teacher", *comparison.runs)
    return withheld(
        {
            f"{arm}, seed {seed}": measured
            for arm in arms
            for seed, measured in zip(comparison.seeds, comparison.measured(arm), strict=True)
        }
    )


def tower_costs(comparison: Comparison, bench: Bench) -> dict[str, TowerCost]:
    """Teacher and student towers timed side by side on real test rows."""
    towers = {}
    samples = [bench.source.sample(row) for row in bench.rows.test[:64]]
    for name, encoders in (("teacher", comparison.taught.encoders), ("student", comparison.runs[ARM][0].encoders)):
        for modality, encoder in encoders.items():
            view = view_of(encoder)
            rows = [view.prepare(sample.values[modality]) for sample in samples]
            towers[f"{name}.{modality}"] = (encoder, view.collate(rows))
    return measure_cost(towers, repeats=5)


def plain(comparison: Comparison, costs: Mapping[str, TowerCost]) -> dict[str, object]:
    """Every number of the report, per-seed values included."""
    arms = ("teacher", *comparison.runs)
    return {
        "seeds": list(comparison.seeds),
        "withheld": doubts(comparison),
        "arms": {
            arm: {
                name: {
                    "mean": comparison.mean(arm, name).to_json(),
                    "by seed": [measured.get(name).value for measured in comparison.measured(arm)],
                }
                for name in comparison.metrics()
            }
            for arm in arms
        },
        "differences": {
            f"{ARM} minus {other}": {
                name: asdict(comparison.difference(ARM, other, name)) for name in comparison.metrics()
            }
            for other in comparison.runs
            if other != ARM
        },
        "validation": {arm: [_validated(run.folder) for run in runs] for arm, runs in comparison.runs.items()},
        "cost": {name: asdict(cost) for name, cost in costs.items()},
        "versions": versions(),
        "commit": commit(),
    }


def _validated(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Stage and metric -> (step, per cent) of every validation of one run."""
    charts = [chart for chart in curves(folder) if chart.y != "loss"]
    return {f"{chart.title}, {one.name}": list(one.points) for chart in charts for one in chart.series}


def demo_lines(comparison: Comparison, costs: Mapping[str, TowerCost], *, out: Path, watch: Stopwatch) -> list[str]:
    """The result for the terminal."""
    problems = doubts(comparison)
    table = quality_table(
        comparison, arm=ARM, baseline=BASELINE, caption="Retrieval among icons never seen in training"
    )
    lines = problems or [plain_table(table)]
    if not problems:
        lines += [comparison.runs[ARM][0].student.controls[0].verdict, ""]
        others = [arm for arm in comparison.runs if arm != ARM]
        lines += [verdict(comparison, arm=ARM, baseline=other, metric=name) for other in others for name in HEADLINES]
    lines += ["", plain_table(cost_table(costs)), ""]
    lines += [f"{s.label}: {s.teacher} -> {s.student} ({s.ratio})" for s in savings(costs)]
    lines += ["", f"report: {out}/report.html", f"model:  {comparison.runs[ARM][0].folder}/model"]
    lines += [took(watch.plain()), "", "next:"]
    return lines + [f"  {line}" for line in next_commands(out)]


def next_commands(out: Path) -> list[str]:
    """What to type next."""
    run = f"{out}/{ARM}-seed-0"
    return [
        f"limbeck evaluate {shlex.quote(run)} --data icons",
        f"limbeck run {shlex.quote(f'{run}/recipe.json')} --set student=vit-s --out runs/icons-vit",
        "limbeck distill YOUR.csv --teacher icons --student resnet-s --out runs/mine",
        "limbeck demo --seeds 3",
    ]
