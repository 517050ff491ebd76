"""`TeacherTail`: the last layers of a teacher, run on somebody else's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.part import Frozen


class TeacherTail(nn.Module):
    """y = norm(layer_L(... layer_{after + 1}(x)))

    The teacher's own layers, frozen: gradient passes through them to whoever made the tokens, which have to look like
    the teacher's at that depth for the answer to be right.

    Use when a student shall learn what the teacher's parameters know and not only what it says: the proxy path of
    ScaleKD. Thrown away after training.

    Args:
        after: number of layers that are skipped; tokens of `hidden.AFTER` give the teacher's own tokens.
        teacher: which encoder lends its layers.

    Raises:
        UsageError: there is no such teacher, or it is no transformer with that many layers.

    Source: teacher parameter perception of ScaleKD, Fan et al. 2024, arXiv 2411.06786.
    """

    outputs = ("tokens",)

    def __init__(self, after: int, *, teacher: str = "teacher.image") -> None:
        super().__init__()
        self.after = after
        self.teacher = teacher
        self._tail: list[Frozen] = []

    def bind(self, encoders: Mapping[str, Encoder]) -> None:
        """Borrow the layers."""
        if self.teacher not in encoders:
            raise UsageError(f"TeacherTail wants the layers of '{self.teacher}'; valid: {', '.join(sorted(encoders))}")
        lender: Any = encoders[self.teacher]
        while not hasattr(lender, "tower") and hasattr(lender, "base"):
            lender = lender.base
        tower = getattr(lender, "tower", lender)
        encoder = getattr(tower, "encoder", tower)
        layers = getattr(encoder, "layers", getattr(encoder, "layer", None))
        if not isinstance(layers, nn.ModuleList) or not 0 <= self.after < len(layers):
            count = len(layers) if isinstance(layers, nn.ModuleList) else "no"
            raise UsageError(f"TeacherTail skips {self.after} layers; {type(tower).__name__} has {count} layers")
        # CLIP's tokens are taken before its last norm, ViT's after it.
        norm = getattr(tower, "layernorm", None)
        self._tail = [Frozen(layer) for layer in (*layers[self.after :], *([norm] if norm is not None else []))]

    def forward(self, *, tokens: Float[Tensor, "n t d"]) -> dict[str, Float[Tensor, "n t d"]]:
        """`tokens` after the rest of the teacher."""
        for layer in self._tail:
            found = layer(tokens) if isinstance(layer.module, nn.LayerNorm) else layer(tokens, None)
            tokens = found[0] if isinstance(found, tuple) else found
        return {"tokens": tokens}
