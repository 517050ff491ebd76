"""Dotted changes: what exists can be changed, a slip is named, the original stays."""

from __future__ import annotations

import copy

import pytest

from limbeck.core.describe import build, describe
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Budget, DataSpec, Recipe, StageSpec
from limbeck.verbs.overrides import apply_overrides


@pytest.fixture
def plain():
    stage = StageSpec("main", {}, ("student.image",), Budget(5, {"image+text": 4}))
    return describe(Recipe(name="r", data=DataSpec("d.csv"), student="tiny", stages=(stage,)))


def test_changes_reach_their_place_and_the_recipe_still_builds(plain):
    before = copy.deepcopy(plain)
    changes = ["stages.0.budget.steps=10", "seed=3", "teacher=hf:a/b", "stages.0.budget.batch.text=512", "name=x=y"]
    recipe = build(apply_overrides(plain, changes))
    assert recipe.stages[0].budget.steps == 10
    assert recipe.stages[0].budget.batch == {"image+text": 4, "text": 512}
    assert (recipe.seed, recipe.teacher, recipe.name) == (3, "hf:a/b", "x=y")
    assert plain == before


def test_later_changes_win_and_json_is_read(plain):
    changed = apply_overrides(plain, ["seed=1", "seed=2", "teacher=null", "data.fractions=[0.6,0.2,0.2]"])
    assert changed["seed"] == 2
    assert changed["teacher"] is None
    assert build(changed).data.fractions == (0.6, 0.2, 0.2)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("sede=1", "unknown name 'sede' in the recipe; valid: align, answers, claim, data"),
        ("sede=1", "did you mean 'seed'?"),
        ("stages.0.budgt.steps=1", "unknown name 'budgt' in stages.0; valid: budget"),
        ("stages.0.budget.step=1", "did you mean 'steps'?"),
        ("stages.1.name=a", "unknown item '1' in stages of the change 'stages.1.name=a'; valid: 0 to 0"),
        ("stages.main.name=a", "unknown item 'main' in stages"),
        ("stages.0.budget.batch.image+txt=1", "did you mean 'image+text'?"),
        ("stages.0.budget.batch.new.deep=1", "unknown name 'new'"),
        ("stages.0.terms.x=1", "unknown name 'x' in stages.0.terms; valid: none"),
        ("part=os.system", "unknown name 'part'"),
        ("stages.0.part=os.system", "unknown name 'part' in stages.0"),
        ("name.first=a", "a plain value without a 'first' inside"),
        ("seed", "cannot read the change 'seed'; write it as path=value"),
        ("=3", "cannot read the change"),
    ],
)
def test_a_slip_is_named(plain, change, says):
    with pytest.raises(UsageError) as caught:
        apply_overrides(plain, [change])
    assert says in str(caught.value)


def test_a_wrong_type_is_refused_when_the_recipe_is_built(plain):
    with pytest.raises(UsageError, match=r"budget\.steps .* is 'ten'; it takes int"):
        build(apply_overrides(plain, ["stages.0.budget.steps=ten"]))


def test_an_argument_that_a_description_leaves_out_can_be_set(plain):
    assert build(apply_overrides(plain, ["data.cache_dtype=float16"])).data.cache_dtype == "float16"
    with pytest.raises(UsageError, match="unknown name 'cache_dtpe' in data; .*did you mean 'cache_dtype'"):
        apply_overrides(plain, ["data.cache_dtpe=float16"])
