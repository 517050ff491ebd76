from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limbeck.core.errors import UsageError
from limbeck.core.evaluator import Metric
from limbeck.evaluation.embeddings import Embeddings, normalise
from limbeck.evaluation.intervals import seeded_difference
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.units import over_units, units
from limbeck.evaluation.zero_shot import ZeroShotEvaluator


def made(
    image: list[int], text: list[int], group: list[int] | None = None, *, seed: int = 0, noise: float = 1.0
) -> Embeddings:
    """Rows whose equal numbers hold equal values; -1 is absent. Texts lie near their pictures."""
    generator = np.random.default_rng(seed)
    pictures, words = np.array(image), np.array(text)
    base = generator.normal(size=(len(image), 8))
    own = {number: base[place] for place, number in reversed(list(enumerate(image)))}
    seen = np.stack([own[number] for number in image])
    said: dict[int, np.ndarray] = {}
    for place, number in enumerate(text):
        said.setdefault(number, seen[place] + noise * generator.normal(size=8))
    vectors = {"image": seen, "text": np.stack([said[number] for number in text])}
    present = {"image": pictures >= 0, "text": words >= 0}
    return Embeddings(
        {name: normalise(rows) * present[name][:, None] for name, rows in vectors.items()},
        present,
        np.arange(len(image)) if group is None else np.array(group),
        np.full(len(image), -1),
        np.arange(len(image)),
        {"image": pictures, "text": words},
    )


def both(embeddings: Embeddings) -> list[tuple[Metric, Metric]]:
    found = RetrievalEvaluator((1, 5)).metrics(embeddings)
    return [(one, over_units(one, embeddings)) for one in found]


def test_units_are_what_is_connected() -> None:
    linked = made([0, 0, 1, 2, 3, 4], [0, 1, 1, 2, 3, -1], [0, 1, 2, 3, 4, 3])
    assert units(linked, ("image", "text")).tolist() == [0, 0, 0, 1, 2, 1]
    assert units(linked, ("image",)).tolist() == [0, 0, 1, 2, 3, 2]
    chain = made(sorted([*range(50), *range(50)]), [0, *(sorted([*range(1, 50), *range(1, 50)])), 50])
    assert set(units(chain, ("image", "text")).tolist()) == {0}


def test_where_every_row_is_its_own_nothing_changes() -> None:
    for before, after in both(made(list(range(30)), list(range(30)))):
        assert after is before


@pytest.mark.parametrize(
    "rows",
    [
        ([n // 5 for n in range(100)], list(range(100))),  # five captions a picture
        (list(range(60)), [n // (1 + n % 3) for n in range(60)]),  # uneven, and linked to chains
        ([n if n % 7 else -1 for n in range(40)], [n // 2 if n % 5 else -1 for n in range(40)]),
    ],
)
def test_values_stay_and_items_are_one_a_unit(rows: tuple[list[int], list[int]]) -> None:
    embeddings = made(*rows)
    count = len(set(units(embeddings, ("image", "text")).tolist()))
    for before, after in both(embeddings):
        assert after.value == before.value
        assert after.items.mean() == pytest.approx(before.value)
        assert after.n == len(after.items) <= count
        assert 0 <= after.low <= after.value <= after.high <= 1
        assert after is before or f"{len(before.items):,} answers in {after.n:,} units" in after.note
    assert any(after is not before for before, after in both(embeddings))


def test_a_model_that_is_right_everywhere_has_no_spread_however_uneven_the_units() -> None:
    uneven = made([0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 1, 2, 3], noise=0.0)
    perfect = replace(
        uneven, vectors={"image": np.eye(8)[[0, 0, 0, 0, 1, 1, 2, 3]], "text": np.eye(8)[[0, 0, 0, 0, 1, 1, 2, 3]]}
    )
    for before, after in both(perfect):
        if before.name.endswith(("MRR", "R@1")):
            assert np.allclose(after.items, 1)
            assert after.high == 1
    (row_wise,) = (one for one in RetrievalEvaluator((1,)).metrics(perfect) if one.name == "image<->text R@1")
    assert row_wise.high > 1  # what it was before: weights taken for luck


def test_equal_units_weigh_as_means_of_their_rows() -> None:
    embeddings = made([n // 4 for n in range(80)], list(range(80)))
    before, after = next(pair for pair in both(embeddings) if pair[0].name == "text->image R@1")
    assert np.allclose(after.items, before.items.reshape(20, 4).mean(1))


def test_intervals_of_repeated_rows_are_no_narrower_than_of_the_rows_alone() -> None:
    """Every row five times over tells nothing more than the row once."""
    once = made(list(range(40)), list(range(40)), noise=2.0)
    again = [row for row in range(40) for _ in range(5)]
    grouped = made(list(range(200)), list(range(200)), again, noise=2.0)
    vectors = {name: table[again] for name, table in once.vectors.items()}
    copied = replace(grouped, vectors=vectors)
    first = {one.name: one for one in RetrievalEvaluator((1,)).metrics(once)}
    for before, after in both(copied):
        if before.name in first and before.name.endswith("R@1"):
            own = first[before.name]
            assert after.value == pytest.approx(own.value, abs=0.03)
            assert after.high - after.low > 0.85 * (own.high - own.low)
            assert before.high - before.low < 0.6 * (own.high - own.low)


def test_two_equally_good_models_are_told_apart_as_rarely_as_promised() -> None:
    """SYNTHETIC: 100 pictures of five captions; hard pictures are hard for all five, for each model in its own way."""
    generator = np.random.default_rng(0)
    image = [n // 5 for n in range(500)]
    frame = made(image, list(range(500)))
    alarms = {"rows": 0, "units": 0}
    for _ in range(150):
        found = []
        for _ in range(2):
            hard = generator.beta(0.5, 0.5, 100)[image]
            items = (generator.random(500) < hard).astype(float)
            rows = Metric("text->image R@1", float(items.mean()), 500, 0, 1, 0.01, items=items)
            found.append((rows, over_units(rows, frame)))
        alarms["rows"] += seeded_difference([found[0][0].items], [found[1][0].items]).distinguishable
        alarms["units"] += seeded_difference([found[0][1].items], [found[1][1].items]).distinguishable
    assert alarms["rows"] > 20
    assert alarms["units"] <= 13


def test_classes_are_given_and_their_shared_captions_link_nothing() -> None:
    frame = replace(made([0, 0, 1, 2, 3], [0, 0, 0, 0, 0]), label=np.array([0, 0, 1, 1, -1]))
    hits = Metric("zero-shot top-1", 0.75, 4, 0, 1, 0.5, items=np.array([1.0, 1.0, 0.0, 1.0]))
    after = over_units(hits, frame, modality="image")
    assert after.n == 3
    assert after.value == 0.75
    assert ZeroShotEvaluator.__init__.__kwdefaults__["modality"] == "image"


def test_items_of_other_rows_are_refused_and_other_evaluators_left_alone() -> None:
    frame = made([0, 0, 1], [0, 1, 2])
    with pytest.raises(UsageError, match="has 5 items, 3 were expected"):
        over_units(Metric("text->image R@1", 0.5, 5, 0, 1, 0.1, items=np.zeros(5)), frame)
    own = Metric("my figure", 0.5, 2, 0, 1, 0.1, items=np.zeros(2))
    assert over_units(own, frame) is own
