"""`DualViewLoss`: match a token map, and match it again without its constant part."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.direct_component import without_direct_component
from limbeck.functional.rows import keep_rows


class DualViewLoss(Objective):
    """Mean squared difference of tokens, in the original view and in the one without zero frequency.

    loss_i = balance mean_tc (s - t)^2 + (1 - balance) mean_tc (s~ - t~)^2,  x~ = x - mean over tokens

    Use when whole token maps are matched: a transformer's features are dominated by what is the same in all tokens, and
    a plain squared difference cares for little else. `balance=1` is plain token matching.

    Args:
        balance: weight of the original view, in [0, 1].

    Raises:
        UsageError: the balance lies outside [0, 1].

    Source: dual-view feature mimicking of ScaleKD, Fan et al. 2024, arXiv 2411.06786 (balance 0.6).

    Differs from the paper: means instead of sums over tokens and width, so that weights carry over between sizes.
    """

    def __init__(self, balance: float = 0.6) -> None:
        super().__init__()
        if not 0 <= balance <= 1:
            raise UsageError(f"balance {balance!r} is not valid; it must lie in [0, 1], for example 0.6")
        self.balance = balance

    def forward(
        self,
        *,
        student: Float[Tensor, "n t d"],
        teacher: Float[Tensor, "n t d"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: tokens, projected to the teacher's number and width.
            teacher: tokens.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        student, teacher = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        difference = student - teacher
        varying = without_direct_component(difference)  # it is linear: the difference of views is the view of it
        original = difference.square().mean((1, 2))
        return self.balance * original + (1 - self.balance) * varying.square().mean((1, 2))
