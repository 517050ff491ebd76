from __future__ import annotations

import torch

from limbeck.functional.similarity import cosine, normalise, pairwise_cosine
from objectives.oracle import close, cos, rows


def test_pairwise_cosine_oracle():
    first, second = rows(3, 4, 1), rows(5, 4, 2)
    expected = [cos(a, b) for a in first.tolist() for b in second.tolist()]
    close(pairwise_cosine(first, second).flatten(), expected)


def test_cosine_is_the_diagonal():
    first, second = rows(5, 4, 1), rows(5, 4, 2)
    close(cosine(first, second), pairwise_cosine(first, second).diagonal().tolist())


def test_normalise_by_hand():
    found = normalise(torch.tensor([[3.0, 4.0], [0.0, 0.0], [-2e-6, 0.0]]))
    close(found.flatten(), [0.6, 0.8, 0.0, 0.0, -1.0, 0.0])


def test_a_zero_vector_keeps_its_gradient_small():
    x = torch.zeros(2, 3, requires_grad=True)
    normalise(x).sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
