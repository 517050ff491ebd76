"""A metric is plain JSON with or without its per-item values."""

from __future__ import annotations

import json

import numpy as np

from limbeck.core.evaluator import Metric


def test_json_holds_everything_but_the_items():
    metric = Metric("R@1", 0.5, 2, 0.1, 0.9, 0.01, items=np.array([1.0, 0.0]), note="64 px")
    plain = json.loads(json.dumps(metric.to_json()))
    assert plain == {
        "name": "R@1",
        "value": 0.5,
        "n": 2,
        "low": 0.1,
        "high": 0.9,
        "chance": 0.01,
        "higher_is_better": True,
        "note": "64 px",
    }
    assert json.loads(json.dumps(metric.to_json(items=True))) == plain | {"items": [1.0, 0.0]}


def test_metrics_are_compared_without_their_items():
    first, second = (Metric("a", 1.0, 1, 1.0, 1.0, 0.0, items=np.array([value])) for value in (1.0, 2.0))
    assert first == second
