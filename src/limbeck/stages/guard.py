"""Stops a run before it spoils anything: non-finite numbers, identical rows, a learning rate that cannot work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.artefact import write_json
from limbeck.core.errors import DataError, UsageError
from limbeck.core.recipe import StageSpec
from limbeck.core.sample import Batch

FILE = "nonfinite.json"
PATIENCE = 3


class Guard:
    """Looks at every step before its update is made.

    Args:
        spec: the stage, for messages.
        folder: where `nonfinite.json` goes; None writes none.
        ids: row indices -> the user's names for them.
    """

    def __init__(
        self, spec: StageSpec, *, folder: Path | None, ids: Callable[[Sequence[int]], Sequence[str]] | None = None
    ) -> None:
        self.spec = spec
        self.folder = folder
        self.ids = ids
        self.identical = 0

    def rate(self, parameters: Sequence[nn.Parameter]) -> None:
        """Refuse a rate at which one AdamW update (about `rate` a weight) is larger than the weights themselves."""
        sizes = [float(p.detach().square().mean().sqrt()) for p in parameters if p.ndim >= 2 and p.numel() > 1]
        sizes = sorted(size for size in sizes if size > 0)
        rate = self.spec.optimisation.learning_rate
        if sizes and rate > 3 * sizes[len(sizes) // 2]:
            raise UsageError(
                f"learning rate {rate:g} of stage '{self.spec.name}' would replace the weights at every step: their "
                f"typical size is {sizes[len(sizes) // 2]:.2g}; valid rates for AdamW are far below that, such as "
                f"{min(rate / 1000, 1e-3):g}"
            )

    def batch(self, batch: Batch, step: int) -> None:
        """Stop when every view of every row has been the same for three batches on end."""
        if len(batch) < 2 or not batch.views:
            return
        same = all(_constant(value) for view in batch.views.values() for value in view.values())
        self.identical = self.identical + 1 if same else 0
        if self.identical >= PATIENCE:
            self._stop(
                batch, step, f"the rows of the last {PATIENCE} batches are all the same", {}, fix="check the data"
            )

    def update(
        self, batch: Batch, step: int, loss: float, norm: float, evidence: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Stop when the loss or the gradient's norm is not finite; the update has not been made yet."""
        if loss - loss == 0 and norm - norm == 0:
            return
        what = "loss" if loss - loss != 0 else "gradient"
        found = {"loss": repr(loss), "gradient_norm": repr(norm), **evidence()}
        fix = "remove those rows or lower the learning rate"
        self._stop(batch, step, f"the {what} is not finite ({loss if what == 'loss' else norm})", found, fix=fix)

    def weights(self, state: Mapping[str, Tensor], batch: Batch, step: int) -> None:
        """Stop before something non-finite is written."""
        bad = [name for name, v in state.items() if v.is_floating_point() and not bool(torch.isfinite(v).all())]
        if bad:
            fix = "lower the learning rate"
            self._stop(batch, step, f"{len(bad)} weights are not finite", {"weights": bad[:20]}, fix=fix)

    def _stop(self, batch: Batch, step: int, reason: str, found: Mapping[str, Any], *, fix: str) -> None:
        index = [int(i) for i in batch.index]
        report: dict[str, Any] = {
            "stage": self.spec.name,
            "step": step,
            "reason": reason,
            **found,
            "views": [
                f"{name}.{key}"
                for name, view in batch.views.items()
                for key, value in view.items()
                if value.is_floating_point() and not bool(torch.isfinite(value).all())
            ],
            "index": index,
            "ids": list(self.ids(index)) if self.ids is not None else [str(i) for i in index],
            "draw": [int(draw) for draw in batch.draw],
        }
        where = f"the batch's rows begin with {', '.join(report['ids'][:3])}"
        if self.folder is not None:
            write_json(self.folder / FILE, report)
            where = f"the batch's rows are in {self.folder / FILE}"
        raise DataError(f"stage '{self.spec.name}' stopped at step {step}: {reason}; {where}; {fix}")


def evidence(terms: Mapping[str, Tensor], module: nn.Module, rate: float) -> dict[str, Any]:
    """What helps to find the cause: the terms, and which gradients are not finite."""
    bad = [n for n, p in module.named_parameters() if p.grad is not None and not bool(torch.isfinite(p.grad).all())]
    return {
        "terms": {name: repr(float(value)) for name, value in terms.items()},
        "gradients": bad[:20],
        "learning_rate": rate,
    }


def _constant(value: Tensor) -> bool:
    # Two rows first: they nearly always differ, and then that is all the work.
    return torch.equal(value[0], value[1]) and bool((value == value[:1]).all())
