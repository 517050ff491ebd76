"""m2mKD: modules learn from a teacher's modules, each inside a small meta model (Lo et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.recipes.setups.digits import SPLIT, STEPS, THEIRS, claim, labels, soft_labels, stage
from limbeck.recipes.setups.hinted_digits import MATCHED, hints
from limbeck.recipes.setups.modular_digits import (
    MENTOR,
    MENTORS,
    META,
    METAS,
    MODULE,
    MODULES,
    meta_model,
    modular_digits,
    teacher,
    whole,
)

STITCHED = {"first": Ref("meta.2", "second"), "last": Ref("mentor.2", "second")}
STUDENTS = {"first": Ref("meta.2", "third"), "last": Ref("module.2", "second")}


def m2mkd() -> Recipe:
    """Meta model, teacher's modules in it, student's modules in it, then the student as a whole."""
    says = claim(
        statement="Modules taught one by one by a teacher's modules start a modular network better than training it "
        "end to end.",
        source="Lo et al. 2024, arXiv 2402.16918",
        published="up to +5.6 points on Tiny-ImageNet (NAC), +4.2 out of distribution; +3.5 on ImageNet (V-MoE-Base)",
        baselines={
            "end to end, as many steps": "m2mkd_longer",
            "end to end, half the steps": "m2mkd_end_to_end",
            "soft labels": "m2mkd_soft_labels",
            "feature matching": "m2mkd_features",
        },
        setup=SPLIT.partition("; MLP")[0]
        + "; two modules of four experts each, one of which answers a row; teacher of "
        "27 k parameters in two modules; 200 steps of 128 rows a stage",
        differs="MLP experts on digits instead of transformers; clean pictures alone, none out of distribution or "
        "corrupted; all modules share one width, so that no stitch layers are needed; stitching "
        "is wiring; " + MATCHED + " (features: what lies between the two modules)",
    )
    meta = stage("meta", {"labels": labels(Ref("meta.2"), label=THEIRS)}, METAS)
    incubated = {name: labels(ref, label=THEIRS) for name, ref in {**STITCHED, "whole": Ref("mentor.2")}.items()}
    pairs = {name: soft_labels(STUDENTS[name], ref) for name, ref in STITCHED.items()}
    stages = (meta, stage("mentor", incubated, MENTORS), stage("modules", pairs, MODULES), whole(learning_rate=1e-2))
    parts = meta_model() | teacher(second=META)
    return replace(modular_digits("m2mkd", *stages, parts=parts, second=META), claim=says)


def m2mkd_end_to_end() -> Recipe:
    """The modular student from its labels and a random start."""
    return modular_digits("m2mkd_end_to_end", whole(learning_rate=3e-3))


def m2mkd_longer() -> Recipe:
    """The same for as many steps as m2mKD trains the student in all."""
    return modular_digits("m2mkd_longer", whole(learning_rate=1e-2, steps=2 * STEPS))


def m2mkd_soft_labels() -> Recipe:
    """The whole teacher teaches the whole student."""
    return _after_the_teacher("m2mkd_soft_labels", {"teacher": soft_labels(Ref("module.2"), Ref("mentor.2"))}, {})


def m2mkd_features() -> Recipe:
    """The features between the student's modules are those between the teacher's."""
    return _after_the_teacher("m2mkd_features", *hints({"hint": MENTOR}, student=MODULE))


def _after_the_teacher(name: str, terms: dict[str, Term], maps: dict[str, Part]) -> Recipe:
    learn = stage("mentor", {"labels": labels(Ref("mentor.2"), label=THEIRS)}, MENTORS)
    student = stage("student", {"labels": labels(Ref("module.2")), **terms}, (*MODULES, *maps), learning_rate=1e-2)
    return modular_digits(name, learn, student, parts=teacher() | maps)
