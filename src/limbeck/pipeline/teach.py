"""From a teacher's name to frozen teachers of one shared space: cache what the models say, then align them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from limbeck.core.artefact import sha256_json
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.recipe import AlignSpec, DataSpec, Recipe
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.source import Source
from limbeck.core.spec import TextSpec
from limbeck.core.teacher import ProjectedTeacher
from limbeck.core.view import View
from limbeck.data.cache import CacheProgress, CacheReport, build_cache, cache_key, open_cache
from limbeck.data.cache.cached_teacher import CachedTeacher
from limbeck.data.sampler import MixedSampler
from limbeck.data.view_for import view_for
from limbeck.encoders.feature_encoder import FeatureEncoder
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.projected import ProjectedEncoder
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.pipeline.features import FeatureLoader, features_of
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows, skeleton
from limbeck.pipeline.views import view_of

Opened = WeakValueDictionary[tuple[object, ...], Any]


@dataclass(frozen=True)
class Taught:
    """A teacher that is ready to teach.

    Args:
        teachers: `teacher.image`, ... -> frozen and cached, in one shared space; further teachers by their own names.
        encoders: modality -> the main teacher as a live encoder.
        width: of the shared space; None where there is no main teacher.
        fingerprint: of weights, preprocessing and projectors.
        history: validation metrics of the alignment, by step; empty where none was needed.
        reports: what building each cache took.
        further: `NAME.image`, ... -> live encoder of a further teacher; its cached twin is in `teachers`.
    """

    teachers: Mapping[str, Teacher]
    encoders: Mapping[str, Encoder]
    width: int | None
    fingerprint: str
    history: tuple[Mapping[str, float], ...] = ()
    reports: tuple[CacheReport, ...] = ()
    further: Mapping[str, Encoder] = field(default_factory=dict)


def wanted_of(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Producer -> the outputs that the recipe reads of it, for whatever looks like a teacher."""
    found: dict[str, set[str]] = {}
    refs = [ref for stage in recipe.stages for term in stage.terms.values() for ref in term.inputs.values()]
    refs += [ref for part in recipe.parts.values() for ref in part.inputs.values()]
    for ref in refs:
        found.setdefault(ref.producer, set()).add("tokens" if ref.output == "mask" else ref.output)
    return {name: tuple(sorted(outputs)) for name, outputs in found.items()}


