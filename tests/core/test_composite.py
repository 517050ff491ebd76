from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from limbeck.core.composite import CompositeEncoder, Models, composed, probe
from limbeck.core.errors import UsageError
from limbeck.core.part import Part
from limbeck.core.scale import LogitScale
from limbeck.core.spec import TextSpec
from limbeck.core.term import Ref
from limbeck.encoders.mlp_image import MLPImageEncoder
from limbeck.heads.linear import LinearHead

IMAGE = Ref("student.image")


class Split(nn.Module):
    """A vector as four tokens, of which the last does not count, scaled."""

    def forward(self, *, x: Tensor, scale: Tensor) -> dict[str, Tensor]:
        tokens = scale * x.reshape(len(x), 4, -1)
        return {"pooled": tokens.mean(1), "tokens": tokens, "mask": torch.tensor([[True] * 3 + [False]] * len(x))}


class Both(nn.Module):
    def forward(self, *, image: Tensor, text: Tensor) -> Tensor:
        return image + text


def parts() -> dict[str, Part]:
    return {
        "head": Part(LinearHead(6, width=3), {"x": Ref("image8")}),
        "image8": Part(LinearHead(8, width=6), {"x": IMAGE}),
        "split": Part(Split(), {"x": IMAGE, "scale": Ref("student.scale", "scale")}),
        "pair": Part(Both(), {"image": IMAGE, "text": Ref("student.text")}),
    }


def encoders() -> dict[str, Any]:
    text = MLPImageEncoder(2, hidden=(8,))
    text.modality = "text"
    return {"student.image": MLPImageEncoder(4, hidden=(8,)), "student.text": text}


def made(**answers: Ref) -> Models:
    return composed(encoders(), parts=parts(), answers=answers, scales={"student.scale": LogitScale(2.0)})


def test_parts_of_one_encoder_are_its_outputs():
    models = made()
    image = models["image"]
    assert isinstance(image, CompositeEncoder)
    assert {"pooled", "hidden.0", "image8:pooled", "head:pooled", "split:tokens"} <= set(image.outputs)
    assert not any("pair" in name for name in image.outputs)  # it needs both
    assert set(models.parts) == set(parts())
    assert type(models["text"]) is MLPImageEncoder
    x = {"pixel_values": torch.randn(5, 3, 4, 4)}
    found = image(x, want=("head:pooled", "pooled"))
    base = image.base(x)["pooled"]
    assert torch.equal(found["pooled"], base)
    assert torch.equal(found["head:pooled"], image.parts["head"].layer(image.parts["image8"].layer(base)))
    assert found.names() == ("pooled", "head:pooled")


def test_an_answer_takes_the_place_of_the_tower():
    image = made(image=Ref("split"))["image"]
    x = {"pixel_values": torch.randn(5, 3, 4, 4)}
    found = image(x, want=("pooled", "tokens", "hidden.0"))
    assert image.width == 2
    torch.testing.assert_close(found["tokens"], 2.0 * image.base(x)["pooled"].reshape(5, 4, 2))
    torch.testing.assert_close(found["pooled"], found["tokens"].mean(1))
    assert found.mask.tolist() == [[True, True, True, False]] * 5
    assert torch.equal(found["hidden.0"], image.base(x, want=("hidden.0",))["hidden.0"])


def test_modes_and_random_numbers_are_left_alone():
    base = MLPImageEncoder(4, hidden=(8,)).train()
    head = {"head": Part(LinearHead(8, width=3, dropout=0.5), {"x": IMAGE})}
    before = torch.get_rng_state()
    model = CompositeEncoder(base, name="student.image", parts=head, scales={}, answer=IMAGE)
    assert base.training
    assert model.layers["head"].training
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Ref("splt"), "unknown producer 'splt' in `answers` for image.*did you mean 'split'"),
        (Ref("pair"), "made of student.image and student.text; evaluation takes what one encoder"),
        (Ref("student.scale", "scale"), "made of no encoder"),
    ],
)
def test_an_answer_that_cannot_be_asked(answer: Ref, says: str):
    with pytest.raises(UsageError, match=says):
        made(image=answer)


def test_an_output_that_nobody_has():
    with pytest.raises(UsageError, match="unknown output 'haed:pooled' in 'student.image' with its parts"):
        made()["image"](probe(MLPImageEncoder(4)), want=("haed:pooled",))


def test_probe_of_words():
    text = MLPImageEncoder(2)
    text.spec = TextSpec("{}", max_length=7, pad_id=3)
    assert probe(text)["input_ids"].tolist() == [[3, 3]] * 2
    text.spec = None
    with pytest.raises(UsageError, match="does not say what it eats"):
        probe(text)


def test_what_the_answer_needs_leaves_out_what_only_taught():
    image = made(image=Ref("head"))["image"]
    assert isinstance(image, CompositeEncoder)
    layers = {name: part.layer for name, part in image.parts.items()}
    assert image.answering() == [image.base, layers["image8"], layers["head"]]
    plain = made()["image"]
    assert isinstance(plain, CompositeEncoder)
    assert plain.answering() == [plain.base]
