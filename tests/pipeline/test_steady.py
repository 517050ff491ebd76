from __future__ import annotations

from dataclasses import replace

from limbeck.claims.found import arms_of, claims
from limbeck.core.recipe import Recipe
from limbeck.pipeline.apprentice import recipe_of
from limbeck.pipeline.steady import steady
from limbeck.recipes.distillation import alignment
from limbeck.recipes.papers.tiny_clip import tiny_clip
from limbeck.recipes.setups.small_clips import small_clip


def precisions(recipe: Recipe) -> list[str]:
    stages = [*recipe.stages, *([recipe.align.stage] if recipe.align else [])]
    return [stage.optimisation.precision for stage in stages]


def test_what_was_left_to_a_measurement_is_fp32():
    loose = replace(tiny_clip(), align=alignment(steps=120, batch=64, learning_rate=1e-3))
    assert set(precisions(loose)) == {"auto"}
    assert set(precisions(steady(loose))) == {"fp32"}


def test_what_was_asked_for_stays_and_nothing_else_changes():
    one = tiny_clip()
    first = one.stages[0]
    asked = replace(one, stages=(replace(first, optimisation=replace(first.optimisation, precision="bf16")),))
    assert steady(asked) == asked
    assert steady(steady(one)) == steady(one)
    assert replace(steady(one), stages=one.stages) == one


def test_no_teacher_that_is_trained_here_has_one_either():
    assert set(precisions(small_clip())) == {"auto"}
    assert set(precisions(recipe_of("recipe:small_clip"))) == {"fp32"}


def test_no_arm_of_a_claim_has_a_precision_that_a_busy_machine_decides():
    found = {name: arms_of(item) for name, item in claims().items() if isinstance(item, Recipe)}
    assert len(found) > 20
    assert {p for arms in found.values() for arm in arms.values() for p in precisions(arm)} == {"fp32"}
