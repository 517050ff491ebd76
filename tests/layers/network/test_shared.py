from __future__ import annotations

import torch

from limbeck.core.part import fresh
from limbeck.layers.network.shared import SharedLayer
from limbeck.layers.projector.mlp import MLPProjector


def test_each_input_goes_through_the_same_weights():
    inner = MLPProjector(3, hidden=4, width=2)
    own, second, fourth = torch.randn(5, 3), torch.randn(5, 3), torch.randn(5, 3)
    found = SharedLayer(inner)(own=own, second=second, fourth=fourth)
    assert set(found) == {"pooled", "second", "fourth"}
    for name, value in (("pooled", own), ("second", second), ("fourth", fourth)):
        assert torch.equal(found[name], inner(value))


def test_the_gradients_of_all_inputs_add_up():
    layer, x = SharedLayer(MLPProjector(3, hidden=4, width=2)), torch.randn(5, 3)
    (once,) = torch.autograd.grad(layer(own=x)["pooled"].sum(), [layer.layer.out.weight])
    both = layer(own=x, third=x)
    (twice,) = torch.autograd.grad(both["pooled"].sum() + both["third"].sum(), [layer.layer.out.weight])
    torch.testing.assert_close(twice, 2 * once)


def test_a_recipe_can_describe_it():
    again = fresh(SharedLayer(MLPProjector(3, hidden=4, width=2)))
    assert again(own=torch.zeros(1, 3))["pooled"].shape == (1, 2)
