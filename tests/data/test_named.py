from __future__ import annotations

import pytest

from limbeck.core.errors import UsageError
from limbeck.data.named import built_in, named_source, variants
from limbeck.data.sources.digits import DigitsSource
from limbeck.data.variants.labels import LabelsSource
from limbeck.data.variants.rotate import RotateSource
from limbeck.data.variants.share import ShareSource


def test_names_and_options_are_found_by_walking() -> None:
    assert {"digits", "emoji", "icons"} == built_in().keys()
    assert {"labels", "noise", "rotate", "share", "size", "test", "train"} == variants().keys()


def test_defaults() -> None:
    assert type(named_source("digits")) is DigitsSource
    assert named_source("digits").fingerprint() == DigitsSource().fingerprint()


def test_options_reach_their_constructors_from_left_to_right() -> None:
    found = named_source("digits:rotate=15,classes=0-4,labels=10%,share=0.5,seed=3")
    assert isinstance(found, ShareSource)
    assert (found.share, found.seed) == (0.5, 3)
    labels = found.source
    assert isinstance(labels, LabelsSource)
    assert (labels.labels, labels.seed) == (0.1, 3)
    assert isinstance(labels.source, RotateSource)
    assert labels.source.rotate == 15.0
    assert isinstance(labels.source.source, DigitsSource)
    assert found.classes == ("0", "1", "2", "3", "4")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("digts", "unknown built-in data 'digts'; valid: digits, emoji, icons; did you mean 'digits'"),
        ("digits:clases=1", r"unknown option 'clases' in 'digits:clases=1'; valid: .*; did you mean 'classes'"),
        ("digits:classes", r"'classes' in 'digits:classes' is not an option; valid: NAME:key=value"),
        ("digits:classes=", "is not an option"),
        ("digits:", "is not an option"),
        ("digits:labels=1,labels=1", "the option 'labels' twice"),
        ("digits:labels=few", r"labels is a number, such as 0\.4 or 40%, got 'few'"),
        ("digits:labels=0.1,seed=x", "seed is a whole number, got 'x'"),
        ("digits:rotate=3,seed=1", "nothing in it is drawn"),
        ("digits:train=apple", "have none"),
        ("digits:labels=2", "between 0 and 1"),
        ("emoji:text=lable", "unknown value of text 'lable'; valid: label, label\\+tags; did you mean 'label'"),
        ("emoji:held=0", "held >= 1"),
        ("emoji:skins=perhaps", "unknown value of skins 'perhaps'; valid: false, no, true, yes"),
    ],
)
def test_slips_are_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        named_source(text)
