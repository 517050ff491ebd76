"""Digits with three source models, each of which learnt pictures that are turned by another angle."""

from __future__ import annotations

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.core.term import Ref
from limbeck.heads.linear import LinearHead
from limbeck.layers.network.patch_tokens import PatchTokens
from limbeck.layers.network.shared import SharedLayer
from limbeck.layers.network.turned import TurnedPictures
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.layers.weighting.source_mixture import SourceMixture
from limbeck.recipes.setups.digits import (
    CLASSES,
    OURS,
    PICTURE,
    PIXELS,
    STUDENT,
    THEIRS,
    WIDTH,
    base,
    digits,
    labels,
    soft_labels,
    stage,
)
from limbeck.recipes.setups.hinted_digits import hints

TURNS = {"first": 10.0, "second": 30.0, "third": 90.0}
KNOWN = {"theirs": 0.6, "ours": 0.05}
SETUP = (
    "digits of 8 x 8 pixels; three sources of 25 k parameters learnt pictures turned by 10, 30 and 90 degrees, with "
    "the labels of 60 % of the 1,053 training rows; the student has labels of another 5 % and all pictures; 200 "
    "steps of 128 rows a stage"
)


def turned_digits(name: str, *, power: float, learning_rate: float) -> Recipe:
    """Sources first, then a student that is taught by their mixture.

    Args:
        name: of the recipe.
        power: how strongly the source that fits best is preferred.
        learning_rate: of the student's stage.
    """
    first, parts = _sources()
    mixed = {"label": OURS}
    for source in TURNS:
        mixed |= {source: Ref(f"{source}.head", "second"), f"{source}_features": Ref(f"{source}.features", "second")}
    parts["mixture"] = Part(SourceMixture(CLASSES, power=power), mixed)
    learn = {"labels": labels(), "sources": soft_labels(teacher=Ref("mixture"), temperature=1.0)}
    student = stage("student", learn, (*STUDENT, "mixture"), learning_rate=learning_rate)
    return digits(name, first, student, parts=parts)


def hinted_by_turned(name: str, *, learning_rate: float) -> Recipe:
    """Sources first, then a student whose features are those of all sources alike, through a map for each."""
    first, parts = _sources()
    terms, maps = hints({f"{source}.hint": Ref(f"{source}.features", "second") for source in TURNS})
    student = stage("student", {"labels": labels(), **terms}, (*STUDENT, *maps), learning_rate=learning_rate)
    return digits(name, first, student, parts=parts | maps)


def _sources() -> tuple[StageSpec, dict[str, Part]]:
    """The stage that trains the sources, and the parts that it reads."""
    parts, terms = base(**KNOWN), {}
    for source, degrees in TURNS.items():
        net, head = f"{source}.features", f"{source}.head"
        parts[f"{source}.turned"] = Part(TurnedPictures(degrees), {"pixels": PIXELS})
        parts[f"{source}.picture"] = Part(PatchTokens(8), {"pixels": Ref(f"{source}.turned")})
        seen = {"own": Ref(f"{source}.picture"), "second": PICTURE}
        parts[net] = Part(SharedLayer(MLPProjector(64, hidden=256, width=WIDTH)), seen)
        parts[head] = Part(
            SharedLayer(LinearHead(WIDTH, width=CLASSES)), {"own": Ref(net), "second": Ref(net, "second")}
        )
        terms[source] = labels(Ref(head), label=THEIRS)
    trains = tuple(f"{source}.{part}" for source in TURNS for part in ("features", "head"))
    return stage("sources", terms, trains), parts
