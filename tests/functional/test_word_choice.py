from __future__ import annotations

import torch

from limbeck.functional.word_choice import choose_words, placed

IDS = torch.tensor([[1, 9, 5, 7, 2, 0], [1, 4, 2, 0, 0, 0], [1, 2, 0, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]]).bool()


def naive(ids, mask, luck, count):
    """Inner words by falling luck; -1 where they are too few."""
    places, words = [], []
    for row, real, fortune in zip(ids.tolist(), mask.tolist(), luck.tolist(), strict=True):
        inner = list(range(1, sum(real) - 1))
        best = sorted(inner, key=lambda i, fortune=fortune: -fortune[i])[:count]
        best += [-1] * (count - len(best))
        places.append(best)
        words.append([row[i] if i >= 0 else -1 for i in best])
    return places, words


def test_oracle():
    luck = torch.rand(3, 6)
    for count in (1, 2, 4):
        place, word = choose_words(IDS, MASK, luck, count)
        assert (place.tolist(), word.tolist()) == naive(IDS, MASK, luck, count)


def test_without_a_mask_every_token_is_real():
    place, word = choose_words(IDS[:1, :5], None, torch.zeros(1, 5), 9)
    assert sorted(place[0].tolist()) == [-1, -1, 1, 2, 3]
    assert sorted(word[0].tolist()) == [-1, -1, 5, 7, 9]


def test_places():
    assert placed(torch.tensor([[0, 2], [-1, 1], [-1, -1]]), 3).tolist() == [
        [True, False, True],
        [False, True, False],
        [False, False, False],
    ]
