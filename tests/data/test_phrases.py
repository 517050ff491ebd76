from __future__ import annotations

from limbeck.data.phrases import normalised, phrases

WORDS = {"Bed": ["sleep", "rest"], "Bath Tub": ["wash", "bubble bath", "shower"]}


def test_distinct_deterministic_and_of_the_asked_number() -> None:
    found = phrases(WORDS, count=3000)
    assert found == phrases(WORDS, count=3000)
    assert len(found) == 3000
    assert len({normalised(text) for text in found}) == 3000
    assert {"Bed", "sleep", "bubble bath"} <= set(found)
    assert any(": " in text for text in found)
    assert phrases(WORDS, count=3000, seed=1) != found


def test_forbidden_texts_never_occur() -> None:
    forbidden = {"sleep", "bathtub", normalised(phrases(WORDS, count=500)[-1])}
    found = phrases(WORDS, count=500, forbidden=forbidden)
    assert not forbidden & {normalised(text) for text in found}


def test_few_words_end() -> None:
    assert len(phrases(WORDS, count=4)) == 4


def test_normalised() -> None:
    assert normalised(" Up-Right FROM\tSquare ") == "uprightfromsquare"
    assert normalised("\u00dcber!") == "\u00fcber"
