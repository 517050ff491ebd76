"""The pooled token of a fresh tower is itself plus the mean of the words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel, CLIPTextConfig, CLIPTextModel

from limbeck.encoders.start_as_mean import start_as_mean

SIZE: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 12,
}
IDS = torch.tensor([[1, 7, 8, 9, 10, 2], [1, 20, 21, 22, 23, 2]])


def bert() -> Any:
    torch.manual_seed(0)
    return BertModel(BertConfig(**SIZE, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)).eval()


def attended(tower: Any) -> torch.Tensor:
    """What reaches the first token through attention, before the residual."""
    layer = tower.encoder.layer[-1].attention
    seen: list[torch.Tensor] = []
    hook = layer.output.dense.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    tower(input_ids=IDS)
    hook.remove()
    return seen[0][:, 0]


def test_attention_of_a_fresh_bert_is_the_mean_of_its_embeddings() -> None:
    tower = bert()
    start_as_mean(tower)
    with torch.no_grad():
        mean = tower.embeddings(input_ids=IDS).mean(1)
        assert torch.nn.functional.cosine_similarity(attended(tower), mean).min() > 0.99


def test_without_it_the_words_hardly_reach_the_pooled_vector() -> None:
    def moved(tower: Any) -> float:
        with torch.no_grad():
            one, two = tower(input_ids=IDS).pooler_output
        return float((one - two).norm() / one.norm())

    plain, started = bert(), bert()
    start_as_mean(started)
    assert moved(started) > 5 * moved(plain)


def test_clip_starts_the_same_way_and_other_towers_are_left_alone() -> None:
    clip = CLIPTextModel(CLIPTextConfig(**SIZE, eos_token_id=2, bos_token_id=1, pad_token_id=0))
    start_as_mean(clip)
    layer = getattr(clip, "text_model", clip).encoder.layers[-1].self_attn
    assert torch.equal(layer.v_proj.weight, torch.eye(32))
    assert torch.equal(layer.out_proj.weight, torch.eye(32))
    other = torch.nn.Linear(3, 3)
    before = other.weight.clone()
    start_as_mean(other)
    assert torch.equal(other.weight, before)


@pytest.mark.parametrize("make", [bert])
def test_it_is_where_training_starts_not_a_constraint(make: Any) -> None:
    tower = make()
    start_as_mean(tower)
    tower(input_ids=IDS).pooler_output.square().sum().backward()
    assert tower.encoder.layer[-1].attention.self.value.weight.grad.abs().sum() > 0
