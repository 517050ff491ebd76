from __future__ import annotations

import torch

from limbeck.functional.distance import angle_parts, angles, pairwise_distance, relative_distance
from limbeck.functional.rows import different, kept_pairs
from objectives.oracle import close, cos, distance, rows


def test_pairwise_distance_oracle():
    x = rows(5, 4, 1)
    close(pairwise_distance(x).flatten(), [distance(a, b) for a in x.tolist() for b in x.tolist()])


def test_small_distances_survive_large_coordinates():
    x = torch.tensor([[1000.0, 1000.0], [1000.0, 1000.0625]])
    assert pairwise_distance(x)[0, 1].item() == 0.0625


def test_relative_distance_has_mean_one_over_its_pairs():
    x = rows(5, 4, 1)
    pairs = different(kept_pairs(x, torch.tensor([True, True, False, True, True])))
    close(relative_distance(x, pairs)[pairs].mean(), 1.0)
    assert not relative_distance(torch.ones(5, 4), pairs).any()


def test_angles_oracle():
    x = rows(5, 4, 1)
    points, found = x.tolist(), angles(*angle_parts(x, different(kept_pairs(x, None))), 1, 4)
    assert found.shape == (3, 5, 5)
    for j in range(1, 4):
        for i in range(5):
            for k in range(5):
                if i != j != k:
                    one = [a - b for a, b in zip(points[i], points[j], strict=True)]
                    other = [a - b for a, b in zip(points[k], points[j], strict=True)]
                    close(found[j - 1, i, k], cos(one, other))


def test_one_point_has_no_angle():
    x = rows(4, 3, 1)
    x[1] = x[0] + 1e-6
    _, inverse = angle_parts(x, different(kept_pairs(x, None)))
    assert inverse[0, 1] == inverse[1, 0] == inverse[2, 2] == 0
    assert inverse[0, 2] > 0
