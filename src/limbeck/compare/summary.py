"""A comparison as tables, plots and lines: the parts of its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from limbeck.compare.arms import Comparison
from limbeck.evaluation.cost import TowerCost
from limbeck.pipeline.finish import curves
from limbeck.report.document import Estimate, ForestPlot, LineChart, Row, Series, Table
from limbeck.report.metrics import arrows, differences_plot, metrics_table, over, percent
from limbeck.report.summary import Arm, Saving, summary_svg


def quality_table(comparison: Comparison, *, arm: str, baseline: str, caption: str) -> Table:
    """Teacher and arms side by side, with the paired difference of one arm to the baseline."""
    models = {name: [comparison.mean(name, m) for m in comparison.metrics()] for name in ("teacher", *comparison.runs)}
    differences = {name: comparison.difference(arm, baseline, name) for name in comparison.metrics()}
    return metrics_table(
        caption, models, differences=differences, difference=f"{arm} minus {baseline}", note=_note(comparison)
    )


def difference_plot(comparison: Comparison, *, arm: str, baseline: str) -> ForestPlot:
    """Every metric's paired difference."""
    differences = {name: comparison.difference(arm, baseline, name) for name in comparison.metrics()}
    return differences_plot(f"{arm} minus {baseline}", differences, left=f"{baseline} better", right=f"{arm} better")


def verdict(comparison: Comparison, *, arm: str, baseline: str, metric: str) -> str:
    """What distillation bought, in one sentence."""
    mean, base = comparison.mean(arm, metric), comparison.mean(baseline, metric)
    teacher = comparison.mean("teacher", metric)
    difference = comparison.difference(arm, baseline, metric)
    share = f", {mean.value / teacher.value:.0%} of the teacher's {teacher.value:.1%}" if teacher.value else ""
    ends = f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
    return (
        f"{arrows(metric)}: {arm} {mean.value:.1%}{share}; {baseline} {base.value:.1%}; "
        f"difference {100 * difference.value:+.1f} points ({ends}): {difference.verdict}."
    )


def cost_table(costs: Mapping[str, TowerCost]) -> Table:
    """Parameters, size and speed of every tower; teacher and student are rows of one group a modality."""
    sizes = sorted({size for cost in costs.values() for size in cost.milliseconds})
    rows = [
        Row(
            name.partition(".")[0],
            [
                Estimate(cost.parameters / 1e6, unit="M", digits=2),
                Estimate(cost.megabytes, digits=1),
                *(Estimate(cost.milliseconds[size], *cost.spread[size], digits=2) for size in sizes),
                Estimate(cost.per_second(max(sizes)), digits=0),
            ],
            group=cost.modality,
        )
        for name, cost in sorted(costs.items(), key=lambda item: item[1].modality)
    ]
    columns = ["tower", "parameters", "MB (fp32)", *(f"ms an item, batch {size}" for size in sizes), "items/s"]
    note = "Medians with quartiles, all towers interleaved in one run, fp32, preprocessing not counted."
    return Table("What the towers cost on this machine", columns, rows, note=note)


def savings(costs: Mapping[str, TowerCost]) -> list[Saving]:
    """How many times smaller and faster the student is."""
    largest = max(next(iter(costs.values())).milliseconds)
    teacher, student = (
        {cost.modality: cost for name, cost in costs.items() if name.startswith(who)} for who in ("teacher", "student")
    )
    before, after = (sum(cost.parameters for cost in who.values()) / 1e6 for who in (teacher, student))
    lines = [Saving("parameters", f"{before:.1f} M", f"{after:.1f} M", f"{before / after:.1f}×")]  # noqa: RUF001
    for modality in student:
        slow, fast = teacher[modality].per_second(largest), student[modality].per_second(largest)
        lines.append(Saving(f"{modality}s/s", f"{slow:,.0f}", f"{fast:,.0f}", f"{fast / slow:.1f}×"))  # noqa: RUF001
    return lines


def training_charts(comparison: Comparison) -> list[LineChart]:
    """Curves of the first seed: validation with all arms on one chart, then each arm's loss.

    Losses of arms have different terms and stand apart; a validation metric means the same for every arm.
    """
    drawn = {arm: curves(runs[0].folder) for arm, runs in comparison.runs.items()}
    validations = {arm: [chart for chart in own if chart.y != "loss"] for arm, own in drawn.items()}
    charts = []
    # Stages have other names in other arms and meet from their ends: the last one is where every arm learns the pairs.
    for back in range(max(map(len, validations.values())), 0, -1):
        there = {arm: own[-back] for arm, own in validations.items() if len(own) >= back}
        for measured in dict.fromkeys(chart.y for chart in there.values()):
            same = {arm: chart for arm, chart in there.items() if chart.y == measured}
            stages = dict.fromkeys(chart.title.partition(":")[0] for chart in same.values())
            series = [Series(arm, one.points) for arm, chart in same.items() for one in chart.series]
            first = next(iter(same.values()))
            charts.append(replace(first, title=f"{', '.join(stages)}: validation", series=series))
    for arm, own in drawn.items():
        for chart in (chart for chart in own if chart.y == "loss"):
            series = [Series(arm, one.points) for one in chart.series]
            charts.append(replace(chart, title=f"{arm}, {chart.title}", series=series))
    return charts


def picture(
    comparison: Comparison, costs: Mapping[str, TowerCost], *, title: str, metrics: Sequence[str], arm: str
) -> str:
    """The result as one SVG for a README."""
    arms = [
        Arm(name, [percent(comparison.mean(name, metric)) for metric in metrics], strong=name == arm)
        for name in ("teacher", *comparison.runs)
    ]
    chance = [100 * comparison.mean("teacher", metric).chance for metric in metrics]
    panels = [metric.split()[-1] + ", both directions" if "<->" in metric else metric for metric in metrics]
    return summary_svg(title, panels=panels, arms=arms, chance=chance, savings=savings(costs), note=_note(comparison))


def _note(comparison: Comparison) -> str:
    seeds = len(comparison.seeds)
    means = f"Means of {seeds} seeds; " if seeds > 1 else ""
    return f"{means}95 % intervals over test {over(seeds)}; differences are paired."
