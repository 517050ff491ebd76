"""`HFImageEncoder`: an image tower of `transformers`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.core.spec import ImageSpec
from limbeck.encoders.attention_kernel import attention_outputs, explicit_attention
from limbeck.encoders.pooling import Pooling, model_pooling
from limbeck.encoders.shared_cast import share_casts
from limbeck.encoders.wanted import as_it_is, as_tokens, check_want, wanted


class HFImageEncoder(Encoder):
    """`pooled = head(pooling(tower(pixel_values)))`.

    Use when an image model comes from `transformers`: ViT, CLIP, SigLIP, DINO, ConvNeXt, ResNet, ...

    Args:
        tower: a `transformers` vision model.
        spec: how it wants its pictures.
        head: projection into a shared space, or None.
        pooling: how tokens become one vector; by default what the model itself says.

    Attributes:
        outputs: `pooled`, `tokens` (before pooling and projection), `hidden.0` (after the embeddings) ... `hidden.L`,
            and `attention.0 (n, h, t, t)` ... where there is attention.
    """

    modality = "image"

    def __init__(
        self, tower: nn.Module, *, spec: ImageSpec, head: nn.Module | None = None, pooling: Pooling = model_pooling
    ) -> None:
        super().__init__()
        self.tower = tower
        self.head = head if head is not None else nn.Identity()
        self.offers: dict[str, Callable[[int], Tensor]] = {}
        self.spec: ImageSpec = spec
        self.pooling = pooling
        share_casts(tower)
        training = tower.training
        self.eval()
        with torch.no_grad():
            nothing = torch.zeros(1, 3, spec.height, spec.width)
            probe = tower(pixel_values=nothing, output_hidden_states=True)
            maps = attention_outputs(tower, pixel_values=nothing)
            tokens = as_tokens(probe.last_hidden_state)
            self.width = int(self.head(pooling(tokens, None, probe.get("pooler_output"))).shape[-1])
        hidden = probe.get("hidden_states") or ()
        self.outputs = ("pooled", "tokens", *(f"hidden.{number}" for number in range(len(hidden))), *maps)
        self.train(training)

    def offer(self, name: str, value: Callable[[int], Tensor]) -> None:
        """One more output: `value(n)` is asked after the tower has run on `n` rows. For surgeries."""
        self.offers[name] = value
        self.outputs = (*(output for output in self.outputs if output != name), name)

    def withdraw(self, name: str) -> None:
        """Take such an output away again."""
        self.offers.pop(name, None)
        self.outputs = tuple(output for output in self.outputs if output != name)

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for `pixel_values (n, 3, height, width)`."""
        check_want(want, self.outputs, encoder="image encoder")
        options = {"output_hidden_states": True} if any(name.startswith("hidden.") for name in want) else {}
        maps = any(name.startswith("attention.") for name in want)
        options |= {"output_attentions": True} if maps else {}
        with explicit_attention(self.tower, on=maps or self.training):
            found = self.tower(pixel_values=view["pixel_values"], **options)
        tokens = as_tokens(found.last_hidden_state)
        computed: dict[str, Callable[[], Tensor]] = {
            "pooled": lambda: self.head(self.pooling(tokens, None, found.get("pooler_output"))),
            "tokens": lambda: tokens,
        }
        rows = len(tokens)
        computed |= {name: partial(offer, rows) for name, offer in self.offers.items()}
        for number, hidden in enumerate(found.get("hidden_states") or ()):
            computed[f"hidden.{number}"] = partial(as_tokens, hidden)
        for number, value in enumerate(found.get("attentions") or ()):
            computed[f"attention.{number}"] = partial(as_it_is, value)
        return wanted(want, computed)
