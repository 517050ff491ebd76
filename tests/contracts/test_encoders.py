"""What every encoder promises. The classes are found by walking the package; none may go without an example."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from encoders.worlds import folder, shake, view, words
from limbeck.core.discovery import parts
from limbeck.core.encoder import Encoder
from limbeck.core.spec import ImageSpec
from limbeck.encoders.efficientnet_lite import EfficientNetLiteEncoder
from limbeck.encoders.feature_encoder import FeatureEncoder
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.load import load_teacher
from limbeck.encoders.mlp_image import MLPImageEncoder
from limbeck.encoders.pooled import PooledEncoder
from limbeck.encoders.projected import ProjectedEncoder
from limbeck.encoders.student import make_student
from limbeck.layers.projector.mlp import MLPProjector

FOLDERS = ("clip", "siglip", "vision-text-dual-encoder", "vit", "convnext", "resnet", "bert")
STUDENTS = ("conv-s", "vit-s", "cnn-image-s", "vit-image-s")
ROWS = 8


def _folder(kind: str) -> Callable[[Path], Iterator[Encoder]]:
    return lambda path: iter(open_teacher(str(folder(kind, path))).encoders.values())


def _student(name: str) -> Callable[[Path], Iterator[Encoder]]:
    def make(path: Path) -> Iterator[Encoder]:
        student = make_student(name, width=24, tokenizer=words())
        shake(student.model)
        return iter(student.encoders.values())

    return make


def _projected(path: Path) -> Iterator[Encoder]:
    for base in open_teacher(str(folder("clip", path))).encoders.values():
        yield ProjectedEncoder(base, projector=MLPProjector(base.width, hidden=8, width=6))


MAKERS: dict[str, Callable[[Path], Iterator[Encoder]]] = {
    **{f"hf:{kind}": _folder(kind) for kind in FOLDERS},
    **{name: _student(name) for name in STUDENTS},
    "minilm": lambda path: iter(load_teacher("minilm").encoders.values()),
    "efficientnet": lambda path: iter([EfficientNetLiteEncoder(64, blocks=(10,), power=0.5)]),
    "features": lambda path: iter([FeatureEncoder(MLPProjector(7, hidden=8, width=6), modality="image")]),
    "projected": _projected,
    "mlp": lambda path: iter([MLPImageEncoder(8, hidden=(12, 6))]),
    "pooled": lambda path: iter([PooledEncoder(nn.Sequential(nn.Flatten(), nn.Linear(192, 6)), spec=ImageSpec(8, 8))]),
}


@pytest.fixture(scope="module", params=MAKERS, ids=str)
def encoders(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Encoder]:
    torch.manual_seed(0)
    return list(MAKERS[request.param](tmp_path_factory.mktemp("models")))


def eats(encoder: Encoder, n: int = ROWS) -> dict[str, Tensor]:
    if isinstance(encoder, FeatureEncoder):
        return {"features": torch.randn(n, encoder.in_width, generator=torch.Generator().manual_seed(0))}
    return view(encoder, n)


def tolerance(values: Tensor) -> float:
    return 2e-5 * max(1.0, float(values.detach().abs().max()))


def test_every_encoder_class_has_an_example(tmp_path: Path) -> None:
    seen = {type(e) for name, make in MAKERS.items() for e in make(tmp_path / name.replace(":", "-"))}
    assert set(parts(Encoder, "encoders").values()) == seen


def test_declared_is_returned(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        encoder.eval()
        batch = eats(encoder)
        assert encoder.outputs[0] == "pooled"
        found = encoder(batch, want=encoder.outputs)
        assert set(found.names()) - {"mask"} == set(encoder.outputs)
        assert found["pooled"].shape == (ROWS, encoder.width)
        for name in encoder.outputs:
            alone = encoder(batch, want=(name,))
            assert set(alone.names()) - {"mask"} == {name}
            assert alone[name].shape[0] == ROWS
            assert torch.isfinite(alone[name]).all()
            # Attention maps come from another kernel, and with them all else that is asked at the same time.
            assert torch.allclose(alone[name], found[name], atol=tolerance(found[name]), rtol=1e-4)
            if alone.mask is not None:
                assert alone.mask.shape == alone[name].shape[:2]
        assert encoder(batch).names() == ("pooled",)


def test_inputs_are_left_alone_and_eval_is_deterministic(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        encoder.eval()
        batch = eats(encoder)
        before = {name: value.clone() for name, value in batch.items()}
        first = encoder(batch)["pooled"]
        torch.manual_seed(99)
        assert torch.equal(encoder(batch)["pooled"], first)
        assert all(torch.equal(before[name], value) for name, value in batch.items())


def test_one_row_is_the_row_of_a_batch(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        encoder.eval()
        batch = eats(encoder)
        with torch.no_grad():
            whole = encoder(batch)["pooled"]
            one = encoder({name: value[2:3] for name, value in batch.items()})["pooled"]
            mixed = encoder({name: value.flip(0) for name, value in batch.items()})["pooled"]
        assert torch.allclose(whole[2:3], one, atol=tolerance(whole))
        assert torch.allclose(whole, mixed.flip(0), atol=tolerance(whole))


def test_gradient_reaches_the_input_and_every_weight_that_trains(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        trainable = copy.deepcopy(encoder).requires_grad_(True).train()
        batch = eats(encoder)
        for value in batch.values():
            if value.is_floating_point():
                value.requires_grad_(True)
        found = trainable(batch)["pooled"]
        found.square().sum().backward()
        for name, value in batch.items():
            if value.is_floating_point():
                assert value.grad is not None, name
                assert value.grad.abs().sum() > 0, name
        grown = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in trainable.parameters()]
        assert sum(grown) >= 0.5 * len(grown)  # an unused pooler or a key's bias has none
        assert all(torch.isfinite(p.grad).all() for p in trainable.parameters() if p.grad is not None)


def test_training_and_evaluation_agree_where_nothing_is_random(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        dropout = any(m.p > 0 for m in encoder.modules() if isinstance(m, torch.nn.Dropout))
        batches = any("BatchNorm" in type(m).__name__ for m in encoder.modules())
        if dropout or batches:
            continue
        batch = eats(encoder)
        with torch.no_grad():
            evaluated = encoder.eval()(batch)["pooled"]
            trained = encoder.train()(batch)["pooled"]
        encoder.eval()
        assert torch.allclose(evaluated, trained, atol=tolerance(evaluated))


def test_bf16_autocast_is_finite_and_near(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        encoder.eval()
        batch = eats(encoder)
        with torch.no_grad():
            exact = encoder(batch)["pooled"]
            with torch.autocast("cpu", torch.bfloat16):
                rough = encoder(batch)["pooled"].float()
        assert torch.isfinite(rough).all()
        assert torch.nn.functional.cosine_similarity(exact, rough).min() > 0.98


def test_weights_go_through_safetensors_and_back(encoders: list[Encoder]) -> None:
    for encoder in encoders:
        encoder.eval()
        data = save({name: value.contiguous() for name, value in encoder.state_dict().items()})
        other = copy.deepcopy(encoder)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.mul_(0.5)
        before = fingerprint(encoder)
        assert fingerprint(other) != before
        other.load_state_dict(load(data))
        assert fingerprint(other) == before
        assert torch.equal(other(eats(encoder))["pooled"], encoder(eats(encoder))["pooled"])
