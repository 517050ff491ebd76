from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from transformers import AutoModel

from encoders.worlds import config
from limbeck.encoders.shared_cast import share_casts


def _towers() -> tuple[nn.Module, nn.Module]:
    plain = AutoModel.from_config(config("clip")).vision_model.train()
    shared = copy.deepcopy(plain)
    share_casts(shared)
    return plain, shared


def _gradient(tower: nn.Module, pixels: Tensor, *, bf16: bool) -> tuple[Tensor, Tensor]:
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        pooled = tower(pixel_values=pixels).pooler_output
    pooled.float().square().mean().backward()
    return pooled, torch.cat([p.grad.flatten() for p in tower.parameters() if p.grad is not None])


def test_values_stay_the_same_bit_for_bit_and_gradients_to_bf16() -> None:
    size = AutoModel.from_config(config("clip")).config.vision_config.image_size
    pixels = torch.randn(4, 3, size, size)
    plain, shared = _towers()
    (before, wanted), (after, found) = (_gradient(tower, pixels, bf16=True) for tower in (plain, shared))
    assert torch.equal(before, after)
    assert torch.linalg.vector_norm(found - wanted) < 0.02 * torch.linalg.vector_norm(wanted)
    plain, shared = _towers()
    (before, wanted), (after, found) = (_gradient(tower, pixels, bf16=False) for tower in (plain, shared))
    assert torch.equal(before, after)
    assert torch.equal(wanted, found)


def test_one_cast_serves_queries_keys_and_values() -> None:
    _, shared = _towers()
    seen: list[tuple[torch.dtype, int]] = []
    for name, module in shared.named_modules():
        if name.endswith(("q_proj", "k_proj", "v_proj")):
            module.register_forward_pre_hook(lambda _, given: seen.append((given[0].dtype, given[0].data_ptr())))
    size = shared.config.image_size
    with torch.autocast("cpu", torch.bfloat16):
        shared(pixel_values=torch.randn(1, 3, size, size))
    layers = shared.config.num_hidden_layers
    assert len(seen) == 3 * layers
    assert {dtype for dtype, _ in seen} == {torch.bfloat16}
    for layer in range(layers):
        assert len({place for _, place in seen[3 * layer : 3 * layer + 3]}) == 1
