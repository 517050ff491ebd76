from __future__ import annotations

import pytest
import torch

from encoders.worlds import folder, words
from limbeck.core.errors import UsageError
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.student import make_student
from limbeck.layers.gate.transformer_units import TransformerUnits


@pytest.mark.parametrize("kind", ["clip", "siglip", "vit", "bert"])
def test_every_matrix_of_a_layer_belongs_to_a_head_or_neuron_and_a_channel(kind, tmp_path):
    for encoder in open_teacher(str(folder(kind, tmp_path))).encoders.values():
        units = TransformerUnits.of(encoder)
        assert {k: v for k, v in units.counts.items() if "." not in k} == {"hidden": 16, "layers": 2}
        for layer in range(2):
            heads = [name for name, _, block in units.members(f"heads.{layer}") if block == 8]
            neurons = [name for name, _, block in units.members(f"neurons.{layer}") if block == 1]
            assert len(heads) == 7  # weight and bias of query, key and value, columns of the output
            assert len(neurons) == 3
        for name, value in encoder.named_parameters():
            axes = units.axes[name]
            assert len(axes) == value.ndim
            if ".layer" in name and value.ndim == 2:
                assert all(axes), name
            for position, axis in enumerate(axes):
                if axis is not None:
                    assert value.shape[position] == units.counts[axis[0]] * axis[1], name


def test_per_unit_by_hand():
    student = make_student("vit-s", width=24, tokenizer=words())
    encoder = student.encoders["image"]
    units = TransformerUnits.of(encoder)
    ones = {name: torch.ones_like(value) for name, value in encoder.named_parameters()}
    # a head is 32 wide: three times 32 rows of 128 and 32 biases, and 32 columns of 128
    assert units.per_unit("heads.2", ones).tolist() == [3.0 * (32 * 128 + 32) + 32 * 128] * 4
    assert units.per_unit("neurons.0", ones).tolist() == [128 + 1 + 128.0] * 320
    each = sum(v.numel() for n, v in encoder.named_parameters() if ".layers.3." in n)
    assert units.per_unit("layers", ones).tolist() == [float(each)] * 6
    ones["tower.encoder.layers.2.self_attn.v_proj.weight"][32:64] = 3.0
    found = units.per_unit("heads.2", ones)
    assert (found - found[0]).tolist() == [0.0, 2.0 * 32 * 128, 0.0, 0.0]


def test_a_convolution_has_no_units_that_are_known():
    student = make_student("conv-s", width=24, tokenizer=words())
    with pytest.raises(UsageError, match="units are known of"):
        TransformerUnits.of(student.encoders["image"])
