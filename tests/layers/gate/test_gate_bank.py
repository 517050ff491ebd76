from __future__ import annotations

import pytest
import torch

from encoders.worlds import words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.layers.gate.gate_bank import GateBank
from limbeck.layers.gate.transformer_units import TransformerUnits


def made(start: float = 2.5) -> GateBank:
    encoder = make_student("vit-s", width=24, tokenizer=words()).encoders["image"]
    return GateBank(torch.nn.Identity(), units=TransformerUnits.of(encoder), start=start)


def test_one_draw_serves_a_pass_and_the_next_pass_draws_anew() -> None:
    bank = made(start=0.0).train()
    torch.manual_seed(0)
    bank(torch.ones(1))
    first = bank.drawn("hidden")
    assert bank.drawn("hidden") is first
    bank(torch.ones(1))
    assert not torch.equal(bank.drawn("hidden"), first)


def test_evaluation_draws_the_same_gates_twice() -> None:
    bank = made(start=0.0).eval()
    bank.draw()
    first = bank.drawn("neurons.0")
    bank.draw()
    assert torch.equal(bank.drawn("neurons.0"), first)


def test_density_falls_with_the_gates_and_has_a_gradient() -> None:
    wide, narrow = made(start=4.0), made(start=-4.0)
    assert 0 <= float(narrow.density().detach()) < float(wide.density().detach()) <= 1
    wide.density().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in wide.gates.parameters())


def test_an_axis_that_no_unit_owns_is_refused() -> None:
    bank = made()
    name, axes = next((n, a) for n, a in bank.units.axes.items() if None in a)
    with pytest.raises(UsageError, match="no unit owns axis"):
        bank.weight(name, [axes.index(None)])
