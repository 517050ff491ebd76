from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.tokens.word_mask import WordMask

IDS = torch.tensor([[101, 7, 9, 8, 102, 0], [101, 5, 102, 0, 0, 0], [101, 102, 0, 0, 0, 0]])
MASK = IDS > 0


def run(layer):
    torch.manual_seed(3)
    return layer(tokens=torch.randn(3, 6, 4), ids=IDS, mask=MASK)


def test_in_eval_the_largest_ids_are_hidden():
    found = run(WordMask(4, count=2).eval())
    assert found["place"].tolist() == [[2, 3], [1, -1], [-1, -1]]
    assert found["word"].tolist() == [[9, 8], [5, -1], [-1, -1]]


def test_hidden_places_hold_the_blank_and_others_what_they_held():
    layer = WordMask(4, count=2)
    with torch.no_grad():
        layer.blank.fill_(7.0)
    tokens = torch.randn(3, 6, 4)
    found = layer(tokens=tokens, ids=IDS, mask=MASK)
    for row in range(3):
        hidden = {place for place in found["place"][row].tolist() if place >= 0}
        for place in range(6):
            expected = torch.full((4,), 7.0) if place in hidden else tokens[row, place]
            assert torch.equal(found["tokens"][row, place], expected)
        assert [int(IDS[row, place]) for place in sorted(hidden)] == [
            word
            for _, word in sorted(zip(found["place"][row].tolist(), found["word"][row].tolist(), strict=True))
            if word >= 0
        ]


def test_in_training_every_inner_word_gets_its_turn_and_the_frame_never_does():
    layer, seen = WordMask(4).train(), set()
    for _ in range(60):
        seen |= set(layer(tokens=torch.zeros(3, 6, 4), ids=IDS, mask=MASK)["word"].flatten().tolist())
    assert seen == {7, 9, 8, 5, -1}


def test_no_mask_means_that_all_are_real():
    found = WordMask(4, count=9).eval()(tokens=torch.zeros(1, 4, 4), ids=torch.tensor([[1, 2, 3, 4]]))
    assert sorted(found["word"].flatten().tolist()) == [-1, -1, 2, 3]


def test_count_is_positive():
    with pytest.raises(UsageError, match="count 0"):
        WordMask(4, count=0)
