"""Whether the teacher is frozen, answers, and knows anything about this data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.source import Source
from limbeck.data.groups import group_ids
from limbeck.data.loader import EvalLoader
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.units import over_units
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.views import view_of

ENOUGH = 50
_LEAST, _MOST = 8, 256
_ALL_RIGHT = 0.95  # chance above which a teacher that knows the data has no room to show it
Vectors = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Heard:
    """What the teacher said about some rows, and how long it took.

    Args:
        rows: complete rows that it was asked about.
        vectors: modality -> unit vectors, one a row.
        seconds: modality -> seconds for one row, preparing it included.
        content: modality -> number of each row's raw value; rows with one number hold the same picture or words.
    """

    rows: tuple[int, ...]
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    content: Mapping[str, Integers] = field(default_factory=dict)


def hear(models: TeacherModels, source: Source, looked: Sequence[int], *, seconds: float) -> Heard:
    """Ask the teacher about as many complete rows as fit into about `seconds`, at least 8, at most 256."""
    wanted = set(models.encoders)
    complete = tuple(row for row in looked if wanted <= source.rows[row].modalities)
    if not complete:
        return Heard(())
    for encoder in models.encoders.values():
        _said(encoder, source, complete[:1])  # the first call allocates
    first = sum(_said(encoder, source, complete[:2])[1] for encoder in models.encoders.values()) / len(complete[:2])
    rows = complete[: int(min(_MOST, max(_LEAST, seconds / max(first, 1e-6))))]
    found = {modality: _said(encoder, source, rows) for modality, encoder in models.encoders.items()}
    return Heard(
        rows,
        {modality: said.vectors[modality] for modality, (said, _) in found.items()},
        {modality: taken / len(rows) for modality, (_, taken) in found.items()},
        {modality: said.content[modality] for modality, (said, _) in found.items()},
    )


def check_teacher(models: TeacherModels, source: Source, heard: Heard) -> Iterator[Finding]:
    """Frozen, in evaluation mode, not the same answer to everything, and above chance where it has one space."""
    yield from _frozen(models)
    widths = ", ".join(f"{modality} {encoder.width}" for modality, encoder in models.encoders.items())
    lacks = [name for name in source.modalities if name not in models.encoders]
    if lacks:
        yield towerless(models, lacks)
        return
    if len(models.encoders) == 1:
        return
    if not models.aligned:
        yield Finding(
            "note",
            "width",
            f"{models.name} is two encoders without a shared space ({widths}); projectors are trained first, by itself",
        )
    elif len({encoder.width for encoder in models.encoders.values()}) > 1:
        yield Finding(
            "error", "width", f"{models.name} has towers of different widths ({widths})", "take another model"
        )
    else:
        yield Finding("ok", "width", f"{widths} in one space")
    if len(heard.rows) < _LEAST:
        few = f"only {len(heard.rows)} rows have image and text, too few to see whether it knows anything"
        yield Finding("note", "teacher at chance", few)
        return
    told = _embeddings(source, heard)
    differ = {name: len(told.distinct(name)[0]) for name in heard.vectors}
    same = [name for name, vectors in heard.vectors.items() if differ[name] > 1 and _spread(vectors) < 1e-4]
    for name in same:
        yield Finding(
            "error",
            "teacher",
            f"its {name} encoder gives one answer to {differ[name]} different rows",
            "its weights or its preprocessing are broken",
        )
    if alike := [name for name, count in differ.items() if count < 2]:
        line = (
            f"all {len(heard.rows)} rows have one {' and one '.join(alike)}: they cannot tell what {models.name} knows"
        )
        yield Finding("warning", "teacher at chance", line, "give it rows that differ")
    elif not same:
        yield _knows(models, told) if models.aligned else _related(heard)


def check_aligned(taught: TeacherModels, source: Source, rows: Sequence[int], *, seconds: float) -> Iterator[Finding]:
    """Whether projectors brought two encoders together: what could not be asked before they were trained.

    Args:
        taught: the encoders behind their projectors.
        source: the rows.
        rows: of validation, which the projectors have not seen.
        seconds: that asking may take.
    """
    heard = hear(taught, source, rows, seconds=seconds)
    if len(heard.rows) >= _LEAST:
        told = _embeddings(source, heard)
        if min(len(told.distinct(name)[0]) for name in heard.vectors) > 1:
            yield _knows(taught, told)


def towerless(models: TeacherModels, lacks: Sequence[str]) -> Finding:
    """A teacher without the encoders that are needed."""
    line = f"{models.name} has no {' and no '.join(lacks)} encoder"
    return Finding("error", "teacher", line, "name a dual encoder, or two models as IMAGE+TEXT")


def _frozen(models: TeacherModels) -> Iterator[Finding]:
    thawed = [
        f"{modality}.{name}"
        for modality, encoder in models.encoders.items()
        for name, parameter in encoder.named_parameters()
        if parameter.requires_grad
    ]
    training = [modality for modality, encoder in models.encoders.items() if encoder.training]
    if thawed or training:
        what = (
            f"{len(thawed)} parameters train (first: {thawed[0]})" if thawed else f"{training[0]} is in training mode"
        )
        yield Finding("error", "frozen", f"the teacher is not: {what}", "freeze it with requires_grad_(False).eval()")
    else:
        yield Finding("ok", "frozen", f"no parameter of {models.name} trains")


def _embeddings(source: Source, heard: Heard) -> Embeddings:
    """What evaluation would have of these rows: repeated pictures and captions count once."""
    rows = np.array(heard.rows)
    return Embeddings(
        vectors=heard.vectors,
        present={modality: np.ones(len(rows), dtype=bool) for modality in heard.vectors},
        group=group_ids(source.rows).numpy()[rows],
        label=np.full(len(rows), -1),
        index=rows,
        content=heard.content,
    )


def _knows(models: TeacherModels, told: Embeddings) -> Finding:
    metric = over_units(RetrievalEvaluator((1,)).metrics(told)[0], told)
    found = (
        f"{metric.name} {metric.value:.1%} ({metric.low:.1%} to {metric.high:.1%}) on {len(told)} rows, "
        + (f"{metric.n} of them independent, " if metric.n < len(told) else "")
        + f"chance {metric.chance:.1%}"
    )
    if metric.low > metric.chance:
        return Finding("ok", "teacher at chance", f"it is not: {found}")
    if metric.chance > _ALL_RIGHT:
        line = f"nearly every answer is right ({found}): these rows cannot tell what {models.name} knows"
        return Finding(
            "warning", "teacher at chance", line, "see whether captions and the `group` column tell rows apart"
        )
    if metric.n < ENOUGH:
        return Finding(
            "warning",
            "teacher at chance",
            f"{models.name} is not seen to know this data: {found}",
            "give it more rows that differ, or see whether its weights, tokenizer and preprocessing belong together",
        )
    return Finding(
        "error",
        "teacher at chance",
        f"{models.name} knows nothing about this data: {found}",
        "take a model that knows such data, check that its weights, tokenizer and preprocessing belong together, or "
        "train all the same with --allow 'teacher at chance'",
    )


def _related(heard: Heard) -> Finding:
    """Do pictures that look alike to one encoder have captions that read alike to the other? Mantel's test."""
    one, two = (vectors @ vectors.T for vectors in heard.vectors.values())
    n = len(one)
    upper = np.triu_indices(n, 1)
    value = _correlation(one[upper], two[upper])
    generator = np.random.default_rng(0)
    dealt = []
    for _ in range(200):
        order = generator.permutation(n)
        dealt.append(_correlation(one[upper], two[np.ix_(order, order)][upper]))
    share = (1 + sum(other >= value for other in dealt)) / (len(dealt) + 1)
    found = f"likeness of pictures and of captions correlate by {value:.2f} on {n} rows (p = {share:.3f})"
    if share < 0.05:
        return Finding("ok", "teacher at chance", f"not to be known before it is aligned, but {found}")
    level = "note" if n < 4 * ENOUGH else "warning"
    return Finding(
        level,
        "teacher at chance",
        f"not to be known before it is aligned; {found}",
        "see the validation figures of the alignment",
    )


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    spread = float(one.std() * two.std())
    return float(((one - one.mean()) * (two - two.mean())).mean() / spread) if spread > 1e-12 else 0.0


def _spread(vectors: Vectors) -> float:
    return float(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).max())


def _said(encoder: Encoder, source: Source, rows: Sequence[int]) -> tuple[Embeddings, float]:
    """Unit vectors and contents of one modality, and the seconds that they took."""
    start = time.perf_counter()
    view = view_of(encoder)
    loader = EvalLoader(source, indices=rows, views={encoder.modality: view}, batch_size=64)
    said = embed({encoder.modality: encoder}, loader)
    return said, time.perf_counter() - start
