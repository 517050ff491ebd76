"""Every evaluator, found by walking the package, keeps the contract of `limbeck.core.evaluator`."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Mapping

import numpy as np
import pytest

from evaluation import worlds
from limbeck.core.describe import build, describe
from limbeck.core.discovery import parts
from limbeck.core.evaluator import Evaluator, Metric
from limbeck.evaluation.control import shuffled_control
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator
from limbeck.evaluation.prompts import Prompts

FOUND = parts(Evaluator, "evaluation")
EXAMPLES = {Prompts: Prompts(worlds.CLASSES, ("{}", "a picture of {}"))}
TARGET = {"label": [row % 8 for row in range(48)]}


def example(cls: type) -> Evaluator:
    """An instance: required arguments come from `EXAMPLES` by their annotated type."""
    hints = typing.get_type_hints(cls.__init__)
    required = [p for p in inspect.signature(cls).parameters.values() if p.default is inspect.Parameter.empty]
    return cls(*[EXAMPLES[hints[parameter.name]] for parameter in required])


def ready(cls: type, width: int) -> Evaluator:
    """The instance with a text view where it takes one."""
    made = example(cls)
    return made.bound(worlds.ClassView(width)) if hasattr(made, "bound") else made


def measured(cls: type, vectors: Mapping[str, np.ndarray], kind: type = worlds.Passing, **how: object) -> list[Metric]:
    """Run the evaluator."""
    width = vectors["image"].shape[1]
    return ready(cls, width)(worlds.models(vectors, kind), worlds.batches(vectors, target=TARGET, **how))


def test_found() -> None:
    assert len(FOUND) >= 2


@pytest.mark.parametrize("path", FOUND)
def test_perfect_input_scores_perfect(path: str) -> None:
    for metric in measured(FOUND[path], worlds.perfect()):
        assert metric.value == pytest.approx(1.0), metric.name
        assert metric.high == pytest.approx(1.0)
        assert metric.low > metric.chance


@pytest.mark.parametrize("path", FOUND)
def test_constant_model_scores_chance_exactly(path: str) -> None:
    for metric in measured(FOUND[path], worlds.perfect(), worlds.Constant):
        assert metric.value == pytest.approx(metric.chance, abs=1e-9), metric.name
        assert metric.low - 1e-9 <= metric.chance <= metric.high + 1e-9


@pytest.mark.parametrize("path", FOUND)
def test_shuffled_input_scores_chance(path: str) -> None:
    """At 99.9 % over 40 dealings of pairs that score perfect when they are left alone."""
    vectors = worlds.perfect()
    evaluator = ready(FOUND[path], vectors["image"].shape[1])
    assert isinstance(evaluator, EmbeddingEvaluator)
    embeddings = evaluator.embeddings(worlds.models(vectors), worlds.batches(vectors, target=TARGET))
    control = shuffled_control(evaluator, embeddings, permutations=40, seed=5)
    assert control.passed, control.verdict
    assert all(metric.value < 0.5 for metric in control.metrics if metric.name.endswith(("R@1", "top-1")))


@pytest.mark.parametrize("path", FOUND)
def test_order_of_rows_and_batch_size_are_irrelevant(path: str) -> None:
    vectors = worlds.perfect()
    noise = np.random.default_rng(0).normal(size=vectors["text"].shape) * 0.2
    vectors["text"] = vectors["text"] + noise
    plain = measured(FOUND[path], vectors)
    order = np.random.default_rng(1).permutation(48).tolist()
    other = measured(FOUND[path], vectors, order=order, size=11)
    assert any(0 < metric.value < 1 for metric in plain) or not any("text" in metric.name for metric in plain)
    for one, two in zip(plain, other, strict=True):
        assert (one.name, one.n, one.chance) == (two.name, two.n, pytest.approx(two.chance))
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high))
        assert one.items[order] == pytest.approx(two.items)


@pytest.mark.parametrize("path", FOUND)
def test_metrics_are_well_formed(path: str) -> None:
    metrics = measured(FOUND[path], worlds.perfect())
    assert len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.n == len(metric.items)
        assert metric.value == pytest.approx(metric.items.mean())
        assert 0 <= metric.low <= metric.value <= metric.high <= 1
        assert metric.note
        json.dumps(metric.to_json(items=True), allow_nan=False)


@pytest.mark.parametrize("path", FOUND)
def test_models_keep_their_mode(path: str) -> None:
    vectors = worlds.perfect()
    models = worlds.models(vectors)
    models["image"].train()
    models["text"].eval()
    ready(FOUND[path], vectors["image"].shape[1])(models, worlds.batches(vectors, target=TARGET))
    assert models["image"].training
    assert not models["text"].training


@pytest.mark.parametrize("path", FOUND)
def test_describe_round_trip(path: str) -> None:
    evaluator = example(FOUND[path])
    plain = json.loads(json.dumps(describe(evaluator)))
    again = build(plain)
    assert type(again) is type(evaluator)
    assert describe(again) == plain
