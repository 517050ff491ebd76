"""ProC-KD: local features of a teacher of another task, kept as prototypes (Li et al. 2022)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.prototype.augmentation import PrototypeAugmentation
from limbeck.layers.prototype.bank import PrototypeBank
from limbeck.objectives.feature.token_mse import TokenMSELoss
from limbeck.recipes.setups.digits import claim, labels, stage
from limbeck.recipes.setups.local_digits import LOCAL, SCORES, THEIR_LOCAL, WIDTH, expert, experts, local_digits


def proc_kd() -> Recipe:
    """The student's local features ask the prototypes of a teacher that knows even from odd."""
    says = claim(
        statement="Prototypes of a teacher's local features help a student on a task with other labels.",
        source="Li et al. 2022, arXiv 2212.13180",
        published="abstract gives no figure: effective on various visual tasks",
        baselines={"no teacher": "proc_kd_untaught", "feature matching": "proc_kd_features"},
        setup="digits of 8 x 8 pixels; the teacher learnt even or odd on 80 % of the 1,053 training rows, the student "
        "has the digit of the other 20 %; 25 local features a picture, 64 prototypes, 200 steps of 128 rows a stage",
        differs="digits instead of ImageNet and COCO; written from the abstract: prototypes learn by giving the "
        "teacher's local features back; even or odd is of all ten digits, so that the two tasks part labels and not "
        "pictures, as 0 to 4 for the teacher and 5 to 9 for the student would; one task instead of several",
        tuning="four trials an arm on validation, seed 100: learning rate 1e-2, 3e-2 with weight 1, 0.1 of the term on "
        "features; no teacher learning rate 3e-3, 1e-2, 2e-2, 3e-2",
    )
    bank = Part(PrototypeBank(WIDTH, count=64), {"tokens": THEIR_LOCAL, "query": LOCAL})
    asked = {"tokens": LOCAL, "retrieved": Ref("bank", "retrieved")}
    parts = {"bank": bank, "augmented": Part(PrototypeAugmentation(WIDTH, bank_width=WIDTH), asked)}
    given_back = Term(TokenMSELoss(), {"student": Ref("bank", "tokens"), "teacher": THEIR_LOCAL})
    prototypes = stage("prototypes", {"prototypes": given_back}, ("bank",))
    student = stage("student", _terms(), ("local", "scores", "augmented"), learning_rate=3e-2)
    stages = (expert(), prototypes, student)
    return replace(local_digits("proc_kd", *stages, parts=experts() | parts, read="augmented"), claim=says)


def proc_kd_features() -> Recipe:
    """The student's local features are the teacher's."""
    student = stage("student", _terms(), ("local", "scores"), learning_rate=3e-2)
    return local_digits("proc_kd_features", expert(), student, parts=experts())


def proc_kd_untaught() -> Recipe:
    """The few labels alone."""
    student = stage("student", {"labels": labels(SCORES)}, ("local", "scores"), learning_rate=3e-2)
    return local_digits("proc_kd_untaught", student, parts={})


def _terms() -> dict[str, Term]:
    features = Term(TokenMSELoss(), {"student": LOCAL, "teacher": THEIR_LOCAL}, 0.1)
    return {"labels": labels(SCORES), "features": features}
