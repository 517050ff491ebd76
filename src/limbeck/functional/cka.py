"""Centred kernel alignment: how alike two representations of the same rows are, whatever their widths."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.functional.product import product


def kernel_cka(first: Float[Tensor, "n n"], second: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    """CKA of two kernel matrices: <HKH, HLH> / (|HKH| |HLH|) with H = 1 - 1/n.

    Source: Kornblith et al. 2019, arXiv 1905.00414.

    Args:
        first: kernel of the rows in one representation, symmetric.
        second: kernel of the same rows in the other one.

    Returns:
        `()`, in [0, 1] for positive semi-definite kernels; 0 where one is constant.
    """
    one, other = _centred(first), _centred(second)
    return _ratio((one * other).sum(), one.norm() * other.norm())


def linear_cka(first: Float[Tensor, "n d"], second: Float[Tensor, "n e"]) -> Float[Tensor, ""]:
    """CKA with linear kernels: |Y'X|^2 / (|X'X| |Y'Y|) for centred X and Y.

    Unchanged by rotations and by a common scale of either side. Grows with width / rows: with fewer rows than columns
    take `unbiased_cka`.

    Source: Kornblith et al. 2019, arXiv 1905.00414.

    Args:
        first: one vector a row.
        second: another one a row, of any width.

    Returns:
        `()`, in [0, 1]; 0 where all rows of one side are equal.

    >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    >>> linear_cka(x, 5 * x.flip(1) + 3).round(decimals=4)
    tensor(1.)
    """
    x, y = _rows(first), _rows(second)
    if first.shape[0] < first.shape[1] + second.shape[1]:
        return kernel_cka(product(x, x.T), product(y, y.T))
    return _ratio(product(y.T, x).square().sum(), product(x.T, x).norm() * product(y.T, y).norm())


def unbiased_cka(first: Float[Tensor, "n d"], second: Float[Tensor, "n e"]) -> Float[Tensor, ""]:
    """CKA with linear kernels and the unbiased estimate of HSIC: about 0 for unrelated rows, however wide they are.

    HSIC(K, L) = [tr(KL) + 1'K1 1'L1 / ((n-1)(n-2)) - 2 / (n-2) 1'KL1] / (n (n-3)), with zeros on both diagonals

    Source: Song et al. 2012, JMLR 13; as CKA in Nguyen et al. 2020, arXiv 2010.15327.

    Args:
        first: one vector a row, at least 4 rows.
        second: another one a row, of any width.

    Returns:
        `()`, at most 1, below 0 where rows are less alike than by chance; 0 for fewer than 4 rows.
    """
    count = first.shape[0]
    if count < 4:
        return torch.zeros((), device=first.device)
    x, y = _rows(first), _rows(second)
    # HSIC does not see a shift of the rows; fp32 does, hence the centred ones.
    one, other = product(x, x.T).fill_diagonal_(0.0), product(y, y.T).fill_diagonal_(0.0)
    scale = (_hsic(one, one).clamp(min=0) * _hsic(other, other).clamp(min=0)).sqrt()
    return _ratio(_hsic(one, other), scale)


def _rows(x: Tensor) -> Tensor:
    """Centred rows of at most unit norm in all: CKA does not see a scale, so that small features need no epsilon."""
    x = x.float()
    largest = x.abs().max() * x.numel() ** 0.5
    return (x - x.mean(0)) / torch.where(largest > 0, largest, 1.0)


def _hsic(first: Tensor, second: Tensor) -> Tensor:
    count = first.shape[0]
    whole = first.sum() * second.sum() / ((count - 1) * (count - 2))
    crossed = 2.0 / (count - 2) * (first.sum(0) * second.sum(0)).sum()
    return ((first * second).sum() + whole - crossed) / (count * (count - 3))


def _centred(kernel: Tensor) -> Tensor:
    largest = kernel.float().abs().max() * kernel.shape[0]
    kernel = kernel.float() / torch.where(largest > 0, largest, 1.0)
    return kernel - kernel.mean(0, keepdim=True) - kernel.mean(1, keepdim=True) + kernel.mean()


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    """0 where what is left after centring is rounding."""
    return torch.where(below > 1e-20, above / below.clamp(min=1e-20), 0.0)
