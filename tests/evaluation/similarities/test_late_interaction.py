from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.core.features import Features
from limbeck.evaluation.similarities.late_interaction import LateInteractionSimilarity


def naive(query: torch.Tensor, key: torch.Tensor, asks: list[bool], answers: list[bool]) -> float:
    cosine = torch.nn.functional.cosine_similarity
    best = [
        max(float(cosine(a, b, dim=0)) for b, keep in zip(key, answers, strict=True) if keep)
        for a, keep in zip(query, asks, strict=True)
        if keep
    ]
    return float(np.mean(best))


def test_each_token_of_the_query_looks_for_its_best():
    torch.manual_seed(0)
    image = Features(tokens=torch.randn(5, 4, 3))
    mask = torch.tensor([[True, True, False]] * 3)
    text = Features(tokens=torch.randn(3, 3, 3), mask=mask)
    found = LateInteractionSimilarity(chunk=2)(image, text, source="image", target="text", parts={})
    back = LateInteractionSimilarity(chunk=2)(text, image, source="text", target="image", parts={})
    all_four = [True] * 4
    for i in range(5):
        for j in range(3):
            there = naive(image["tokens"][i], text["tokens"][j], all_four, mask[j].tolist())
            again = naive(text["tokens"][j], image["tokens"][i], mask[j].tolist(), all_four)
            assert found[i, j].item() == pytest.approx(there, abs=1e-5)
            assert back[j, i].item() == pytest.approx(again, abs=1e-5)
