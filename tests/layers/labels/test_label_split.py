from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.labels.label_split import LabelSplit


def pictures(n):
    return torch.randint(0, 17, (n, 1, 8, 8)).float().expand(n, 3, 8, 8) / 8 - 1


def test_shares_are_disjoint_and_of_the_size_that_was_asked():
    label = torch.arange(4000) % 10
    found = LabelSplit(0.5, second=0.1)(pixels=pictures(4000), label=label)
    one, two = found["first"] >= 0, found["second"] >= 0
    assert not (one & two).any()
    assert abs(one.float().mean() - 0.5) < 0.03
    assert abs(two.float().mean() - 0.1) < 0.02
    assert torch.equal(found["first"][one], label[one])
    assert torch.equal(found["second"][two], label[two])


def test_a_picture_always_gets_the_same_answer():
    pixels, label = pictures(50), torch.arange(50)
    order = torch.randperm(50)
    split = LabelSplit(0.5, second=0.3)
    whole, shuffled = split(pixels=pixels, label=label), split(pixels=pixels[order], label=label[order])
    for name in ("first", "second"):
        assert torch.equal(whole[name][order], shuffled[name])


def test_what_is_unknown_stays_unknown():
    found = LabelSplit(1.0, second=0.0)(pixels=pictures(3), label=torch.tensor([2, -1, 0]))
    assert found["first"].tolist() == [2, -1, 0]
    assert found["second"].tolist() == [-1, -1, -1]


@pytest.mark.parametrize(("first", "second"), [(-0.1, 0.5), (0.6, 0.5)])
def test_refused(first, second):
    with pytest.raises(UsageError, match="shares"):
        LabelSplit(first, second=second)
