"""Which weights are kept, and when to stop: by the best value of one validation metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from limbeck.core.errors import UsageError, unknown


class Selection:
    """The best weights so far; a metric that is NaN is never the best, and the first of equals stays.

    Args:
        monitor: metric to maximise; None takes the first that is reported.
        patience: validations without a better value after which `over` is True; 0 never stops.
    """

    def __init__(self, monitor: str | None, *, patience: int) -> None:
        self.monitor = monitor
        self.patience = patience
        self.weights: dict[str, Tensor] = {}
        self.step = 0
        self.metrics: dict[str, float] = {}
        self.history: list[dict[str, Any]] = []
        self.stale = 0

    @property
    def over(self) -> bool:
        """Whether patience has run out."""
        return bool(self.patience) and self.stale >= self.patience

    def consider(
        self, step: int, metrics: Mapping[str, float], *, weights: Callable[[], dict[str, Tensor]]
    ) -> tuple[str, float, bool]:
        """Take in one validation; returns the metric's name, its value and whether it is the best so far."""
        name = self.monitor or next(iter(metrics), "")
        if name not in metrics:
            raise UsageError(unknown("metric", name, metrics, where="monitor"))
        self.history.append({"step": step, "metrics": dict(metrics)})
        value, best = metrics[name], self.metrics.get(name, float("nan"))
        better = value == value and not value <= best
        if better or not self.weights:
            self.step, self.metrics, self.weights, self.stale = step, dict(metrics), weights(), 0
        else:
            self.stale += 1
        return name, value, better

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint; the weights go beside them."""
        return {
            "step": self.step,
            "metrics": _plain(self.metrics),
            "history": [{"step": entry["step"], "metrics": _plain(entry["metrics"])} for entry in self.history],
            "stale": self.stale,
        }

    def load(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Back to a saved state."""
        self.step, self.stale, self.weights = state["step"], state["stale"], dict(weights)
        self.metrics = _numbers(state["metrics"])
        self.history = [{"step": entry["step"], "metrics": _numbers(entry["metrics"])} for entry in state["history"]]


def _plain(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if value - value == 0 else None for name, value in metrics.items()}


def _numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in metrics.items()}
