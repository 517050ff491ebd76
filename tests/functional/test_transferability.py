from __future__ import annotations

import pytest
import torch

from functional.test_correlation import pearson, rank
from limbeck.functional.transferability import parc, source_weights
from objectives.oracle import close, rows


def test_parc_oracle():
    x, label = rows(8, 5, 3), [0, 1, 2, 0, 1, 1, 2, 0]
    hot = [[float(k == c) for k in range(3)] for c in label]
    features, differ = [], []
    for i in range(8):
        for j in range(i + 1, 8):
            features.append(round(1 - pearson(x[i].tolist(), x[j].tolist()), 5))
            differ.append(round(1 - pearson(hot[i], hot[j]), 5))
    expected = pearson([rank(features, v) for v in features], [rank(differ, v) for v in differ])
    close(parc(x, torch.tensor(label), 3), expected, 1e-3)


def test_features_that_separate_the_classes_score_higher_than_noise():
    label = torch.arange(30) % 3
    centres = 3 * rows(3, 16, 1)
    noise = rows(30, 16, 2)
    good, weak, none = (parc(s * centres[label] + noise, label, 3) for s in (2.0, 0.3, 0.0))
    assert good > weak > none
    assert abs(none) < 0.2


@pytest.mark.parametrize("label", [[0], [1, 1, 1]])
def test_nothing_to_compare_is_zero(label):
    assert parc(rows(len(label), 4, 1), torch.tensor(label), 2) == 0


def test_weights_by_hand():
    close(source_weights(torch.tensor([0.2, 0.4, 0.0, -1.0]), 2.0), [0.2, 0.8, 0.0, 0.0])
    close(source_weights(torch.tensor([0.2, 0.4, -1.0]), 0.0), [0.5, 0.5, 0.0])
    close(source_weights(torch.tensor([0.01, 0.02]), 1000.0), [0.0, 1.0])
    close(source_weights(torch.tensor([-0.1, 0.0]), 1.0), [0.5, 0.5])
