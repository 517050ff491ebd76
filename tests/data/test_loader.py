from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from data.made import encoded, picture, tokenizer, write_csv
from limbeck.core.errors import DataError, ResourceError, UsageError
from limbeck.core.sample import Batch
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.threads import torch_threads
from limbeck.core.view import View
from limbeck.data.augmentation.augment import Drawn
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.horizontal_flip import HorizontalFlip
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.augmentation.random_shift import RandomShift
from limbeck.data.loader import EvalLoader, TrainLoader
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler
from limbeck.data.sources.csv import CsvSource
from limbeck.data.subset import SubsetSource
from limbeck.data.view_for import view_for

PARTS = (RandomAffine(), CaptionSubset(whole=0.0, label=0.2))
KINDS = {"image+text": list(range(12)), "text": [12, 13], "image": [14]}


@pytest.fixture
def source(tmp_path: Path) -> CsvSource:
    rows = []
    for number in range(15):
        (tmp_path / f"{number}.png").write_bytes(encoded(picture(number)))
        rows.append(
            {
                "image": f"{number}.png" if number not in (12, 13) else "",
                "text": f"name{number}: one, two, three, four" if number < 14 else "",
                "label": "odd" if number % 2 else "",
                "group": "pair" if number in (1, 2) else "",
            }
        )
    return CsvSource(str(write_csv(tmp_path / "data.csv", rows)))


@pytest.fixture
def views() -> Mapping[str, View]:
    text = view_for(TextSpec(tokenizer(), 16))
    return {
        "student.image": view_for(ImageSpec(16, 16)),
        "teacher.image": view_for(ImageSpec(24, 24)),
        "student.text": text,
    }


def sampler(draws: int = 0) -> MixedSampler:
    return MixedSampler(KINDS, batch={"image+text": 4, "text": 2, "image": 1}, draws=draws, seed=3)


def same(first: Batch, second: Batch) -> bool:
    def flat(batch: Batch) -> dict[str, torch.Tensor]:
        tensors = {f"{name}.{key}": value for name, view in batch.views.items() for key, value in view.items()}
        tensors |= {f"present.{name}": value for name, value in batch.present.items()}
        tensors |= {f"target.{name}": value for name, value in batch.target.items()}
        return tensors | {"index": batch.index, "draw": batch.draw}

    a, b = flat(first), flat(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_batch_holds_what_was_sampled(source: CsvSource, views: Mapping[str, View]) -> None:
    loader = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS)
    batch = loader.batch_at(5)
    indices, draws = sampler(2).at(5)
    assert batch.index.tolist() == indices
    assert batch.draw.tolist() == draws
    assert batch.present["image"].tolist() == [True] * 4 + [False] * 2 + [True]
    assert batch.present["text"].tolist() == [True] * 6 + [False]
    assert not batch.views["student.image"]["pixel_values"][4:6].any()
    assert not batch.views["student.text"]["attention_mask"][6].any()
    for place, (index, draw) in enumerate(zip(indices, draws, strict=True)):
        sample = source.sample(index)
        for name in ("student.image", "teacher.image"):
            if "image" in sample.values:
                view = views[name]
                drawn = Drawn(sample, view=view, augmentations=PARTS)(draw)
                alone = view.collate([view.prepare(drawn)])["pixel_values"][0]
                assert torch.equal(batch.views[name]["pixel_values"][place], alone)


def test_targets(source: CsvSource, views: Mapping[str, View]) -> None:
    loader = EvalLoader(source, indices=[2, 1, 3, 14], views=views, batch_size=4)
    batch = next(iter(loader))
    assert loader.labels == ("odd",)
    assert batch.target["label"].tolist() == [-1, 0, 0, -1]
    assert batch.target["group"].tolist() == [1, 1, 3, 14]


def test_store_and_workers_change_nothing(source: CsvSource, views: Mapping[str, View]) -> None:
    plain = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS)
    expected = [plain.batch_at(step) for step in range(8)]
    store = PreparedStore()
    stored = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS, store=store)
    for _ in range(2):
        assert all(same(a, b) for a, b in zip(stored.steps(0, 8), expected, strict=True))
    assert store.hits > store.misses
    worked = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS, workers=2, store=store)
    assert all(same(a, b) for a, b in zip(worked.steps(0, 8), expected, strict=True))
    assert all(same(a, b) for a, b in zip(worked.steps(5, 8), expected[5:], strict=True))


