from __future__ import annotations

import torch

from limbeck.layers.tokens.pick_tokens import PickTokens


def test_oracle():
    tokens, place = torch.randn(3, 9, 4), torch.tensor([[0, 8], [4, 4], [7, 2]])
    found = PickTokens()(tokens=tokens, place=place)["tokens"]
    for row in range(3):
        for k in range(2):
            assert torch.equal(found[row, k], tokens[row, int(place[row, k])])


def test_places_of_a_finer_grid_are_read_on_a_coarser_one():
    # 4 x 4 places on a 2 x 2 map: each quarter reads its own token
    tokens = torch.tensor([[[0.0], [1.0], [2.0], [3.0]]])
    found = PickTokens(4)(tokens=tokens, place=torch.arange(16)[None])["tokens"].reshape(4, 4)
    assert found.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]


def test_and_the_other_way_round_in_the_middle():
    tokens = torch.arange(36.0).reshape(1, 36, 1)  # a 6 x 6 map, places on 2 x 2: the middles of the quarters
    found = PickTokens(2)(tokens=tokens, place=torch.arange(4)[None])["tokens"].flatten()
    assert found.tolist() == [7.0, 10.0, 25.0, 28.0]
