"""Safetensors files: what goes in comes out. What damage does is in `tests/faults/test_artefacts.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from limbeck.core.errors import ArtefactError
from limbeck.core.tensors import read_tensors, tensor_bytes, write_tensors


def test_round_trip_of_types_shapes_and_metadata(tmp_path: Path) -> None:
    base = torch.randn(4, 6)
    tensors = {
        "float": base,
        "turned": base.t(),
        "shared": base[1:3],
        "half": base.bfloat16(),
        "trained": torch.nn.Parameter(base),
        "mask": base > 0,
        "count": torch.tensor(3),
        "nothing": torch.zeros(0, 5),
    }
    write_tensors(tmp_path / "x.safetensors", tensors, metadata={"a": "é"})
    found, metadata = read_tensors(tmp_path / "x.safetensors")
    assert metadata == {"a": "é"}
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert (tmp_path / "x.safetensors").read_bytes() == tensor_bytes(tensors, metadata={"a": "é"})


def test_transformers_own_reader_opens_it(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    write_tensors(tmp_path / "x.safetensors", {"a": torch.arange(5.0)})
    assert torch.equal(load_file(tmp_path / "x.safetensors")["a"], torch.arange(5.0))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"weights .*x\.safetensors does not exist"):
        read_tensors(tmp_path / "x.safetensors", kind="weights")
