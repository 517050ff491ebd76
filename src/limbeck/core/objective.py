"""`Objective`: named tensors in, a loss a row out."""

from __future__ import annotations

import inspect

from torch import nn


class Objective(nn.Module):
    """A pure function of tensors with its settings.

    Contract (held by `tests/contracts/test_objectives.py`):

    * `forward` takes keyword-only, jaxtyping-annotated tensors. Names that start with `teacher` or `target` never
      receive gradient; all other floating-point inputs do.
    * It returns fp32 `(n,)`, one loss a row, or `()` where the loss does not split by row. It never reduces over rows,
      weights, or looks at a model, a rank or a step.
    * An optional `mask: Bool[Tensor, "n"] | None = None` says which rows count (True = keep): masked rows have loss 0
      and no effect on the others.
    * bf16 inputs are accepted; inputs are not changed in place; results are finite for finite inputs.
    """

    def __init__(self) -> None:
        # nn.Module takes *args and **kwargs; without this an objective without settings would seem to have two.
        super().__init__()

    @classmethod
    def inputs(cls) -> dict[str, bool]:
        """Input name -> whether it is required, read from the signature of `forward` (`mask` is not listed)."""
        parameters = inspect.signature(cls.forward).parameters.values()
        return {
            p.name: p.default is inspect.Parameter.empty
            for p in parameters
            if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name != "mask"
        }

    @classmethod
    def takes_mask(cls) -> bool:
        """Whether rows can be masked out."""
        return "mask" in inspect.signature(cls.forward).parameters
