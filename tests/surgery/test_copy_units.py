from __future__ import annotations

import pytest
import torch

from encoders.worlds import shake, view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.copy_units import copy_units, sizes_of, why_not
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.selection.uniform import UniformSelection


def made(name="vit-s", *, width=24, seed=0, size=320):
    student = make_student(name, width=width, tokenizer=words(size), seed=seed)
    shake(student.model)
    return student


def small(seed=1):
    student = made(seed=seed)
    CutUnitsSurgery(0.5, layers=0.5)(student.encoders, teachers={})
    return student


def test_oracle_entry_by_entry():
    source, target = made().encoders["image"], small().encoders["image"]
    choice = UniformSelection().choose(source, sizes_of(target, source))
    choice["layers"] = torch.tensor([1, 2, 5])
    count = copy_units(source, target, choice)
    assert count == sum(p.numel() for p in target.parameters())
    hidden, heads, neurons = choice["hidden"].tolist(), choice["heads.5"].tolist(), choice["neurons.5"].tolist()
    ours, theirs = target.tower.encoder.layers[2], source.tower.encoder.layers[5]
    for i in range(0, 64, 7):
        for j in range(0, 64, 5):
            big = heads[i // 32] * 32 + i % 32
            assert ours.self_attn.q_proj.weight[i, j] == theirs.self_attn.q_proj.weight[big, hidden[j]]
            big = heads[j // 32] * 32 + j % 32
            assert ours.self_attn.out_proj.weight[i, j] == theirs.self_attn.out_proj.weight[hidden[i], big]
            assert ours.mlp.fc1.weight[i, j] == theirs.mlp.fc1.weight[neurons[i], hidden[j]]
            assert ours.mlp.fc2.weight[i, j] == theirs.mlp.fc2.weight[hidden[i], neurons[j]]
    patch = source.tower.embeddings.patch_embedding.weight
    assert torch.equal(target.tower.embeddings.patch_embedding.weight, patch[hidden])
    assert torch.equal(target.head.weight, source.head.weight[:, hidden])


@pytest.mark.parametrize("name", ["vit-s", "conv-s"])  # CLIP's and BERT's text towers
def test_all_units_in_order_are_the_whole_network(name):
    source, target = made(name).encoders["text"], made(name, seed=3).encoders["text"]
    copy_units(source, target, UniformSelection().choose(source, sizes_of(target, source)))
    batch = view(source, 4)
    assert torch.equal(target.eval()(batch)["pooled"], source.eval()(batch)["pooled"])
    assert not {p.data_ptr() for p in source.parameters()} & {p.data_ptr() for p in target.parameters()}


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (lambda: made().encoders["image"], lambda: made(width=20).encoders["image"], "head.weight"),
        (lambda: small().encoders["image"], lambda: made().encoders["image"], "more than the teacher's"),
        (lambda: made("conv-s").encoders["text"], lambda: made().encoders["text"], "'clip_text_model', the teacher"),
        (lambda: made(size=300).encoders["text"], lambda: made().encoders["text"], "tokenizer"),
        (lambda: made("conv-s").encoders["image"], lambda: made().encoders["image"], "units are known of"),
        (lambda: made("vit-192").encoders["image"], lambda: made().encoders["image"], "heads are 32 wide"),
    ],
)
def test_what_does_not_fit_is_named(source, target, reason):
    source, target = source(), target()
    assert reason in (why_not(source, target) or "")
    with pytest.raises(UsageError, match="cannot be inherited"):
        copy_units(source, target, {})


def test_what_fits_has_no_reason():
    assert why_not(made().encoders["image"], small().encoders["image"]) is None
