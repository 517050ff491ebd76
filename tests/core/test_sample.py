"""Batches: absence is a mask; rows, splits and masks agree with plain indexing."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limbeck.core.errors import UsageError
from limbeck.core.sample import Batch, Sample


def batch(n: int) -> Batch:
    return Batch(
        views={"student.image": {"pixel_values": torch.arange(n * 2.0).view(n, 2)}},
        present={"image": torch.arange(n) % 2 == 0, "text": torch.arange(n) % 3 == 0},
        index=torch.arange(n) + 10,
        draw=torch.zeros(n, dtype=torch.int64),
        target={"label": torch.arange(n)},
    )


def test_both_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        batch(2).index = torch.zeros(2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sample(index=0, id="a", values={}).id = "b"


def test_an_absent_modality_is_simply_not_a_key():
    assert "image" not in Sample(index=0, id="a", values={"text": "a cat"}).values


def test_view_by_name():
    assert batch(2).view("student.image")["pixel_values"].shape == (2, 2)
    with pytest.raises(UsageError, match="unknown view 'student.imag'; valid: student.image; did you mean"):
        batch(2).view("student.imag")


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), max_size=12))))
def test_rows_take_the_same_rows_of_everything(case):
    n, chosen = case
    whole, part = batch(n), batch(n).rows(torch.tensor(chosen, dtype=torch.int64))
    assert len(part) == len(chosen)
    for place, row in enumerate(chosen):
        assert part.index[place] == whole.index[row]
        assert part.target["label"][place] == row
        assert part.present["text"][place] == whole.present["text"][row]
        assert part.view("student.image")["pixel_values"][place].tolist() == [2.0 * row, 2.0 * row + 1]


@given(st.integers(1, 12), st.integers(1, 13))
def test_micro_batches_are_the_batch_in_order(n, size):
    parts = batch(n).split(size)
    assert [len(part) for part in parts] == [size] * (n // size) + ([n % size] if n % size else [])
    assert torch.cat([part.index for part in parts]).tolist() == batch(n).index.tolist()


def test_both_is_where_every_named_modality_is_present():
    assert batch(7).both("image", "text").tolist() == [True, False, False, False, False, False, True]
    assert batch(3).both().tolist() == [True, True, True]
    with pytest.raises(UsageError, match="unknown modality 'audio'; valid: image, text"):
        batch(3).both("audio")
