"""Findings as tables for the terminal and the report, and as CSV for everything else."""

from __future__ import annotations

from collections.abc import Sequence

from limbeck.compare.arms import Comparison
from limbeck.compare.findings import UNJUDGED, Findings
from limbeck.compare.sentences import p_text
from limbeck.report.document import MISSING, Cell, Estimate, Row, Table
from limbeck.report.metrics import arrows, over


def findings_table(found: Sequence[Findings], *, caption: str) -> Table:
    """One row an arm, one group a metric: mean, difference to the reference, verdict, smallest visible difference."""
    rows = []
    for one in found:
        scale, digits = (100, 1) if one.is_share else (1, 3)
        against = {finding.arm: finding for finding in one.arms}
        for arm, mean in one.means.items():
            cells: list[Cell] = [Estimate(scale * mean.value, scale * mean.low, scale * mean.high, digits=digits)]
            finding = against.get(arm)
            if finding is None:
                cells += [MISSING, MISSING, "reference", MISSING]
            else:
                ends = (scale * finding.difference.low, scale * finding.difference.high)
                judged = finding.verdict != UNJUDGED
                cells += [
                    Estimate(scale * finding.difference.value, *ends, digits=digits, signed=True),
                    p_text(finding.p) if judged else MISSING,
                    finding.verdict,
                    Estimate(scale * finding.smallest, digits=digits) if judged else MISSING,
                ]
            cells.append("yes" if arm in one.best.arms else "no")
            rows.append(Row(arm, cells, group=arrows(one.metric), strong=one.best.arms == (arm,)))
    first = found[0]
    columns = [
        "arm",
        "mean",
        f"minus {first.reference}",
        "p",
        "verdict",
        "smallest visible",
        "may be best",
    ]
    return Table(caption, columns, rows, note=_note(first))


def seed_rows(comparison: Comparison) -> list[dict[str, object]]:
    """One row an arm, metric and seed: what was measured, before any statistics. `teacher` is an arm here."""
    return [
        {
            "arm": arm,
            "metric": metric.name,
            "seed": seed,
            "value": metric.value,
            "low": metric.low,
            "high": metric.high,
            "n": metric.n,
            "chance": metric.chance,
            "higher_is_better": metric.higher_is_better,
        }
        for arm in ("teacher", *comparison.runs)
        for seed, measured in zip(comparison.seeds, comparison.measured(arm), strict=True)
        for metric in measured.metrics
    ]


def summary_rows(found: Sequence[Findings]) -> list[dict[str, object]]:
    """One row an arm and metric: the mean and, but for the reference, its difference and verdict."""
    rows = []
    for one in found:
        against = {finding.arm: finding for finding in one.arms}
        for arm, mean in one.means.items():
            row: dict[str, object] = {
                "metric": one.metric,
                "arm": arm,
                "reference": one.reference,
                "seeds": one.seeds,
                "items": one.items,
                "mean": mean.value,
                "mean_low": mean.low,
                "mean_high": mean.high,
            }
            finding = against.get(arm)
            difference = finding.difference if finding else None
            judged = finding is not None and finding.verdict != UNJUDGED
            row |= {
                "difference": difference.value if difference else "",
                "difference_low": difference.low if difference else "",
                "difference_high": difference.high if difference else "",
                "p": difference.p if difference and judged else "",
                "p_holm": finding.p if finding and judged else "",
                "verdict": finding.verdict if finding else "reference",
                "smallest_effect": finding.smallest if finding and judged else "",
                "may_be_best": arm in one.best.arms,
                "ruled_out_by": one.best.beaten.get(arm, ""),
            }
            rows.append(row)
    return rows


def _note(found: Findings) -> str:
    note = (
        f"{found.seeds} seed{'s' * (found.seeds != 1)}, {found.items:,} items. "
        f"Shares in %, their differences in points. 95 % intervals over {over(found.seeds)}; differences are paired"
    )
    if found.seeds == 1:
        return f"{note}. One seed says nothing of how seeds differ: no arm is judged."
    return (
        f"{note}, their p is corrected over {len(found.arms)} arms (Holm). "
        f"Smallest visible, a lower bound: a smaller true difference is seen in under {100 * found.power:.0f} % of "
        f"such comparisons. May be best: no other arm is surely better (level {found.level:g})."
    )
