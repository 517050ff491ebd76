"""Messages name the nearest valid name; each error has its own documented exit code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.core import errors


def test_exit_codes_are_those_of_the_plan():
    codes = {
        errors.UsageError: 2,
        errors.DataError: 3,
        errors.ArtefactError: 4,
        errors.ResourceError: 5,
        errors.InterruptedRun: 6,
    }
    found = {cls: cls.exit_code for cls in errors.LimbeckError.__subclasses__() if cls.__module__ == errors.__name__}
    assert found == codes


def test_nearest():
    assert errors.nearest("tempreature", ["temperature", "scale"]) == "temperature"
    assert errors.nearest("infonceloss", ["SigLIPLoss", "InfoNCELoss"]) == "InfoNCELoss"  # case does not matter
    assert errors.nearest("x", ["temperature", "scale"]) is None
    assert errors.nearest("x", []) is None


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6))
def test_a_valid_name_is_its_own_nearest_up_to_case(names):
    assert errors.nearest(names[0], names).lower() == names[0].lower()


def test_unknown_says_what_was_asked_what_is_valid_and_the_nearest():
    assert errors.unknown("column", "imge", ["text", "image"], where="a.csv") == (
        "unknown column 'imge' in a.csv; valid: image, text; did you mean 'image'?"
    )
    assert errors.unknown("column", "zz", []) == "unknown column 'zz'; valid: none"


def test_long_lists_are_cut_and_counted():
    text = errors.unknown("part", "p000", [f"p{number:03}" for number in range(300)])
    assert "(300 in all)" in text
    assert len(text) < 300


@pytest.mark.parametrize("cls", errors.LimbeckError.__subclasses__())
def test_every_error_is_one_that_a_caller_can_catch_as_limbecks(cls):
    with pytest.raises(errors.LimbeckError):
        raise cls("text")
