"""Shards: whole, addressed, named by their hash."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.cached import Pictures, build, source_of
from limbeck.core.artefact import sha256_file, verify
from limbeck.core.errors import ArtefactError
from limbeck.data.cache import CacheKey
from limbeck.data.cache.store import Rounding, committed, read_shard, write_shard


def test_the_manifest_vouches_for_every_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "data")
    build(Pictures(), source, tmp_path / "cache")
    manifest = verify(tmp_path / "cache", kind="cache")
    assert manifest.source["key"]["teacher"] == "weights-1"
    assert all(name.startswith("shards/") and entry["sha256"] in name for name, entry in manifest.files.items())


KEY = CacheKey("image", "t", "", "p", "", ("pooled",), 3, "float32")


def test_a_shard_comes_back_and_bears_the_hash_of_its_content(tmp_path: Path) -> None:
    rows = [bytes([number]) * 32 for number in (7, 0, 255)]
    values = torch.randn(3, 3)
    path = write_shard(tmp_path, KEY, rows, {"pooled": values}, Rounding(0.5, 0.25))
    assert path == tmp_path / "shards" / f"{sha256_file(path)}.safetensors"
    assert write_shard(tmp_path, KEY, rows, {"pooled": values}, Rounding(0.5, 0.25)) == path
    (shard,) = committed(tmp_path)
    assert (shard.key, shard.addresses, shard.rounding) == (KEY, tuple(rows), Rounding(0.5, 0.25))
    assert torch.equal(shard.tensors["pooled"], values)


def test_a_damaged_shard_is_removed_and_the_rest_kept(tmp_path: Path) -> None:
    paths = [write_shard(tmp_path, KEY, [bytes([n]) * 32], {"pooled": torch.ones(1, 3)}, Rounding()) for n in range(3)]
    content = bytearray(paths[1].read_bytes())
    content[-1] ^= 1
    paths[1].write_bytes(content)
    assert [shard.path for shard in committed(tmp_path)] == sorted([paths[0], paths[2]])
    assert not paths[1].exists()


@pytest.mark.parametrize("change", ["no address", "short address", "unequal", "no key", "bad rounding"])
def test_other_tensor_files_are_no_shards(tmp_path: Path, change: str) -> None:
    import json
    from dataclasses import asdict

    from limbeck.core.tensors import write_tensors

    tensors = {"address": torch.zeros(2, 32, dtype=torch.uint8), "pooled": torch.zeros(2, 3)}
    about = {"key": asdict(KEY), "rounding": {}}
    if change == "no address":
        tensors.pop("address")
    elif change == "short address":
        tensors["address"] = torch.zeros(2, 31, dtype=torch.uint8)
    elif change == "unequal":
        tensors["pooled"] = torch.zeros(3, 3)
    elif change == "no key":
        about.pop("key")
    else:
        about["rounding"] = {"cost": 1}
    write_tensors(tmp_path / "x.safetensors", tensors, metadata={"shard": json.dumps(about)})
    with pytest.raises(ArtefactError, match="is no shard of a teacher cache"):
        read_shard(tmp_path / "x.safetensors")


def test_roundings_join_by_the_worst() -> None:
    assert Rounding(1, 2) | Rounding(3, 0) == Rounding(3, 2)
