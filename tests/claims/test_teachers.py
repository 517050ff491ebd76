"""Teachers are read off the recipes: further ones, those that are trained in the run, and no other part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limbeck.claims.found import find_claim
from limbeck.claims.teachers import UNKNOWN, teachers_of
from limbeck.core.recipe import Recipe


@pytest.mark.parametrize(
    ("name", "teachers"),
    [
        ("tiny_clip", "recipe:large_clip"),
        ("prompt_kd", "recipe:prompt_kd_mentor; weights from recipe:prompt_kd_student"),
        ("xbt", "recipe:small_clip; weights from recipe:large_clip"),
        ("projector_alignment", "efficientnet-lite0, minilm"),
        ("ssld", "trained in the run"),
        ("m2mkd", "trained in the run"),
        ("dcd", "icons, with parts trained in the run"),
        ("vl2v_adip", "icons"),  # what an earlier stage trained is the student's own head
        ("albef", "none"),  # the student's own average is no teacher
    ],
)
def test_teachers_of_recipes(name: str, teachers: str):
    assert teachers_of(find_claim(name)) == teachers


@pytest.mark.parametrize(
    ("name", "teachers"),
    [
        ("contrastive_gap", "none"),
        ("dcd_speed", "icons, with parts trained in the run"),
        ("scale_kd_size", "recipe:digits_teacher"),
        ("subspace", UNKNOWN),  # opens its encoders itself
        ("projector_alignment_cka", UNKNOWN),  # makes its recipes from arguments
    ],
)
def test_teachers_of_studies_are_those_of_the_recipes_that_they_name(name: str, teachers: str):
    assert teachers_of(find_claim(name)) == teachers


def test_a_teacher_that_an_arm_opens_and_no_term_reads_gives_weights_alone():
    item = find_claim("tiny_clip_progressive")
    assert isinstance(item, Recipe)
    unread = replace(item, name="unread", teachers={"spare": "recipe:small_clip"})
    assert teachers_of(unread) == "recipe:large_clip; weights from recipe:small_clip"
