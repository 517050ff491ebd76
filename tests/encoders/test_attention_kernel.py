from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from transformers import AutoModel

from encoders.worlds import config
from limbeck.core.recipe import Budget, Optimisation, StageSpec
from limbeck.core.sample import Batch
from limbeck.core.spec import ImageSpec
from limbeck.core.teacher import LiveTeacher
from limbeck.core.term import Ref, Term
from limbeck.encoders.attention_kernel import explicit_attention
from limbeck.encoders.hf_image import HFImageEncoder
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.stages.loop import fit


def test_both_kernels_are_reached_and_agree() -> None:
    tower = AutoModel.from_config(config("bert")).eval()
    ids, mask = torch.randint(4, 320, (3, 9)), torch.ones(3, 9, dtype=torch.long)
    mask[1, 4:] = 0
    found = {}
    for on, name in ((True, "eager"), (False, "sdpa")):
        with explicit_attention(tower, on=on), torch.no_grad():
            assert tower.config._attn_implementation == name
            assert all(m.config._attn_implementation == name for m in tower.modules() if hasattr(m, "config"))
            found[name] = tower(input_ids=ids, attention_mask=mask, output_attentions=on)
        assert tower.config._attn_implementation == "sdpa"
    assert found["eager"].attentions is not None  # only explicit products can report them
    difference = (found["eager"].last_hidden_state - found["sdpa"].last_hidden_state)[mask.bool()]
    assert difference.abs().max() < 1e-5


def test_models_without_attention_are_left_alone() -> None:
    with explicit_attention(nn.Linear(2, 2)):
        pass
    tower = AutoModel.from_config(config("convnext"))
    before = tower.config._attn_implementation
    with explicit_attention(tower, on=before == "sdpa"):
        pass
    assert tower.config._attn_implementation == before


def test_training_is_explicit_from_its_first_step_and_validation_is_fused() -> None:
    """The wiring check before step 0 runs in evaluation mode; its kernel must not be left behind."""
    torch.manual_seed(0)
    student, teacher = (HFImageEncoder(AutoModel.from_config(config("vit")), spec=ImageSpec(32, 32)) for _ in range(2))
    seen: list[tuple[bool, str]] = []

    def look(tower: Any, *_: object) -> None:
        seen.append((tower.training, tower.config._attn_implementation))

    student.tower.register_forward_pre_hook(look)

    class Pictures:
        def steps(self, start: int, stop: int) -> Iterator[Batch]:
            for step in range(start, stop):
                pictures = {"pixel_values": torch.randn(4, 3, 32, 32)}
                views = {"student.image": pictures, "teacher.image": pictures}
                rows = torch.arange(4) + 4 * step
                present = {"image": torch.ones(4, dtype=torch.bool)}
                yield Batch(views, present, rows, torch.zeros(4, dtype=torch.long), {"group": rows})

    def validate() -> dict[str, float]:
        with torch.no_grad():
            return {"mean": float(student({"pixel_values": torch.zeros(1, 3, 32, 32)})["pooled"].mean())}

    term = Term(CosineLoss(), {"student": Ref("student.image"), "teacher": Ref("teacher.image")})
    budget = Budget(3, batch={"image": 4}, evaluate_every=1)
    spec = StageSpec("main", {"features": term}, ("student.image",), budget, Optimisation(precision="fp32"))
    producers = {"student.image": student, "teacher.image": LiveTeacher(teacher, name="teacher.image", identity="x")}
    fit(spec, producers, Pictures(), folder=None, validate=validate, progress=False)
    assert seen.count((True, "eager")) == 3
    assert (True, "sdpa") not in seen
    assert (False, "sdpa") in seen
    assert (False, "eager") not in seen
