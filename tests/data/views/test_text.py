from __future__ import annotations

import pytest
import torch

from data.made import tokenizer, tokenizer_folder
from limbeck.core.errors import DataError, UsageError
from limbeck.core.spec import TextSpec
from limbeck.data.views.text import TextView

TEXTS = ["a bed", "Up-Right From Square: arrow, share", "naïve café — 日本語", "x " * 60, " ", "​‏שלום", "﻿bom", "a\0b"]


def make(length: int = 16, **options: object) -> TextView:
    return TextView(TextSpec(tokenizer(), length, **options))  # type: ignore[arg-type]


def test_equals_transformers_fast_tokenizer() -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tokenizer_folder())
    expected = theirs(TEXTS, padding=True, truncation=True, max_length=16, return_tensors="pt")
    view = make()
    found = view.collate([view.prepare(text) for text in TEXTS])
    assert torch.equal(found["input_ids"], expected["input_ids"])
    assert torch.equal(found["attention_mask"], expected["attention_mask"])
    assert found["input_ids"].dtype == torch.int64


def test_counts_what_it_cuts() -> None:
    view = make()
    for text in TEXTS:
        view.prepare(text)
    assert (view.seen, view.truncated) == (8, 1)


def test_a_text_of_exactly_the_length_is_not_cut() -> None:
    view = make(4)
    view.prepare("big bed")
    assert view.truncated == 0
    view.prepare("a big bed")
    assert view.truncated == 1


def test_absent_rows_are_zeros() -> None:
    view = make(pad_id=7)
    found = view.collate([view.prepare("bed"), None, view.prepare("a bed to sleep in")])
    assert not found["input_ids"][1].any()
    assert found["attention_mask"].sum(dim=1).tolist() == [3, 0, 7]
    assert found["input_ids"][0, 3:].tolist() == [7] * 4
    assert view.collate([None])["input_ids"].shape == (1, 1)


def test_fixed_padding_and_lower_case() -> None:
    view = make(pad_to=24, lowercase=True)
    found = view.collate([view.prepare("BED")])
    assert found["input_ids"].shape == (1, 24)
    assert found["input_ids"][0, :3].tolist() == make().prepare("bed")["ids"].tolist()


def test_fingerprint_knows_tokenizer_and_lengths() -> None:
    views = [make(), make(17), make(pad_id=1), make(pad_to=16), make(lowercase=True)]
    views.append(TextView(TextSpec(tokenizer().replace('"[unused0]"', '"[unusedX]"'), 16)))
    assert len({view.fingerprint() for view in views}) == 6


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(DataError, match="must be str"):
        make().prepare(b"bed")


def test_a_broken_tokenizer_is_refused() -> None:
    with pytest.raises(UsageError, match="tokenizer cannot be used"):
        TextView(TextSpec("{}", 16))
    with pytest.raises(UsageError, match="at least 1"):
        make(0)
