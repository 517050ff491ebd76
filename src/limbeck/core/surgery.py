"""`Surgery`: changes a student before it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from limbeck.core.encoder import Encoder


@dataclass(frozen=True)
class SurgeryReport:
    """What was changed.

    Args:
        lines: one a fact, for the log: what was copied, cut, added, from where to where.
        before: parameters of the student before.
        after: parameters of the student after.
    """

    lines: tuple[str, ...]
    before: int
    after: int


class Surgery(ABC):
    """Inherits weights, cuts, or adds adapters: modules inside the student's encoders are changed in place.

    Contract (held by `tests/contracts/test_surgery.py`):

    * The encoders stay the same objects; what is exchanged lies inside their towers and heads, so that the model that
      is exported has it too. A configuration that says other sizes afterwards is mended here.
    * Teachers are left bit for bit as they are, and nothing of them is shared with the student.
    * The result is a function of student, teachers, settings and torch's random state.
    * `preserving` says whether the student answers as before, right after the operation.
    * `settle` undoes what only training needs (an adapter becomes part of its matrix); answers stay the same.

    Attributes:
        preserving: see above.
    """

    preserving: bool = False

    @abstractmethod
    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Change the student; both mappings are modality -> encoder. Without a teacher `teachers` is empty."""

    def settle(self, student: Mapping[str, Encoder]) -> None:
        """After training, before the student is saved: leave plain modules and weights. Nothing, unless overridden."""
        return None


def parameters_of(encoders: Mapping[str, Encoder]) -> int:
    """Parameters of all encoders, each counted once."""
    return sum(p.numel() for p in {id(p): p for e in encoders.values() for p in e.parameters()}.values())
