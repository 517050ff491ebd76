from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from encoders.worlds import CAPTIONS, config, folder, view, words
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.student import Student, make_student
from limbeck.encoders.words import train_tokenizer

WORDS = words()


def small(path: Path, kind: str = "clip", **options: object) -> Student:
    path.write_text(json.dumps(config(kind).to_dict()))
    return make_student(f"hf:{path}", tokenizer=WORDS, **options)


def test_a_seed_is_a_student_and_the_callers_luck_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again, other = (make_student("conv-s", tokenizer=WORDS, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [student.model.state_dict() for student in (first, again, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not torch.equal(weights[0]["visual_projection.weight"], weights[2]["visual_projection.weight"])


@pytest.mark.parametrize("name", ["conv-s", "vit-s"])
def test_width_and_vocabulary_are_filled_in(name: str) -> None:
    student = make_student(name, width=24, tokenizer=WORDS)
    assert {encoder.width for encoder in student.encoders.values()} == {24}
    text = student.encoders["text"]
    assert max(json.loads(WORDS)["model"]["vocab"].values()) < text.vocabulary <= 320
    assert student.parameters["image"] == sum(p.numel() for p in student.encoders["image"].parameters())
    with torch.no_grad():
        assert text(view(text, 4))["pooled"].shape == (4, 24)


@pytest.mark.parametrize("kind", ["clip", "siglip", "vision-text-dual-encoder"])
def test_fresh_weights_from_a_configuration(kind: str, tmp_path: Path) -> None:
    student = small(tmp_path / "c.json", kind)
    assert type(student.model).__name__ == type(config(kind)).__name__.replace("Config", "Model")
    assert all(encoder.training for encoder in student.encoders.values())
    for encoder in student.encoders.values():
        encoder(view(encoder))["pooled"].sum().backward()
    lonely = [n for n, p in student.model.named_parameters() if p.grad is None and not n.startswith("logit")]
    assert not lonely, lonely  # every weight that is saved was trained


def test_a_folder_brings_its_own_words_and_pictures(tmp_path: Path) -> None:
    student = make_student(f"hf:{folder('clip', tmp_path)}")
    assert student.encoders["text"].spec.tokenizer == WORDS
    assert student.encoders["image"].spec.shortest_edge == 32
    from safetensors.torch import load_file

    saved = load_file(tmp_path / "model.safetensors")["visual_projection.weight"]
    assert not torch.equal(student.model.visual_projection.weight, saved)  # fresh, not loaded


def test_clip_finds_the_end_of_a_text() -> None:
    student = make_student("vit-s", tokenizer=WORDS)
    text = student.encoders["text"].eval()
    assert student.model.config.text_config.eos_token_id == 3
    batch = view(text, 2)
    tokens = text(batch, want=("tokens",))["tokens"]
    ends = (batch["input_ids"] == 3).int().argmax(1)
    assert ends[0] != ends[1]
    expected = student.model.text_projection(tokens[torch.arange(2), ends])
    assert torch.allclose(text(batch)["pooled"], expected, atol=1e-6)


def test_a_tokenizer_whose_end_clip_would_misread() -> None:
    plain = json.loads(train_tokenizer(CAPTIONS, size=320))
    plain["post_processor"]["special_tokens"]["[SEP]"]["ids"] = [2]
    with pytest.raises(UsageError, match="end id 2"):
        make_student("vit-s", tokenizer=json.dumps(plain))
    plain["post_processor"] = None
    with pytest.raises(UsageError, match=r"adds none; valid: a conv-\* student"):
        make_student("vit-s", tokenizer=json.dumps(plain))
    make_student("conv-s", tokenizer=json.dumps(plain))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("conv-z", "unknown student 'conv-z'; valid: .*did you mean 'conv-"),
        ("st:x", "unknown student prefix 'st:'; valid: hf:"),
        ("hf:/no/such/folder", "does not exist"),
    ],
)
def test_a_wrong_name_says_what_is_valid(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_student(name, tokenizer=WORDS)


def test_wrong_configurations_and_words(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"model_type": "clap"}')
    with pytest.raises(UsageError, match="unknown model_type 'clap'.*did you mean 'clip'"):
        make_student(f"hf:{path}", tokenizer=WORDS)
    path.write_text("{")
    with pytest.raises(ArtefactError, match="cannot be read"):
        make_student(f"hf:{path}", tokenizer=WORDS)
    with pytest.raises(UsageError, match="tokenizer cannot be read"):
        make_student("conv-s", tokenizer="{}")
    with pytest.raises(UsageError, match="valid: 1 and more"):
        make_student("conv-s", tokenizer=WORDS, width=0)
