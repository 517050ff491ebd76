"""Digits with networks of two modules: a meta model, a teacher, and a student whose modules are switched experts."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.core.term import Ref
from limbeck.layers.network.shared import SharedLayer
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.layers.routing.switch_mlp import SwitchMLP
from limbeck.recipes.setups.digits import CLASSES, PICTURE, STEPS, base, digits, labels, stage

META, MENTOR, MODULE = Ref("meta.1"), Ref("mentor.1"), Ref("module.1")
METAS, MENTORS, MODULES = ("meta.1", "meta.2"), ("mentor.1", "mentor.2"), ("module.1", "module.2")
_WIDTH = 32


def meta_model() -> dict[str, Part]:
    """Its last module also runs on the first one of the teacher (`second`) and of the student (`third`)."""
    return {
        "meta.1": Part(MLPProjector(64, hidden=32, width=_WIDTH), {"x": PICTURE}),
        "meta.2": Part(SharedLayer(_last(32)), {"own": META, "second": MENTOR, "third": MODULE}),
    }


def teacher(**further: Ref) -> dict[str, Part]:
    """A teacher of 27 k parameters; `second` is what else its last module runs on."""
    return {
        "mentor.1": Part(MLPProjector(64, hidden=256, width=_WIDTH), {"x": PICTURE}),
        "mentor.2": Part(SharedLayer(_last(256)), {"own": MENTOR, **further}),
    }


def whole(*, learning_rate: float, steps: int = STEPS) -> StageSpec:
    """The modular student learns from its labels."""
    return stage("student", {"labels": labels(Ref("module.2"))}, MODULES, steps=steps, learning_rate=learning_rate)


def modular_digits(name: str, *stages: StageSpec, parts: Mapping[str, Part] | None = None, **further: Ref) -> Recipe:
    """The recipe; `second` is what else the student's last module runs on."""
    own = {
        "module.1": Part(SwitchMLP(64, hidden=32, width=_WIDTH), {"x": PICTURE}),
        "module.2": Part(SharedLayer(SwitchMLP(_WIDTH, hidden=32, width=CLASSES)), {"own": MODULE, **further}),
    }
    return digits(name, *stages, parts=base() | own | dict(parts or {}), answer=Ref("module.2"))


def _last(hidden: int) -> MLPProjector:
    return MLPProjector(_WIDTH, hidden=hidden, width=CLASSES)
