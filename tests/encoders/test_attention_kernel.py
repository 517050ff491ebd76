from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModel

from encoders.worlds import config
from limbeck.encoders.attention_kernel import choose_attention


def test_both_kernels_are_reached_and_agree() -> None:
    tower = AutoModel.from_config(config("bert")).eval()
    ids, mask = torch.randint(4, 320, (3, 9)), torch.ones(3, 9, dtype=torch.long)
    mask[1, 4:] = 0
    found = {}
    for training, name in ((True, "eager"), (False, "sdpa")):
        choose_attention(tower, training=training)
        assert tower.config._attn_implementation == name
        assert all(m.config._attn_implementation == name for m in tower.modules() if hasattr(m, "config"))
        with torch.no_grad():
            found[name] = tower(input_ids=ids, attention_mask=mask, output_attentions=training)
    assert found["eager"].attentions is not None  # only explicit products can report them
    difference = (found["eager"].last_hidden_state - found["sdpa"].last_hidden_state)[mask.bool()]
    assert difference.abs().max() < 1e-5


def test_models_without_attention_are_left_alone() -> None:
    choose_attention(nn.Linear(2, 2), training=True)
    tower = AutoModel.from_config(config("convnext"))
    before = tower.config._attn_implementation
    choose_attention(tower, training=False)
    assert tower.config._attn_implementation == before
