"""TAID: a teacher that starts near the student (Shing et al. 2025)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.weighting.adaptive_interpolation import AdaptiveInterpolation
from limbeck.objectives.logit.reverse_kl import ReverseKLLoss
from limbeck.recipes.setups.digits import MENTOR, SCORES, STEPS, claim, soft_labels
from limbeck.recipes.setups.hinted_digits import MATCHED, hinted
from limbeck.recipes.setups.taught_digits import taught, untaught

PAIR = {"student": SCORES, "teacher": MENTOR}
THEIR_STEPS = 5 * 207_865 // 64  # the authors' scripts: 5 passes over UltraChat 200k, 8 rows on each of 8 devices
RATE = 5e-4 * THEIR_STEPS / STEPS


def taid() -> Recipe:
    """The target moves from the student to the teacher."""
    says = claim(
        statement="A target between student and teacher that moves as training goes on teaches a small student better "
        "than the teacher's own distribution does.",
        source="Shing et al. 2025, arXiv 2501.16937",
        published="abstract gives no figure: better than other distillers in instruction tuning and pre-training",
        baselines={
            "KL": "taid_kl",
            "reverse KL": "taid_reverse_kl",
            "linear schedule": "taid_linear",
            "no teacher": "taid_untaught",
            "feature matching": "taid_features",
        },
        differs="classes of digits instead of tokens of text, a capacity gap of 2 instead of 10; neither mode "
        "collapse nor mode averaging is measured; no vision-language student; start 0.4 and "
        f"momentum 0.99 as in the paper; its rate of 5e-4 belongs to about {THEIR_STEPS:,} steps (5 passes over the "
        f"207,865 dialogues of UltraChat 200k in batches of 64) and is {RATE:.4f} here, so that rate times steps is "
        "what it is there: at 5e-4 the share would never leave the straight line, which is the arm of its own; the "
        "distillers see no label; " + MATCHED,
    )
    return replace(_moving("taid", RATE), claim=replace(says, quick=True))


def taid_linear() -> Recipe:
    """The same target; its share of the teacher grows with the steps alone."""
    return _moving("taid_linear", 0.0)


def taid_kl() -> Recipe:
    """The teacher's own distribution."""
    return taught("taid_kl", {"teacher": soft_labels(temperature=1.0)})


def taid_reverse_kl() -> Recipe:
    """No belief where the teacher has none."""
    return taught("taid_reverse_kl", {"teacher": Term(ReverseKLLoss(1.0), PAIR)})


def taid_features() -> Recipe:
    """The few labels, and the teacher's features."""
    return hinted("taid_features")


def taid_untaught() -> Recipe:
    """Labels alone."""
    return untaught("taid_untaught")


def _moving(name: str, rate: float) -> Recipe:
    between = Part(AdaptiveInterpolation(STEPS, rate=rate), PAIR)
    terms = {"between": soft_labels(teacher=Ref("between"), temperature=1.0)}
    return taught(name, terms, parts={"between": between}, learning_rate=3e-2)
