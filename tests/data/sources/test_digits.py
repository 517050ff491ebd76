from __future__ import annotations

import builtins
from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_digits

from limbeck.core.errors import DataError, UsageError
from limbeck.data.images import decode_image
from limbeck.data.sources.digits import DigitsSource


def test_pictures_and_labels_are_scikit_learns() -> None:
    source, found = DigitsSource(), load_digits()
    assert len(source) == 1797
    assert source.classes == tuple("0123456789")
    for index in (0, 7, 1796):
        pixels = np.asarray(decode_image(source.sample(index).values["image"]))
        assert pixels.shape == (8, 8, 3)
        assert np.array_equal(pixels[..., 0], np.round(found.images[index] * 255 / 16))
        assert source.rows[index].label == str(found.target[index])


def test_splits_are_stable_and_near_their_shares() -> None:
    splits = Counter(row.split for row in DigitsSource().rows)
    assert set(splits) == {"train", "validation", "test"}
    assert abs(splits["test"] / 1797 - 0.3) < 0.03
    assert abs(splits["validation"] / 1797 - 0.1) < 0.03
    whole = {row.id: row.split for row in DigitsSource().rows}
    assert all(whole[row.id] == row.split for row in DigitsSource(classes="3-5").rows)


def test_equal_pictures_share_a_split() -> None:
    source = DigitsSource()
    split: dict[str, str] = {}
    for index, row in enumerate(source.rows):
        assert split.setdefault(source.content(index, "image"), row.split) == row.split


@pytest.mark.parametrize(
    ("classes", "digits"), [("0-4", "01234"), ("7", "7"), ("0+3+8-9", "0389"), ("0-9", "0123456789")]
)
def test_classes(classes: str, digits: str) -> None:
    assert DigitsSource(classes=classes).classes == tuple(digits)


@pytest.mark.parametrize("classes", ["", "a", "4-2", "0-10", "-1", "1,2"])
def test_classes_that_are_none(classes: str) -> None:
    with pytest.raises(UsageError, match="such as 0-4"):
        DigitsSource(classes=classes)


def test_licence_says_where_it_comes_from() -> None:
    assert "Alpaydin" in DigitsSource().licence.read_text()


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"pip install 'limbeck\[data\]'"):
        DigitsSource()