def teach(
    models: TeacherModels | None,
    source: Source,
    rows: Rows,
    data: DataSpec,
    *,
    align: AlignSpec | None,
    seed: int,
    cache: Path,
    folder: Path,
    notify: Notify = silent,
    further: Mapping[str, TeacherModels] | None = None,
    wanted: Mapping[str, tuple[str, ...]] | None = None,
    shared: Opened | None = None,
) -> Taught:
    """Cache the teacher's answers for every training and validation row; train projectors first where it needs them.

    Args:
        models: frozen encoders of the main teacher, or None.
        source: the rows.
        rows: which of them train and validate.
        data: draws and augmentations.
        align: how projectors are trained; needed when `models` are two encoders without a shared space.
        seed: of the projectors and their data order.
        cache: root of all caches.
        folder: for checkpoints of the alignment.
        notify: takes one line a fact.
        further: name -> further teachers, cached as they are, never aligned.
        wanted: `teacher.image`, ... -> outputs to cache now; others are cached when they are asked for.
        shared: what is open in this process for these rows; takes the caches that are opened here.
    """
    kinds = {kind: (own, data.draws_of(kind)) for kind, own in rows.train.items()}
    reports: list[CacheReport] = []

    def cached(
        name: str, of: TeacherModels, kinds: Mapping[str, tuple[tuple[int, ...], int]]
    ) -> dict[str, CachingTeacher]:
        def opened(modality: str) -> Callable[[tuple[str, ...]], CachedTeacher]:
            return lambda wants: _cached(
                of, modality, source, kinds, data, cache, notify, name=name, wants=wants, reports=reports, shared=shared
            )

        prints = of.fingerprints()
        return {m: CachingTeacher(of.encoders[m], opened=opened(m), identity=prints[m], data=data) for m in of.encoders}

    teachers: dict[str, Teacher] = {}
    live: dict[str, Encoder] = {}
    for name, of in (further or {}).items():
        teachers |= {f"{name}.{m}": teacher for m, teacher in cached(name, of, kinds).items()}
        live |= {f"{name}.{m}": encoder for m, encoder in of.encoders.items()}
    encoders: dict[str, Encoder] = {}
    width: int | None = None
    history: tuple[Mapping[str, float], ...] = ()
    if models is not None:
        training = cached("teacher", models, kinds)
        encoders = dict(models.encoders)
        if models.aligned or len(models.encoders) == 1:
            width = next(iter(encoders.values())).width
            own: dict[str, Teacher] = dict(training)
        elif align is None:
            what = "two encoders without a shared space"
            raise UsageError(f"teacher {models.name} is {what}; it needs an alignment stage")
        else:
            held = cached("teacher", models, {"validation": (rows.validation, 0)})
            for ready in (*training.values(), *held.values()):
                ready.prepare(("pooled",))
            notify(f"aligning {' and '.join(models.encoders)} of {models.name} by trained projectors")
            projectors, history = _align(align, source, rows, training, held, data.draws, seed, folder)
            width = align.width
            own = {m: ProjectedTeacher(training[m], projector=projectors[m], width=width) for m in projectors}
            encoders = {m: ProjectedEncoder(models.encoders[m], projector=projectors[m]) for m in projectors}
        teachers |= {f"teacher.{m}": teacher for m, teacher in own.items()}
    for name, teacher in teachers.items():
        base = teacher.base if isinstance(teacher, ProjectedTeacher) else teacher
        outputs = (wanted or {}).get(name, ("pooled",) if wanted is None else ())
        if isinstance(base, CachingTeacher) and outputs:
            base.prepare(base_outputs(outputs) if base is not teacher else outputs)
    identity = identity_of_teachers(models, teachers, further=bool(further))
    return Taught(teachers, encoders, width, identity, history, tuple(reports), live)


def identity_of_teachers(models: TeacherModels | None, teachers: Mapping[str, Teacher], *, further: bool) -> str:
    """Fingerprint of all teachers of a run; `models` is the main one, `further` whether there are others."""
    plain = models is not None and not further and isinstance(next(iter(teachers.values())), CachingTeacher)
    prints = {name: teacher.fingerprint() for name, teacher in teachers.items()}
    return sha256_json(models.fingerprints() if plain and models is not None else prints)


def base_outputs(outputs: Collection[str]) -> tuple[str, ...]:
    """What a projected teacher asks of its base."""
    return tuple(sorted({"pooled" if name in ("pooled", "base") else name for name in outputs}))


class CachingTeacher(Teacher):
    """A frozen encoder whose outputs are cached, each set of them when it is first asked for.

    Args:
        encoder: frozen.
        opened: outputs -> the cache that holds them, built where it is not there.
        identity: fingerprint of weights and preprocessing.
        data: precision in which it runs, and type in which its answers are stored.
    """

    def __init__(
        self, encoder: Encoder, *, opened: Callable[[tuple[str, ...]], CachedTeacher], identity: str, data: DataSpec
    ) -> None:
        self.encoder = encoder
        self.opened = opened
        self.identity = identity
        self.precision, self.dtype = data.precision, data.cache_dtype
        self.modality, self.width, self.outputs = encoder.modality, encoder.width, encoder.outputs
        self._caches: dict[frozenset[str], CachedTeacher] = {}

    def prepare(self, want: Collection[str]) -> CachedTeacher:
        """The cache of these outputs."""
        asked = frozenset(want)
        for outputs, found in self._caches.items():
            if asked <= outputs:
                return found
        for name in asked:
            if name not in self.outputs:
                raise UsageError(unknown("output", name, self.outputs, where=f"the {self.modality} teacher"))
        self._caches[asked] = self.opened(tuple(sorted(asked)))
        return self._caches[asked]

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        """Stored features of every row."""
        return self.prepare(want)(batch, want=want)

    def trainable(self) -> tuple[str, ...]:
        """Parameters that somebody thawed."""
        return tuple(name for name, parameter in self.encoder.named_parameters() if parameter.requires_grad)

    def fingerprint(self) -> str:
        """That of the live twin; with type and precision where the store rounds."""
        exact = self.dtype == "float32" and self.precision == "fp32"
        return self.identity if exact else sha256_json([self.identity, self.dtype, self.precision])


