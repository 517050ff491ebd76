from __future__ import annotations

import numpy as np
import pytest

from limbeck.core.errors import UsageError
from limbeck.evaluation.holm import holm


def rejected(p: dict[str, float], level: float) -> set[str]:
    """Holm's procedure as he wrote it: go on from the smallest until one is not rejected."""
    found = set()
    for place, name in enumerate(sorted(p, key=lambda name: p[name])):
        if p[name] > level / (len(p) - place):
            break
        found.add(name)
    return found


def test_adjusted_values_reject_what_the_procedure_rejects() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        p = {str(place): float(value) for place, value in enumerate(generator.random(5) ** 4)}
        for level in (0.01, 0.05, 0.2):
            assert {name for name, value in holm(p).items() if value <= level} == rejected(p, level)


def test_by_hand_in_the_given_order_and_never_above_one() -> None:
    assert list(holm({"c": 0.02, "a": 0.01, "b": 0.6}).items()) == [("c", 0.04), ("a", 0.03), ("b", 0.6)]
    assert holm({"a": 0.4, "b": 0.9}) == {"a": 0.8, "b": 0.9}
    assert holm({"a": 0.7, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({"only": 0.03}) == {"only": 0.03}
    assert holm({}) == {}
    with pytest.raises(UsageError, match="between 0 and 1"):
        holm({"a": 1.5})
    with pytest.raises(UsageError):
        holm({"a": float("nan")})
