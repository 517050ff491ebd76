"""What the claims about unlabelled pictures compare: the arms differ in where the pictures come from alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.fake_npm import needs_emoji, require_npm
from limbeck.core.describe import describe
from limbeck.core.discovery import recipes
from limbeck.core.recipe import Recipe
from limbeck.data.open import open_source
from limbeck.data.sampler import MixedSampler
from limbeck.data.splits import split_of
from limbeck.pipeline.rows import divide

CLAIMS = ("ssld_unlabelled", "ssld_unlabelled_few")


def arms(name: str) -> dict[str, Recipe]:
    method = recipes()[name]()
    assert method.claim is not None
    return {"": method} | {label: recipes()[recipe]() for label, recipe in method.claim.baselines.items()}


@pytest.mark.parametrize("name", CLAIMS)
def test_equal_steps_rows_and_data(name):
    every = arms(name)
    assert {sum(recipe.stages[0].budget.batch.values()) for recipe in every.values()} == {96}
    assert len({(recipe.stages[0].budget.steps, recipe.data.path) for recipe in every.values()}) == 1
    mixed = {label for label, recipe in every.items() if "image" in recipe.stages[0].budget.batch}
    assert mixed == {"", "feature matching, with the variants"}
    assert "skins=no" not in every[""].data.path


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize(
    "pair", [("", "without the variants"), ("feature matching", "feature matching, with the variants")]
)
def test_pictures_are_the_only_difference(name, pair):
    def bare(recipe: Recipe) -> object:
        stage = recipe.stages[0]
        optimisation = replace(stage.optimisation, learning_rate=1e-3)  # each arm has the best of its own trials
        stage = replace(stage, optimisation=optimisation, budget=replace(stage.budget, batch={"image+text": 96}))
        return describe(replace(recipe, name="", claim=None, stages=(stage,)))

    first, second = (arms(name)[label] for label in pair)
    assert bare(first) == bare(second)
    assert first.stages[0].budget.batch != second.stages[0].budget.batch


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_emoji()) for name in CLAIMS])
def test_half_of_a_batch_are_variants_of_concepts_that_train(name):
    require_npm()
    recipe = recipes()[name]()
    source = open_source(recipe.data.path)
    rows = divide(source, split_of(source))
    batch = recipe.stages[0].budget.batch
    sampler = MixedSampler(rows.train, batch=batch, seed=0)
    unseen = {source.rows[row].group for row in (*rows.validation, *rows.test)}
    assert len(unseen) == 370
    for step in range(40):
        seen = [source.rows[row] for row in sampler.at(step)[0]]
        variants = [row for row in seen if not row.text]
        assert len(variants) == batch["image"] == len(seen) / 2
        assert not {row.group for row in seen if row.text} & unseen
        assert all(any(tone in row.id for tone in ("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff")) for row in variants)
