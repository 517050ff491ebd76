"""`TarSource`: tar shards whose members of one stem are one row."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from limbeck.core.artefact import MANIFEST, read_manifest, sha256_file
from limbeck.core.errors import ArtefactError, DataError
from limbeck.data.record import FIELDS, Piece, escaped, records_of
from limbeck.data.table import MAX_FILE, TableSource

_IMAGES = ("jpg", "jpeg", "jfif", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "jp2", "avif")
_TEXTS = ("txt", "text", "caption")
_JSON = ("text", "split", "label", "group", "id")
_BLOCK = 512
_MOST = 8


class TarSource(TableSource):
    """Shards in the WebDataset layout: `0001.jpg`, `0001.txt`, `0001.cls`, `0001.json` (`text, id, split, ...`).

    Members are indexed once and read where they stand. Keys of `.json` members are checked as the columns of a table
    are; those and the endings that nothing reads are listed in `ignored`. A shard that was cut, even between two
    members, is refused: an archive that ends without its closing zero block is not whole. Where Limbeck's manifest
    lies beside the shards, sizes, hashes and counts are checked first.

    Use when the data comes as shards.

    Args:
        path: one `.tar`, or a folder of them.

    Raises:
        DataError: a cut or foreign file, two members for one modality of a row, duplicate ids.
        ArtefactError: a shard differs from the manifest beside it.
    """

    def __init__(self, path: str) -> None:
        place = Path(path)
        shards = sorted(place.glob("*.tar")) if place.is_dir() else [place]
        folder = place if place.is_dir() else place.parent
        counts = _check_manifest(folder, shards, whole=place.is_dir())
        rows: list[dict[str, object]] = []
        problems: dict[int, str] = {}
        unread: dict[str, None] = {}
        for shard in shards:
            before = len(rows)
            for cells in _rows(shard, unread):
                problem = cells.pop("problem", "")
                if problem:
                    problems[len(rows)] = str(problem)
                rows.append(cells)
            if counts.get(shard.name, len(rows) - before) != len(rows) - before:
                raise ArtefactError(
                    f"{shard} holds {len(rows) - before} rows, its manifest says {counts[shard.name]}; make it again"
                )
        endings = [escaped(name) for name in unread if name.startswith(".")]  # the others are keys
        if len(endings) > _MOST:  # `photo.0001.jpg` has an ending of its own in every row
            endings = [*endings[:_MOST], f"... ({len(endings)} endings in all)"]
        if not rows:
            found = f"; found members ending in {', '.join(endings)}" if endings else ""
            raise DataError(f"{path} holds no rows; a shard holds members like 0001.jpg and 0001.txt{found}")
        columns = [name for name in ("image", "text", *FIELDS) if any(name in cells for cells in rows)]
        keys = [name for name in unread if not name.startswith(".")]
        table = records_of(rows, columns + keys, where=path, problems=problems)
        super().__init__(path, table=replace(table, ignored=(*table.ignored, *endings)), folder=folder)


def _check_manifest(folder: Path, shards: list[Path], *, whole: bool) -> dict[str, int]:
    """Rows a shard according to the manifest; empty where there is none, or where it is another tool's."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        foreign = "seal" not in path.read_text() and "sha256" not in path.read_text()
    except (OSError, UnicodeDecodeError):
        foreign = False
    if foreign:
        return {}
    manifest = read_manifest(folder)
    names = {shard.name for shard in shards}
    for name in manifest.files:
        if name.endswith(".tar") and whole and name not in names:
            raise ArtefactError(f"{folder / name} is missing; the manifest names it, fetch it again")
    for shard in shards:
        entry = manifest.files.get(shard.name, {})
        if entry and (shard.stat().st_size != entry["size"] or sha256_file(shard) != entry["sha256"]):
            raise ArtefactError(f"{shard} differs from its manifest; the file is corrupt, make it again")
        if not entry and whole:
            raise ArtefactError(f"{shard} is not in the manifest beside it; make the manifest again or move the shard")
    return {name: int(count) for name, count in dict(manifest.source.get("rows", {})).items()}


def _rows(shard: Path, unread: dict[str, None]) -> Iterator[dict[str, object]]:
    """Rows of one shard in the order of their first member; keys and endings that nothing reads go into `unread`."""
    found: dict[str, dict[str, object]] = {}
    for name, piece in _members(shard):
        folder, slash, base = name.rpartition("/")
        stem, dot, ending = base.partition(".")
        if not dot or not stem:
            continue
        cells = found.setdefault(f"{folder}{slash}{stem}", {"id": f"{folder}{slash}{stem}"})
        try:
            _add(cells, ending.lower(), piece, unread)
        except ValueError as error:
            cells["problem"] = f"{name} in {shard.name}: {error}"
    yield from (cells for cells in found.values() if len(cells) > 1)


def _add(cells: dict[str, object], ending: str, piece: Piece, unread: dict[str, None]) -> None:
    if ending in _IMAGES:
        _once(cells, "image", piece)
    elif ending in _TEXTS:
        _once(cells, "text", _text(piece))
    elif ending == "cls":
        _once(cells, "label", _text(piece).strip())
    elif ending == "json":
        value = json.loads(_text(piece))
        if not isinstance(value, dict):
            raise ValueError(f"a JSON {type(value).__name__}, not an object")
        for key, found in value.items():
            if key not in _JSON:
                unread[f"{key} (a key of .json)" if key == "image" or key.startswith(".") else key] = None
            elif found not in (None, "") and key == "id":
                cells["id"] = found
            elif found not in (None, ""):
                _once(cells, key, found)
    else:
        unread[f".{ending}"] = None


def _once(cells: dict[str, object], column: str, value: object) -> None:
    if column in cells and str(cells[column]) != str(value):  # WebDataset often says a caption in .txt and in .json
        raise ValueError(f"a second {column} for one row")
    cells.setdefault(column, value)


def _text(piece: Piece) -> str:
    with open(piece.path, "rb") as stream:
        stream.seek(piece.offset)
        return stream.read(piece.size).decode("utf-8-sig")


def _members(shard: Path) -> Iterator[tuple[str, Piece]]:
    """Regular members, and a check that the archive ends where it should."""
    cut = f"{shard} is cut short or damaged: %s; fetch or make it again"
    try:
        size = shard.stat().st_size
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                if member.issparse() or member.size > MAX_FILE:
                    raise DataError(f"{member.name} in {shard} is sparse or larger than {MAX_FILE / 1e6:.0f} MB")
                if member.offset_data + member.size > size:
                    raise DataError(cut % f"{member.name} ends after the file does")
                yield member.name.removeprefix("./"), Piece(str(shard), member.offset_data, member.size)
            end = archive.offset
    except tarfile.TarError as error:
        raise DataError(cut % (str(error) or "no tar header")) from error
    except OSError as error:
        raise DataError(f"cannot read {shard}: {(error.strerror or str(error)).lower()}") from error
    # tarfile takes a missing end, and a header that it cannot read, for the end of the archive.
    with open(shard, "rb") as stream:
        stream.seek(end)
        rest = stream.read(2 * _BLOCK)
    if len(rest) < _BLOCK or any(rest):
        raise DataError(cut % ("no closing block" if len(rest) < _BLOCK else "a header cannot be read"))
