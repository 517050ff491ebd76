"""Where a teacher teaches a student, the claim faces no teacher, plain feature matching and inherited weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limbeck.claims.found import claim_of, claims
from limbeck.core.recipe import Recipe
from limbeck.recipes.papers.albef import albef
from limbeck.recipes.papers.contrastive_gap import contrastive_gap
from limbeck.recipes.papers.mask_align import mask_align, mask_align_reconstruction
from limbeck.recipes.papers.nd_loss import nd_loss
from limbeck.recipes.papers.proc_kd import proc_kd
from limbeck.recipes.papers.projector_alignment import projector_alignment
from limbeck.recipes.papers.scale_kd_size import scale_kd_size
from limbeck.recipes.papers.tiny_clip import tiny_clip, tiny_clip_affinities, tiny_clip_weights
from limbeck.recipes.papers.vlm_distill_ood import vlm_distill_ood_names
from limbeck.recipes.papers.xbt import xbt, xbt_pairs
from limbeck.recipes.setups.small_clips import small_clip
from meta.humbling import FEATURES, UNTAUGHT, WEIGHTS, faces, matches_features, reads_a_teacher, teachers_of

TAUGHT = {name: faces(item) for name, item in claims().items() if faces(item) is not None}


@pytest.mark.parametrize("name", sorted(TAUGHT))
def test_a_claim_faces_them_or_says_why_not(name: str):
    found = TAUGHT[name]
    assert found is not None
    unsaid = [f"'{words}: ...' in its `differs`" for words in sorted(found.lacks - found.says)]
    assert not unsaid, f"{name} needs one more arm, or {' and '.join(unsaid)}"
    assert not found.says - found.lacks, f"{name} says '{', '.join(found.says - found.lacks)}', but has the arm"


def test_most_claims_have_a_teacher():
    """Else the test above would have nothing to test, and nothing would say so."""
    assert len(TAUGHT) > len(claims()) / 2


def without(item: Recipe, *labels: str) -> Recipe:
    """The claim with fewer baselines."""
    claim = claim_of(item)
    kept = {label: name for label, name in claim.baselines.items() if label not in labels}
    return replace(item, claim=replace(claim, baselines=kept))


@pytest.mark.parametrize(
    ("item", "gone", "lacks"),
    [
        (nd_loss(), ("no teacher",), {UNTAUGHT}),
        (nd_loss(), ("feature matching",), {FEATURES}),
        (proc_kd(), ("feature matching",), {FEATURES}),
        (mask_align(), (), {WEIGHTS}),
        (tiny_clip(), ("no teacher", "feature matching"), {UNTAUGHT, FEATURES}),
        # two arms of xbt take one step of feature matching that their answer does not read
        (xbt(), ("text alone", "no projector", "old model asks"), {UNTAUGHT, FEATURES}),
    ],
    ids=lambda one: one.name if isinstance(one, Recipe) else "",
)
def test_an_arm_that_goes_is_missed(item: Recipe, gone: tuple[str, ...], lacks: set[str]):
    found = faces(without(item, *gone))
    assert found is not None
    assert found.lacks == lacks


def test_a_study_is_known_by_the_recipes_that_it_trains():
    found = faces(scale_kd_size())
    assert found is not None
    assert found.lacks == frozenset()
    claim = replace(scale_kd_size().claim, baselines={"the teacher": "vit-image-m"})
    lessened = faces(replace(scale_kd_size(), claim=claim))
    assert lessened is not None
    assert {UNTAUGHT, FEATURES} <= lessened.lacks


@pytest.mark.parametrize("item", [albef(), projector_alignment(), contrastive_gap()], ids=lambda one: one.name)
def test_an_average_of_the_student_and_frozen_encoders_teach_nobody(item):
    assert faces(item) is None


def test_who_teaches():
    assert teachers_of(proc_kd()) >= {"expert.local"}
    assert teachers_of(tiny_clip_affinities()) == {"teacher.image", "teacher.text"}
    assert teachers_of(tiny_clip_weights()) == set()


def test_an_arm_that_is_read_by_a_teachers_words_is_not_without_one():
    assert reads_a_teacher(vlm_distill_ood_names())
    assert reads_a_teacher(xbt_pairs())
    assert not reads_a_teacher(small_clip())


def test_other_lessons_are_not_plain_feature_matching():
    assert not matches_features(tiny_clip_affinities(), "feature matching")
    assert not matches_features(small_clip(), "feature matching")
    assert matches_features(mask_align_reconstruction())
