"""Shards of a cache: rows with their addresses, each file named by the hash of its content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from limbeck.core.artefact import sha256_bytes, sha256_file, storage_errors, write_file
from limbeck.core.errors import ArtefactError
from limbeck.core.tensors import read_tensors, tensor_bytes
from limbeck.data.cache.key import CacheKey, key_from

SHARDS = "shards"
ADDRESS = "address"
ADDRESS_BYTES = 32
ABOUT = "shard"


@dataclass(frozen=True)
class Rounding:
    """What storing in a narrower type cost, measured on the rows that were written.

    Args:
        absolute: largest difference of one number.
        cosine: largest `1 - cos` between a vector and what is stored of it.
    """

    absolute: float = 0.0
    cosine: float = 0.0

    def __or__(self, other: Rounding) -> Rounding:
        return Rounding(max(self.absolute, other.absolute), max(self.cosine, other.cosine))


@dataclass(frozen=True)
class Shard:
    """Some rows of a cache.

    Args:
        path: of the file.
        key: of the cache.
        addresses: one a row.
        tensors: output -> `(rows, ...)`.
        rounding: measured when the rows were written.
    """

    path: Path
    key: CacheKey
    addresses: tuple[bytes, ...]
    tensors: Mapping[str, Tensor]
    rounding: Rounding


def write_shard(
    folder: Path, key: CacheKey, addresses: Sequence[bytes], tensors: Mapping[str, Tensor], rounding: Rounding
) -> Path:
    """Commit rows in one rename; what was there before stays as it is."""
    column = torch.frombuffer(bytearray(b"".join(addresses)), dtype=torch.uint8).view(len(addresses), ADDRESS_BYTES)
    about = json.dumps({"key": asdict(key), "rounding": asdict(rounding)}, sort_keys=True)
    content = tensor_bytes({ADDRESS: column, **tensors}, metadata={ABOUT: about})
    path = folder / SHARDS / f"{sha256_bytes(content)}.safetensors"
    write_file(path, content)
    return path


def read_shard(path: Path) -> Shard:
    """Rows of one file whose hash was checked; the tensors are mapped, not copied.

    Raises:
        ArtefactError: it is no shard of a cache.
    """
    tensors, metadata = read_tensors(path, kind="cache shard")
    try:
        column = tensors.pop(ADDRESS)
        raw = column.numpy().tobytes()
        sound = column.dtype == torch.uint8 and column.ndim == 2 and column.shape[1] == ADDRESS_BYTES
        sound = sound and all(tensor.ndim >= 1 and len(tensor) == len(column) for tensor in tensors.values())
        about = json.loads(metadata[ABOUT])
        key = key_from(about["key"], path)
        rounding = Rounding(**about["rounding"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArtefactError(f"{path} is no shard of a teacher cache: {error}") from error
    if not sound:
        raise ArtefactError(f"{path} is no shard of a teacher cache: its columns differ in length")
    cut = range(0, len(raw), ADDRESS_BYTES)
    return Shard(path, key, tuple(raw[at : at + ADDRESS_BYTES] for at in cut), tensors, rounding)


def committed(folder: Path) -> Iterator[Shard]:
    """Every shard whose content still has the hash in its name; a damaged one is removed, to be made again."""
    for path in sorted((folder / SHARDS).glob("*.safetensors")):
        with storage_errors(path):
            if sha256_file(path) == path.stem:
                yield read_shard(path)
            else:
                path.unlink()
