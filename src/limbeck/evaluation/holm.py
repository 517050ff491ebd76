"""`holm`: p-values that stay honest when several questions are asked at once."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.errors import UsageError


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction: rejecting below `level` errs anywhere with a probability of at most `level`.

    With p sorted upwards, `adjusted_(k) = max_{j <= k} min(1, (m - j + 1) p_(j))`. It asks for no independence: arms
    that share a baseline may be corrected by it.

    Args:
        p: question -> p-value in [0, 1].

    Returns:
        Question -> adjusted p-value, in the order that was given.

    Source: Holm 1979.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    if not all(0 <= value <= 1 for value in p.values()):
        raise UsageError(f"p-values lie between 0 and 1, got {dict(p)}")
    adjusted: dict[str, float] = {}
    floor = 0.0
    for place, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        floor = max(floor, min(1.0, (len(p) - place) * value))
        adjusted[name] = floor
    return {name: adjusted[name] for name in p}
