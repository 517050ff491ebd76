from __future__ import annotations

import pytest
import torch
from transformers import AutoModel

from encoders.worlds import config, shake, view
from limbeck.core.spec import ImageSpec
from limbeck.encoders.hf_image import HFImageEncoder
from limbeck.encoders.pooling import cls_pooling, mean_pooling

SPEC = ImageSpec(32, 32)


@pytest.mark.parametrize(("kind", "hidden"), [("vit", 3), ("convnext", 3), ("resnet", 3)])
def test_outputs_are_the_models_own(kind: str, hidden: int) -> None:
    tower = AutoModel.from_config(config(kind)).eval()
    shake(tower)
    encoder = HFImageEncoder(tower, spec=SPEC)
    maps = ("attention.0", "attention.1") if kind == "vit" else ()
    assert encoder.outputs == ("pooled", "tokens", *(f"hidden.{k}" for k in range(hidden)), *maps)
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        theirs = tower(pixel_values=pixels, output_hidden_states=True)
        ours = encoder({"pixel_values": pixels}, want=[name for name in encoder.outputs if name not in maps])
    assert encoder.width == 16
    assert torch.equal(ours["pooled"], theirs.pooler_output.flatten(1))
    last = theirs.hidden_states[-1]
    assert torch.equal(ours[f"hidden.{hidden - 1}"], last.flatten(2).transpose(1, 2) if last.ndim == 4 else last)
    assert ours["tokens"].shape[0] == 2
    assert ours["tokens"].shape[2] == 16
    assert ours.mask is None


def test_pooling_and_head_are_applied_in_that_order() -> None:
    tower = AutoModel.from_config(config("vit")).eval()
    head = torch.nn.Linear(16, 5)
    pixels = torch.randn(2, 3, 32, 32)
    for pooling, expected in ((cls_pooling, lambda t: t[:, 0]), (mean_pooling, lambda t: t.mean(1))):
        encoder = HFImageEncoder(tower, spec=SPEC, head=head, pooling=pooling)
        found = encoder({"pixel_values": pixels}, want=("pooled", "tokens"))
        assert encoder.width == 5
        assert torch.equal(found["pooled"], head(expected(found["tokens"])))


def test_the_mode_is_kept() -> None:
    tower = AutoModel.from_config(config("vit"))
    assert HFImageEncoder(tower.train(), spec=SPEC).training
    assert not HFImageEncoder(tower.eval(), spec=SPEC).training


def test_attention_maps_are_distributions_and_leave_the_kernel_as_it_was() -> None:
    tower = AutoModel.from_config(config("vit")).eval()
    shake(tower)
    encoder = HFImageEncoder(tower, spec=SPEC).eval()
    kernel = tower.config._attn_implementation
    found = encoder(view(encoder, 3), want=("attention.1", "pooled"))
    tokens = encoder(view(encoder, 3), want=("tokens",))["tokens"].shape[1]
    assert found["attention.1"].shape == (3, tower.config.num_attention_heads, tokens, tokens)
    torch.testing.assert_close(found["attention.1"].sum(-1), torch.ones(3, tower.config.num_attention_heads, tokens))
    assert tower.config._attn_implementation == kernel
    with torch.no_grad():
        torch.testing.assert_close(found["pooled"], encoder(view(encoder, 3))["pooled"], atol=1e-4, rtol=1e-4)
