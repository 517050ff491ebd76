from __future__ import annotations

import pytest
import torch
from torch import nn

from encoders.worlds import view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.layers.adapter.lora_linear import LoRALinear
from limbeck.surgery.add_lora import LoRASurgery


def test_only_the_changes_train_and_they_end_in_plain_layers():
    student = make_student("vit-s", width=24, tokenizer=words())
    report = LoRASurgery(("q_proj", "fc1"), rank=2)(student.encoders, teachers={})
    image = student.encoders["image"]
    trains = {name.rpartition(".")[2] for name, p in image.named_parameters() if p.requires_grad}
    assert trains == {"up", "down"}
    assert report.lines[0] == "image: rank 2 in 12 layers"
    optimizer = torch.optim.SGD([p for p in image.parameters() if p.requires_grad], lr=1.0)
    image.train()(view(image, 4))["pooled"].square().sum().backward()
    optimizer.step()
    changed = image.eval()(view(image, 4))["pooled"]
    LoRASurgery().settle(student.encoders)
    torch.testing.assert_close(image(view(image, 4))["pooled"], changed)
    assert not [m for m in image.modules() if isinstance(m, LoRALinear)]
    assert type(image.tower.encoder.layers[0].mlp.fc1) is nn.Linear


def test_a_name_that_no_layer_has_is_refused_with_those_that_exist():
    student = make_student("vit-s", width=24, tokenizer=words())
    with pytest.raises(UsageError, match=r"asked for w_q in the image tower; it has fc1, fc2, .*q_proj"):
        LoRASurgery(("w_q",))(student.encoders, teachers={})
