"""Fault 4: a full disk is exit code 5, what was written earlier still verifies, and no temporary file is left."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.cached import FLIP, Pictures, batch, build, opened, source_of
from faults import tools
from limbeck.core.artefact import verify
from limbeck.core.errors import ResourceError


def test_a_cache_that_cannot_fit_is_refused_before_the_first_byte(small_disk: Path, tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data", 100), Pictures(width=4096)
    with pytest.raises(ResourceError, match=r"cache of teacher\.image needs \d+ MB but .* has \d MB free") as refused:
        build(teacher, source, small_disk / "cache", augmentations=FLIP, draws=5)
    assert refused.value.exit_code == 5
    assert teacher.rows == 0
    assert not [path for path in small_disk.rglob("*") if path.is_file()]


def test_a_disk_that_fills_up_meanwhile_keeps_the_earlier_cache(small_disk: Path, tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data", 100), Pictures(width=1024)
    build(teacher, source, small_disk / "cache", indices=range(20), shard_rows=8)
    manifest = verify(small_disk / "cache", kind="cache")
    before = opened(teacher, source, small_disk / "cache", indices=range(20))(batch(source, range(20)))["pooled"]
    at_start = teacher.rows
    ballast: list[Path] = []

    def others_fill_it(*_: object) -> None:
        if teacher.rows > at_start + 30 and not ballast:
            ballast.append(tools.fill(small_disk, leave=4096))

    hook = teacher.register_forward_pre_hook(others_fill_it)
    with pytest.raises(ResourceError, match="no space left while writing") as full:
        build(teacher, source, small_disk / "cache", shard_rows=8)
    hook.remove()
    assert full.value.exit_code == 5
    assert not tools.leftovers(small_disk)
    assert verify(small_disk / "cache", kind="cache") == manifest
    after = opened(teacher, source, small_disk / "cache", indices=range(20))(batch(source, range(20)))["pooled"]
    assert torch.equal(after, before)
    ballast[0].unlink()
    assert build(teacher, source, small_disk / "cache", shard_rows=8).reused > 20  # room again: it goes on
    opened(teacher, source, small_disk / "cache")
