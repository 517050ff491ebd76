from __future__ import annotations

import pytest
import torch

from limbeck.functional.transferability import parc
from limbeck.layers.weighting.source_mixture import SourceMixture
from objectives.oracle import softmax


def asked(seed=0, n=12):
    generator = torch.Generator().manual_seed(seed)
    made = {name: torch.randn(n, 3, generator=generator) for name in ("first", "second", "third")}
    made |= {f"{name}_features": torch.randn(n, 6, generator=generator) for name in tuple(made)}
    label = torch.arange(n) % 3
    made["second_features"] += 4 * torch.eye(3, 6)[label]  # the second source tells the classes apart
    label[::4] = -1
    return made | {"label": label}


def test_oracle():
    layer, given = SourceMixture(3, power=2.0), asked()
    known = given["label"] >= 0
    scores = [
        float(parc(given[f"{s}_features"][known], given["label"][known], 3)) for s in ("first", "second", "third")
    ]
    raised = [max(score, 0.0) ** 2 for score in scores]
    weights = [value / sum(raised) for value in raised]
    found = layer(**given)
    assert found["similarity"].tolist() == pytest.approx(scores, abs=1e-5)
    assert found["weights"].tolist() == pytest.approx(weights, abs=1e-5)
    for i in range(12):
        mixed = [0.0] * 3
        for weight, name in zip(weights, ("first", "second", "third"), strict=True):
            mixed = [m + weight * p for m, p in zip(mixed, softmax(given[name][i].tolist()), strict=True)]
        assert found["pooled"][i].exp().tolist() == pytest.approx(mixed, abs=1e-5)


def test_the_ends_are_uniform_and_nearest():
    given = asked()
    even = SourceMixture(3, power=0.0)(
        **(given | {f"{s}_features": given["second_features"] for s in ("first", "third")})
    )
    assert even["weights"].tolist() == pytest.approx([1 / 3] * 3)
    nearest = SourceMixture(3, power=1e4)(**given)
    torch.testing.assert_close(nearest["pooled"], torch.log_softmax(given["second"], -1), atol=1e-5, rtol=1e-5)


def test_it_averages_over_batches_and_evaluation_does_not_move_it():
    layer = SourceMixture(3)
    one = layer(**asked(1))["similarity"]
    two = layer(**asked(2))["similarity"]
    alone = SourceMixture(3)(**asked(2))["similarity"]
    torch.testing.assert_close(two, (one + alone) / 2)
    layer.eval()
    assert torch.equal(layer(**asked(3))["similarity"], two)


def test_without_labels_all_sources_count_alike():
    found = SourceMixture(3)(**(asked() | {"label": torch.full((12,), -1)}))
    assert found["weights"].tolist() == pytest.approx([1 / 3] * 3)
