"""`Similarity`: how alike every query and every candidate are, where a cosine of two vectors does not say it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from limbeck.core.features import Features
from limbeck.core.part import Part


class Similarity(ABC):
    """A rule that `RetrievalEvaluator(similarity=...)` ranks by.

    Attributes:
        outputs: what it needs of each encoder (`tokens` brings `mask`, where there is one).
    """

    outputs: tuple[str, ...] = ("tokens",)

    @abstractmethod
    def __call__(
        self, queries: Features, candidates: Features, *, source: str, target: str, parts: Mapping[str, Part]
    ) -> Float[Tensor, "q c"]:
        """Larger is more alike.

        Args:
            queries: outputs of `q` rows of one modality.
            candidates: outputs of `c` rows of another one.
            source: modality of the queries.
            target: modality of the candidates.
            parts: parts of the run, trained and in eval mode: call `parts["fusion"](inputs, trains=False)`.
        """
