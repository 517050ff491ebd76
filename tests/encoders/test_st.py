from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from encoders.worlds import CAPTIONS, folder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.data.view_for import view_for
from limbeck.encoders.st import open_teacher
from limbeck.encoders.teacher_presets import minilm_folder

TEXTS = [*CAPTIONS, "Élan vital, 2 x 3", "word " * 400]
MODES = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")


def ours(name: Path) -> torch.Tensor:
    encoder = open_teacher(str(name)).encoders["text"]
    view = view_for(encoder.spec)
    with torch.no_grad():
        return encoder(view.collate([view.prepare(text) for text in TEXTS]))["pooled"]


def theirs(name: Path) -> torch.Tensor:
    library = pytest.importorskip("sentence_transformers")
    return library.SentenceTransformer(str(name), device="cpu").encode(TEXTS, convert_to_tensor=True).cpu()


def make(path: Path, mode: str, *, lower: bool = False, dense: bool = False, normalise: bool = False) -> Path:
    folder("bert", path)
    steps = [("Transformer", ""), ("Pooling", "1_Pooling")]
    (path / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 16, **{f"pooling_mode_{m}": m == mode for m in MODES}}
    (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 12, "do_lower_case": lower}))
    if dense:
        steps.append(("Dense", "2_Dense"))
        (path / "2_Dense").mkdir()
        settings = {"in_features": 16, "out_features": 6, "bias": True}
        settings["activation_function"] = "torch.nn.modules.activation.Tanh"
        (path / "2_Dense" / "config.json").write_text(json.dumps(settings))
        weights = {"linear.weight": torch.randn(6, 16), "linear.bias": torch.randn(6)}
        save_file(weights, path / "2_Dense" / "model.safetensors", metadata={"format": "pt"})
    if normalise:
        steps.append(("Normalize", "3_Normalize"))
        (path / "3_Normalize").mkdir()
    listed = [
        {"idx": i, "name": str(i), "path": p, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, p) in enumerate(steps)
    ]
    (path / "modules.json").write_text(json.dumps(listed))
    return path


def test_a_model_of_pictures_and_texts_is_sent_to_hf(tmp_path: Path) -> None:
    """sentence-transformers 6 saves a CLIP as a Transformer without Pooling."""
    make(tmp_path, "mean_tokens")
    listed = json.loads((tmp_path / "modules.json").read_text())
    (tmp_path / "modules.json").write_text(json.dumps(listed[:1]))
    with pytest.raises(UsageError, match=f"no Pooling after its Transformer, but nothing; .* is named hf:{tmp_path}"):
        open_teacher(str(tmp_path))


def test_the_real_minilm_is_what_sentence_transformers_says() -> None:
    found, expected = ours(minilm_folder()), theirs(minilm_folder())
    assert found.shape == (len(TEXTS), 384)
    assert torch.allclose(found, expected, atol=2e-6)
    assert torch.allclose(found.norm(dim=1), torch.ones(len(TEXTS)), atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "dense", "normalise"),
    [("cls_token", False, False), ("mean_tokens", True, True), ("max_tokens", True, False)],
)
def test_pooling_dense_and_normalising(mode: str, dense: bool, normalise: bool, tmp_path: Path) -> None:
    path = make(tmp_path / "m", mode, dense=dense, normalise=normalise)
    found = ours(path)
    assert found.shape[1] == (6 if dense else 16)
    assert torch.allclose(found, theirs(path), atol=2e-6)


def test_length_and_case_come_from_the_wrapper(tmp_path: Path) -> None:
    spec = open_teacher(str(make(tmp_path / "m", "mean_tokens", lower=True))).encoders["text"].spec
    assert spec.max_length == 12
    assert spec.lowercase


def test_what_is_not_reproduced_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pools by mean_sqrt_len; valid: one of mean, cls, max"):
        open_teacher(str(make(tmp_path / "a", "mean_sqrt_len_tokens")))
    path = make(tmp_path / "b", "mean_tokens", dense=True)
    steps = json.loads((path / "modules.json").read_text())
    steps[2]["type"] = "sentence_transformers.models.LSTM"
    (path / "modules.json").write_text(json.dumps(steps))
    with pytest.raises(UsageError, match="is a LSTM; valid after the pooling: Dense, Normalize"):
        open_teacher(str(path))
    steps[0]["type"] = "sentence_transformers.models.CLIPModel"
    (path / "modules.json").write_text(json.dumps(steps))
    with pytest.raises(UsageError, match="CLIP: by hf:"):
        open_teacher(str(path))


def test_folders_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"modules.json does not exist"):
        open_teacher(str(folder("bert", tmp_path / "plain")))
    path = make(tmp_path / "m", "mean_tokens", dense=True)
    (path / "2_Dense" / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ArtefactError, match="not a readable dense layer"):
        open_teacher(str(path))
    (path / "modules.json").write_text("[{}]")
    with pytest.raises(ArtefactError, match="malformed"):
        open_teacher(str(path))
    shutil.rmtree(path)
