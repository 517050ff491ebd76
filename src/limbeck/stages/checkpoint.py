"""Checkpoints that survive: whole or absent, verified before use, never the last good one deleted.

A checkpoint is a folder `step-00000100` with `weights`, `optimizer`, `ema` and `best` as safetensors, `state.json`, and
a manifest. Nothing in it needs pickle. There is no random state in it because there is none to keep: batches, draws
and dropout are functions of (seed, step).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.artefact import discard, new_folder, read_json, verify, write_json
from limbeck.core.errors import ArtefactError
from limbeck.core.tensors import read_tensors, tensor_bytes

KIND = "checkpoint"
_NAME = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Checkpoint:
    """One verified checkpoint.

    Args:
        path: its folder.
        step: updates done when it was taken.
        state: what `save` was given as `extra`.
        identity: what the run was made of.
        threads: torch threads of the process that wrote it.
    """

    path: Path
    step: int
    state: Mapping[str, Any]
    identity: Mapping[str, Any]
    threads: int

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors of one file (`weights`, `optimizer`, `ema`, `best`); empty where it was not written."""
        file = self.path / f"{name}.safetensors"
        if not file.exists():
            return {}
        # A copy: the file is mapped, and retention will delete it.
        return {key: value.clone() for key, value in read_tensors(file)[0].items()}


def save(
    folder: Path,
    step: int,
    stage: nn.Module,
    optimizer: torch.optim.Optimizer,
    ema: Mapping[str, Tensor] | None = None,
    extra: Mapping[str, Any] | None = None,
    *,
    best: Mapping[str, Tensor] | None = None,
    identity: Mapping[str, Any] | None = None,
    keep: int = 2,
) -> Path:
    """Write one checkpoint and drop what is older than the `keep` newest; a kill at any moment leaves a valid one.

    Args:
        folder: holds the checkpoints of one stage.
        step: updates done.
        stage: its `state_dict` is kept.
        optimizer: moments are kept by parameter name.
        ema: averaged weights by name.
        extra: plain values for `state.json`.
        best: best weights so far by name.
        identity: what the run is made of; compared on resume.
        keep: checkpoints that stay, at least 1.

    Raises:
        ResourceError: the disk is full. Earlier checkpoints are untouched and no temporary file is left.
        ArtefactError: the disk fails, or gives back other bytes than were written.
    """
    target = folder / f"step-{step:08d}"
    if target.exists():
        try:
            verify(target, kind=KIND)
            return target
        except ArtefactError:
            discard(target)
    files = {
        "weights": unique_state(stage),
        "optimizer": _moments(stage, optimizer),
        "ema": dict(ema or {}),
        "best": dict(best or {}),
    }
    with new_folder(target, KIND, source=identity) as temporary:
        for name, tensors in files.items():
            if tensors:
                (temporary / f"{name}.safetensors").write_bytes(tensor_bytes(tensors))
        write_json(temporary / "state.json", {"step": step, "extra": dict(extra or {})})
    verify(target, kind=KIND)
    _retain(folder, step, max(keep, 1))
    return target


def newest_valid(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose every byte verifies; a damaged one is passed over."""
    for path in reversed(_all(folder)):
        try:
            return read(path)
        except ArtefactError:
            continue
    return None


def read(path: Path) -> Checkpoint:
    """One checkpoint, verified.

    Raises:
        ArtefactError: it is incomplete or corrupt.
    """
    manifest = verify(path, kind=KIND)
    state = read_json(path / "state.json", kind="checkpoint state")
    return Checkpoint(path, int(state["step"]), state["extra"], manifest.source, manifest.threads)


def damaged(folder: Path, *, newer_than: int = -1) -> list[Path]:
    """Checkpoints above a step that do not verify."""
    found = []
    for path in _all(folder):
        if _step(path) > newer_than:
            try:
                verify(path, kind=KIND)
            except ArtefactError:
                found.append(path)
    return found


def restore(checkpoint: Checkpoint, stage: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Put weights, and moments where an optimizer is given, back in place.

    Raises:
        ArtefactError: the checkpoint holds other parameters than the stage.
    """
    load_weights(stage, checkpoint.tensors("weights"), origin=str(checkpoint.path))
    if optimizer is None:
        return
    named = dict(stage.named_parameters())
    for key, value in checkpoint.tensors("optimizer").items():
        kind, _, name = key.partition("/")
        if name not in named:
            raise ArtefactError(f"{checkpoint.path} holds moments of '{name}', which this stage does not have")
        parameter = named[name]
        # Step counts stay where the optimizer keeps them; moments take the memory format of their parameter.
        like = torch.empty(()) if kind == "step" else torch.empty_like(parameter, dtype=value.dtype)
        optimizer.state[parameter][kind] = like.copy_(value)


@torch.no_grad()
def load_weights(stage: nn.Module, tensors: Mapping[str, Tensor], *, origin: str = "memory") -> None:
    """Copy tensors by name into the stage; names and shapes must be exactly those of `unique_state`."""
    own = unique_state(stage)
    if problems := [f"lacks {n}" for n in own if n not in tensors] + [f"holds {n}" for n in tensors if n not in own]:
        raise ArtefactError(f"{origin} does not fit this model: it {', '.join(problems[:5])}")
    for name, value in tensors.items():
        if own[name].shape != value.shape:
            raise ArtefactError(
                f"{origin} does not fit this model: {name} is {tuple(value.shape)}, not {tuple(own[name].shape)}"
            )
        own[name].copy_(value)


def unique_state(stage: nn.Module) -> dict[str, Tensor]:
    """`state_dict` with each storage once: tied weights are tied again by the model that loads them."""
    seen: set[tuple[int, torch.Size, tuple[int, ...]]] = set()
    unique = {}
    for name, value in stage.state_dict().items():
        key = (value.data_ptr(), value.shape, value.stride())
        if not isinstance(value, Tensor) or (value.numel() and key in seen):
            continue
        seen.add(key)
        unique[name] = value
    return unique


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Every value in which two identities differ, as `a.b: old -> new`."""
    before, after = _flat(old), _flat(new)
    return [
        f"{name}: {_shown(before, name)} -> {_shown(after, name)}"
        for name in sorted({*before, *after})
        if (name in before) != (name in after) or before.get(name) != after.get(name)
    ]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        return {k: v for key, item in value.items() for k, v in _flat(item, f"{name}.{key}" if name else key).items()}
    if isinstance(value, (list, tuple)) and value:
        return {k: v for number, item in enumerate(value) for k, v in _flat(item, f"{name}[{number}]").items()}
    return {name: value if not isinstance(value, (tuple, Mapping)) else type(value)()}


def _shown(values: Mapping[str, Any], name: str) -> str:
    text = repr(values[name]) if name in values else "absent"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _moments(stage: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    names: dict[Tensor, str] = {parameter: name for name, parameter in stage.named_parameters()}
    return {
        f"{kind}/{names[parameter]}": value
        for parameter, state in optimizer.state.items()
        for kind, value in state.items()
        if isinstance(value, Tensor)
    }


def _all(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_step)


def _step(path: Path) -> int:
    return int(path.name.split("-")[1])


def _retain(folder: Path, step: int, keep: int) -> None:
    """Drop older checkpoints. The one of `step` has just been verified, so at least one good one stays."""
    older = [path for path in _all(folder) if _step(path) < step]
    for path in older[: max(len(older) - (keep - 1), 0)]:
        discard(path)
