from __future__ import annotations

import numpy as np
import pytest

from evaluation import worlds
from limbeck.evaluation.control import shuffled_control
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.retrieval import RetrievalEvaluator


class Optimistic(EmbeddingEvaluator):
    """The common mistake: a right answer wins every tie."""

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        similarity = embeddings.vectors["image"] @ embeddings.vectors["text"].T
        own = np.diag(similarity)
        hits = (similarity > own[:, None]).sum(axis=1) == 0
        return [Measurement("R@1", hits.astype(float), 1 / len(own), proportion=True)]


def test_optimistic_ties_withhold_the_headline() -> None:
    vectors = {"image": np.ones((30, 4)), "text": np.ones((30, 4))}
    control = shuffled_control(Optimistic(), embed(worlds.models(vectors), worlds.batches(vectors)))
    assert not control.passed
    assert control.verdict.startswith("headline withheld: with shuffled pairs 'R@1' is 100.0%")
    assert "chance is 3.3%" in control.verdict


def test_a_leak_into_both_sides_withholds_the_headline() -> None:
    """An evaluator that pairs by something else than the pairing under test."""

    class Leaking(RetrievalEvaluator):
        def measure(self, embeddings: Embeddings) -> list[Measurement]:
            return super().measure(embed(worlds.models(worlds.perfect(30)), worlds.batches(worlds.perfect(30))))

    vectors = worlds.perfect(30)
    control = shuffled_control(Leaking(), embed(worlds.models(vectors), worlds.batches(vectors)))
    assert "image->text R@1" in control.failed


@pytest.mark.parametrize("seed", range(5))
def test_unequal_groups_and_a_favourite_answer_stay_at_chance(seed: int) -> None:
    """A model that always prefers the largest group would beat chance if only one side were dealt anew."""
    group = [0] * 12 + list(range(1, 19))
    favourite = np.eye(30)[np.zeros(30, dtype=int)]
    texts = np.eye(30)
    texts[:12] = np.eye(30)[0]
    vectors = {"image": favourite, "text": texts + 1e-3 * np.random.default_rng(0).normal(size=(30, 30))}
    found = embed(worlds.models(vectors), worlds.batches(vectors, target={"group": group}))
    control = shuffled_control(RetrievalEvaluator(), found, permutations=40, seed=seed)
    assert control.passed, control.verdict


@pytest.mark.parametrize(("unlucky", "passed"), [(0, True), (20, True), (60, False)])
def test_a_failure_has_to_come_again(unlucky: int, passed: bool) -> None:
    class Unlucky(EmbeddingEvaluator):
        """So many dealings find nothing, the others are at chance."""

        dealt = 0

        def measure(self, embeddings: Embeddings) -> list[Measurement]:
            self.dealt += 1
            hits = np.zeros(200) if self.dealt <= unlucky else np.arange(200) < 20
            return [Measurement("R@1", hits.astype(float), 0.1, proportion=True)]

    evaluator = Unlucky()
    vectors = worlds.perfect(30)
    control = shuffled_control(evaluator, embed(worlds.models(vectors), worlds.batches(vectors)))
    assert control.passed == passed
    assert evaluator.dealt == (20 if unlucky == 0 else 60)


def test_pictures_that_share_a_text_are_no_independent_answers() -> None:
    generator = np.random.default_rng(3)
    group = np.repeat(np.arange(25), 4)
    vectors = {"image": generator.normal(size=(100, 8)), "text": generator.normal(size=(25, 8))[group]}
    target = {"group": group.tolist(), "content.text": group.tolist()}
    found = embed(worlds.models(vectors), worlds.batches(vectors, target=target))
    control = shuffled_control(RetrievalEvaluator(), found)
    assert {metric.n for metric in control.metrics} == {20 * 25}
    assert control.passed


def test_false_alarms_are_rare() -> None:
    """12 honest controls with 8 metrics each: none fails."""
    generator = np.random.default_rng(7)
    for seed in range(12):
        pictures = generator.normal(size=(40, 8))
        vectors = {"image": pictures, "text": pictures + generator.normal(size=(40, 8))}
        found = embed(worlds.models(vectors), worlds.batches(vectors))
        control = shuffled_control(RetrievalEvaluator(), found, seed=seed)
        assert control.passed, control.verdict
        assert control.verdict == "shuffled control: at chance, as it must be"
