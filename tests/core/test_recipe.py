"""Recipes are frozen data; a method knows whether it needs a teacher."""

from __future__ import annotations

import dataclasses

import pytest

from limbeck.core.describe import build, describe
from limbeck.core.errors import UsageError
from limbeck.core.recipe import SEEDS, Budget, Claim, DataSpec, Method, Optimisation, Recipe, StageSpec
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


@pytest.mark.parametrize(
    ("wrong", "phrase"),
    [
        ({"learning_rate": -1.0}, "learning_rate is a positive number; got -1.0"),
        ({"learning_rate": float("nan")}, "learning_rate is a positive number; got nan"),
        ({"weight_decay": -1.0}, "weight_decay is at least 0; got -1.0"),
        ({"warmup": 7.0}, "warmup is a share between 0 and 1; got 7.0"),
        ({"clip": 0.0}, "clip is a positive number, or null; got 0.0"),
        ({"ema": 1.5}, "ema is between 0 and 1, or null; got 1.5"),
        ({"precision": "fp8"}, "unknown precision 'fp8' .*valid: auto, bf16, fp32"),
    ],
)
def test_an_optimisation_out_of_range_is_refused(wrong, phrase):
    with pytest.raises(UsageError, match=phrase):
        Optimisation(**wrong)


@pytest.mark.parametrize(
    ("wrong", "phrase"),
    [
        ({"max_bad": -1.0}, "max-bad is a share below 1, or a percentage"),
        ({"max_bad": 1.0}, "max-bad is a share below 1, or a percentage"),  # `--max-bad 1` meant 1 %
        ({"max_bad": 2.0}, "max-bad is a share below 1, or a percentage"),
        ({"draws": -3}, "draws is the number of augmented draws of a row, at least 0; got -3"),
        ({"draws": {"image": -1}}, "draws is the number of augmented draws of a row, at least 0; got -1"),
        ({"precision": "fp8"}, "unknown precision 'fp8' in the data of a recipe; valid: bf16, fp32"),
        ({"fractions": (0.5, 0.5, 0.5)}, "fractions are three shares that sum to 1"),
    ],
)
def test_data_out_of_range_is_refused(wrong, phrase):
    with pytest.raises(UsageError, match=phrase):
        DataSpec("d", **wrong)


def test_the_edges_of_the_ranges_are_in_them():
    Optimisation(weight_decay=0.0, warmup=0.0, clip=None, ema=0.0)
    Optimisation(warmup=1.0)
    for max_bad in (0, 0.99):
        DataSpec("d", max_bad=max_bad, draws={}, fractions=(1.0, 0.0, 0.0))
    for seed in (0, SEEDS - 1):
        Recipe("r", DataSpec("d"), "conv-s", (), seed=seed)


@pytest.mark.parametrize("seed", [-1, SEEDS, 99999999999999999999999])
def test_a_seed_that_no_generator_takes_is_refused(seed):
    with pytest.raises(UsageError, match=f"seed is a whole number from 0 to {SEEDS - 1}; got {seed}"):
        Recipe("r", DataSpec("d"), "conv-s", (), seed=seed)
