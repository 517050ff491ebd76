"""Named tensors as one safetensors file: written whole or not at all, read back without ever running its content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from limbeck.core.artefact import write_file
from limbeck.core.errors import ArtefactError


def write_tensors(path: Path, tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors (shared memory is stored twice), flushed and committed by one rename.

    Raises:
        ResourceError: the disk is full.
        ArtefactError: the disk fails.
    """
    write_file(path, tensor_bytes(tensors, metadata=metadata))


def tensor_bytes(tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str] | None = None) -> bytes:
    """What `write_tensors` writes. More than one entry of metadata comes in any order: hash files that have one."""
    from safetensors.torch import save

    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    return bytes(save(plain, metadata=dict(metadata) if metadata else None))


def read_tensors(path: Path, *, kind: str = "tensor file") -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata, mapped from the file and not copied: pages are read when they are touched.

    Check the file's hash first (`limbeck.core.artefact.verify`): safetensors finds a broken header, not a flipped bit.

    Raises:
        ArtefactError: the file is missing or no safetensors file (a pickle, a huge header, overlapping tensors, ...).
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (it is no mapping)
            return tensors, dict(stored.metadata() or {})
    except FileNotFoundError as error:
        raise ArtefactError(f"{kind} {path} does not exist") from error
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ArtefactError(f"{kind} {path} cannot be read: {error}") from error
