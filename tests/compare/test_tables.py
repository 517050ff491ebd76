from __future__ import annotations

import csv
import io

import pytest

from compare import worlds
from compare.test_findings import CLEAR, found
from limbeck.compare.findings import findings_of
from limbeck.compare.tables import findings_table, seed_rows, summary_rows
from limbeck.core.csv_text import csv_text
from limbeck.report.document import MISSING, Estimate


def test_the_table_says_what_was_found() -> None:
    one = found(CLEAR)
    table = findings_table([one], caption="Retrieval")
    rows = {row.name: row.cells for row in table.rows}
    assert list(rows) == list(CLEAR)
    for each in one.arms:
        mean, difference, _, verdict, smallest, best = rows[each.arm]
        assert isinstance(mean, Estimate)
        assert isinstance(difference, Estimate)
        assert isinstance(smallest, Estimate)
        assert mean.value == pytest.approx(100 * one.means[each.arm].value)
        assert (difference.value, difference.low) == pytest.approx(
            (100 * each.difference.value, 100 * each.difference.low)
        )
        assert smallest.value == pytest.approx(100 * each.smallest)
        assert (verdict, best) == (each.verdict, "yes" if each.arm in one.best.arms else "no")
    assert rows["none"][1:5] == [MISSING, MISSING, "reference", MISSING]
    assert [row.name for row in table.rows if row.strong] == ["best"]
    assert "5 seeds, 120 items" in table.note
    assert "corrected over 4 arms (Holm)" in table.note
    alone = findings_table([found(CLEAR, seeds=1)], caption="c")
    assert "spread over seeds is not in them" in alone.note
    assert alone.note.endswith("no arm is judged.")
    assert {tuple(row.cells[2:5]) for row in alone.rows[1:]} == {(MISSING, "not judged", MISSING)}
    assert {row["p_holm"] for row in summary_rows([found(CLEAR, seeds=1)])} == {""}


def test_two_seeds_have_a_warning_and_the_smallest_effect_promises_no_more_than_a_bound() -> None:
    notes = {seeds: findings_table([found(CLEAR, seeds=seeds)], caption="c").note for seeds in (1, 2, 3)}
    assert "two seeds: a little too narrow" in notes[2]
    assert not any("two seeds" in notes[seeds] for seeds in (1, 3))
    assert "over items and seeds;" in notes[3]
    assert all("a smaller true difference is seen in under 80 %" in notes[seeds] for seeds in (2, 3))


def test_csv_has_a_row_for_every_arm_metric_and_seed() -> None:
    compared = worlds.compared()
    found_in = [findings_of(compared, name, reference="no teacher") for name in compared.metrics()[:2]]
    by_seed, summary = (
        list(csv.DictReader(io.StringIO(csv_text(rows)))) for rows in (seed_rows(compared), summary_rows(found_in))
    )
    assert len(by_seed) == 3 * 2 * len(compared.metrics())
    row = next(
        each
        for each in by_seed
        if (each["arm"], each["seed"], each["metric"]) == ("distilled", "1", compared.metrics()[0])
    )
    assert float(row["value"]) == compared.runs["distilled"][1].student.metrics[0].value
    assert [(each["metric"], each["arm"]) for each in summary] == [
        (name, arm) for name in compared.metrics()[:2] for arm in ("no teacher", "distilled")
    ]
    assert summary[0]["verdict"] == "reference"
    assert summary[0]["p"] == ""
    assert float(summary[1]["p_holm"]) == found_in[0].get("distilled").p
    assert {each["arm"] for each in seed_rows(compared)} == {"teacher", "no teacher", "distilled"}


def test_a_summary_names_who_ruled_an_arm_out() -> None:
    rows = {row["arm"]: row for row in summary_rows([found(CLEAR)])}
    assert (rows["best"]["may_be_best"], rows["best"]["ruled_out_by"]) == (True, "")
    assert (rows["bad"]["may_be_best"], rows["bad"]["ruled_out_by"]) == (False, "best")
