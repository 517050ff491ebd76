"""`LagrangianSparsityLoss`: hold the density of gates at a target."""

from __future__ import annotations

from jaxtyping import Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective


class LagrangianSparsityLoss(Objective):
    """The price of being off a density.

    loss_i = linear (p_i - target) + quadratic (p_i - target)^2 + weight (p_i - target)^2

    Use when gates learn which weights stay, and how many stay is given. `linear` and `quadratic` come from
    `LagrangeMultipliers`, which climb while the density is off; `weight` alone holds it softly.

    Args:
        target: share of the weights that shall stay, in (0, 1].
        weight: >= 0; of a fixed quadratic price.

    Raises:
        UsageError: a target outside (0, 1] or a negative weight.

    Source: Wang et al. 2019, arXiv 1910.04732; sparsity loss of TinyCLIP, Wu et al. 2023, arXiv 2309.12314.

    Differs from the paper: the fixed quadratic price, without which few steps do not reach the target.
    """

    def __init__(self, target: float = 0.5, *, weight: float = 1.0) -> None:
        super().__init__()
        if not 0 < target <= 1:
            raise UsageError(f"target {target!r} is not valid; it must lie in (0, 1], for example 0.5")
        if weight < 0:
            raise UsageError(f"weight {weight!r} is not valid; it must be at least 0")
        self.target = target
        self.weight = weight

    def forward(
        self,
        *,
        density: Float[Tensor, " n"],
        linear: Float[Tensor, ""],
        quadratic: Float[Tensor, ""],
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            density: expected share of the weights that stays; the same number in every row.
            linear: price of each unit of density above the target.
            quadratic: price of its square.

        Returns:
            `(n,)`.
        """
        excess = density.float() - self.target
        return linear.float() * excess + (quadratic.float() + self.weight) * excess.square()
