"""`Recipe`: a whole experiment as frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from limbeck.core.augmentation import Augmentation, Jitter
from limbeck.core.describe import QUIET
from limbeck.core.errors import UsageError, unknown
from limbeck.core.evaluator import Evaluator
from limbeck.core.part import Moving, Part
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref, Term

CACHE_DTYPES = ("float32", "float16")
OPTIMIZERS = ("adamw", "muon")
PRECISIONS = ("auto", "bf16", "fp32")
SEEDS = 1 << 63  # a seed is below; torch takes no larger one everywhere


def _check(name: str, value: object, valid: bool, wanted: str, *, verb: str = "is") -> None:
    if not valid:
        raise UsageError(f"{name} {verb} {wanted}; got {value}")


@dataclass(frozen=True)
class Budget:
    """How long a stage trains and how much of the data a step sees.

    Args:
        steps: optimizer steps.
        batch: which rows a batch holds: modalities that are present, joined by `+` in alphabetical order, -> rows
            (`{"image+text": 256, "text": 512}`). Each kind is shuffled and repeated on its own.
        micro_batch: rows a forward pass; None takes the whole batch at once. Exact for every objective.
        evaluate_every: steps between validations; 0 validates at the end only.
        patience: validations without a better value after which the stage stops; 0 never stops early.
        save_every: steps between checkpoints; 0 saves at the end only.
    """

    steps: int
    batch: Mapping[str, int] = field(default_factory=lambda: {"image+text": 256})
    micro_batch: int | None = None
    evaluate_every: int = 0
    patience: int = 0
    save_every: int = 0


@dataclass(frozen=True)
class Optimisation:
    """AdamW, or Muon beside it, with warm-up and cosine decay.

    Args:
        learning_rate: peak.
        weight_decay: decoupled, on matrices and convolutions only.
        warmup: share of the steps in which the rate rises from 0.
        betas: decay of the two moments.
        clip: largest gradient norm; None does not clip.
        ema: decay of the exponential moving average of the weights that is evaluated and kept; None keeps the last.
        precision: `fp32`, `bf16` or `auto` (bf16 where a short measurement on this machine says it pays).
        optimizer: `adamw`, or `muon`: orthogonalised momentum for linear layers and convolutions, AdamW for the rest.

    Raises:
        UsageError: an optimizer or precision that does not exist, or a number out of its range.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float | None = 1.0
    ema: float | None = None
    precision: str = "auto"
    optimizer: str = field(default="adamw", metadata=QUIET)

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(unknown("optimizer", self.optimizer, OPTIMIZERS))
        if self.precision not in PRECISIONS:
            raise UsageError(unknown("precision", str(self.precision), PRECISIONS, where="an optimisation"))
        _check("learning_rate", self.learning_rate, 0 < self.learning_rate < inf, "a positive number")
        _check("weight_decay", self.weight_decay, 0 <= self.weight_decay < inf, "at least 0")
        _check("warmup", self.warmup, 0 <= self.warmup <= 1, "a share between 0 and 1")
        _check("clip", self.clip, self.clip is None or 0 < self.clip < inf, "a positive number, or null")
        _check("ema", self.ema, self.ema is None or 0 <= self.ema <= 1, "between 0 and 1, or null")


@dataclass(frozen=True)
class Method:
    """What a student is taught by, on any data and for any budget.

    Args:
        terms: name -> weighted objective, wired to `student.*` and `teacher.*`.
        parts: name -> layer between them and the terms.
    """

    terms: Mapping[str, Term]
    parts: Mapping[str, Part | Moving] = field(default_factory=dict)

    def needs_teacher(self) -> bool:
        """Whether any term reads a teacher."""
        return any(name.startswith("teacher.") for name in self._producers())

    def trains(self) -> tuple[str, ...]:
        """The student's producers and the parts with weights or a memory that the terms read: what a stage trains."""
        return tuple(sorted(name for name in self._producers() if name.startswith("student.") or self._weighs(name)))

    def _weighs(self, name: str) -> bool:
        part = self.parts.get(name)
        return isinstance(part, Part) and bool(part.layer.state_dict())

    def _producers(self) -> set[str]:
        found: set[str] = set()
        left = [ref.producer for term in self.terms.values() for ref in term.inputs.values()]
        while left:
            name = left.pop()
            if name in found:
                continue
            found.add(name)
            part = self.parts.get(name)
            left += [ref.producer for ref in part.inputs.values()] if part is not None else []
            left += [part.of] if isinstance(part, Moving) else []
        return found


@dataclass(frozen=True)
class StageSpec:
    """One training stage.

    Args:
        name: used in logs, metrics and checkpoints.
        terms: name -> weighted objective with its wiring.
        trains: producers whose parameters train (`student.image`, `student.text`, `student.scale`, ...).
        budget: how long.
        optimisation: how.
        surgeries: done to the student, in order, before the stage (after those of earlier stages).
    """

    name: str
    terms: Mapping[str, Term]
    trains: tuple[str, ...]
    budget: Budget
    optimisation: Optimisation = Optimisation()
    surgeries: tuple[Surgery, ...] = ()


@dataclass(frozen=True)
class AlignSpec:
    """How two unimodal teachers get one space: an MLP projector on each, trained on cached features.

    Args:
        stage: terms over `teacher.image`, `teacher.text` and `teacher.scale`; it trains these three.
        hidden: width in the middle of a projector.
        width: of the shared space.
        dropout: share of hidden units that is dropped in training.
    """

    stage: StageSpec
    hidden: int = 768
    width: int = 256
    dropout: float = 0.0


