from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from limbeck.core.errors import UsageError
from limbeck.data.augmentation.caption_subset import CaptionSubset

CAPTION = "Bed: rest, sleep, person in bed"
TERMS = {"rest", "sleep", "person in bed"}


def outcomes(part: CaptionSubset, caption: str = CAPTION) -> list[str]:
    return [part(caption, np.random.default_rng(seed)) for seed in range(2000)]


def test_every_outcome_is_made_of_the_caption() -> None:
    for text in set(outcomes(CaptionSubset())):
        label, colon, rest = text.partition(": ")
        terms = rest.split(", ") if colon else [] if text == "Bed" else text.split(", ")
        assert not colon or label == "Bed"
        assert len(set(terms)) == len(terms)
        assert set(terms) <= TERMS


def test_chances() -> None:
    counts = Counter(
        "whole" if text == CAPTION else "label" if text == "Bed" else "with" if text.startswith("Bed: ") else "without"
        for text in outcomes(CaptionSubset(whole=0.3, label=0.2, unlabelled=0.5))
    )
    # subsets: half of the rest, of which a few come out as the whole caption by chance
    assert 580 < counts["whole"] < 700
    assert 350 < counts["label"] < 450
    assert 430 < counts["without"] < 570
    assert len(set(outcomes(CaptionSubset(whole=0.0, label=0.0, unlabelled=0.0)))) == 15


@pytest.mark.parametrize("caption", ["a photo of a bed", "Bed", "", "Bed: ", "ratio 3:4, wide"])
def test_other_texts_stay(caption: str) -> None:
    assert set(outcomes(CaptionSubset(whole=0.0), caption)) == {caption}


@pytest.mark.parametrize("wrong", [{"whole": 0.8, "label": 0.3}, {"label": -0.1}, {"unlabelled": 1.1}])
def test_wrong_arguments(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="CaptionSubset"):
        CaptionSubset(**wrong)
    with pytest.raises(TypeError, match="takes a text"):
        CaptionSubset()(3, np.random.default_rng(0))
