"""From a teacher's name to frozen teachers of one shared space: cache what the models say, then align them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.core.artefact import sha256_json
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import UsageError
from limbeck.core.recipe import AlignSpec, DataSpec
from limbeck.core.scale import LogitScale
from limbeck.core.source import Source
from limbeck.core.teacher import ProjectedTeacher
from limbeck.data.cache import CacheProgress, CacheReport, build_cache, cache_key, open_cache
from limbeck.data.sampler import MixedSampler
from limbeck.encoders.feature_encoder import FeatureEncoder
from limbeck.encoders.projected import ProjectedEncoder
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.pipeline.features import FeatureLoader, features_of
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows, skeleton
from limbeck.pipeline.views import view_of


@dataclass(frozen=True)
class Taught:
    """A teacher that is ready to teach.

    Args:
        teachers: `teacher.image`, ... -> frozen, cached, in one shared space.
        encoders: modality -> the same as a live encoder.
        width: of the shared space.
        fingerprint: of weights, preprocessing and projectors.
        history: validation metrics of the alignment, by step; empty where none was needed.
        reports: what building each cache took.
    """

    teachers: Mapping[str, Teacher]
    encoders: Mapping[str, Encoder]
    width: int
    fingerprint: str
    history: tuple[Mapping[str, float], ...] = ()
    reports: tuple[CacheReport, ...] = ()


def teach(
    models: TeacherModels,
    source: Source,
    rows: Rows,
    data: DataSpec,
    *,
    align: AlignSpec | None,
    seed: int,
    cache: Path,
    folder: Path,
    notify: Notify = silent,
) -> Taught:
    """Cache the teacher's answers for every training and validation row; train projectors first where it needs them.

    Args:
        models: frozen encoders.
        source: the rows.
        rows: which of them train and validate.
        data: draws and augmentations.
        align: how projectors are trained; needed when `models.aligned` is False.
        seed: of the projectors and their data order.
        cache: root of all caches.
        folder: for checkpoints of the alignment.
        notify: takes one line a fact.
    """
    kinds = {kind: (own, data.draws_of(kind)) for kind, own in rows.train.items()}
    training, reports = _cached(models, source, kinds, data, cache, notify)
    if models.aligned:
        encoders = dict(models.encoders)
        teachers: dict[str, Teacher] = {f"teacher.{m}": teacher for m, teacher in training.items()}
        width = next(iter(encoders.values())).width
        return Taught(teachers, encoders, width, sha256_json(models.fingerprints()), reports=tuple(reports))
    if align is None:
        raise UsageError(f"teacher {models.name} is two encoders without a shared space; it needs an alignment stage")
    held, more = _cached(models, source, {"validation": (rows.validation, 0)}, data, cache, notify)
    notify(f"aligning {' and '.join(models.encoders)} of {models.name} by trained projectors")
    projectors, history = _align(align, source, rows, training, held, data.draws, seed, folder)
    teachers = {
        f"teacher.{m}": ProjectedTeacher(training[m], projector=projectors[m], width=align.width) for m in projectors
    }
    encoders = {m: ProjectedEncoder(models.encoders[m], projector=projectors[m]) for m in projectors}
    identity = sha256_json({name: teacher.fingerprint() for name, teacher in teachers.items()})
    return Taught(teachers, encoders, align.width, identity, history, (*reports, *more))


def _cached(
    models: TeacherModels,
    source: Source,
    kinds: Mapping[str, tuple[tuple[int, ...], int]],
    data: DataSpec,
    cache: Path,
    notify: Notify,
) -> tuple[dict[str, Teacher], list[CacheReport]]:
    """One cached teacher a modality, from kinds of rows with their own number of draws."""
    teachers: dict[str, Teacher] = {}
    reports = []
    for modality, identity in models.fingerprints().items():
        encoder, name = models.encoders[modality], f"teacher.{modality}"
        view = view_of(encoder)
        key = cache_key(
            encoder,
            view=view,
            teacher_fingerprint=identity,
            augmentations=data.augmentations,
            precision=data.precision,
        )
        folder = cache / "teachers" / f"{modality}-{key.fingerprint()[:16]}"
        own = {
            kind: ([row for row in indices if modality in source.rows[row].modalities], draws)
            for kind, (indices, draws) in kinds.items()
        }
        for kind, (indices, draws) in own.items():
            if not indices:
                continue
            report = build_cache(
                encoder,
                source=source,
                indices=indices,
                view=view,
                name=name,
                folder=folder,
                teacher_fingerprint=identity,
                draws=draws,
                augmentations=data.augmentations,
                precision=data.precision,
                progress=_Meter(notify),
            )
            notify(
                f"{name}, {kind} rows: {report.rows} outputs, {report.reused} of them reused, {report.computed} "
                f"computed in {report.seconds:.1f} s, {report.size / 1e6:.0f} MB"
                + (f", cosine error of {data.precision} {report.rounding.cosine:.1g}" if report.rounding.cosine else "")
            )
            reports.append(report)
        most = max(draws for _, draws in own.values())
        asked = [row for indices, draws in own.values() if draws == most for row in indices]
        teachers[modality] = open_cache(folder, expect=key, source=source, name=name, draws=most, indices=asked)
    return teachers, reports


class _Meter:
    """Speaks at the start, and then about every ten seconds."""

    def __init__(self, notify: Notify) -> None:
        self.notify = notify
        self.spoken = time.monotonic()

    def __call__(self, state: CacheProgress) -> None:
        if state.note:
            self.notify(f"{state.name}: {state.note}")
        if state.rate and time.monotonic() - self.spoken > 10:
            self.spoken = time.monotonic()
            self.notify(
                f"{state.name}: {state.done} of {state.total} outputs, {state.rate:.0f} a second, "
                f"{state.seconds_left:.0f} s left"
            )


def _align(
    spec: AlignSpec,
    source: Source,
    rows: Rows,
    training: Mapping[str, Teacher],
    held: Mapping[str, Teacher],
    draws: int | Mapping[str, int],
    seed: int,
    folder: Path,
) -> tuple[dict[str, MLPProjector], tuple[Mapping[str, float], ...]]:
    """Projectors trained by `spec` on cached features, chosen by retrieval on the validation rows."""
    import torch

    from limbeck.stages.loop import fit

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        projectors = {
            m: MLPProjector(t.width, hidden=spec.hidden, width=spec.width, dropout=spec.dropout)
            for m, t in training.items()
        }
    for modality, projector in projectors.items():
        own = [row for row in rows.training() if modality in source.rows[row].modalities]
        projector.standardise(training[modality](skeleton(source, own, [0] * len(own)))["pooled"])
    producers: dict[str, Any] = {f"teacher.{m}": FeatureEncoder(projectors[m], modality=m) for m in projectors}
    producers["teacher.scale"] = LogitScale()
    views = {f"teacher.{m}": teacher for m, teacher in training.items()}
    sampler = MixedSampler(rows.train, batch=spec.stage.budget.batch, draws=draws, seed=seed)
    validation = features_of(source, held, rows.validation)
    encoders: dict[str, Encoder] = {m: producers[f"teacher.{m}"] for m in projectors}
    evaluator = RetrievalEvaluator()

    def validate() -> dict[str, float]:
        return {metric.name: metric.value for metric in evaluator(encoders, [validation])}

    result = fit(
        spec.stage,
        producers,
        FeatureLoader(source, teachers=views, sampler=sampler),
        folder=folder,
        validate=validate,
        seed=seed,
        identity={"features": {name: teacher.fingerprint() for name, teacher in views.items()}},
    )
    return projectors, tuple(result.history)
