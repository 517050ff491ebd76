from __future__ import annotations

import pytest
import torch

from encoders.worlds import view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.add_prompts import PromptSurgery


def test_prompts_and_projection_train_and_the_tower_stays():
    student = make_student("vit-s", width=24, tokenizer=words())
    PromptSurgery(3, depth=2)(student.encoders, teachers={})
    image = student.encoders["image"].train()
    trains = {name for name, p in image.named_parameters() if p.requires_grad}
    assert trains == {
        "tower.encoder.layers.0.prompt",
        "tower.encoder.layers.1.prompt",
        "head.weight",
    }
    found = image(view(image, 2), want=("pooled", "tokens"))
    assert found["tokens"].shape == (2, 1 + 3 + 64, 128)
    found["pooled"].square().sum().backward()
    assert all(bool(p.grad.any()) for p in image.parameters() if p.requires_grad)


def test_prompts_change_the_answer_of_a_frozen_tower():
    student = make_student("vit-s", width=24, tokenizer=words())
    image = student.encoders["image"].eval()
    before = image(view(image, 2))["pooled"].detach()
    PromptSurgery(2)(student.encoders, teachers={})
    with torch.no_grad():
        image.tower.encoder.layers[0].prompt.mul_(50)
    assert (image(view(image, 2))["pooled"] - before).abs().max() > 1e-3


@pytest.mark.parametrize(("name", "settings"), [("conv-s", {}), ("vit-s", {"depth": 7}), ("vit-s", {"count": 0})])
def test_what_cannot_be_is_refused(name, settings):
    student = make_student(name, width=24, tokenizer=words())
    with pytest.raises(UsageError, match=r"prompts need|tokens in"):
        PromptSurgery(**settings)(student.encoders, teachers={})
