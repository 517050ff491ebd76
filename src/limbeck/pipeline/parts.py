"""Trained parts of a run on the disk, and the models of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from limbeck.core.composite import Models, composed
from limbeck.core.errors import ArtefactError
from limbeck.core.part import Part, fresh
from limbeck.core.recipe import Recipe
from limbeck.core.scale import LogitScale
from limbeck.core.tensors import read_tensors, write_tensors
from limbeck.encoders.load import load_teacher
from limbeck.encoders.mlp_image import KIND


def save_parts(parts: Mapping[str, Part], path: Path) -> None:
    """Weights and buffers as `PART/NAME`; no file where there are none."""
    tensors = {f"{name}/{key}": value for name, part in parts.items() for key, value in part.layer.state_dict().items()}
    if tensors:
        write_tensors(path, tensors)


def load_parts(parts: Mapping[str, Part], path: Path) -> dict[str, Part]:
    """The recipe's parts with the weights of the file, in eval mode.

    Layers that borrow from an encoder (`bind`) are left out: what they borrow is not in the file.

    Raises:
        ArtefactError: the file holds other weights.
    """
    held: dict[str, Tensor] = read_tensors(path)[0] if path.exists() else {}
    made = {}
    for name, part in parts.items():
        if hasattr(part.layer, "bind"):
            continue
        with torch.random.fork_rng(devices=[]):
            layer = fresh(part.layer)
        own = {key.removeprefix(f"{name}/"): value for key, value in held.items() if key.startswith(f"{name}/")}
        try:
            layer.load_state_dict(own)
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()[:160]
            raise ArtefactError(f"{path} does not fit part '{name}': {first}") from error
        made[name] = Part(layer.eval(), part.inputs, part.modality)
    return made


def open_run_models(recipe: Recipe, out: Path) -> Models:
    """What evaluation reads of a finished run, from its folder.

    Raises:
        ArtefactError: the folder is corrupt.
    """
    config = (out / "model" / "config.json").read_text(encoding="utf-8")
    prefix = "mlp_image" if KIND in config else "hf"
    models = load_teacher(f"{prefix}:{out / 'model'}")
    encoders = {f"student.{m}": encoder for m, encoder in models.encoders.items()}
    parts = {name: part for name, part in recipe.parts.items() if isinstance(part, Part)}
    answers = dict(recipe.answers)
    if theirs := [ref for ref in answers.values() if ref.producer.startswith("teacher.")]:
        assert recipe.teacher is not None, theirs
        encoders |= {f"teacher.{m}": e for m, e in load_teacher(recipe.teacher).encoders.items()}
    scale = models.scale or LogitScale()
    return composed(
        encoders,
        parts=load_parts(parts, out / "parts.safetensors"),
        answers=answers,
        scales={"student.scale": scale},
    )
