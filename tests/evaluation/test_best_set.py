from __future__ import annotations

from limbeck.evaluation.best_set import best_set
from limbeck.evaluation.intervals import Difference


def gain(value: float, p: float) -> Difference:
    return Difference(value, value - 1, value + 1, 100, 5, p, 0.5)


def test_one_clear_winner_rules_out_the_others() -> None:
    found = best_set({("a", "b"): gain(3, 0.001), ("a", "c"): gain(4, 0.001), ("b", "c"): gain(1, 0.4)})
    assert found.arms == ("a",)
    assert found.beaten == {"b": "a", "c": "a"}


def test_the_order_inside_a_pair_plays_no_part() -> None:
    found = best_set({("b", "a"): gain(-3, 0.001), ("c", "a"): gain(-4, 0.001), ("c", "b"): gain(-1, 0.4)})
    assert (set(found.arms), dict(found.beaten)) == ({"a"}, {"b": "a", "c": "a"})


def test_each_arm_is_corrected_over_its_rivals() -> None:
    """With 3 rivals p has to be 0.05 / 3; an arm that another is surely *worse* than stays."""
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    close = {pair: gain(1, 0.5) for pair in pairs}
    assert best_set(close | {("a", "d"): gain(2, 0.02)}).arms == ("a", "b", "c", "d")
    assert best_set(close | {("a", "d"): gain(2, 0.016)}).arms == ("a", "b", "c")
    assert best_set(close | {("a", "d"): gain(2, 0.02)}, level=0.1).arms == ("a", "b", "c")
    # step by step: d loses to b first, then 0.02 <= 0.05 / 2
    both = best_set(close | {("b", "d"): gain(3, 0.001), ("a", "d"): gain(2, 0.02)})
    assert both.beaten == {"d": "b"}


def test_equal_arms_may_all_be_the_best() -> None:
    assert best_set({("a", "b"): gain(0.0, 1.0)}).arms == ("a", "b")
    assert best_set({("a", "b"): gain(0.0, 0.0)}).arms == ("a", "b")
