"""A network as a row of modules: cut apart, one of them exchanged, put together again.

Source: module-to-module distillation (m2mKD), Lo et al. 2024, arXiv 2402.16918; meta models of Deep Incubation, Ni et
al. 2022, arXiv 2212.04129.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn

from limbeck.core.errors import UsageError


def split(network: nn.Sequential, sizes: Sequence[int]) -> list[nn.Sequential]:
    """Cut a chain of layers into consecutive modules; the layers are shared with the network, not copied.

    Args:
        network: layers in the order in which they run.
        sizes: layers of each module; they add up to all of them.

    Returns:
        One chain a module. Run one after the other they give what the network gives.

    Raises:
        UsageError: a size below 1, or sizes that do not add up.

    >>> [len(module) for module in split(nn.Sequential(*(nn.Identity() for _ in range(5))), [2, 3])]
    [2, 3]
    """
    if any(size < 1 for size in sizes) or sum(sizes) != len(network):
        raise UsageError(f"sizes {list(sizes)} do not cut {len(network)} layers; each is at least 1 and they add up")
    layers, found = list(network), []
    for size in sizes:
        found.append(nn.Sequential(*layers[:size]))
        layers = layers[size:]
    return found


def stitch(
    meta: Sequence[nn.Module],
    module: nn.Module,
    *,
    at: int,
    before: nn.Module | None = None,
    after: nn.Module | None = None,
) -> nn.Sequential:
    """The meta model with one of its modules exchanged: what a module is taught in, and judged by.

    Only the new module and its adapters are left trainable; the meta model's are frozen.

    Args:
        meta: modules of the small shared model; frozen here.
        module: takes the place of `meta[at]`.
        at: which module is exchanged, from 0.
        before: map from the meta model's width to the module's, where they differ.
        after: map from the module's width back.

    Returns:
        meta[:at], before, module, after, meta[at + 1:] as one chain.

    Raises:
        UsageError: there is no module `at`.
    """
    if not 0 <= at < len(meta):
        raise UsageError(f"module {at} is not in a meta model of {len(meta)}; valid: 0 to {len(meta) - 1}")
    for part in meta:
        part.requires_grad_(False)
    inner = [part for part in (before, module, after) if part is not None]
    return nn.Sequential(*meta[:at], *inner, *meta[at + 1 :])


def assemble(modules: Iterable[nn.Module]) -> nn.Sequential:
    """One trainable network from modules that were taught apart.

    Args:
        modules: in the order in which they run.

    Returns:
        A chain of them, all trainable.
    """
    return nn.Sequential(*modules).requires_grad_(True)
