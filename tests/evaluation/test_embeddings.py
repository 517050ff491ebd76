from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluation import worlds
from limbeck.core.errors import DataError, UsageError
from limbeck.evaluation.embeddings import embed, normalise


def test_rows_are_unit_length_and_absent_rows_are_zero() -> None:
    vectors = worlds.perfect(8)
    present = {"text": [True] * 6 + [False] * 2}
    found = embed(worlds.models(vectors), worlds.batches(vectors, present=present, size=3))
    assert np.linalg.norm(found.vectors["image"], axis=1) == pytest.approx(np.ones(8))
    assert np.linalg.norm(found.vectors["text"], axis=1) == pytest.approx([1] * 6 + [0] * 2)
    assert found.present["text"].tolist() == present["text"]
    assert found.index.tolist() == list(range(8))


def test_rows_without_a_group_stand_alone() -> None:
    vectors = worlds.perfect(5)
    found = embed(worlds.models(vectors), worlds.batches(vectors, target={"group": [3, -1, 3, -1, 0]}, size=2))
    assert found.group[0] == found.group[2] == 3
    assert len(set(found.group.tolist())) == 4


def test_content_counts_a_value_once() -> None:
    vectors = worlds.perfect(5)
    target = {"content.image": [7, 9, 7, 2, 9]}
    present = {"image": [True, True, True, False, True]}
    found = embed(worlds.models(vectors), worlds.batches(vectors, target=target, present=present))
    first, item = found.distinct("image")
    assert first.tolist() == [0, 1]
    assert item.tolist() == [0, 1, 0, -1, 1]
    assert found.distinct("text")[0].tolist() == [0, 1, 2, 3, 4]


def test_shuffling_deals_out_the_same_values() -> None:
    vectors = worlds.perfect(12)
    target = {"content.image": [row // 2 for row in range(12)]}
    found = embed(worlds.models(vectors), worlds.batches(vectors, target=target))
    other = found.shuffled(np.random.default_rng(0))
    assert (other.vectors["image"] != found.vectors["image"]).any()
    assert (other.vectors["image"][0::2] == other.vectors["image"][1::2]).all(), "one picture keeps one vector"
    assert sorted(map(tuple, other.vectors["text"].tolist())) == sorted(map(tuple, found.vectors["text"].tolist()))


def test_non_finite_vectors_are_refused_by_row() -> None:
    vectors = worlds.perfect(6)
    vectors["image"][4, 1] = np.nan
    with pytest.raises(DataError, match=r"image encoder.*index 4"):
        embed(worlds.models(vectors), worlds.batches(vectors))


def test_a_row_that_is_not_there_may_hold_anything() -> None:
    vectors = worlds.perfect(6)
    vectors["image"][4] = np.nan
    present = {"image": [row != 4 for row in range(6)]}
    assert np.isfinite(embed(worlds.models(vectors), worlds.batches(vectors, present=present)).vectors["image"]).all()


def test_refuses_what_is_not_an_evaluation() -> None:
    vectors = worlds.perfect(6)
    with pytest.raises(DataError, match=r"seen twice.*index 1"):
        embed(worlds.models(vectors), worlds.batches(vectors, order=[0, 1, 2, 1]))
    with pytest.raises(UsageError, match="no rows"):
        embed(worlds.models(vectors), [])
    with pytest.raises(UsageError, match="no models"):
        embed({}, worlds.batches(vectors))
    vectors["text"] = vectors["text"][:, :5]
    with pytest.raises(UsageError, match="widths"):
        embed(worlds.models(vectors), worlds.batches(vectors))


def test_dropout_is_off_and_comes_back() -> None:
    class Dropping(worlds.Passing):
        def __init__(self, modality: str, width: int) -> None:
            super().__init__(modality, width)
            self.drop = torch.nn.Dropout(0.5)

        def forward(self, view, *, want=("pooled",)):  # type: ignore[no-untyped-def]
            return super().forward({"vector": self.drop(view["vector"])}, want=want)

    vectors = worlds.perfect(6)
    models = worlds.models(vectors, Dropping)
    found = embed(models, worlds.batches(vectors))
    assert found.vectors["image"] == pytest.approx(normalise(vectors["image"]))
    assert models["image"].training


def test_normalise_keeps_zero_rows() -> None:
    assert normalise(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [pytest.approx([0.6, 0.8]), [0.0, 0.0]]
