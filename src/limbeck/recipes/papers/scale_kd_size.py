"""ScaleKD against its teacher: quality kept, parameters and time saved (Fan et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.recipes.papers.scale_kd import scale_kd, scale_kd_claim
from limbeck.recipes.setups.student_and_teacher import COSTS, student_and_teacher


def scale_kd_size() -> Study:
    """The student and the teacher that every seed has in common."""
    statement = "A student with a twentieth of the teacher's parameters comes within five points of it."
    claim = scale_kd_claim(statement, {"the teacher": "vit-image-m, trained once"})
    return Study("scale_kd_size", measure=measure, claim=replace(claim, margin=0.05, also=COSTS))


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Accuracy, parameters and pictures a second of both."""
    trial = lab.trial(scale_kd(), seed=seed)
    return student_and_teacher(trial, lab, ClassificationEvaluator(), ("accuracy",))
