from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch

from data.made import encoded, picture, tokenizer, write_csv
from limbeck.core.errors import DataError
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.view import View
from limbeck.data.assembler import Assembler
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.prepared import PreparedStore
from limbeck.data.sources.csv import CsvSource
from limbeck.data.view_for import view_for


@pytest.fixture
def source(tmp_path: Path) -> CsvSource:
    rows = []
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encoded(picture(number)))
        rows.append({"image": "" if number == 2 else f"{number}.png", "text": "" if number == 3 else f"name{number}"})
    return CsvSource(str(write_csv(tmp_path / "data.csv", rows)))


@pytest.fixture
def views() -> Mapping[str, View]:
    image = ImageSpec(16, 16)
    return {"student.image": view_for(image), "twin.image": view_for(image), "text": view_for(TextSpec(tokenizer(), 8))}


def test_what_a_row_lacks(source: CsvSource, views: Mapping[str, View]) -> None:
    store = PreparedStore()
    assembler = Assembler(source, views=views, augmentations=(RandomAffine(),), store=store)
    lacking = assembler.lacking([0, 1, 2, 3, 0], [1, 2, 1, 0, 1], ())
    # two views of one spec share what they keep; a text is the same under every draw
    assert {row: sorted(draw for _, draw, _ in places) for row, places in lacking.items()} == {
        (0, 1): [0, 1], (1, 2): [0, 2], (2, 1): [0], (3, 0): [0],
    }  # fmt: skip
    coming = {place for row in ((1, 2), (2, 1)) for place in lacking[row]}
    assembler.batch([0], [1])
    hits, misses = store.hits, store.misses
    assert list(assembler.lacking([0, 1, 2, 3], [1, 2, 1, 0], coming)) == [(3, 0)]
    (image,) = (place for place in lacking[0, 1] if place[1] == 1)
    assert assembler.lacking([0], [2], ()) == {(0, 2): {(0, 2, image[2])}}
    assert (store.hits, store.misses) == (hits, misses)


def test_without_a_store_everything_is_lacking(source: CsvSource, views: Mapping[str, View]) -> None:
    assembler = Assembler(source, views=views)
    assembler.batch([0, 1], [0, 0])
    assert list(assembler.lacking([0, 1], [0, 0], ())) == [(0, 0), (1, 0)]


@pytest.mark.parametrize("limit", [None, 0, 10**9])
def test_what_was_made_elsewhere_is_not_prepared_again(
    source: CsvSource, views: Mapping[str, View], tmp_path: Path, limit: int | None
) -> None:
    plain = Assembler(source, views=views)
    made: dict[tuple[int, int, str], Mapping[str, torch.Tensor]] = {}
    expected = plain.batch([0, 1], [0, 0], made)
    assert len(made) == 4
    for number in range(4):
        (tmp_path / f"{number}.png").unlink()
    store = None if limit is None else PreparedStore(limit=limit)
    found = Assembler(source, views=views, store=store).batch([0, 1], [0, 0], made)
    for name, view in expected.views.items():
        for key, value in view.items():
            assert torch.equal(found.views[name][key], value)
    assert store is None or len(store) == (4 if limit else 0)


def test_words_wait_for_the_last_picture(
    source: CsvSource, views: Mapping[str, View], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def watched(name: str, prepare: Callable[[object], Mapping[str, torch.Tensor]]) -> object:
        return lambda value: (done.append(name), prepare(value))[1]

    for name, view in views.items():
        monkeypatch.setattr(view, "prepare", watched(name, view.prepare))
    store = PreparedStore()
    assembler = Assembler(source, views=views, augmentations=(RandomAffine(),), store=store)
    made = assembler.made({0: [1, 2], 1: [1]})
    # a view of the same spec finds what the first has prepared, and a text that nothing augments is one
    assert done == ["student.image"] * 3 + ["text"] * 2
    assert len(made) == len(store) == 5
    assert not assembler.lacking([0, 0, 1], [1, 2, 1], ())
    expected = Assembler(source, views=views, augmentations=(RandomAffine(),)).batch([1, 0], [1, 2])
    found = assembler.batch([1, 0], [1, 2])
    for name, view in expected.views.items():
        assert all(torch.equal(found.views[name][key], value) for key, value in view.items())


def test_a_text_that_cannot_be_used_names_its_row_although_it_waited(
    source: CsvSource, views: Mapping[str, View], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(value: object) -> Mapping[str, torch.Tensor]:
        if value == "name0":
            raise DataError("no tokens")
        return {"ids": torch.zeros(1, dtype=torch.int32)}

    monkeypatch.setattr(views["text"], "prepare", refuse)
    row = source.rows[0].id
    with pytest.raises(DataError, match=f"^row {row}: no tokens$"):
        Assembler(source, views=views).made({1: [0], 0: [0], 2: [0]})
