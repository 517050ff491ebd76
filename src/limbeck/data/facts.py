"""`facts_of`: what every loader has to know of a source's rows, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from limbeck.core.source import Source
from limbeck.data.groups import domain_ids, group_ids, label_ids


@dataclass(frozen=True)
class Facts:
    """Columns over all rows of a source.

    Args:
        groups: see `group_ids`.
        labels: see `label_ids`.
        domains: see `domain_ids`.
        present: modality -> True where the row has it.
    """

    groups: Tensor
    labels: tuple[Tensor, tuple[str, ...]]
    domains: tuple[Tensor, tuple[str, ...]]
    present: Mapping[str, Tensor]


_KNOWN: WeakKeyDictionary[Source, Facts] = WeakKeyDictionary()


def facts_of(source: Source) -> Facts:
    """The facts of a source, once a source: a comparison makes hundreds of loaders of the same rows."""
    if source not in _KNOWN:
        rows = source.rows
        present = {m: torch.tensor([m in row.modalities for row in rows], dtype=torch.bool) for m in source.modalities}
        _KNOWN[source] = Facts(group_ids(rows), label_ids(rows), domain_ids(rows), present)
    return _KNOWN[source]
