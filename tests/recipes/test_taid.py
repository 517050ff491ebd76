"""TAID in a run as short as the claim's: the adaptive part is not the straight line that it is compared with."""

from __future__ import annotations

import pytest
import torch

from limbeck.core.describe import equal
from limbeck.core.recipe import Recipe
from limbeck.layers.weighting.adaptive_interpolation import AdaptiveInterpolation
from limbeck.recipes.papers.taid import taid, taid_linear
from limbeck.recipes.setups.digits import STEPS


def shares(recipe: Recipe) -> list[float]:
    """What the recipe's own layer gives over the run, for a student that comes nearer step by step."""
    layer = recipe.parts["between"].layer
    assert isinstance(layer, AdaptiveInterpolation)
    assert recipe.stages[-1].budget.steps == STEPS
    found = []
    for step in range(STEPS):
        logits = torch.tensor([[step / STEPS, 0.0]])
        found.append(float(layer(student=logits, teacher=torch.tensor([[2.0, 0.0]]))["share"]))
    return found


def test_the_share_runs_ahead_of_the_line():
    method, line = shares(taid()), shares(taid_linear())
    assert line == pytest.approx([0.4 + 0.6 * step / STEPS for step in range(STEPS)], abs=1e-5)
    assert max(one - other for one, other in zip(method, line, strict=True)) > 0.1
    assert min(one - other for one, other in zip(method, line, strict=True)) >= 0.0


def test_the_arms_differ_in_that_alone():
    one, other = taid(), taid_linear()
    assert equal(one.stages, other.stages)
    assert one.parts.keys() == other.parts.keys()
