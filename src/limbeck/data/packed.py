"""`Packed`: prepared tensors of many rows as one tensor a type, to be sent between processes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Place = tuple[int, int, str]
"""Where a store keeps what was prepared: row, draw, and what else the tensors depend on."""


@dataclass(frozen=True, eq=False)
class Packed:
    """Prepared tensors end to end; sent one by one, each would cost a file descriptor and a shared file.

    Args:
        layout: place -> name of a tensor, its type and its shape, in the order in which they lie.
        flat: type -> all values.
    """

    layout: Mapping[Place, tuple[tuple[str, torch.dtype, tuple[int, ...]], ...]]
    flat: Mapping[torch.dtype, Tensor]

    def unpack(self) -> dict[Place, Mapping[str, Tensor]]:
        """Place -> tensors, in memory of this process: shared memory is small in a container."""
        own = {dtype: flat.clone() for dtype, flat in self.flat.items()}
        start = dict.fromkeys(own, 0)
        found: dict[Place, Mapping[str, Tensor]] = {}
        for place, tensors in self.layout.items():
            row = {}
            for name, dtype, shape in tensors:
                stop = start[dtype] + torch.Size(shape).numel()
                row[name] = own[dtype][start[dtype] : stop].view(shape)
                start[dtype] = stop
            found[place] = row
        return found


def pack(made: Mapping[Place, Mapping[str, Tensor]]) -> Packed:
    """The tensors of every place, bit for bit."""
    layout = {
        place: tuple((name, tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items())
        for place, tensors in made.items()
    }
    parts: dict[torch.dtype, list[Tensor]] = {}
    for tensors in made.values():
        for tensor in tensors.values():
            parts.setdefault(tensor.dtype, []).append(tensor.reshape(-1))
    return Packed(layout, {dtype: torch.cat(own) for dtype, own in parts.items()})
