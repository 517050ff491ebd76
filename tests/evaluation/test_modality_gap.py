from __future__ import annotations

import numpy as np
import pytest

from limbeck.core.errors import UsageError
from limbeck.evaluation.modality_gap import modality_gap


def cloud(centre, n, seed, spread=1.0):
    return np.random.default_rng(seed).normal(size=(n, len(centre))) * spread + np.asarray(centre)


def gap(first, second, **changes):
    halves = {"fit_first": first[::2], "fit_second": second[::2]} | changes
    return modality_gap(first[1::2], second[1::2], **halves)


def test_distance_oracle():
    first, second = cloud([1.0, 0.0, 2.0], 9, 1), cloud([0.0, 3.0, 0.0], 7, 2)
    found = modality_gap(first, second, fit_first=first, fit_second=second)
    total = 0.0
    for axis in range(3):
        means = [
            sum(row[axis] / np.sqrt(sum(v * v for v in row)) for row in side) / len(side) for side in (first, second)
        ]
        total += (means[0] - means[1]) ** 2
    assert found.distance == pytest.approx(total**0.5)


def test_two_cones_are_told_apart_and_far():
    found = gap(cloud([9.0, 0.0], 80, 1), cloud([0.0, 9.0], 80, 2))
    assert found.separability == 1.0
    assert found.distance == pytest.approx(2**0.5, abs=0.1)
    assert len(found.told_apart) == 80


def test_one_cloud_is_not_told_apart():
    found = gap(cloud([1.0, 0.0, 0.0, 0.0], 800, 1), cloud([1.0, 0.0, 0.0, 0.0], 800, 2))
    assert abs(found.separability - 0.5) < 0.06
    assert found.distance < 0.1


def test_it_is_the_direction_of_the_modality_that_counts():
    # the fit says which side is which: turned round, everything is wrong
    first, second = cloud([9.0, 0.0], 40, 1), cloud([0.0, 9.0], 40, 2)
    found = gap(first, second, fit_first=second, fit_second=first)
    assert found.separability == 0.0


def test_length_does_not_count_and_zero_vectors_are_finite():
    first, second = cloud([2.0, 1.0], 40, 1), cloud([1.0, 2.0], 40, 2)
    plain, longer = gap(first, second), gap(7 * first, 0.1 * second)
    assert longer.distance == pytest.approx(plain.distance)
    assert longer.told_apart.tolist() == plain.told_apart.tolist()
    assert np.isfinite(gap(np.zeros((4, 2)), second).distance)


def test_sets_must_fit():
    with pytest.raises(UsageError, match="one width"):
        modality_gap(np.ones((2, 3)), np.ones((2, 4)), fit_first=np.ones((2, 3)), fit_second=np.ones((2, 3)))
