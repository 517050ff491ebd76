"""Fault 13: texts that nobody expects are finite in a real model, the same alone and in a batch, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.made import tokenizer, tokenizer_folder
from limbeck.core.errors import DataError
from limbeck.core.spec import TextSpec
from limbeck.data.open import open_source
from limbeck.data.views.text import TextView

ODD = {
    "empty": "",
    "spaces": " \t\n",
    "long": "word " * 200_000,
    "one long word": "x" * 1_000_000,
    "nul": "a\0b\0",
    "bom": "\ufeffbed",
    "right to left": "\u202b\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "emoji": "👩‍👩‍👧‍👦" * 50,
    "combining": "e" + "\u0301" * 500,
    "control": "\x01\x02\x7f\x85",
    "outside the plane": "\U0010ffff\U000e0001",
    "only special tokens": "[CLS] [SEP] [PAD] [MASK]",
}


@pytest.fixture(scope="module")
def view() -> TextView:
    return TextView(TextSpec(tokenizer(), 32))


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    return BertModel(config).eval()


@pytest.mark.parametrize("name", ODD)
def test_alone_equals_in_a_batch_of_32(name: str, view: TextView, model: torch.nn.Module) -> None:
    row = view.prepare(ODD[name])
    others = [view.prepare(f"another text {'long ' * number}") for number in range(31)]
    with torch.no_grad():
        alone = model(**view.collate([row])).last_hidden_state[0]
        together = model(**view.collate([*others, row])).last_hidden_state[-1]
    assert torch.isfinite(alone).all()
    assert torch.allclose(alone, together[: len(alone)], atol=1e-5)


def test_same_ids_as_transformers(view: TextView) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tokenizer_folder())
    for text in ODD.values():
        expected = theirs(text, truncation=True, max_length=32)["input_ids"]
        assert view.prepare(text)["ids"].tolist() == expected


@pytest.mark.parametrize("text", ["\ud800", "fine until \udfff here"])
def test_a_lone_surrogate_is_refused(view: TextView, text: str) -> None:
    with pytest.raises(DataError, match="not valid Unicode"):
        view.prepare(text)


def test_a_text_without_any_token_is_refused() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    bare = Tokenizer(models.WordLevel({"bed": 0, "?": 1}, unk_token="?"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    view = TextView(TextSpec(bare.to_str(), 8))
    assert view.prepare("bed")["ids"].tolist() == [0]
    with pytest.raises(DataError, match="no tokens"):
        view.prepare("  ")


def test_the_same_texts_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    good = [name for name in ODD if name not in ("empty", "spaces")]
    cells = [ODD[name].replace('"', '""') for name in good]
    lines = ["id,text", *(f'{name},"{cell}"' for name, cell in zip(good, cells, strict=True))]
    path.write_bytes(("\n".join(lines) + "\n").encode() + b'broken,"caf\xe9"\nblank,\nbom only,\xef\xbb\xbf\n')
    source = open_source(path, max_bad=0.5)
    assert {row.id for row in source.rows if not row.modalities} == {"broken", "blank", "bom only"}
    assert [source.sample(index).values["text"] for index in range(len(good))] == [ODD[name] for name in good]
    with pytest.raises(DataError, match="row broken .* not valid UTF-8"):
        source.sample(len(good))
    with pytest.raises(DataError, match=r"3 of 13 rows .* broken, blank, bom only"):
        open_source(path)
