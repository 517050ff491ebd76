from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.tokens.masked_ids import MaskedIds

IDS = torch.tensor([[1, 9, 5, 7, 2, 0], [1, 4, 2, 0, 0, 0], [1, 2, 0, 0, 0, 0]])
MASK = IDS > 0


def test_in_evaluation_the_largest_ids_are_hidden():
    found = MaskedIds(99, count=2).eval()(ids=IDS, mask=MASK)
    assert found["ids"].tolist() == [[1, 99, 5, 99, 2, 0], [1, 99, 2, 0, 0, 0], [1, 2, 0, 0, 0, 0]]
    assert found["place"].tolist() == [[1, 3], [1, -1], [-1, -1]]
    assert found["word"].tolist() == [[9, 7], [4, -1], [-1, -1]]


def test_a_draw_hides_what_it_says():
    layer, seen = MaskedIds(99).train(), set()
    for seed in range(30):
        torch.manual_seed(seed)
        found = layer(ids=IDS, mask=MASK)
        place, word = found["place"][0, 0].item(), found["word"][0, 0].item()
        expected = IDS[0].clone()
        expected[place] = 99
        assert found["ids"][0].tolist() == expected.tolist()
        assert word == IDS[0, place]
        seen.add(place)
        torch.manual_seed(seed)
        assert torch.equal(layer(ids=IDS, mask=MASK)["ids"], found["ids"])
    assert seen == {1, 2, 3}


@pytest.mark.parametrize(("blank", "count"), [(-1, 1), (5, 0)])
def test_settings_that_mean_nothing_are_refused(blank, count):
    with pytest.raises(UsageError, match="not valid"):
        MaskedIds(blank, count=count)
