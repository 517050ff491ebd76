"""What an encoder returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.core.errors import UsageError, unknown


@dataclass(frozen=True)
class Features:
    """The outputs of one encoder for `n` rows; absent outputs are None and were not asked for.

    Args:
        pooled: one vector a row, not normalised, `(n, d)`.
        tokens: one vector a token, `(n, t, d)`.
        mask: True where a token is real, `(n, t)`; comes with `tokens` where rows differ in length.
        extras: further named outputs on request: `hidden.3`, `attention.5`, `scale`, ...
    """

    pooled: Float[Tensor, "n d"] | None = None
    tokens: Float[Tensor, "n t d"] | None = None
    mask: Bool[Tensor, "n t"] | None = None
    extras: Mapping[str, Tensor] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """The outputs that are here."""
        fixed = (name for name in ("pooled", "tokens", "mask") if getattr(self, name) is not None)
        return (*fixed, *self.extras)

    def __getitem__(self, name: str) -> Tensor:
        """One output by name; an unknown name is an error that lists what is here."""
        value = getattr(self, name) if name in ("pooled", "tokens", "mask") else self.extras.get(name)
        if value is None:
            raise UsageError(unknown("output", name, self.names()))
        return value

    def map(self, change: Callable[[Tensor], Tensor]) -> Features:
        """The same outputs with `change` applied to every tensor."""

        def maybe(value: Tensor | None) -> Tensor | None:
            return None if value is None else change(value)

        return Features(
            pooled=maybe(self.pooled),
            tokens=maybe(self.tokens),
            mask=maybe(self.mask),
            extras={name: change(value) for name, value in self.extras.items()},
        )


def together(pieces: Sequence[Features]) -> Features:
    """Features of several batches as one; token axes of different length are padded, and masked where there is a mask.

    Without a mask, pieces of different length are an error: nobody could tell padding from tokens.
    """
    names = pieces[0].names()
    found: dict[str, Tensor] = {}
    for name in names:
        values = [piece[name] for piece in pieces]
        lengths = {value.shape[1] for value in values if value.ndim > 1}
        if len(lengths) > 1:
            if "mask" not in names:
                raise UsageError(f"batches have {sorted(lengths)} entries of '{name}' and no mask says which are real")
            longest = max(lengths)
            values = [_padded(value, longest) for value in values]
        found[name] = torch.cat(values)
    extras = {name: value for name, value in found.items() if name not in ("pooled", "tokens", "mask")}
    return Features(found.get("pooled"), found.get("tokens"), found.get("mask"), extras)


def _padded(value: Tensor, length: int) -> Tensor:
    missing = value.new_zeros((len(value), length - value.shape[1], *value.shape[2:]))
    return torch.cat([value, missing], dim=1)
