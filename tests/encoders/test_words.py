from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from encoders.worlds import CAPTIONS, folder
from limbeck.core.errors import DataError, UsageError
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.words import choose_tokenizer, minilm_tokenizer, train_tokenizer


def test_trained_words_know_every_text() -> None:
    tokenizer = Tokenizer.from_str(train_tokenizer(CAPTIONS * 5, size=320))
    assert tokenizer.get_vocab_size() <= 320
    assert tokenizer.encode("A Red CAT on a mat").ids == tokenizer.encode("a red cat on a mat").ids
    for text in (*CAPTIONS, "夜空 Zebra €"):
        encoding = tokenizer.encode(text)
        assert (encoding.tokens[0], encoding.tokens[-1]) == ("[CLS]", "[SEP]")
        assert "[UNK]" not in encoding.tokens
    assert tokenizer.encode("").ids == [2, 3]
    assert len(tokenizer.encode("cat").ids) < len("cat") + 2  # it did learn


def test_the_same_texts_give_the_same_ids_every_time() -> None:
    # the library's WordPiece trainer fails this within one process: its tables are seeded anew for each call
    assert len({train_tokenizer(CAPTIONS * 5, size=340) for _ in range(8)}) == 1


def test_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="there are none"):
        train_tokenizer(["", "  "])
    with pytest.raises(UsageError, match="300 and more"):
        train_tokenizer(CAPTIONS, size=100)


def test_minilm_first_then_the_teacher_then_the_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = open_teacher(str(folder("clip", tmp_path)))
    assert choose_tokenizer(teacher, CAPTIONS) == minilm_tokenizer()
    assert len(json.loads(minilm_tokenizer())["model"]["vocab"]) == 30522
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert choose_tokenizer(teacher, CAPTIONS) == teacher.encoders["text"].spec.tokenizer
    assert choose_tokenizer(None, CAPTIONS) == train_tokenizer(CAPTIONS)
    with pytest.raises(UsageError, match="needs a tokenizer"):
        choose_tokenizer()
