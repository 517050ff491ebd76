"""What ScaleKD is compared with: the student alone, soft labels, plain matching of tokens."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.tokens.drop_first import DropFirst
from limbeck.layers.tokens.token_projector import TokenProjector
from limbeck.objectives.feature.dual_view import DualViewLoss
from limbeck.recipes.setups.grid_digits import TEACHER, WIDTH, classes, grid_digits, labels, soft, stage

RATE, WEIGHT = 4e-3, 1.0


def scale_kd_labels() -> Recipe:
    """The student alone."""
    return convolutional("scale_kd_labels", {}, {}, teacher=None)


def scale_kd_labels_quarter() -> Recipe:
    """The student alone on a quarter of the samples."""
    return convolutional("scale_kd_labels_quarter", {}, {}, steps=50, teacher=None)


def scale_kd_soft() -> Recipe:
    """The teacher's class probabilities."""
    return convolutional("scale_kd_soft", {"soft labels": soft()}, {})


def scale_kd_features() -> Recipe:
    """Class probabilities, and the teacher's patches through a linear map."""
    return _features("scale_kd_features")


def scale_kd_features_quarter() -> Recipe:
    """The same on a quarter of the samples."""
    return _features("scale_kd_features_quarter", steps=50)


def convolutional(
    name: str,
    terms: Mapping[str, Term],
    parts: Mapping[str, Part],
    *,
    steps: int = 200,
    teacher: str | None = TEACHER,
) -> Recipe:
    """A small ResNet that learns few labels, and these terms beside them."""
    trains = ("classes", "student.image", *(n for n, p in parts.items() if any(True for _ in p.layer.parameters())))
    train = stage("student", {"labels": labels(), **terms}, trains, steps=steps, learning_rate=RATE)
    return grid_digits(name, train, parts=classes(32) | dict(parts), student="cnn-image-s", teacher=teacher)


def _features(name: str, *, steps: int = 200) -> Recipe:
    parts = {
        "map": Part(TokenProjector(32, width=WIDTH), {"tokens": Ref("student.image", "tokens")}),
        "patches": Part(DropFirst(), {"tokens": Ref("teacher.image", "tokens")}),
    }
    inputs = {"student": Ref("map", "tokens"), "teacher": Ref("patches", "tokens")}
    terms = {"soft labels": soft(), "features": Term(DualViewLoss(1.0), inputs, WEIGHT)}
    return convolutional(name, terms, parts, steps=steps)