@pytest.mark.filterwarnings("ignore:This DataLoader will create 3")
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("limit", [None, 3000, 10**9])
def test_any_number_of_workers_gives_the_same_batches(
    source: CsvSource, views: Mapping[str, View], workers: int, limit: int | None
) -> None:
    """Also where the store is full, and where a kind repeats within a batch and within what is fetched ahead."""
    batch = {"image+text": 5, "text": 3, "image": 2}
    order = MixedSampler(KINDS, batch=batch, draws={"image+text": 2}, seed=1)
    parts = {"sampler": order, "views": views, "augmentations": PARTS, "jitters": (RandomShift(2),)}
    plain = TrainLoader(source, **parts)
    store = None if limit is None else PreparedStore(limit=limit)
    worked = TrainLoader(source, workers=workers, store=store, **parts)
    for start, stop in ((0, 9), (7, 12)):
        expected = [plain.batch_at(step) for step in range(start, stop)]
        assert all(same(a, b) for a, b in zip(worked.steps(start, stop), expected, strict=True))


def test_beside_workers_one_thread_puts_batches_together(
    source: CsvSource, views: Mapping[str, View], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    together = TrainLoader.batch_of

    def noting(loader: TrainLoader, step: int, made: dict[Any, Any]) -> Batch:
        seen.append(torch.get_num_threads())
        return together(loader, step, made)

    monkeypatch.setattr(TrainLoader, "batch_of", noting)
    with torch_threads(2):
        for workers in (0, 1):
            for _ in TrainLoader(source, sampler=sampler(), views=views, workers=workers).steps(0, 2):
                assert torch.get_num_threads() == 2  # training between two batches has them all
    assert seen == [2, 2, 1, 1]


def test_what_workers_prepared_is_kept_for_all(source: CsvSource, views: Mapping[str, View], tmp_path: Path) -> None:
    log = tmp_path / "prepared.txt"
    noted = {"student.image": NotingView(views["student.image"], log), "student.text": views["student.text"]}
    store = PreparedStore()
    loader = TrainLoader(source, sampler=sampler(), views=noted, workers=2, store=store)
    first = list(loader.steps(0, 30))
    pids = log.read_text().split()
    assert len(pids) == 13  # pictures, each prepared once though both workers saw 30 batches
    assert len(set(pids)) == 2
    assert str(os.getpid()) not in pids
    for number in range(15):
        (tmp_path / f"{number}.png").unlink(missing_ok=True)
    assert all(same(a, b) for a, b in zip(loader.steps(0, 30), first, strict=True))
    here = TrainLoader(source, sampler=sampler(), views=noted, store=store)
    assert all(same(a, b) for a, b in zip(here.steps(0, 30), first, strict=True))
    assert len(log.read_text().split()) == 13


def test_one_store_serves_views_and_augmentations_apart(source: CsvSource, views: Mapping[str, View]) -> None:
    store = PreparedStore()
    other = {"student.image": view_for(ImageSpec(20, 20)), "student.text": views["student.text"]}
    for parts in (PARTS, (HorizontalFlip(chance=1.0),), ()):
        for chosen in (views, other):
            stored = TrainLoader(source, sampler=sampler(2), views=chosen, augmentations=parts, store=store)
            plain = TrainLoader(source, sampler=sampler(2), views=chosen, augmentations=parts)
            assert all(same(stored.batch_at(step), plain.batch_at(step)) for step in range(6))


def test_what_nothing_augments_is_kept_once(source: CsvSource, views: Mapping[str, View]) -> None:
    store = PreparedStore()
    only_text = {"student.text": views["student.text"]}
    loader = TrainLoader(source, sampler=sampler(5), views=only_text, augmentations=(RandomAffine(),), store=store)
    list(loader.steps(0, 30))
    assert len(store) == 14


def test_evaluation_goes_in_order_and_unchanged(source: CsvSource, views: Mapping[str, View]) -> None:
    loader = EvalLoader(source, indices=range(14, -1, -1), views=views, batch_size=4)
    batches = list(loader)
    assert len(batches) == len(loader) == 4
    assert [index for batch in batches for index in batch.index.tolist()] == list(range(14, -1, -1))
    assert not any(batch.draw.any() for batch in batches)
    assert all(same(a, b) for a, b in zip(batches, loader, strict=True))


class Counted(SubsetSource):
    """Counts what is hashed."""

    hashed = 0

    def content(self, index: int, modality: str) -> str:
        self.hashed += 1
        return super().content(index, modality)


def test_equal_pictures_and_words_have_one_number(tmp_path: Path, views: Mapping[str, View]) -> None:
    (tmp_path / "cat.png").write_bytes(encoded(picture(1)))
    (tmp_path / "copy.png").write_bytes(encoded(picture(1)))
    (tmp_path / "dog.png").write_bytes(encoded(picture(2)))
    cells = [("dog", "a dog"), ("cat", "a cat"), ("copy", "a dog"), ("", "a cat"), ("cat", "")]
    rows = [{"image": f"{image}.png" if image else "", "text": text} for image, text in cells]
    source = CsvSource(str(write_csv(tmp_path / "data.csv", rows)))
    counted = Counted(source, keep=range(len(source)))
    loader = EvalLoader(counted, indices=[1, 2, 3, 4, 0], views=views, batch_size=2)
    for _ in range(2):
        batches = list(loader)
        image, text = (torch.cat([b.target[f"content.{m}"] for b in batches]).tolist() for m in ("image", "text"))
        assert image == [0, 0, -1, 0, 1]
        assert text == [0, 1, 0, -1, 1]
    assert counted.hashed == 8  # four pictures and four captions, once for two views and two passes
    only = EvalLoader(source, indices=[0], views={"student.image": views["student.image"]})
    assert "content.text" not in next(iter(only)).target


def test_a_row_that_goes_bad_is_named(source: CsvSource, views: Mapping[str, View], tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"{number}.png").write_bytes(b"damaged")
    for workers in (0, 1):
        loader = TrainLoader(source, sampler=sampler(), views=views, workers=workers)
        with pytest.raises(DataError, match=r"row \d+: not an image") as caught:
            list(loader.steps(0, 2))
        assert "\n" not in str(caught.value)


class NotingView(View):
    """Writes down which process prepared."""

    modality = "image"

    def __init__(self, view: View, log: Path) -> None:
        self.view = view
        self.log = log

    def prepare(self, value: object) -> Mapping[str, torch.Tensor]:
        with open(self.log, "a") as stream:
            stream.write(f"{os.getpid()}\n")
        return self.view.prepare(value)

    def collate(self, rows: Sequence[Mapping[str, torch.Tensor] | None]) -> Mapping[str, torch.Tensor]:
        return self.view.collate(rows)

    def fingerprint(self) -> str:
        return self.view.fingerprint()


class DyingView(View):
    """Kills its process at one row, as the kernel does when memory runs out."""

    modality = "image"

    def prepare(self, value: object) -> Mapping[str, torch.Tensor]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def collate(self, rows: object) -> Mapping[str, torch.Tensor]:
        raise AssertionError

    def fingerprint(self) -> str:
        return "dying"


def test_a_dead_worker_is_an_error_not_a_hang(source: CsvSource) -> None:
    loader = TrainLoader(source, sampler=sampler(), views={"student.image": DyingView()}, workers=1)
    with pytest.raises(ResourceError, match="a data-loader worker died .* fewer workers"):
        list(loader.steps(0, 3))


def test_arguments(source: CsvSource, views: Mapping[str, View]) -> None:
    with pytest.raises(UsageError, match="workers"):
        TrainLoader(source, sampler=sampler(), views=views, workers=-1)
    with pytest.raises(UsageError, match="batch_size"):
        EvalLoader(source, indices=[], views=views, batch_size=0)
    assert list(EvalLoader(source, indices=[], views=views)) == []


def test_jitter_is_a_function_of_seed_and_step_and_touches_its_modality_alone(
    source: CsvSource, views: Mapping[str, View]
) -> None:
    plain = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS)
    moving = TrainLoader(source, sampler=sampler(2), views=views, augmentations=PARTS, jitters=(RandomShift(4),))
    batches = list(moving.steps(0, 6))
    assert all(same(a, b) for a, b in zip(moving.steps(3, 6), batches[3:], strict=True))
    for step, batch in enumerate(batches):
        before = plain.batch_at(step)
        assert torch.equal(batch.views["student.text"]["input_ids"], before.views["student.text"]["input_ids"])
    changed = [
        not torch.equal(
            batch.views["student.image"]["pixel_values"], plain.batch_at(step).views["student.image"]["pixel_values"]
        )
        for step, batch in enumerate(batches)
    ]
    assert sum(changed) >= 4
