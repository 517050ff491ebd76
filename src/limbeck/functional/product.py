"""Matrix products that stay in fp32 whatever autocast says."""

from __future__ import annotations

import torch
from torch import Tensor


def product(first: Tensor, second: Tensor) -> Tensor:
    """`first @ second` in fp32, also inside an autocast region.

    A similarity in bf16 has 8 bits of mantissa: after a scale of 100 the logits would move in steps of 0.4.

    Args:
        first: `(..., n, d)`, any floating dtype.
        second: `(..., d, m)`, any floating dtype.

    Returns:
        `(..., n, m)`, fp32.
    """
    with torch.autocast(device_type=first.device.type, enabled=False):
        return first.float() @ second.float()
