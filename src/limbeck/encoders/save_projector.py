"""`save_projector` and `load_projector`: a trained projector as a folder of safetensors and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from limbeck.core.artefact import new_folder, read_json, verify, write_json
from limbeck.core.describe import build, describe
from limbeck.core.errors import ArtefactError, UsageError

KIND = "projector"
_PART, _WEIGHTS = "part.json", "weights.safetensors"


def save_projector(projector: nn.Module, folder: Path, *, source: Mapping[str, Any] | None = None) -> None:
    """Write a projector whole or not at all; an older one in its place is replaced.

    Args:
        projector: any module of `limbeck.layers`; its constructor arguments are its configuration.
        folder: `part.json`, `weights.safetensors` and a manifest with SHA-256.
        source: fingerprints of the encoder and the data that it was trained on.

    Raises:
        UsageError: not a part of Limbeck.
        ResourceError: the disk is full; nothing is left behind.
    """
    from safetensors.torch import save

    plain = describe(projector)
    state = {name: value.detach().cpu().contiguous() for name, value in projector.state_dict().items()}
    with new_folder(folder, KIND, source=source, replace=True) as temporary:
        write_json(temporary / _PART, plain)
        (temporary / _WEIGHTS).write_bytes(save(state))


def load_projector(folder: Path) -> nn.Module:
    """The projector of a folder, in eval mode; every byte is verified first.

    Raises:
        ArtefactError: missing, corrupt, of another kind, or not a projector of this version.
    """
    from safetensors.torch import load

    verify(folder, kind=KIND)
    try:
        projector = build(read_json(folder / _PART, kind="projector"), where=str(folder))
        projector.load_state_dict(load((folder / _WEIGHTS).read_bytes()))
    except (UsageError, AttributeError, RuntimeError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ArtefactError(f"{folder} is not a projector that this version can open: {reason}") from error
    assert isinstance(projector, nn.Module)
    return projector.eval()
