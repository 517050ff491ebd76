"""Real icons in every data format, and tiny model folders to distil from and into. SYNTHETIC weights, real pictures."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from encoders import worlds
from limbeck.pipeline.execute import Run

KINDS = ("arrow", "chart", "chess", "dice", "hand", "heart", "plane", "table")
Item = dict[str, Any]


@cache
def icons(count: int = 40, *, size: int = 48) -> tuple[Item, ...]:
    """Pictures (PNG), captions and labels of real icons; 6 validate, 6 test, the others train."""
    import fontawesomefree
    import resvg_py

    root = Path(next(iter(fontawesomefree.__path__))) / "static" / "fontawesomefree"
    known = json.loads((root / "metadata" / "icons.json").read_text())
    solid = [name for name, about in known.items() if "solid" in about["free"]]
    columns = [[name for name in solid if name.split("-")[0] == kind] for kind in KINDS]
    names = [name for row in zip_longest(*columns) for name in row if name is not None]
    made = []
    for place, name in enumerate(names[:count]):
        svg = root / "svgs" / "solid" / f"{name}.svg"
        png = bytes(resvg_py.svg_to_bytes(svg_path=str(svg), width=size, background="white"))
        terms = ", ".join(known[name]["search"]["terms"][:4])
        split = "validation" if place % 7 == 3 else "test" if place % 7 == 5 else "train"
        text = f"{known[name]['label']}: {terms}"
        made.append({"id": name, "image": png, "text": text, "split": split, "label": name.split("-")[0]})
    return tuple(made)


def with_files(folder: Path, items: Sequence[Item]) -> list[Item]:
    """The rows with their pictures written to `folder/img`."""
    (folder / "img").mkdir(parents=True, exist_ok=True)
    rows = []
    for item in items:
        row = dict(item)
        if isinstance(item.get("image"), bytes):
            row["image"] = f"img/{item['id']}.png"
            (folder / row["image"]).write_bytes(item["image"])
        rows.append(row)
    return rows


def as_csv(folder: Path, items: Sequence[Item], name: str = "pairs.csv") -> Path:
    rows = with_files(folder, items)
    with open(folder / name, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def as_jsonl(folder: Path, items: Sequence[Item]) -> Path:
    (folder / "pairs.jsonl").parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row) for row in with_files(folder, items)]
    (folder / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "pairs.jsonl"


def as_parquet(folder: Path, items: Sequence[Item]) -> Path:
    """Pictures as bytes inside the file."""
    import pyarrow
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist([dict(item) for item in items]), folder / "pairs.parquet")
    return folder / "pairs.parquet"


def as_folder(folder: Path, items: Sequence[Item]) -> Path:
    as_csv(folder, items, "metadata.csv")
    return folder


def as_tar(folder: Path, items: Sequence[Item]) -> Path:
    """Two shards of same-stem members."""
    folder.mkdir(parents=True, exist_ok=True)
    half = len(items) // 2
    for number, part in enumerate((items[:half], items[half:])):
        with tarfile.open(folder / f"{number:04d}.tar", "w") as archive:
            for item in part:
                about = {key: item[key] for key in ("split", "label") if key in item}
                members = {"png": item["image"], "txt": item["text"].encode(), "json": json.dumps(about).encode()}
                for suffix, content in members.items():
                    member = tarfile.TarInfo(f"{item['id']}.{suffix}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    return folder


FORMATS: Mapping[str, Callable[[Path, Sequence[Item]], Path]] = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "parquet": as_parquet,
    "folder": as_folder,
    "tar": as_tar,
}


@cache
def _root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="limbeck-tests-")


def root() -> Path:
    """A folder of this process that is gone with it."""
    return Path(_root().name)


@cache
def data(kind: str = "csv") -> str:
    """The same 40 icons in any format."""
    return str(FORMATS[kind](root() / "data" / kind, icons()))


@cache
def model(kind: str) -> Path:
    """A tiny model folder of one kind; do not change it."""
    return worlds.folder(kind, root() / "models" / kind)


def cache_folder() -> Path:
    """Teacher outputs of all tests of this process."""
    return root() / "cache"


def arguments(out: Path, **changes: Any) -> dict[str, Any]:
    """Two steps from a tiny CLIP into a tiny CLIP."""
    clip = f"hf:{model('clip')}"
    quick = {"teacher": clip, "student": clip, "out": out, "steps": 2, "batch_size": 8, "draws": 1}
    return {**quick, "cache": cache_folder(), **changes}


@cache
def finished() -> Run:
    """One finished run; do not change its folder."""
    from limbeck.verbs.distill import distill

    return distill(data(), **arguments(root() / "run"))


@cache
def classifier() -> Run:
    """One finished run of a classification recipe: an MLP on pictures alone, a head on it; do not change its folder."""
    from limbeck.verbs.run import run

    return run("taid_untaught", out=root() / "a classifier", set=("stages.0.budget.steps=6",), cache=cache_folder())


def weights(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()
