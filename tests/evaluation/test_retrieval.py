from __future__ import annotations

import numpy as np
import pytest

from evaluation import worlds
from limbeck.core.errors import DataError, UsageError
from limbeck.evaluation.intervals import wilson
from limbeck.evaluation.retrieval import RetrievalEvaluator


def scores(vectors, **how):  # type: ignore[no-untyped-def]
    ks = how.pop("ks", (1, 5, 10))
    found = RetrievalEvaluator(ks)(worlds.models(vectors), worlds.batches(vectors, **how))
    return {metric.name: metric for metric in found}


def test_by_hand() -> None:
    """Three rows; picture 1 and text 1 have changed places with 2: 1 of 3 right at 1, all within 2."""
    eye = np.eye(3)
    found = scores({"image": eye, "text": eye[[0, 2, 1]] + 0.1 * eye}, ks=(1, 2))
    assert found["image->text R@1"].value == pytest.approx(1 / 3)
    assert found["image->text R@2"].value == 1
    assert found["image->text MRR"].value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found["image->text R@1"].chance == pytest.approx(1 / 3)
    assert found["image->text MRR"].chance == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found["image->text R@1"].items.tolist() == [1, 0, 0]


def test_first_metric_steers() -> None:
    assert next(iter(scores(worlds.perfect(9)))) == "image<->text MRR"


def test_group_members_are_right_answers() -> None:
    """Pictures find their neighbour's text: wrong without groups, right with them."""
    eye = np.eye(4)
    vectors = {"image": eye, "text": eye[[1, 0, 3, 2]]}
    assert scores(vectors)["image->text R@1"].value == 0
    grouped = scores(vectors, target={"group": [0, 0, 1, 1]})["image->text R@1"]
    assert (grouped.value, grouped.chance) == (1, 0.5)


def test_captions_of_one_picture() -> None:
    """Five captions a picture, as in Flickr30k: every caption is a right answer, and pictures count once."""
    generator = np.random.default_rng(0)
    pictures = np.eye(4).repeat(5, axis=0)
    captions = pictures + 0.01 * generator.normal(size=(20, 4))
    found = scores({"image": pictures, "text": captions}, target={"content.image": [row // 5 for row in range(20)]})
    assert found["image->text R@1"].n == 4
    assert found["text->image R@1"].n == 20
    assert found["image->text R@1"].value == found["text->image R@1"].value == 1
    assert found["image->text R@1"].chance == pytest.approx(5 / 20)
    assert found["text->image R@1"].chance == pytest.approx(1 / 4)
    assert found["image->text R@5"].chance == pytest.approx(1 - 15 * 14 * 13 * 12 * 11 / (20 * 19 * 18 * 17 * 16))


def test_one_sentence_for_two_pictures() -> None:
    """A shared caption has two right pictures; captions of its pictures do not become right for one another."""
    vectors = {"image": np.eye(3)[[0, 0, 1]], "text": np.eye(3)[[0, 1, 0]]}
    target = {"content.image": [0, 0, 1], "content.text": [5, 6, 5]}
    found = scores(vectors, target=target)
    assert found["text->image R@1"].items.tolist() == [1.0, 0.0]
    assert found["text->image R@1"].n == 2
    assert found["text->image R@1"].chance == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize("content", [{}, {"content.image": [row // 3 for row in range(30)]}])
def test_mean_of_both_directions_is_exact(content: dict[str, list[int]]) -> None:
    generator = np.random.default_rng(1)
    pictures = generator.normal(size=(10, 6)).repeat(3, axis=0)
    found = scores({"image": pictures, "text": pictures + 1.5 * generator.normal(size=(30, 6))}, target=content)
    for name in ("MRR", "R@1", "R@5"):
        both, one, two = (found[f"{arrow} {name}"] for arrow in ("image<->text", "image->text", "text->image"))
        assert both.value == pytest.approx((one.value + two.value) / 2)
        assert both.chance == pytest.approx((one.chance + two.chance) / 2)
        assert both.n == 30
        assert both.low < both.value < both.high


def test_rows_without_a_partner_are_candidates_but_not_queries() -> None:
    vectors = worlds.perfect(10)
    found = scores(vectors, present={"image": [True] * 6 + [False] * 4})
    assert found["image->text R@1"].n == 6
    assert found["image->text R@1"].chance == pytest.approx(1 / 10)
    assert found["text->image R@1"].n == 6
    assert found["text->image R@1"].chance == pytest.approx(1 / 6)


def test_three_modalities_give_three_pairs() -> None:
    vectors = worlds.perfect(10)
    vectors["audio"] = vectors["image"]
    names = list(scores(vectors, ks=(1,)))
    assert names[0] == "audio<->image MRR"
    assert len(names) == 3 * 3 * 2
    assert "audio->text R@1" in names


def test_interval_is_wilson_for_one_direction() -> None:
    found = scores(worlds.perfect(20))["image->text R@1"]
    assert (found.low, found.high) == (wilson(1.0, 20).low, 1.0)


def test_collapsed_side_scores_chance() -> None:
    vectors = worlds.perfect(40)
    vectors["text"] = np.ones_like(vectors["text"])
    for metric in scores(vectors).values():
        assert metric.low <= metric.chance <= metric.high, metric.name


def test_refuses() -> None:
    vectors = worlds.perfect(4)
    with pytest.raises(DataError, match="no row has both"):
        scores(vectors, present={"image": [True, True, False, False], "text": [False, False, True, True]})
    with pytest.raises(UsageError, match="two modalities"):
        scores({"image": vectors["image"]})
    with pytest.raises(UsageError, match="at least 1"):
        RetrievalEvaluator((0, 5))