@dataclass(frozen=True)
class DataSpec:
    """Which rows, under which draws.

    Args:
        path: a file or folder, or the name of a built-in source (`icons`).
        draws: how many stored augmentation draws a row has beside draw 0; 0 trains without augmentation. A mapping
            says it by kind of row (`{"image+text": 8, "image": 4}`); a kind that it leaves out has none.
        augmentations: applied in order to the modality that each names.
        jitters: applied at every step to what students eat; a stored teacher's answers do not follow them.
        max_bad: share of unreadable rows above which nothing is trained.
        precision: in which a cached teacher runs, `fp32` or `bf16` (faster where the processor has it; the cache states
            the error).
        fractions: train, validation and test shares where the source has no splits (stable hash of the id or group).
        cache_dtype: in which a teacher's answers are stored, `float32` or `float16` (half the size; the cache states
            the error).

    Raises:
        UsageError: a `cache_dtype` or `precision` that does not exist, or a number out of its range.
    """

    path: str
    draws: int | Mapping[str, int] = 0
    augmentations: tuple[Augmentation, ...] = ()
    jitters: tuple[Jitter, ...] = ()
    max_bad: float = 0.01
    precision: str = "fp32"
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    cache_dtype: str = field(default="float32", metadata=QUIET)

    def __post_init__(self) -> None:
        if self.cache_dtype not in CACHE_DTYPES:
            raise UsageError(unknown("cache_dtype", str(self.cache_dtype), CACHE_DTYPES, where="the data of a recipe"))
        if self.precision not in PRECISIONS[1:]:  # a teacher's answers are kept: no measurement may choose theirs
            raise UsageError(unknown("precision", str(self.precision), PRECISIONS[1:], where="the data of a recipe"))
        fewest = min(self.draws.values(), default=0) if isinstance(self.draws, Mapping) else self.draws
        _check("draws", fewest, fewest >= 0, "the number of augmented draws of a row, at least 0")
        _check("max-bad", self.max_bad, 0 <= self.max_bad < 1, "a share below 1, or a percentage: 0.01 or 1%")
        whole = min(self.fractions) >= 0 and abs(sum(self.fractions) - 1) <= 1e-6
        _check("fractions", self.fractions, whole, "three shares that sum to 1", verb="are")

    def draws_of(self, kind: str) -> int:
        """Stored draws of rows of this kind."""
        return self.draws if isinstance(self.draws, int) else self.draws.get(kind, 0)


@dataclass(frozen=True)
class Claim:
    """What a published method says, in a form that can be measured here.

    Args:
        statement: the claim in one sentence.
        source: authors, year, arXiv id.
        metric: which metric decides.
        published: the published figure, as text.
        baselines: label -> name of the recipe that the method is compared with (of a `Study`: what the arm is).
        decides: label of the baseline that the verdict is about, the paper's own; "" takes the first.
        higher_is_better: direction of the metric.
        margin: 0 claims "better"; m > 0 claims "not worse by more than m", in units of the metric.
        setup: what is run here.
        differs: how that differs from the paper.
        tuning: which settings were tried on validation, as many for every arm.
        budget: arms get equal `steps`, or equal `seconds`.
        also: further metrics that are reported and decide nothing.
        untestable: why this cannot be decided at this scale; "" where it can.
        seeds: paired runs of every arm.
        quick: the whole claim takes seconds, so that it can be measured again with every change.
    """

    statement: str
    source: str
    metric: str
    published: str = ""
    baselines: Mapping[str, str] = field(default_factory=dict)
    decides: str = ""
    higher_is_better: bool = True
    margin: float = 0.0
    setup: str = ""
    differs: str = ""
    tuning: str = ""
    budget: Literal["steps", "seconds"] = "steps"
    also: tuple[str, ...] = ()
    untestable: str = ""
    seeds: int = 5
    quick: bool = False

    def decisive(self) -> str:
        """Label of the baseline that the verdict is about."""
        return self.decides or next(iter(self.baselines), "")


@dataclass(frozen=True)
class Recipe:
    """A whole experiment; a zero-argument function in `limbeck.recipes` returns one.

    Args:
        name: of the recipe and the run.
        data: rows and draws.
        student: preset or `hf:CONFIG`.
        stages: in order.
        teacher: `hf:...`, `st:...`, a preset, or None to train without one.
        align: how projectors are trained first when the teacher is two unimodal encoders.
        parts: name -> layer that eats outputs of other producers, shared by all stages; see `Part`.
        surgeries: done to the student, in order, before the first stage.
        teachers: name -> further teachers, named as `teacher` is; `expert` is read as `Ref("expert.image")`.
        answers: modality -> the output that evaluation takes for it; one that is not named takes the student's tower.
        evaluators: protocols for validation and test; the first metric of the first one steers early stopping.
        seed: of weights, order and draws, from 0 to 2^63 - 1.
        claim: for `recipes/papers`.

    Raises:
        UsageError: a seed that no random generator takes.
    """

    name: str
    data: DataSpec
    student: str
    stages: tuple[StageSpec, ...]
    teacher: str | None = None
    align: AlignSpec | None = None
    evaluators: tuple[Evaluator, ...] = ()
    seed: int = 0
    claim: Claim | None = None
    parts: Mapping[str, Part | Moving] = field(default_factory=dict)
    surgeries: tuple[Surgery, ...] = ()
    teachers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Ref] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("seed", self.seed, 0 <= self.seed < SEEDS, f"a whole number from 0 to {SEEDS - 1}")