def _cached(
    models: TeacherModels,
    modality: str,
    source: Source,
    kinds: Mapping[str, tuple[tuple[int, ...], int]],
    data: DataSpec,
    cache: Path,
    notify: Notify,
    *,
    name: str,
    wants: tuple[str, ...],
    reports: list[CacheReport],
    shared: Opened | None = None,
) -> CachedTeacher:
    """One cached teacher, from kinds of rows with their own number of draws."""
    encoder, name = models.encoders[modality], f"{name}.{modality}"
    identity = fingerprint(encoder)
    own = {
        kind: ([row for row in indices if modality in source.rows[row].modalities], draws)
        for kind, (indices, draws) in kinds.items()
    }
    view = view_of(encoder) if wants == ("pooled",) else _one_length(encoder, source, own)
    given: dict[str, Any] = {"view": view, "teacher_fingerprint": identity, "augmentations": data.augmentations}
    given |= {"dtype": data.cache_dtype, "precision": data.precision, "wants": wants}
    key = cache_key(encoder, **given)
    folder = cache / "teachers" / f"{modality}-{key.fingerprint()[:16]}"
    for kind, (indices, draws) in own.items():
        if not indices:
            continue
        report = build_cache(
            encoder,
            source=source,
            indices=indices,
            name=name,
            folder=folder,
            draws=draws,
            progress=_Meter(notify),
            **given,
        )
        notify(
            f"{name}, {kind} rows: {report.rows} outputs, {report.reused} of them reused, {report.computed} "
            f"computed in {report.seconds:.1f} s, {report.size / 1e6:.0f} MB{_rounded(report)}"
        )
        reports.append(report)
    most = max(draws for _, draws in own.values())
    asked = [row for indices, draws in own.values() if draws == most for row in indices]
    place = (str(folder), name, most, tuple(asked))
    found: CachedTeacher | None = shared.get(place) if shared is not None else None
    if found is None:
        found = open_cache(folder, expect=key, source=source, name=name, draws=most, indices=asked)
        if shared is not None:
            shared[place] = found
    return found


def _rounded(report: CacheReport) -> str:
    """What a store that rounds says of its error."""
    key, rounding = report.key, report.rounding
    named = [name for name, exact in ((key.precision, "fp32"), (key.dtype, "float32")) if name != exact]
    if key.dtype == "float32":
        return f", cosine error of {key.precision} {rounding.cosine:.1g}" if rounding.cosine else ""
    return f", error of {' and '.join(named)}: absolute {rounding.absolute:.1g}, cosine {rounding.cosine:.1g}"


def _one_length(encoder: Encoder, source: Source, kinds: Mapping[str, tuple[list[int], int]]) -> View:
    """The encoder's view with texts of one length, which a store of tokens needs: the longest here, in steps of 8."""
    spec = encoder.spec
    if not isinstance(spec, TextSpec) or spec.pad_to is not None:
        return view_of(encoder)
    view = view_of(encoder)
    rows = {row for indices, _ in kinds.values() for row in indices}
    longest = max((len(view.prepare(source.sample(row).values["text"])["ids"]) for row in rows), default=1)
    length = min(spec.max_length, -(-longest // 8) * 8)
    return view_for(replace(spec, max_length=length, pad_to=length))


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
