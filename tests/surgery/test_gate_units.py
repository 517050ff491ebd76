from __future__ import annotations

import copy

import pytest
import torch

from encoders.worlds import shake, view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.gate_units import GateUnitsSurgery
from limbeck.surgery.selection.learned import LearnedSelection


def made(name="vit-s"):
    student = make_student(name, width=24, tokenizer=words())
    shake(student.model)
    return student


def answers(student):
    return {m: e.eval()(view(e, 4))["pooled"].detach() for m, e in student.encoders.items()}


def shut(encoder, share):
    """Shut all but a share of every group, at random; half of the open gates lie strictly between 0 and 1."""
    bank = encoder.tower.embeddings
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for group in bank.groups:
            gate = bank.gate(group)
            order = torch.randperm(gate.units, generator=generator)
            stay = round(share * gate.units)
            location = torch.full((gate.units,), -9.0)
            location[order[:stay]] = torch.where(torch.rand(stay, generator=generator) < 0.5, 9.0, 0.4)
            gate.shift.copy_((location - gate.start) / gate.gain)


def test_cutting_out_what_the_gates_shut_changes_no_answer():
    student = made()
    GateUnitsSurgery()(student.encoders, teachers={})
    for encoder in student.encoders.values():
        shut(encoder, 0.5)
    gated = answers(student)
    report = CutUnitsSurgery(0.5, selection=LearnedSelection())(student.encoders, teachers={})
    for modality, value in answers(student).items():
        torch.testing.assert_close(value, gated[modality], atol=2e-4, rtol=2e-3)
    assert report.after < 0.6 * report.before
    assert student.model.config.vision_config.hidden_size == 64
    assert student.encoders["image"].tower.encoder.layers[0].mlp.fc1.weight.shape == (160, 64)
    assert "density" not in student.encoders["image"].outputs


def test_a_shut_gate_changes_the_answer_and_an_open_one_does_not():
    student = made()
    before = answers(student)
    GateUnitsSurgery()(student.encoders, teachers={})
    torch.testing.assert_close(answers(student)["image"], before["image"], atol=1e-5, rtol=1e-4)
    gate = student.encoders["image"].tower.embeddings.gate("neurons.3")
    with torch.no_grad():
        gate.shift[7] = -9.0
    assert (answers(student)["image"] - before["image"]).abs().max() > 1e-4


def test_density_is_the_expected_share_of_weights_and_learns():
    student = made()
    GateUnitsSurgery()(student.encoders, teachers={})
    encoder = student.encoders["image"]
    bank = encoder.tower.embeddings
    whole = encoder(view(encoder, 3), want=("density",))["density"]
    assert whole.shape == (3,)
    assert float(whole[0].detach()) > 0.95
    with torch.no_grad():
        for group in bank.groups:  # half of the heads, neurons and channels: a quarter of each matrix
            bank.gate(group).shift[: bank.gate(group).units // 2] = -9.0
            bank.gate(group).shift[bank.gate(group).units // 2 :] = 9.0
    matrices = sum(bank.units.sizes[n] for n, a in bank.units.axes.items() if sum(x is not None for x in a) == 2)
    others = sum(bank.units.sizes[n] for n, a in bank.units.axes.items() if sum(x is not None for x in a) == 1)
    expected = (matrices / 4 + others / 2) / (matrices + others)
    assert float(bank.density().detach()) == pytest.approx(expected, abs=1e-3)
    bank.density().backward()
    assert bank.gate("heads.0").shift.grad is not None


def test_one_draw_serves_a_whole_pass_and_the_next_pass_has_another():
    student = made()
    GateUnitsSurgery(start=0.0)(student.encoders, teachers={})
    encoder = student.encoders["image"].train()
    first = encoder(view(encoder, 2))["pooled"]
    bank = encoder.tower.embeddings
    weight = encoder.tower.encoder.layers[0].mlp.fc2
    hidden = bank.drawn("hidden")
    torch.testing.assert_close(weight.bias, weight.parametrizations.bias.original * hidden)
    assert not torch.equal(encoder(view(encoder, 2))["pooled"], first)
    copy.deepcopy(student.model)  # an average of the student is a copy, made in the middle of training


def test_bert_is_refused():
    student = make_student("conv-s", width=24, tokenizer=words())
    with pytest.raises(UsageError, match="normalises before"):
        GateUnitsSurgery()({"text": student.encoders["text"]}, teachers={})
