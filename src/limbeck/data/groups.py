"""Numbers for labels, and for rows that are right answers for one another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from limbeck.core.source import Row


def group_ids(rows: Sequence[Row]) -> Tensor:
    """One number a row (int64); rows that share a group or a caption, directly or through others, share the number.

    Use when a loss or a metric must not count a duplicate as a wrong answer.

    >>> rows = [Row("a", frozenset(), text="cat"), Row("b", frozenset()), Row("c", frozenset(), text="Cat ")]
    >>> group_ids(rows).tolist()
    [0, 1, 0]
    """
    parent = list(range(len(rows)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        for key in (("group", row.group), ("text", " ".join(row.text.lower().split()))):
            if key[1]:
                other = root(first.setdefault(key, number))
                mine = root(number)
                parent[max(mine, other)] = min(mine, other)
    return torch.tensor([root(number) for number in range(len(rows))], dtype=torch.int64)


def label_ids(rows: Sequence[Row]) -> tuple[Tensor, tuple[str, ...]]:
    """One number a row (int64, -1 where there is no label) and the names that the numbers mean, sorted."""
    return _numbered([row.label for row in rows])


def domain_ids(rows: Sequence[Row]) -> tuple[Tensor, tuple[str, ...]]:
    """One number a row (int64, -1 where there is no domain) and the names that the numbers mean, sorted."""
    return _numbered([row.domain for row in rows])


def _numbered(words: Sequence[str]) -> tuple[Tensor, tuple[str, ...]]:
    names = tuple(sorted({word for word in words if word}))
    number = {name: place for place, name in enumerate(names)}
    return torch.tensor([number.get(word, -1) for word in words], dtype=torch.int64), names
