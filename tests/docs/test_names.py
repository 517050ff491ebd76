"""The guide names every kind of teacher, and no student that is not there."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from limbeck.encoders.load import prefixes
from limbeck.encoders.student import student_presets
from limbeck.pipeline.apprentice import PREFIX

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"


def test_every_prefix_of_a_teacher_is_in_the_table():
    table = (GUIDE / "concepts.md").read_text().partition("## Teachers")[2].partition("## Students")[0]
    assert not [prefix for prefix in (*(f"{name}:" for name in prefixes()), PREFIX) if f"| `{prefix}" not in table]


@pytest.mark.parametrize("page", ["artefacts.md", "concepts.md"])
def test_every_family_of_students_that_is_named_exists(page):
    named = re.findall(r"`([a-z]+(?:-[a-z]+)*-\*)`", (GUIDE / page).read_text())
    assert named
    assert [each for each in named if not any(fnmatch(preset, each) for preset in student_presets())] == []
