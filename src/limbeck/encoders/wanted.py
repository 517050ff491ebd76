"""What every encoder does with `want`: check the names, compute those, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from torch import Tensor

from limbeck.core.errors import UsageError, unknown
from limbeck.core.features import Features


def check_want(want: Collection[str], outputs: Collection[str], *, encoder: str) -> None:
    """Refuse the name of an output that the encoder does not declare.

    Raises:
        UsageError: naming the valid outputs and the nearest one.
    """
    for name in want:
        if name not in outputs:
            raise UsageError(unknown("output", name, outputs, where=encoder))


def as_tokens(hidden: Tensor) -> Tensor:
    """Feature maps `(n, c, h, w)` as tokens `(n, h*w, c)`; tokens stay as they are."""
    return hidden.flatten(2).transpose(1, 2) if hidden.ndim == 4 else hidden


def as_it_is(value: Tensor) -> Tensor:
    """The tensor itself, for `functools.partial`."""
    return value


def wanted(
    want: Collection[str], computed: Mapping[str, Callable[[], Tensor]], *, mask: Tensor | None = None
) -> Features:
    """Exactly the outputs in `want`; `mask` comes along where one of them has a token axis."""
    values = {name: computed[name]() for name in want}
    has_tokens = any(value.ndim == 3 for value in values.values())
    extras = {name: value for name, value in values.items() if name not in ("pooled", "tokens")}
    return Features(
        pooled=values.get("pooled"),
        tokens=values.get("tokens"),
        mask=mask if has_tokens else None,
        extras=extras,
    )
