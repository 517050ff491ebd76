"""`assess`: what a run or any model scores on some data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.core.artefact import MANIFEST, read_json, verify, versions
from limbeck.core.describe import build
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, DataError, UsageError, nearest, unknown
from limbeck.core.evaluator import Evaluator
from limbeck.core.recipe import DataSpec, Recipe
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.groups import label_ids
from limbeck.data.splits import NAMES, split_of
from limbeck.encoders.load import load_teacher, prefixes, presets
from limbeck.evaluation.prompts import Prompts
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.zero_shot import ZeroShotEvaluator
from limbeck.pipeline.checks.leakage import HELD, find_leaks
from limbeck.pipeline.measure import Measured, measure
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.views import view_of

SPLITS = (*NAMES, "all")
PROMPTS = ("a picture of a {}",)
_PAIR = frozenset(("image", "text"))


@dataclass(frozen=True)
class Judged:
    """A model that can be measured.

    Args:
        name: what was asked for.
        encoders: modality -> encoder, in one space.
        recipe: of the run that it comes from, or None.
        data: fingerprint of the data that it was trained on, or "".
    """

    name: str
    encoders: Mapping[str, Encoder]
    recipe: Recipe | None = None
    data: str = ""

    @property
    def fractions(self) -> tuple[float, float, float]:
        """How rows without a split are divided: as the run did."""
        return self.recipe.data.fractions if self.recipe is not None else DataSpec("").fractions


@dataclass(frozen=True)
class Assessment:
    """What one model scores.

    Args:
        name: of the model.
        path: of the data.
        split: whose rows were used.
        rows: ids of the rows that were used.
        measured: metrics and controls.
        transforms: modality -> how rows were prepared.
        prompts: templates of the zero-shot classes; empty where nothing was classified.
        fingerprint: of the data.
    """

    name: str
    path: str
    split: str
    rows: tuple[str, ...]
    measured: Measured
    transforms: Mapping[str, str]
    prompts: tuple[str, ...]
    fingerprint: str

    @property
    def withheld(self) -> tuple[str, ...]:
        """Why no figure is given: verdicts of controls that are not at chance."""
        return tuple(control.verdict for control in self.measured.controls if not control.passed)

    @property
    def exit_code(self) -> int:
        """3 where the figures are withheld."""
        return 3 if self.withheld else 0

    @property
    def message(self) -> str:
        """Why no figure is given, in one sentence."""
        return self.withheld[0] if self.withheld else ""

    def to_json(self) -> dict[str, Any]:
        """Plain values; without the metrics where they are withheld."""
        plain = self.measured.to_json()
        return {
            "model": self.name,
            "data": {"path": self.path, "fingerprint": self.fingerprint, "split": self.split, "ids": list(self.rows)},
            "transforms": dict(self.transforms),
            "prompts": list(self.prompts),
            "withheld": list(self.withheld),
            "metrics": [] if self.withheld else plain["metrics"],
            "controls": plain["controls"],
            "versions": versions(),
        }


def open_judged(name: str) -> Judged:
    """A run folder, a model folder, or any teacher's name.

    Raises:
        UsageError: nothing of that name, or a model without one space for image and text.
        ArtefactError: a run that is not finished, or a corrupt one.
    """
    folder = Path(name).expanduser()
    if (folder / "recipe.json").is_file():
        return _from_run(name, folder)
    if (folder / "config.json").is_file():
        models = load_teacher(f"hf:{folder}")
    elif (folder / "modules.json").is_file():
        models = load_teacher(f"st:{folder}")
    elif ":" not in name and "+" not in name and name not in presets():
        raise UsageError(_nothing(name, folder))
    else:
        models = load_teacher(name)
    if not models.aligned:
        has = " and ".join(models.encoders)
        raise UsageError(
            f"{name} has no space that image and text share (it has {has}); name a dual encoder such as CLIP, or a run "
            "folder of `limbeck distill`, which aligns two encoders first"
        )
    return Judged(name, models.encoders)


def assess(
    judged: Judged,
    source: Source,
    *,
    path: str,
    split: str | None = None,
    prompts: Sequence[str] = (),
    notify: Notify = silent,
) -> Assessment:
    """Retrieval where rows have image and text, zero-shot classification where they have image and label.

    Args:
        judged: the model.
        source: usable rows.
        path: of the data, for the record.
        split: `train`, `validation`, `test` or `all`; None takes `test` for a run and for data with a split column,
            else `all`.
        prompts: templates with one `{}` for the class; () takes "a picture of a {}".
        notify: takes one line a fact.

    Raises:
        UsageError: an unknown split, or prompts for data without labels.
        DataError: no rows to measure on.
    """
    named = any(row.split for row in source.rows)
    chosen = split or ("test" if judged.recipe is not None or named else "all")
    fingerprint = source.fingerprint()
    indices = rows_of(source, chosen, judged.fractions, notify=notify)
    if judged.data and judged.data != fingerprint:
        notify(
            "this is not the data that the run was trained on" + (" (--split all takes every row)" if not split else "")
        )
    elif judged.data and chosen in ("all", "train"):
        notify(f"warning: split '{chosen}' holds rows that the run was trained on; these figures flatter it")
    pairs = [row for row in indices if source.rows[row].modalities >= _PAIR]
    names = label_ids(source.rows)[1]
    labelled = [row for row in indices if source.rows[row].label and "image" in source.rows[row].modalities]
    if prompts and len(names) < 2:
        raise UsageError(
            f"--prompt asks for classes, but {path} has {len(names)} different labels; at least 2 are needed"
        )
    parts: list[tuple[Evaluator, list[int]]] = []
    if len(pairs) > 1:
        own = judged.recipe.evaluators if judged.recipe is not None else ()
        parts += [(evaluator, pairs) for evaluator in own or (RetrievalEvaluator(),)]
    templates: tuple[str, ...] = ()
    if labelled and len(names) > 1:
        templates = tuple(prompts) or PROMPTS
        classify = ZeroShotEvaluator(Prompts(names, templates), text_view=view_of(judged.encoders["text"]))
        parts.append((classify, labelled))
    if not parts:
        raise DataError(
            f"split '{chosen}' of {path} holds {len(pairs)} rows with image and text and {len(labelled)} with image "
            "and label; at least 2 of one kind are needed, take --split all or other data"
        )
    measured = [measure(judged.encoders, source, rows, [evaluator]) for evaluator, rows in parts]
    together = Measured(
        tuple(metric for one in measured for metric in one.metrics),
        tuple(control for one in measured for control in one.controls),
    )
    used = sorted({row for _, rows in parts for row in rows})
    ids = tuple(source.rows[row].id for row in used)
    transforms = {modality: transform_of(encoder) for modality, encoder in judged.encoders.items()}
    return Assessment(judged.name, path, chosen, ids, together, transforms, templates, fingerprint)


def rows_of(source: Source, split: str, fractions: tuple[float, float, float], *, notify: Notify = silent) -> list[int]:
    """The rows of a split as runs use them: without held-out rows whose picture training has too."""
    if split not in SPLITS:
        raise UsageError(unknown("split", split, SPLITS))
    if split == "all":
        return list(range(len(source)))
    splits = split_of(source, fractions)
    if split not in HELD:
        return splits[split]
    leaks = find_leaks(source, {name: splits[name] for name in (split, "train")})
    for line in leaks.lines(source):
        notify(line)
    return leaks.without(splits)[split]


def transform_of(encoder: Encoder) -> str:
    """How an encoder's input is prepared, in one line."""
    spec = encoder.spec
    if isinstance(spec, ImageSpec):
        fit = "squeezed" if spec.shortest_edge is None else f"shorter side {spec.shortest_edge}, centre crop"
        mean, std = ("/".join(f"{value:.3g}" for value in dict.fromkeys(each)) for each in (spec.mean, spec.std))
        return f"{spec.width} x {spec.height} px, {fit}, {spec.resample}, mean {mean}, deviation {std}"
    if isinstance(spec, TextSpec):
        return f"its own tokenizer, at most {spec.max_length} tokens" + (", lower case" if spec.lowercase else "")
    return "features as they are"


