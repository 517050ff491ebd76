"""`AdaptiveInterpolation`: a teacher that starts near the student and moves off as the student follows."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.divergence import kl_divergence


class AdaptiveInterpolation(nn.Module):
    """Scores between student and teacher; the share of the teacher grows with the steps, faster where the loss falls.

    target = (1 - a) stop(s) + a t
    J_n = mean KL(softmax(target) || softmax(s));  m <- b m + (1 - b) (J_{n-1} - J_n) / J_{n-1}
    a <- min(end, max(start + (end - start) n / steps, a + rate sigmoid(m) (1 - a)))

    Use when a teacher is much larger than its student: read `pooled` as the teacher of a `KDLoss(1.0)`.

    Args:
        steps: length of training, over which the share rises at least linearly.
        start: share at the first step, in [0, 1].
        end: largest share.
        rate: largest step of the adaptive part (a in the paper); well below `(end - start) / steps` it does nothing.
        momentum: decay of the average of relative progress, in [0, 1) (b in the paper).

    Raises:
        UsageError: start and end are not ordered in [0, 1], or there is no step.

    Source: TAID, Shing et al. 2025, arXiv 2501.16937; rate 5e-4 and momentum 0.99 are its values, in runs of about
    16,000 steps: a shorter run needs a rate that is larger by as much.

    Differs from the paper: classes instead of tokens of a vocabulary. Its state is in buffers: a stage names it in
    `trains` to let it move and to keep it in checkpoints.
    """

    rowless = ("share",)
    share: Tensor
    trend: Tensor
    last: Tensor
    step: Tensor

    def __init__(
        self, steps: int, *, start: float = 0.4, end: float = 1.0, rate: float = 5e-4, momentum: float = 0.99
    ) -> None:
        super().__init__()
        if steps < 1 or not 0 <= start <= end <= 1:
            raise UsageError(f"steps {steps}, start {start!r}, end {end!r}: steps >= 1 and 0 <= start <= end <= 1")
        self.steps = steps
        self.start = start
        self.end = end
        self.rate = rate
        self.momentum = momentum
        self.register_buffer("share", torch.tensor(float(start)))
        self.register_buffer("trend", torch.zeros(()))
        self.register_buffer("last", torch.full((), -1.0))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    def forward(self, *, student: Float[Tensor, "n v"], teacher: Float[Tensor, "n v"]) -> dict[str, Tensor]:
        """The target of this step; while training, the share is moved for the next one.

        Args:
            student: scores before the softmax; no gradient goes back to them.
            teacher: scores of the same classes.

        Returns:
            `pooled`: scores `(n, v)` to be matched; `share`: the teacher's share in them `()`.
        """
        share = self.share.clone()
        student = student.detach()
        target = torch.lerp(student, teacher, share)
        if self.training:
            self._advance(kl_divergence(student, target).mean().detach())
        return {"pooled": target, "share": share}

    def _advance(self, loss: Tensor) -> None:
        self.step += 1
        if self.last >= 0:
            progress = (self.last - loss) / (self.last + 1e-15)
            self.trend.lerp_(progress, 1 - self.momentum)
            pushed = self.share + self.rate * torch.sigmoid(self.trend) * (1 - self.share)
        else:
            pushed = self.share
        linear = self.start + (self.end - self.start) * self.step / self.steps
        self.share.copy_(torch.maximum(pushed, linear).clamp(max=self.end))
        self.last.copy_(loss)
