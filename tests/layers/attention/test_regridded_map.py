from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.attention.regridded_map import RegriddedMap
from objectives.oracle import close


def share(p, q, source, target):
    """Area of source patch p inside target patch q over the area of p, from their corners in [0, 1]."""

    def overlap(a, b):
        return max(0.0, min((a + 1) / source, (b + 1) / target) - max(a / source, b / target)) * source

    return overlap(p // source, q // target) * overlap(p % source, q % target)


@pytest.mark.parametrize(("source", "target"), [(5, 4), (2, 3), (4, 2), (3, 3)])
def test_oracle(source, target):
    torch.manual_seed(0)
    forth = torch.rand(2, 3, source**2)
    back = torch.rand(2, source**2, 3)
    found = RegriddedMap(source, target=target)(attention=forth, attention_back=back)
    for n in range(2):
        for k in range(3):
            for q in range(target**2):
                shares = [share(p, q, source, target) for p in range(source**2)]
                wanted = sum(s * forth[n, k, p].item() for p, s in enumerate(shares))
                averaged = sum(s * back[n, p, k].item() for p, s in enumerate(shares)) / sum(shares)
                close(found["attention"][n, k, q][None], [wanted])
                close(found["attention_back"][n, q, k][None], [averaged])


def test_rows_keep_their_sums():
    forth, back = torch.rand(2, 3, 25).softmax(-1), torch.rand(2, 25, 3).softmax(-1)
    found = RegriddedMap(5, target=4)(attention=forth, attention_back=back)
    torch.testing.assert_close(found["attention"].sum(-1), torch.ones(2, 3))
    torch.testing.assert_close(found["attention_back"].sum(-1), torch.ones(2, 16))


def test_by_hand():
    # two by two onto one: everything in one place
    found = RegriddedMap(2, target=1)(
        attention=torch.tensor([[[0.1, 0.2, 0.3, 0.4]]]), attention_back=torch.tensor([[[0.0], [1.0], [1.0], [0.0]]])
    )
    close(found["attention"].flatten(), [1.0])
    close(found["attention_back"].flatten(), [0.5])


@pytest.mark.parametrize("words", [2, 5])
def test_another_number_of_words_cuts_or_fills(words):
    forth, back = torch.rand(2, 3, 4), torch.rand(2, 4, 3)
    plain = RegriddedMap(2, target=1)(attention=forth, attention_back=back)
    found = RegriddedMap(2, target=1)(attention=forth, attention_back=back, words=torch.ones(2, words).bool())
    shared = min(words, 3)
    assert found["attention"].shape == (2, words, 1)
    assert found["attention_back"].shape == (2, 1, words)
    assert torch.equal(found["attention"][:, :shared], plain["attention"][:, :shared])
    assert torch.equal(found["attention_back"][:, :, :shared], plain["attention_back"][:, :, :shared])
    assert not found["attention"][:, 3:].any()
    assert not found["attention_back"][:, :, 3:].any()


def test_sides_are_positive():
    with pytest.raises(UsageError, match="0 and 4"):
        RegriddedMap(0, target=4)
