"""Names of checks: all that exist can be allowed, whatever this data made them say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import limbeck.pipeline.checks
from limbeck.core.errors import DataError, UsageError
from limbeck.pipeline.checks.finding import CHECKS, Finding, stop_on_errors

ROOM = Path(limbeck.pipeline.checks.__path__[0])


def named() -> set[str]:
    """The second argument of every `Finding(...)` in the room; `Finding(**plain)` reads back what another one made."""
    calls = [
        node
        for path in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args
    ]
    assert calls
    return {ast.literal_eval(call.args[1]) for call in calls}


def test_the_list_of_checks_is_complete():
    assert sorted(named()) == sorted(CHECKS)


def test_a_check_that_had_nothing_to_say_may_be_allowed():
    data = Finding("error", "splits", "no row trains")
    with pytest.raises(DataError, match="no row trains"):
        stop_on_errors([data], allow=["teacher at chance"])
    stop_on_errors([data], allow=["teacher at chance", "splits"])
    with pytest.raises(UsageError, match="unknown check 'teacher at chanse' in --allow; .*did you mean 'teacher at ch"):
        stop_on_errors([], allow=["teacher at chanse"])
