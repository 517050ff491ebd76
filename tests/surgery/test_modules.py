from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from limbeck.core.errors import UsageError
from limbeck.surgery.modules import assemble, split, stitch


def chain(*widths):
    return nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(widths)))


def test_modules_in_a_row_are_the_network():
    network, x = chain(3, 4, 5, 6, 2), torch.randn(7, 3)
    modules = split(network, [1, 2, 1])
    value = x
    for module in modules:
        value = module(value)
    assert torch.equal(value, network(x))
    assert modules[1][0] is network[1]
    assert torch.equal(assemble(modules)(x), network(x))


def test_a_stitched_model_runs_the_module_in_the_place_of_another():
    meta, module = split(chain(3, 4, 4, 2), [1, 1, 1]), chain(6, 5)
    before, after = nn.Linear(4, 6), nn.Linear(5, 4)
    x = torch.randn(7, 3)
    found = stitch(meta, module, at=1, before=before, after=after)
    assert torch.equal(found(x), meta[2](after(module(before(meta[0](x))))))
    trained = {id(p) for p in found.parameters() if p.requires_grad}
    assert trained == {id(p) for part in (before, module, after) for p in part.parameters()}


def test_the_ends_can_be_exchanged_too():
    meta, x = split(chain(3, 4, 2), [1, 1]), torch.randn(2, 3)
    first, last = nn.Linear(3, 4), nn.Linear(4, 2)
    assert torch.equal(stitch(meta, first, at=0)(x), meta[1](first(x)))
    assert torch.equal(stitch(meta, last, at=1)(x), last(meta[0](x)))


def test_what_is_assembled_trains():
    modules = [module.requires_grad_(False) for module in split(chain(3, 4, 2), [1, 1])]
    assert all(p.requires_grad for p in assemble(modules).parameters())


@pytest.mark.parametrize("sizes", [[1, 1], [0, 3], [4, -1], []])
def test_sizes_must_add_up(sizes):
    with pytest.raises(UsageError, match="do not cut 3 layers"):
        split(chain(1, 1, 1, 1), sizes)


@pytest.mark.parametrize("at", [-1, 2])
def test_a_place_must_exist(at):
    with pytest.raises(UsageError, match="valid: 0 to 1"):
        stitch(split(chain(3, 4, 2), [1, 1]), nn.Identity(), at=at)
