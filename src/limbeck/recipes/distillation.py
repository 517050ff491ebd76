"""Recipes made to measure: the stages that `limbeck distill` runs on somebody's own data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.recipe import AlignSpec, Budget, Method, Optimisation, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.objectives.contrastive.info_nce import InfoNCELoss


def batch_of(kinds: Mapping[str, int], size: int) -> dict[str, int]:
    """Rows of each kind in a batch: `size` complete ones, and of every other kind up to as many.

    >>> batch_of({"image+text": 5000, "text": 90}, 256)
    {'image+text': 256, 'text': 90}
    """
    return {kind: min(size, count) for kind, count in kinds.items() if count}


def with_groups(terms: Mapping[str, Term]) -> dict[str, Term]:
    """The terms, told which rows are right answers for one another wherever an objective can be told and is not yet.

    The methods themselves leave it out: claims are measured with their terms.

    >>> with_groups({"contrast": Term(InfoNCELoss(), {"query": Ref("student.image")})})["contrast"].inputs
    {'query': Ref(producer='student.image', output='pooled'), 'target_group': Ref(producer='target', output='group')}
    """
    return {name: _with_group(term) for name, term in terms.items()}


def _with_group(term: Term) -> Term:
    if "target_group" not in term.objective.inputs().keys() - term.inputs.keys():
        return term
    return replace(term, inputs={**term.inputs, "target_group": Ref("target", "group")})


def student_stage(
    method: Method,
    *,
    steps: int,
    batch: Mapping[str, int],
    learning_rate: float,
    optimizer: str = "adamw",
    evaluations: int = 10,
) -> StageSpec:
    """One joint stage that trains both towers and the scale by a method; see `with_groups`."""
    every = max(1, steps // evaluations)
    return StageSpec(
        name="student",
        terms=with_groups(method.terms),
        trains=method.trains(),
        budget=Budget(steps, batch=batch, evaluate_every=every, save_every=every),
        optimisation=Optimisation(learning_rate=learning_rate, ema=0.99, optimizer=optimizer),
    )


def alignment(*, steps: int, batch: int = 512, learning_rate: float = 1e-3, dropout: float = 0.1) -> AlignSpec:
    """Projectors on two frozen encoders, trained by InfoNCE on their cached features (catalogue row 359)."""
    inputs = {"query": Ref("teacher.image"), "key": Ref("teacher.text"), "scale": Ref("teacher.scale", "scale")}
    every = max(1, steps // 20)
    stage = StageSpec(
        name="align",
        terms={"contrast": Term(InfoNCELoss(), inputs)},
        trains=("teacher.image", "teacher.text", "teacher.scale"),
        budget=Budget(steps, batch={"image+text": batch}, evaluate_every=every),
        optimisation=Optimisation(learning_rate=learning_rate, weight_decay=0.1),
    )
    return AlignSpec(stage, dropout=dropout)
