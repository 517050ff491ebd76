"""What travels from data to models: one `Sample` a row, one `Batch` a step. Both are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from limbeck.core.errors import UsageError, unknown


@dataclass(frozen=True)
class Sample:
    """One row of a data set before any model's view of it.

    Args:
        index: position in the source, stable for the life of a run; caches are addressed by it.
        id: the user's name for the row, unique in the source.
        values: modality -> raw value (`image`: encoded bytes or `PIL.Image`, `text`: str, ...). A modality that
            is missing in this row is simply not a key.
        split: `train`, `validation`, `test`, or "" where the source does not say.
        label: class name where the source has one, else "".
        group: rows that share a non-empty group are right answers for one another in retrieval.
    """

    index: int
    id: str
    values: Mapping[str, object]
    split: str = ""
    label: str = ""
    group: str = ""


@dataclass(frozen=True)
class Batch:
    """`n` rows as models eat them.

    Args:
        views: model name (for example `student.image`) -> named tensors with leading axis `n`. Rows whose
            modality is absent hold zeros.
        present: modality -> True where the row has it. Absence is this mask, never None.
        index: position of each row in the source.
        draw: which of the K stored augmentation draws the row was seen under; 0 is "as it is".
        target: named targets with leading axis `n` (`label`, ...).
    """

    views: Mapping[str, Mapping[str, Tensor]]
    present: Mapping[str, Bool[Tensor, " n"]]
    index: Int[Tensor, " n"]
    draw: Int[Tensor, " n"]
    target: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.index.shape[0])

    def view(self, name: str) -> Mapping[str, Tensor]:
        """What the model called `name` eats."""
        if name not in self.views:
            raise UsageError(unknown("view", name, self.views))
        return self.views[name]

    def rows(self, chosen: Int[Tensor, " m"] | slice) -> Batch:
        """The same batch with only the chosen rows, in the order given."""
        return Batch(
            views={name: {key: value[chosen] for key, value in view.items()} for name, view in self.views.items()},
            present={name: mask[chosen] for name, mask in self.present.items()},
            index=self.index[chosen],
            draw=self.draw[chosen],
            target={name: value[chosen] for name, value in self.target.items()},
        )

    def split(self, size: int) -> list[Batch]:
        """Micro-batches of at most `size` rows, in order."""
        return [self.rows(slice(start, start + size)) for start in range(0, len(self), size)]

    def both(self, *modalities: str) -> Bool[Tensor, " n"]:
        """True where every named modality is present."""
        mask = torch.ones(len(self), dtype=torch.bool, device=self.index.device)
        for modality in modalities:
            if modality not in self.present:
                raise UsageError(unknown("modality", modality, self.present))
            mask = mask & self.present[modality]
        return mask
