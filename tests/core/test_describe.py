"""describe and build are inverse, refuse what is not configuration, and name the fault."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.core import discovery
from limbeck.core.augmentation import Augmentation
from limbeck.core.describe import build, describe, equal, path_of, replace, signature_of
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Budget, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.schedules.cosine import CosineSchedule

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text().filter(lambda k: k != "part"), inner),
    max_leaves=8,
)


def recipe() -> Recipe:
    terms = {
        "contrast": Term(InfoNCELoss(), {"query": Ref("student.image"), "key": Ref("student.text")}),
        "affinity": Term(AffinityMimickingLoss(0.05), {}, CosineSchedule(10)),
    }
    stage = StageSpec("main", terms, ("student.image",), Budget(5, {"image+text": 4}), Optimisation(ema=0.9))
    return Recipe(name="r", data=DataSpec("d.csv", fractions=(0.5, 0.25, 0.25)), student="tiny", stages=(stage,))


def test_a_whole_recipe_survives_json():
    plain = json.loads(json.dumps(describe(recipe())))
    again = build(plain)
    assert equal(again, recipe())
    assert again.stages[0].budget == recipe().stages[0].budget
    assert again.stages[0].terms["affinity"].objective.teacher_temperature == 0.05
    assert again.stages[0].terms["affinity"].weight_at(0) == 1.0
    assert plain["stages"][0]["terms"]["contrast"]["objective"] == {"part": path_of(InfoNCELoss)}


def test_equal_sees_a_difference_deep_inside():
    assert not equal(recipe(), replace(recipe(), seed=1))
    other = replace(recipe().stages[0], budget=Budget(6, {"image+text": 4}))
    assert not equal(recipe(), replace(recipe(), stages=(other,)))


@given(PLAIN)
def test_plain_values_survive(value):
    assert describe(build(json.loads(json.dumps(value)))) == json.loads(json.dumps(value))


@pytest.mark.parametrize(("path", "cls"), discovery.every_part().items())
def test_a_part_has_no_star_arguments(path, cls):
    assert all(parameter.kind not in (2, 4) for parameter in signature_of(cls)), path


def test_a_path_becomes_text_and_a_function_its_name():
    assert describe(Path("a/b")) == "a/b"
    balanced = discovery.methods()["balanced"]
    assert build(describe(balanced)) is balanced


@pytest.mark.parametrize("value", [math.nan, math.inf, {1: "a"}, object(), {"a": [object()]}])
def test_what_is_not_configuration_is_refused(value):
    with pytest.raises(UsageError, match="cannot describe"):
        describe(value)


def test_a_part_that_forgets_an_argument_is_refused():
    class Forgetful(Augmentation):
        def __init__(self, size: int) -> None:
            self.kept = size

        def __call__(self, value, generator):
            return value

    Forgetful.__module__ = "limbeck.data.augmentation.forgetful"
    with pytest.raises(UsageError, match="does not keep its argument 'size'"):
        describe(Forgetful(3))


BUDGET = {"part": "limbeck.core.recipe.Budget", "steps": 3}


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ({**BUDGET, "stesp": 3}, "unknown argument 'stesp' in recipe (limbeck.core.recipe.Budget)"),
        ({**BUDGET, "stesp": 3}, "did you mean 'steps'?"),
        ({"part": BUDGET["part"]}, "lacks steps"),
        ({**BUDGET, "steps": "many"}, "recipe.steps (limbeck.core.recipe.Budget) is 'many'; it takes int"),
        ({**BUDGET, "steps": 1.5}, "it takes int"),
        ({**BUDGET, "steps": True}, "it takes int"),
        ({**BUDGET, "steps": None}, "it takes int"),
        ({**BUDGET, "micro_batch": "8"}, "it takes int | None"),
        ({**BUDGET, "batch": {"text": "8"}}, "recipe.batch"),
        ({**BUDGET, "batch": [8]}, "recipe.batch"),
        ({**BUDGET, "steps": math.nan}, "recipe.steps is nan; a recipe holds finite numbers only"),
        ({"part": "limbeck.core.recipe.DataSpec", "path": "d", "fractions": [0.5, 0.5]}, "recipe.fractions"),
        ({"part": "limbeck.core.recipe.DataSpec", "path": 3}, "it takes str"),
        ({"part": "limbeck.core.term.Term", "objective": BUDGET, "inputs": {}}, "it takes Objective"),
        (
            {"part": "limbeck.objectives.contrastive.info_nce.InfoNCELos"},
            "did you mean 'limbeck.obj",
        ),
        ({"part": "os.system"}, "is not a Limbeck part"),
        ({"part": "limbeck.core.describe.__builtins__"}, "is not a Limbeck part"),
        ({"part": 3}, "is not a Limbeck part"),
        ({"part": "limbeck.core.describe.KEY"}, "is not a class"),
        (
            {"part": path_of(AffinityMimickingLoss), "teacher_temperature": -1},
            "-1",
        ),
        ([{"a": {**BUDGET, "x": 1}}], "unknown argument 'x' in recipe[0].a"),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_place(plain, says):
    with pytest.raises(UsageError) as caught:
        build(plain)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_may_be_written_without_a_point():
    plain = {"part": "limbeck.core.recipe.Optimisation", "learning_rate": 1, "ema": 1, "betas": [0, 1]}
    built = build(plain)
    assert all(type(value) is float for value in (built.learning_rate, built.ema, *built.betas))
    assert type(build({**BUDGET, "micro_batch": 8}).micro_batch) is int


def test_lists_become_tuples_so_that_frozen_parts_stay_equal():
    assert build(describe(Optimisation(betas=(0.1, 0.2)))) == Optimisation(betas=(0.1, 0.2))


def test_replace_changes_parts_and_records():
    assert replace(Budget(3), steps=4) == Budget(4)
    changed = replace(CosineSchedule(10, end=0.5), end=0.25)
    assert (changed.steps, changed.end) == (10, 0.25)


def test_every_method_of_the_package_survives_json():
    assert discovery.methods()
    for function in discovery.methods().values():
        again = build(json.loads(json.dumps(describe(function()))))
        assert isinstance(again, Method)
        assert equal(again, function())
