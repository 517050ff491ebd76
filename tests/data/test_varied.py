from __future__ import annotations

from pathlib import Path

import pytest

from data.made import pairs
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.data.sources.csv import CsvSource
from limbeck.data.varied import VariedSource, drawn


class Hidden(CsvSource):
    removed = ("a", "b")

    def may_display(self, index: int) -> bool:
        return index != 1


class Same(VariedSource):
    def sample(self, index: int) -> Sample:
        return self.source.sample(index)


class Louder(Same):
    def __init__(self, source: Source, *, loudness: float) -> None:
        super().__init__(source)
        self.loudness = loudness


def test_everything_is_passed_on(tmp_path: Path) -> None:
    inner = Hidden(str(pairs(tmp_path, 3, label=["x", "y", "x"])))
    outer = Same(inner)
    assert list(outer.rows) == list(inner.rows)
    assert outer.removed == ("a", "b")
    assert outer.classes == ("x", "y")
    assert outer.path == inner.path
    assert [outer.may_display(n) for n in range(3)] == [True, False, True]
    assert outer.sample(2) == inner.sample(2)
    assert outer.fingerprint() != inner.fingerprint()


def test_what_the_inner_source_lacks_is_not_made_up(tmp_path: Path) -> None:
    outer = Same(CsvSource(str(pairs(tmp_path, 2))))
    assert not hasattr(outer, "removed")
    assert not hasattr(outer, "licence")


def test_the_fingerprint_knows_the_arguments(tmp_path: Path) -> None:
    inner = CsvSource(str(pairs(tmp_path, 2)))
    prints = [Louder(inner, loudness=value).fingerprint() for value in (0.1, 0.2, 0.1)]
    assert prints[0] == prints[2] != prints[1]


def test_draws_nest_and_follow_seed_and_salt() -> None:
    names = [f"n{number}" for number in range(200)]
    small, large = (drawn(names, share, seed=0, salt="x") for share in (0.1, 0.5))
    assert (len(small), len(large)) == (20, 100)
    assert small < large
    assert drawn(reversed(names), 0.1, seed=0, salt="x") == small
    assert drawn(names, 0.1, seed=1, salt="x") != small != drawn(names, 0.1, seed=0, salt="y")
    assert drawn(names, 1.0, seed=0, salt="x") == set(names)
    assert drawn(names, 0.0, seed=0, salt="x") == set()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_to_draw_from(share: float) -> None:
    assert drawn([], share, seed=0, salt="x") == set()
