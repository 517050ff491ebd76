"""Opening: by content, whatever the order, and only when every row is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.cached import FLIP, Pictures, batch, build, opened, source_of
from limbeck.core.errors import ArtefactError
from limbeck.data.sources.csv import CsvSource


def test_another_order_is_served_by_content(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=1)
    header, *lines = Path(source.path).read_text().splitlines()
    turned = Path(source.path).with_name("turned.csv")
    turned.write_text("\n".join([header, *reversed(lines)]) + "\n")
    other = CsvSource(str(turned))
    draws = [row % 2 for row in range(30)]
    first = opened(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=1)(batch(source, range(30), draws))
    second = opened(teacher, other, tmp_path / "cache", augmentations=FLIP, draws=1)(
        batch(other, range(30), draws[::-1])
    )
    assert torch.equal(first["pooled"], second["pooled"].flip(0))
    assert not torch.equal(first["pooled"], second["pooled"])


def test_an_unfinished_cache_is_not_opened(tmp_path: Path) -> None:
    source = source_of(tmp_path / "data")
    for folder in (tmp_path / "nothing", tmp_path / "cache"):
        with pytest.raises(ArtefactError, match="is not complete; build it"):
            opened(Pictures(), source, folder)
        build(Pictures(), source, tmp_path / "cache")
        (tmp_path / "cache" / "manifest.json").unlink()


def test_rows_outside_are_refused_when_asked_for(tmp_path: Path) -> None:
    source = source_of(tmp_path / "data")
    build(Pictures(), source, tmp_path / "cache", indices=range(10))
    cached = opened(Pictures(), source, tmp_path / "cache", indices=range(10))
    cached(batch(source, range(10)))
    with pytest.raises(ArtefactError, match="holds no image of row 11; build it again"):
        cached(batch(source, [0, 11]))


def test_a_source_without_the_modality_gives_zeros(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,text\n0,a cat\n1,a dog\n")
    source = CsvSource(str(path))
    assert build(Pictures(), source, tmp_path / "cache").rows == 0
    found = opened(Pictures(), source, tmp_path / "cache")(batch(source, [1, 0]))["pooled"]
    assert torch.equal(found, torch.zeros(2, 24))
