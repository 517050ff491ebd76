"""Digits as bags of local features: a student, and a teacher that learnt another task (even or odd) on other rows."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.core.term import Ref
from limbeck.heads.linear import LinearHead
from limbeck.layers.labels.relabel import Relabel
from limbeck.layers.network.patch_tokens import PatchTokens
from limbeck.layers.network.token_mlp import TokenMLP
from limbeck.recipes.setups.digits import CLASSES, PIXELS, THEIRS, base, digits, labels, stage

WIDTH = 64
SCORES, LOCAL, THEIR_LOCAL = Ref("scores"), Ref("local", "tokens"), Ref("expert.local", "tokens")
PATCHES = {"tokens": Ref("patches", "tokens")}


def experts() -> dict[str, Part]:
    """The teacher: it tells even from odd."""
    return {
        "parity": Part(Relabel((0, 1) * 5), {"label": THEIRS}),
        "expert.local": Part(TokenMLP(16, hidden=256, width=WIDTH), PATCHES),
        "expert": Part(LinearHead(WIDTH, width=2), {"x": Ref("expert.local")}),
    }


def expert() -> StageSpec:
    """The teacher's stage."""
    return stage("expert", {"parity": labels(Ref("expert"), label=Ref("parity"))}, ("expert", "expert.local"))


def local_digits(name: str, *stages: StageSpec, parts: Mapping[str, Part], read: str = "local") -> Recipe:
    """The recipe of a student whose head reads the mean of the local features of `read`."""
    own = {
        "patches": Part(PatchTokens(4, stride=1), {"pixels": PIXELS}),
        "local": Part(TokenMLP(16, hidden=128, width=WIDTH), PATCHES),
        "scores": Part(LinearHead(WIDTH, width=CLASSES), {"x": Ref(read)}),
    }
    return digits(name, *stages, parts=base() | own | dict(parts), answer=SCORES)
