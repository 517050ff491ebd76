"""Writing tar shards that carry their counts and hashes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from limbeck.core.artefact import new_folder
from limbeck.core.errors import UsageError
from limbeck.core.source import Source
from limbeck.data.images import decode_image


def write_shards(source: Source, folder: Path, *, rows_per_shard: int = 1000) -> None:
    """The rows of a source as tar shards beside a manifest with sizes, hashes and row counts.

    Use when many small files are to become few large ones. Appears whole under its name or not at all.

    Args:
        source: the rows; one that cannot be read raises `DataError`.
        folder: made; must not exist.
        rows_per_shard: at least 1.
    """
    if rows_per_shard < 1:
        raise UsageError(f"rows_per_shard is at least 1, got {rows_per_shard}")
    if folder.exists():
        raise UsageError(f"{folder} exists already; choose another folder")
    starts = range(0, len(source), rows_per_shard)
    counts = {f"{number:06d}.tar": min(rows_per_shard, len(source) - start) for number, start in enumerate(starts)}
    with new_folder(folder, "shards", source={"data": source.fingerprint(), "rows": counts}) as target:
        for (name, count), start in zip(counts.items(), starts, strict=True):
            with tarfile.open(target / name, "w", format=tarfile.PAX_FORMAT) as archive:
                for index in range(start, start + count):
                    _add_row(archive, source, index)


def _add_row(archive: tarfile.TarFile, source: Source, index: int) -> None:
    sample = source.sample(index)
    fields = {"id": sample.id, "split": sample.split, "label": sample.label, "group": sample.group}
    plain: dict[str, object] = {name: value for name, value in fields.items() if value}
    if "text" in sample.values:
        plain["text"] = str(sample.values["text"])
    _add(archive, f"{index:08d}.json", json.dumps(plain, ensure_ascii=False).encode("utf-8"))
    image = sample.values.get("image")
    if isinstance(image, bytes):
        _add(archive, f"{index:08d}.{_ending(image)}", image)


def _ending(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "png"
    if data.startswith(b"\xff\xd8"):
        return "jpg"
    if data[:4] == b"RIFF":
        return "webp"
    decode_image(data)
    return "gif" if data.startswith(b"GIF") else "tif" if data[:2] in (b"II", b"MM") else "bmp"


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
