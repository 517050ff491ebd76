"""ScaleKD against its teacher: quality kept, parameters and time saved (Fan et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.recipes.papers.scale_kd import scale_kd, scale_kd_claim
from limbeck.recipes.papers.scale_kd_baselines import scale_kd_features, scale_kd_labels
from limbeck.recipes.setups.student_and_teacher import COSTS, quality_and_costs, student_and_teacher


def scale_kd_size() -> Study:
    """The student and the teacher that every seed has in common."""
    statement = "A student with a twentieth of the teacher's parameters comes within five points of it."
    baselines = {
        "the teacher": "vit-image-m, trained once",
        "no teacher": "scale_kd_labels",
        "feature matching": "scale_kd_features",
    }
    claim = scale_kd_claim(statement, baselines)
    return Study("scale_kd_size", measure=measure, claim=replace(claim, margin=0.05, also=COSTS))


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Accuracy, parameters and pictures a second of both, and of students of that size that learnt otherwise."""
    evaluator, metrics = ClassificationEvaluator(), ("accuracy",)
    found = dict(student_and_teacher(lab.trial(scale_kd(), seed=seed), lab, evaluator, metrics))
    for arm, recipe in {"no teacher": scale_kd_labels(), "feature matching": scale_kd_features()}.items():
        trial = lab.trial(recipe, seed=seed)
        found[arm] = quality_and_costs(trial.encoders, trial, lab, evaluator, metrics)
    return found
