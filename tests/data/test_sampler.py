from __future__ import annotations

from collections import Counter

import pytest

from limbeck.core.errors import UsageError
from limbeck.data.sampler import MixedSampler

KINDS = {"image+text": list(range(100, 123)), "text": list(range(200, 205)), "image": [300]}


def make(seed: int = 0, draws: int = 0, **batch: int) -> MixedSampler:
    return MixedSampler(KINDS, batch=batch or {"image+text": 5, "text": 2}, draws=draws, seed=seed)


def test_composition_and_order_of_kinds() -> None:
    for step in range(50):
        indices, draws = make().at(step)
        assert all(100 <= index < 123 for index in indices[:5])
        assert all(200 <= index < 205 for index in indices[5:])
        assert draws == [0] * 7


def test_a_step_depends_on_seed_and_step_alone() -> None:
    walked = make(draws=3)
    through = [walked.at(step) for step in range(40)]
    for step in (39, 3, 17, 0):
        assert make(draws=3).at(step) == through[step]
    assert make(seed=1, draws=3).at(3) != through[3]


def test_an_epoch_has_no_row_twice_and_epochs_differ() -> None:
    sampler = make()
    epochs = [[i for step in range(e * 4, e * 4 + 4) for i in sampler.at(step)[0][:5]] for e in range(60)]
    assert all(len(set(epoch)) == 20 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 60
    counts = Counter(index for epoch in epochs for index in epoch)
    # 60 epochs x 20 of 23 rows: each is left out about 8 times
    assert set(counts) == set(KINDS["image+text"])
    assert min(counts.values()) > 40


def test_a_batch_larger_than_its_kind_repeats_whole_permutations() -> None:
    sampler = MixedSampler(KINDS, batch={"text": 12, "image": 3}, seed=0)
    for step in range(20):
        indices = sampler.at(step)[0]
        counts = Counter(indices[:12])
        assert set(counts) == set(KINDS["text"])
        assert set(counts.values()) == {2, 3}
        assert indices[12:] == [300] * 3


def test_draws_are_from_1_to_k_and_evenly_so() -> None:
    counts = Counter(draw for step in range(300) for draw in make(draws=3).at(step)[1])
    assert set(counts) == {1, 2, 3}
    assert all(abs(count - 700) < 120 for count in counts.values())


def test_draws_do_not_change_the_order_of_rows() -> None:
    assert make(draws=3).at(5)[0] == make().at(5)[0]


def test_draws_of_each_kind() -> None:
    batch = {"image+text": 5, "text": 2}
    mixed = MixedSampler(KINDS, batch=batch, draws={"image+text": 3})
    for step in range(30):
        indices, draws = mixed.at(step)
        assert indices == make().at(step)[0]
        assert set(draws[:5]) <= {1, 2, 3}
        assert draws[5:] == [0, 0]
        assert draws[:5] == make(draws=3).at(step)[1][:5]


def test_epoch_steps() -> None:
    assert make().epoch_steps("image+text") == 4
    assert MixedSampler(KINDS, batch={"text": 12}).epoch_steps("text") == 1


@pytest.mark.parametrize(
    ("batch", "message"),
    [({"image+txt": 3}, r"did you mean 'image\+text'"), ({"text": 0}, "at least 1 row"), ({}, "at least one kind")],
)
def test_wrong_batches(batch: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MixedSampler(KINDS, batch=batch)
    with pytest.raises(UsageError, match="counted from 0"):
        make().at(-1)


def test_a_kind_without_rows_is_not_there() -> None:
    with pytest.raises(UsageError, match="unknown kind of row 'text'; valid: image"):
        MixedSampler({"text": [], "image": [1]}, batch={"text": 1})
