"""Every view, found by walking the package, keeps the contract of `limbeck.core.view`."""

from __future__ import annotations

import pickle

import pytest
import torch

from data.made import encoded, picture, tokenizer
from limbeck.core.describe import build, describe
from limbeck.core.discovery import parts
from limbeck.core.errors import DataError
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.view import View

FOUND = parts(View, "data")
# One example a class, with values that it takes and values that it must refuse.
EXAMPLES = {
    "ImageView": (
        lambda cls: cls(ImageSpec(20, 24, shortest_edge=24)),
        [encoded(picture(n, (30 + n, 40 - n))) for n in range(5)],
        [b"", "path.png", None, b"\x89PNG"],
    ),
    "TextView": (
        lambda cls: cls(TextSpec(tokenizer(), 12)),
        ["a", "a bed", "word " * 40, "", "\u00fcber"],
        [None, 3, b"x", "\ud800"],
    ),
    "FeatureView": (
        lambda cls: cls("image", width=4),
        [torch.randn(4).numpy() for _ in range(5)],
        [[1.0], "x", [float("nan")] * 4],
    ),
}


def test_every_view_has_an_example() -> None:
    assert {path.rpartition(".")[2] for path in FOUND} == set(EXAMPLES)


@pytest.fixture(params=FOUND)
def case(request: pytest.FixtureRequest) -> tuple[View, list[object], list[object]]:
    make, good, bad = EXAMPLES[request.param.rpartition(".")[2]]
    return make(FOUND[request.param]), list(good), list(bad)


def equal(first: object, second: object) -> bool:
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_preparing_is_deterministic_and_has_no_batch_axis(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    for value in good:
        row = view.prepare(value)
        assert equal(dict(row), dict(view.prepare(value)))
        assert all(isinstance(tensor, torch.Tensor) for tensor in row.values())


def test_collated_rows_are_finite_and_one_axis_longer(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    batch = view.collate([view.prepare(value) for value in good])
    for tensor in batch.values():
        assert tensor.shape[0] == len(good)
        assert torch.isfinite(tensor.double()).all()


def test_absent_rows_are_zeros_and_change_no_other_row(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    rows = [view.prepare(value) for value in good]
    whole = view.collate(rows)
    holed = view.collate([None, *rows, None])
    for key, tensor in holed.items():
        assert not tensor[0].any()
        assert not tensor[-1].any()
        assert torch.equal(tensor[1:-1], whole[key])
    assert all(not tensor.any() for tensor in view.collate([None, None]).values())


def test_a_row_does_not_depend_on_its_neighbours(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    rows = [view.prepare(value) for value in good]
    whole = view.collate(rows)
    for number, row in enumerate(rows):
        for key, tensor in view.collate([row]).items():
            part = whole[key][number]
            cut = tuple(slice(0, size) for size in tensor[0].shape)
            assert torch.equal(part[cut], tensor[0])
            assert part.sum() == tensor[0].sum()


def test_prepared_rows_are_not_changed(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    rows = [view.prepare(value) for value in good]
    before = [{key: tensor.clone() for key, tensor in row.items()} for row in rows]
    for tensor in view.collate(rows).values():
        tensor.zero_()
    assert all(equal(dict(row), old) for row, old in zip(rows, before, strict=True))


def test_what_cannot_be_used_is_a_data_error(case: tuple[View, list[object], list[object]]) -> None:
    view, _, bad = case
    for value in bad:
        with pytest.raises(DataError):
            view.prepare(value)


def test_a_view_travels_to_workers_and_to_json(case: tuple[View, list[object], list[object]]) -> None:
    view, good, _ = case
    for other in (pickle.loads(pickle.dumps(view)), build(describe(view))):
        assert other.fingerprint() == view.fingerprint()
        assert equal(dict(other.prepare(good[1])), dict(view.prepare(good[1])))
    assert len(view.fingerprint()) == 64
    assert view.modality
