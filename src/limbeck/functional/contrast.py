"""Softmax contrast of pairs: row i belongs to column i."""

from __future__ import annotations

from jaxtyping import Bool, Float, Int
from torch import Tensor

from limbeck.functional.divergence import log_softmax
from limbeck.functional.rows import kept_pairs, same_group


def rivals(
    like: Float[Tensor, "n *rest"], mask: Bool[Tensor, " n"] | None, group: Int[Tensor, " n"] | None
) -> Bool[Tensor, "n n"]:
    """True where column j competes in row i: both count, and they are not two rows of one group. Symmetric.

    `like` gives the number of rows and the device.
    """
    keep = kept_pairs(like, mask)
    return keep if group is None else keep & ~same_group(group)


def symmetric_contrast(
    forth: Float[Tensor, "n n"], back: Float[Tensor, "n n"], keep: Bool[Tensor, "n n"]
) -> Float[Tensor, " n"]:
    """-(1/2) [ log softmax(forth)_ii + log softmax(back)_ii ] over the kept columns, one value a row, >= 0.

    Args:
        forth: logits of the first side's row i for the second side's row j.
        back: logits of the second side's row i for the first side's row j.
        keep: columns that compete.
    """
    return -0.5 * (log_softmax(forth, keep).diagonal() + log_softmax(back, keep).diagonal())
