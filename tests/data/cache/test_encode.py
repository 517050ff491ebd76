"""Rows on their way to the store: in eval mode, checked, refused with their ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from data import cached as world
from data.cached import Pictures, Texts, batch, build, opened, source_of
from data.made import counted_decoding
from limbeck.core.errors import DataError, UsageError
from limbeck.data.sources.csv import CsvSource


def test_float16_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    with torch.no_grad():
        teacher.tower[3].weight.mul_(1e6)
    with pytest.raises(UsageError, match="use dtype 'float32'"):
        build(teacher, source, tmp_path / "cache", dtype="float16")


def test_non_finite_answers_are_refused_with_ids(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Texts()
    with torch.no_grad():
        teacher.words.weight[2:] = float("nan")
    with pytest.raises(DataError, match=r"non-finite 'pooled' for rows row\d+"):
        build(teacher, source, tmp_path / "cache")
    assert not (tmp_path / "cache" / "manifest.json").exists()


def test_the_teacher_comes_back_in_the_mode_it_had_and_is_run_in_eval(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures().train()
    statistics = teacher.tower[1].running_mean.clone()
    build(teacher, source, tmp_path / "cache")
    assert teacher.training
    assert torch.equal(teacher.tower[1].running_mean, statistics)


def test_a_file_that_changes_while_it_is_cached_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"

    class Edited(CsvSource):
        def sample(self, index: int) -> Any:
            if index == 5:
                (path / "pictures" / "5.bmp").write_bytes(world.picture(999))
            return super().sample(index)

    source = Edited(source_of(path).path)
    with pytest.raises(DataError, match="row5 changed while it was read"):
        build(Pictures(), source, tmp_path / "cache")


def test_a_picture_is_decoded_once_for_all_its_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    decoded = counted_decoding(monkeypatch)
    report = build(teacher, source, tmp_path / "cache", augmentations=world.FLIP, draws=3, batch_size=25)
    assert report.computed == 4 * len(decoded) == teacher.rows
    assert set(decoded.values()) == {1}


def test_a_bf16_teacher_states_the_error_that_it_has(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "exact")
    exact = opened(teacher, source, tmp_path / "exact")(batch(source, range(30)))["pooled"]
    report = build(teacher, source, tmp_path / "fast", precision="bf16", batch_size=30)  # one batch: all of it measured
    cached = opened(teacher, source, tmp_path / "fast", precision="bf16")
    difference = float((cached(batch(source, range(30)))["pooled"] - exact).abs().max())
    assert 1e-5 < difference < 0.05
    assert report.rounding.absolute == pytest.approx(difference, rel=1e-3)
    assert report.rounding.cosine > 0
    assert cached.rounding == report.rounding
    assert cached.fingerprint() != "weights-1"
