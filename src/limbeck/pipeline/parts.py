"""Trained parts of a run on the disk, and the models of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor

from limbeck.core import graph
from limbeck.core.artefact import MANIFEST, read_json, read_manifest, verify
from limbeck.core.composite import Models, composed
from limbeck.core.describe import build
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.part import Part, fresh
from limbeck.core.recipe import Recipe
from limbeck.core.scale import LogitScale
from limbeck.core.teacher import ProjectedTeacher
from limbeck.core.tensors import read_tensors, write_tensors
from limbeck.data.places import cache_folder
from limbeck.encoders.load import load_teacher
from limbeck.encoders.mlp_image import KIND
from limbeck.encoders.projected import ProjectedEncoder
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.pipeline.apprentice import PREFIX, place_of, recipe_of
from limbeck.pipeline.teach import CachingTeacher, identity_of_teachers
from limbeck.stages.checkpoint import newest_valid


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


def recipe_in(folder: Path) -> Recipe:
    """The recipe of a run, from its folder.

    Raises:
        ArtefactError: there is none, or it describes something else.
    """
    recipe = build(read_json(folder / "recipe.json", kind="recipe"), where="recipe")
    if not isinstance(recipe, Recipe):
        raise ArtefactError(f"{folder}/recipe.json describes a {type(recipe).__name__}, not a recipe")
    return recipe


def open_run_models(recipe: Recipe, out: Path) -> Models:
    """What evaluation reads of a finished run, from its folder, and of its teachers where they answer.

    Raises:
        ArtefactError: the folder is corrupt.
        UsageError: a teacher that answers is not there, or not the one that taught.
    """
    models = load_teacher(f"{model_prefix(out)}:{out / 'model'}")
    encoders = {f"student.{m}": encoder for m, encoder in models.encoders.items()}
    parts = {name: part for name, part in recipe.parts.items() if isinstance(part, Part)}
    answers = dict(recipe.answers)
    asked = {ref.producer.partition(".")[0] for ref in graph.behind(answers.values(), recipe.parts)}
    if asked & {"teacher", *recipe.teachers}:
        encoders |= _teachers(recipe, out)
    scale = models.scale or LogitScale()
    return composed(
        encoders,
        parts=load_parts(parts, out / "parts.safetensors"),
        answers=answers,
        scales={"student.scale": scale},
    )


def model_prefix(out: Path) -> str:
    """By which `load_teacher` opens the model of a run."""
    config = out / "model" / "config.json"
    return "mlp_image" if config.is_file() and KIND in config.read_text(encoding="utf-8") else "hf"


def _teachers(recipe: Recipe, out: Path) -> dict[str, Encoder]:
    """`teacher.image`, ... -> live encoder of every teacher, as it taught this run."""
    live: dict[str, Encoder] = {}
    teachers: dict[str, Teacher] = {}
    main = _teacher(recipe.teacher, out) if recipe.teacher is not None else None
    further = {name: _teacher(each, out) for name, each in sorted(recipe.teachers.items())}
    for name, of in (further | ({"teacher": main} if main is not None else {})).items():
        prints = of.fingerprints()
        for m, encoder in of.encoders.items():
            key = f"{name}.{m}"
            live[key] = encoder
            teachers[key] = CachingTeacher(encoder, opened=_nothing_cached, identity=prints[m], data=recipe.data)
    if main is not None and not main.aligned and len(main.encoders) > 1:
        for m, projector in _projectors(recipe, main, out).items():
            key = f"teacher.{m}"
            live[key] = ProjectedEncoder(live[key], projector=projector).eval()
            teachers[key] = ProjectedTeacher(teachers[key], projector=projector, width=projector.width)
    if identity_of_teachers(main, teachers, further=bool(further)) != read_manifest(out).source.get("teacher"):
        named = ", ".join([*([recipe.teacher] if recipe.teacher else []), *recipe.teachers.values()])
        raise UsageError(
            f"what {out} answers is made of its teachers ({named}), which are not the ones any more that taught it; "
            f"{_again(out)}"
        )
    return live


def _teacher(name: str, out: Path) -> TeacherModels:
    """A teacher by name; one that is trained here has to be there."""
    if not name.startswith(PREFIX):
        return load_teacher(name)
    other = recipe_of(name)
    folder = place_of(other, cache_folder())
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            f"what {out} answers is made of its teacher {name}, which this version has not trained in "
            f"{cache_folder()}; name the cache that has it with --cache, or {_again(out)}"
        )
    verify(folder, kind="run")
    return TeacherModels(name, dict(open_run_models(other, folder)), aligned=True)


def _again(out: Path) -> str:
    return f"do the run again: limbeck run {out}/recipe.json --out NEW"


def _projectors(recipe: Recipe, models: TeacherModels, out: Path) -> dict[str, MLPProjector]:
    """The projectors that brought the main teacher into one space."""
    spec = recipe.align
    found = newest_valid(out / "align" / "checkpoints" / spec.stage.name) if spec is not None else None
    if spec is None or found is None:
        raise ArtefactError(f"{out} does not hold the projectors of its teacher {models.name}; {_again(out)}")
    weights = found.tensors("best") or found.tensors("weights")
    made = {}
    for modality, encoder in models.encoders.items():
        with torch.random.fork_rng(devices=[]):
            projector = MLPProjector(encoder.width, hidden=spec.hidden, width=spec.width, dropout=spec.dropout)
        start = f"trained.teacher/{modality}.projector."
        own = {key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)}
        try:
            projector.load_state_dict(own)
        except RuntimeError as error:
            raise ArtefactError(f"{found.path} does not fit the projectors of {models.name}: {error}") from error
        made[modality] = projector.eval().requires_grad_(False)
    return made


def _nothing_cached(wants: tuple[str, ...]) -> NoReturn:
    raise AssertionError(f"a teacher that is only asked live was to cache {wants}")
