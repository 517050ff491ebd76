"""`assess`: what a run or any model scores on some data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from limbeck.core.artefact import MANIFEST, read_json, verify, versions
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, DataError, LimbeckError, UsageError, nearest, unknown
from limbeck.core.evaluator import Evaluator
from limbeck.core.recipe import DataSpec, Recipe
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.groups import label_ids
from limbeck.data.scan import load_data
from limbeck.data.splits import NAMES, split_of
from limbeck.encoders.load import load_teacher, prefixes, presets
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.evaluation.prompts import Prompts
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.zero_shot import ZeroShotEvaluator
from limbeck.pipeline.checks.leakage import HELD, LOOKING, find_leaks
from limbeck.pipeline.measure import Measured, measure
from limbeck.pipeline.notify import Notify, counted, silent
from limbeck.pipeline.parts import open_run_models, recipe_in
from limbeck.pipeline.seen import data_of_run, flattered

SPLITS = (*NAMES, "all")
PROMPTS = ("a picture of a {}",)
_PAIR = frozenset(("image", "text"))
_PAIRED, _LABELLED = " and ".join(sorted(_PAIR)), "image and label"
_KEYS = frozenset(("model", "data", "transforms", "prompts", "withheld", "metrics", "controls", "versions"))
_Part = tuple[Evaluator, list[int]]


@dataclass(frozen=True)
class Judged:
    """A model that can be measured.

    Args:
        name: what was asked for.
        encoders: modality -> encoder, in one space.
        recipe: of the run that it comes from, or None.
        data: fingerprint of the data that it was trained on, or "".
        trained: data that it was trained on, where that is known.
    """

    name: str
    encoders: Mapping[str, Encoder]
    recipe: Recipe | None = None
    data: str = ""
    trained: DataSpec | None = None

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


def is_assessment(path: Path) -> bool:
    """Whether a file holds an earlier `Assessment`, by the keys of its JSON."""
    try:
        plain = read_json(path)
    except ArtefactError:
        return False
    return isinstance(plain, dict) and plain.keys() >= _KEYS


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
    return Judged(name, models.encoders, trained=data_of_run(folder) if folder.is_dir() else None)


def assess(
    judged: Judged,
    source: Source,
    *,
    path: str,
    split: str | None = None,
    prompts: Sequence[str] = (),
    notify: Notify = silent,
) -> Assessment:
    """What the recipe of a run asks for; of any other model retrieval where rows have image and text. Zero-shot
    classification where rows have image and label and the model reads words.

    Args:
        judged: the model.
        source: usable rows.
        path: of the data, for the record.
        split: `train`, `validation`, `test` or `all`; None takes `test` for a run and for data with a split column,
            else `all`.
        prompts: templates with one `{}` for the class; () takes "a picture of a {}".
        notify: takes one line a fact.

    Raises:
        UsageError: an unknown split, prompts for data without labels or for a model without words, or a classifier
            on other classes than its own.
        DataError: no rows to measure on.
    """
    named = any(row.split for row in source.rows)
    chosen = split or ("test" if judged.recipe is not None or named else "all")
    fingerprint = source.fingerprint()
    indices = rows_of(source, chosen, judged.fractions, notify=notify)
    own = judged.data == fingerprint
    if judged.data and not own:
        notify(
            "this is not the data that the run was trained on" + (" (--split all takes every row)" if not split else "")
        )
    elif judged.data and chosen in ("all", "train"):
        notify(f"warning: split '{chosen}' holds rows that the run was trained on; these figures flatter it")
    asked = _Asked(judged, source, path, chosen, own)
    if prompts:
        asked.check_prompts()
    parts, templates = asked.parts(indices, tuple(prompts))
    if not parts:
        raise DataError(asked.nothing(indices))
    used = sorted({row for _, rows in parts for row in rows})
    if judged.trained is not None and not own and (said := flattered(source, used, judged.trained)):
        notify(said)
    notify(f"measuring on {len(used)} rows")
    measured = [measure(judged.encoders, source, rows, [evaluator]) for evaluator, rows in parts]
    together = Measured(
        tuple(metric for one in measured for metric in one.metrics),
        tuple(control for one in measured for control in one.controls),
    )
    ids = tuple(source.rows[row].id for row in used)
    transforms = {modality: transform_of(encoder) for modality, encoder in judged.encoders.items()}
    return Assessment(judged.name, path, chosen, ids, together, transforms, templates, fingerprint)


class _Asked:
    """What can be asked of a model on some data, and why nothing can.

    Args:
        judged: the model.
        source: usable rows.
        path: of the data, for sentences.
        split: whose rows.
        own: this is the data that the run was trained on.
    """

    def __init__(self, judged: Judged, source: Source, path: str, split: str, own: bool) -> None:
        self.judged, self.source, self.path, self.split, self.own = judged, source, path, split, own
        recipe = judged.recipe
        self.evaluators: tuple[Evaluator, ...] = (recipe.evaluators if recipe is not None else ()) or (
            RetrievalEvaluator(),
        )
        self.names = label_ids(source.rows)[1]
        self.ended_on = own and split in HELD  # a run ended on rows that hold every modality

    def parts(self, indices: Sequence[int], prompts: tuple[str, ...]) -> tuple[list[_Part], tuple[str, ...]]:
        """Each protocol with its rows, and the templates of the zero-shot classes.

        The recipe's own protocols come first. Class names are asked for wherever rows have labels and a text tower can
        be asked: by the recipe's prompts where it has some for these classes, unless others are given.
        """
        found: list[_Part] = []
        zero_shot: ZeroShotEvaluator | None = None
        complete = frozenset(self.source.modalities)
        rows = [r for r in indices if not self.ended_on or self.source.rows[r].modalities == complete]
        for evaluator in self.evaluators:
            if isinstance(evaluator, ZeroShotEvaluator):
                known = self.own or evaluator.prompts.classes == self.names
                zero_shot = evaluator if known and not prompts else zero_shot
            elif isinstance(evaluator, ClassificationEvaluator):
                if labelled := self._labelled(rows, evaluator.modality):
                    self._check_classes()
                    found.append((evaluator, labelled))
            elif len(paired := self._paired(rows)) > 1:
                found.append((evaluator, paired))
        labelled = self._labelled(indices, "image")
        if not labelled or len(self.names) < 2 or self._wordless():
            return found, ()
        zero_shot = zero_shot or ZeroShotEvaluator(Prompts(self.names, prompts or PROMPTS))
        return [*found, (zero_shot, labelled)], zero_shot.prompts.templates

    def check_prompts(self) -> None:
        """Refuse prompts that nobody can be asked.

        Raises:
            UsageError: naming why.
        """
        if reason := self._wordless():
            raise UsageError(f"--prompt asks for classes by name, but {self.judged.name} {reason}; leave --prompt out")
        if len(self.names) < 2:
            raise UsageError(
                f"--prompt asks for classes, but {self.path} has {len(self.names)} different labels; at least 2 are "
                "needed"
            )

    def nothing(self, indices: Sequence[int]) -> str:
        """Why nothing can be measured on these rows, and what would help."""
        kinds = self._kinds()
        here, everywhere = ([len(of(rows)) for of in kinds.values()] for rows in (indices, range(len(self.source))))
        whole = dict(zip(kinds, everywhere, strict=True))
        single = len(self.names) == 1 and whole.get(_LABELLED, 0) > 1
        if not self._wordless() and single and whole.get(_PAIRED, 0) < 2:
            pairs = f", or at least 2 with image and text (found {whole[_PAIRED]})" if _PAIRED in whole else ""
            return (
                f"all {whole[_LABELLED]} rows of {self.path} with a label are of one class, '{self.names[0]}', so that "
                f"there is nothing to tell apart; add rows of another label{pairs}"
            )
        held = " and ".join(f"{count} with {kind}" for kind, count in zip(kinds, here, strict=True))
        of_one_kind = " of one kind" if len(kinds) > 1 else ""
        elsewhere = "--split all or " if self.split != "all" and max(everywhere) > max(1, *here) else ""
        return (
            f"split '{self.split}' of {self.path} holds {held.replace(' with', ' rows with', 1)}; at least 2"
            f"{of_one_kind} are needed, take {elsewhere}other data"
        )

    def _kinds(self) -> dict[str, Callable[[Sequence[int]], list[int]]]:
        """The kinds of rows that the protocols want, in words -> those of some rows."""
        kinds: dict[str, Callable[[Sequence[int]], list[int]]] = {}
        for evaluator in self.evaluators:
            if isinstance(evaluator, ClassificationEvaluator):
                kinds[f"{evaluator.modality} and label"] = partial(self._labelled, modality=evaluator.modality)
            elif not isinstance(evaluator, ZeroShotEvaluator):
                kinds[" and ".join(sorted(self.judged.encoders))] = self._paired
        return kinds if self._wordless() else {**kinds, _LABELLED: self._labelled}

    def _wordless(self) -> str | None:
        """Why no class can be asked for by its name; None where it can."""
        if _PAIR - self.judged.encoders.keys():
            return f"has {' and '.join(self.judged.encoders)} only"
        if any(isinstance(e, RetrievalEvaluator) and e.similarity is not None for e in self.evaluators):
            return "compares pairs, not vectors"
        return None

    def _paired(self, rows: Sequence[int]) -> list[int]:
        needed = frozenset(self.judged.encoders)
        return [row for row in rows if self.source.rows[row].modalities >= needed]

    def _labelled(self, rows: Sequence[int], modality: str = "image") -> list[int]:
        labelled = [row for row in rows if self.source.rows[row].label]
        return [row for row in labelled if modality in self.source.rows[row].modalities]

    def _check_classes(self) -> None:
        """A classifier knows its classes by number: other data has to number them alike."""
        if self.own:
            return
        known = classes_of(self.judged)
        if known != self.names:
            shown = [", ".join(names[:12]) + ", ..." * (len(names) > 12) for names in (known, self.names)]
            raise UsageError(
                f"{self.judged.name} tells {len(known)} classes apart ({shown[0]}), but {self.path} has "
                f"{len(self.names)} ({shown[1]}); a classifier is measured on data with exactly its own classes"
            )


def classes_of(judged: Judged) -> tuple[str, ...]:
    """Names of the classes that a run was trained on, from its data.

    Raises:
        UsageError: the data is not there any more, or changed.
    """
    assert judged.recipe is not None
    spec = judged.recipe.data
    fix = f"measure {judged.name} on the rows that it was trained on, or put {spec.path} back"
    try:
        source, _ = load_data(spec)
    except (LimbeckError, OSError) as error:
        raise UsageError(f"which class is which says only the data of the run, {spec.path} ({error}); {fix}") from error
    if source.fingerprint() != judged.data:
        raise UsageError(f"which class is which says only the data of the run, and {spec.path} has changed; {fix}")
    return label_ids(source.rows)[1]


def rows_of(source: Source, split: str, fractions: tuple[float, float, float], *, notify: Notify = silent) -> list[int]:
    """The rows of a split as runs use them: without held-out rows whose picture training has too."""
    if split not in SPLITS:
        raise UsageError(unknown("split", split, SPLITS))
    if split == "all":
        return list(range(len(source)))
    splits = split_of(source, fractions)
    if split not in HELD:
        return splits[split]
    leaks = find_leaks(source, {name: splits[name] for name in (split, "train")}, watch=counted(notify, LOOKING))
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
    recipe = recipe_in(folder)
    fingerprint = str(manifest.source.get("data", ""))
    return Judged(name, open_run_models(recipe, folder), recipe, fingerprint, recipe.data)


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
