"""How objectives are wired to models: `Ref`, `Term`, `StepOutput`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.core.schedule import Schedule


@dataclass(frozen=True)
class Ref:
    """One output of one producer: `Ref("student.image", "pooled")`.

    Args:
        producer: name of an encoder, a teacher or a parameter holder of the stage.
        output: name of one of its outputs.
    """

    producer: str
    output: str = "pooled"

    def __str__(self) -> str:
        return f"{self.producer}:{self.output}"


@dataclass(frozen=True)
class Term:
    """One weighted objective of a stage.

    Args:
        objective: what is minimised.
        inputs: name of an input of the objective -> where it comes from.
        weight: factor, or a schedule of the step.
    """

    objective: Objective
    inputs: Mapping[str, Ref]
    weight: float | Schedule = 1.0

    def weight_at(self, step: int) -> float:
        """The factor at `step`."""
        return self.weight(step) if isinstance(self.weight, Schedule) else float(self.weight)


@dataclass(frozen=True)
class StepOutput:
    """What a stage returns for one batch.

    Args:
        loss: weighted sum of the terms, `()`, with gradient.
        terms: name -> unweighted value of the term, detached.
        log: further numbers worth writing down (rows that counted, learned scale, ...).
    """

    loss: Tensor
    terms: Mapping[str, Tensor]
    log: Mapping[str, float]
