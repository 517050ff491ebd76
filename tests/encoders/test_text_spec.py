from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from encoders.worlds import CAPTIONS, tokenizer, words
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.data.views.text import TextView
from limbeck.encoders import text_spec as module
from limbeck.encoders.teacher_presets import minilm_folder
from limbeck.encoders.text_spec import bare, shorter, text_spec

LONG = " ".join(["Étoile, (two) cats-and-dogs 3,000!"] * 20)


def test_minilm_ids_are_theirs() -> None:
    spec = text_spec(minilm_folder(), longest=64)
    view = TextView(spec)
    theirs = AutoTokenizer.from_pretrained(minilm_folder())
    texts = [*CAPTIONS, LONG, "夜空"]
    expected = theirs(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
    ours = view.collate([view.prepare(text) for text in texts])
    assert ours["input_ids"].tolist() == expected["input_ids"].tolist()
    assert ours["attention_mask"].tolist() == expected["attention_mask"].tolist()


def test_limits_are_the_smaller_of_both(tmp_path: Path) -> None:
    tokenizer(max_length=16).save_pretrained(tmp_path)
    assert text_spec(tmp_path, longest=40).max_length == 16
    spec = text_spec(tmp_path, longest=9, pad_to_longest=True)
    assert (spec.max_length, spec.pad_to, spec.pad_id) == (9, 9, 0)
    assert shorter(spec, 5, lowercase=True).max_length == 5
    assert shorter(spec, 50, lowercase=False).max_length == 9


def test_padding_left_switched_on_is_taken_out() -> None:
    plain = json.loads(words())
    plain["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    found = bare(json.dumps(plain))
    assert json.loads(found)["truncation"] is None
    assert bare(found) == found == bare(words())


def test_a_tokenizer_that_does_more_than_its_json_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer().save_pretrained(tmp_path)
    theirs = module._open(tmp_path)

    class Shouting(type(theirs)):
        def __call__(self, text: str, **options: object) -> object:
            return super().__call__(text + " cat", **options)

    theirs.__class__ = Shouting
    monkeypatch.setattr(module, "_open", lambda _: theirs)
    with pytest.raises(UsageError, match="Shouting .* cannot be reproduced"):
        text_spec(tmp_path, longest=16)


def test_siglip_drops_punctuation_and_case() -> None:
    from tokenizers import Tokenizer

    clean = Tokenizer.from_str(module._siglip_cleaning(words()))
    plain = Tokenizer.from_str(words())
    assert clean.encode("  Two dogs,\tone   BALL!! ").ids == plain.encode("two dogs one ball").ids


def test_a_folder_without_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises((ArtefactError, UsageError)) as error:
        text_spec(tmp_path, longest=16)
    assert "\n" not in str(error.value)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ArtefactError, match="no tokenizer that can be read"):
        text_spec(tmp_path, longest=16)
