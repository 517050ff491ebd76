"""Recipes are frozen data; a method knows whether it needs a teacher."""

from __future__ import annotations

import dataclasses

import pytest

from limbeck.core.describe import build, describe
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Budget, Claim, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.objectives.feature.mse import MSELoss


def test_a_method_needs_a_teacher_when_a_term_reads_one():
    alone = {"a": Term(MSELoss(), {"student": Ref("student.image"), "teacher": Ref("student.text")})}
    taught = {"b": Term(MSELoss(), {"student": Ref("student.image"), "teacher": Ref("teacher.image")})}
    assert not Method(alone).needs_teacher()
    assert Method(alone | taught).needs_teacher()


@pytest.mark.parametrize("cls", [Budget, Claim, DataSpec, Method, Optimisation, Recipe, StageSpec])
def test_frozen(cls):
    assert cls.__dataclass_params__.frozen


def test_defaults_are_not_shared():
    assert Budget(1).batch is not Budget(1).batch
    assert Budget(1) == Budget(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Budget(1).steps = 2


def test_the_first_baseline_decides_unless_another_is_named():
    given = {"statement": "s", "source": "s", "metric": "m"}
    assert Claim(**given).decisive() == ""
    assert Claim(**given, baselines={"b": "x", "a": "y"}).decisive() == "b"
    assert Claim(**given, baselines={"b": "x", "a": "y"}, decides="a").decisive() == "a"


def test_the_type_of_a_cache_is_checked_at_once():
    assert build(describe(DataSpec("d", cache_dtype="float16"))).cache_dtype == "float16"
    with pytest.raises(UsageError, match="unknown cache_dtype 'float6' .*valid: float16, float32; did you mean"):
        DataSpec("d", cache_dtype="float6")


def test_an_argument_that_came_later_leaves_older_descriptions_as_they_were():
    assert "cache_dtype" not in describe(DataSpec("d"))
    assert build(describe(DataSpec("d"))) == DataSpec("d")
