from __future__ import annotations

import math

import pytest

from limbeck.core.errors import UsageError
from limbeck.report.document import Estimate, Facts, Row, Table, number


def test_numbers() -> None:
    assert number(-0.04, 1) == "0.0"
    assert number(-1.25, 1, signed=True) == "\N{MINUS SIGN}1.2"
    assert number(0.0, 1, signed=True) == "0.0"
    assert number(1234567.0, 0) == "1\u202f234\u202f567"
    assert number(math.nan, 1) == number(math.inf, 1) == "\N{EN DASH}"


def test_estimates() -> None:
    assert str(Estimate(34.2, 28.6, 40.3)) == "34.2 (28.6 to 40.3)"
    assert str(Estimate(5, -1, 11, digits=0, signed=True)) == "+5 (\N{MINUS SIGN}1 to +11)"
    assert str(Estimate(4.9, unit="M")) == "4.9\u00a0M"
    assert str(Estimate(math.nan, unit="M")) == "\N{EN DASH}"


def test_tables_are_rectangular() -> None:
    with pytest.raises(UsageError, match=r"row 'student' .* 1 cells for 2 columns"):
        Table("t", ("", "a", "b"), [Row("student", ["1"])])


def test_numeric_columns() -> None:
    table = Table(
        "t", ("", "a", "b", "c"), [Row("x", [Estimate(1), "", "word"]), Row("y", ["\N{EN DASH}", "", Estimate(1)])]
    )
    assert [table.numeric(place) for place in range(3)] == [True, False, False]


def test_facts_take_one_value_or_several() -> None:
    assert Facts("t", {"a": "one", "b": ["two", "three"]}).lines() == [("a", ["one"]), ("b", ["two", "three"])]
