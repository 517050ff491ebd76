from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data.made import counted_decoding, encoded, picture, tokenizer, write_csv
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.assembler import Assembler
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.loader import TrainLoader
from limbeck.data.orders import Orders
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler
from limbeck.data.sources.csv import CsvSource
from limbeck.data.view_for import view_for

ROWS, STEPS = 8, range(12)
IMAGE = 3 * 16 * 16


@pytest.fixture
def source(tmp_path: Path) -> CsvSource:
    for number in range(ROWS):
        (tmp_path / f"{number}.png").write_bytes(encoded(picture(number)))
    rows = [{"image": f"{number}.png", "text": f"name{number}"} for number in range(ROWS)]
    return CsvSource(str(write_csv(tmp_path / "data.csv", rows)))


def sampler(draws: int = 3) -> MixedSampler:
    return MixedSampler({"image+text": range(ROWS)}, batch={"image+text": 4}, draws=draws, seed=5)


def assembler(source: CsvSource, store: PreparedStore | None) -> Assembler:
    views = {"student.image": view_for(ImageSpec(16, 16)), "student.text": view_for(TextSpec(tokenizer(), 8))}
    return Assembler(source, views=views, augmentations=(RandomAffine(),), store=store)


def asked(orders: Orders) -> list[Counter[tuple[int, int]]]:
    """(row, draw) of each step's order, which is carried out at once."""
    found = []
    for order in orders:
        found.append(Counter((index, draw) for index, draws in order.items() for draw in draws))
        orders.arrived(orders.assembler.made(order))
    return found


def seen(steps: range = STEPS) -> set[tuple[int, int]]:
    return {pair for step in steps for pair in zip(*sampler().at(step), strict=True)}


@pytest.mark.parametrize("steps", [STEPS, range(2), range(5, 9)])
def test_a_row_is_ordered_once_under_all_draws_that_the_steps_will_see(source: CsvSource, steps: range) -> None:
    found = asked(Orders(assembler(source, PreparedStore()), sampler=sampler(), steps=steps))
    assert sum(found, Counter()) == Counter(seen(steps))
    first = {index for index, _ in found[0]}
    assert first == set(sampler().at(steps[0])[0])
    assert all(first.isdisjoint(index for index, _ in later) for later in found[1:])
    if steps == STEPS:
        assert len(seen()) > ROWS * 2  # most rows are seen under several draws
        assert not any(found[2:])


@pytest.mark.parametrize("spare", [0, IMAGE, 3 * IMAGE, 10**9])
def test_an_order_brings_no_more_than_there_is_room_for(source: CsvSource, spare: int) -> None:
    found = asked(Orders(assembler(source, PreparedStore()), sampler=sampler(), steps=STEPS, spare=spare))
    assert set(sum(found, Counter())) == seen()
    beyond = [len(order) - 4 for order in found[:2]]
    assert beyond == ([min(number, spare // IMAGE) for number in beyond])
    assert sum(beyond) == (len(seen()) - ROWS if spare == 10**9 else 2 * spare // IMAGE)


def test_a_full_store_is_offered_nothing_beyond_the_step(source: CsvSource) -> None:
    """What does not fit is ordered again whenever it is needed."""
    store = PreparedStore(limit=2 * IMAGE)
    found = asked(Orders(assembler(source, store), sampler=sampler(), steps=STEPS))
    assert store.full
    kept = {place[:2] for place in store._kept}
    assert kept & seen()
    for step, order in list(zip(STEPS, found, strict=True))[1:]:
        own = set(zip(*sampler().at(step), strict=True))
        assert own - kept <= set(order) <= own


def test_without_a_store_every_step_orders_its_own_rows(source: CsvSource) -> None:
    for step, order in zip(STEPS, Orders(assembler(source, None), sampler=sampler(), steps=STEPS), strict=True):
        assert {(index, draw) for index, draws in order.items() for draw in draws} == set(
            zip(*sampler().at(step), strict=True)
        )


def test_what_is_on_the_way_is_not_ordered_again(source: CsvSource) -> None:
    orders = Orders(assembler(source, PreparedStore()), sampler=sampler(), steps=STEPS)
    found = list(orders)
    assert sum(len(order) for order in found) == ROWS
    orders.arrived(assembler(source, None).made(found[0]))  # and was not kept
    assert next(iter(orders)).keys() == found[0].keys()


def test_a_picture_is_decoded_once_for_all_its_draws(source: CsvSource, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = counted_decoding(monkeypatch)
    views = {"student.image": view_for(ImageSpec(16, 16))}
    loader = TrainLoader(source, sampler=sampler(), views=views, augmentations=(RandomAffine(),), store=PreparedStore())
    assert sum(1 for _ in loader.steps(0, len(STEPS))) == len(STEPS)
    assert list(decoded.values()) == [1] * ROWS