def _from_run(name: str, folder: Path) -> Judged:
    if not (folder / MANIFEST).is_file():
        raise ArtefactError(
            f"{folder} is a run that is not finished; type its command again, it goes on where it stopped"
        )
    manifest = verify(folder, kind="run")
    recipe = build(read_json(folder / "recipe.json", kind="recipe"), where="recipe")
    if not isinstance(recipe, Recipe):
        raise ArtefactError(f"{folder}/recipe.json describes a {type(recipe).__name__}, not a recipe")
    models = load_teacher(f"hf:{folder / 'model'}")
    return Judged(name, models.encoders, recipe, str(manifest.source.get("data", "")))


def _nothing(name: str, folder: Path) -> str:
    try:
        beside = [place.name for place in folder.parent.iterdir() if place.is_dir()]
    except OSError:
        beside = []
    guess = nearest(folder.name, beside)
    close = nearest(name, presets())
    hint = f"; did you mean '{folder.parent / guess}'?" if guess else f"; did you mean '{close}'?" if close else ""
    found = "holds neither a run nor a model" if folder.is_dir() else "is neither a run nor a model"
    valid = ", ".join(f"{prefix}:..." for prefix in prefixes())
    return f"{name} {found}; valid: a run folder, a transformers folder, {valid}{hint}"
