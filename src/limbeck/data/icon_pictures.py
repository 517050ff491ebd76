"""Drawing Font Awesome's icons once, and keeping the pictures."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import Image

from limbeck.core.artefact import new_folder, read_json, sha256_json, verify
from limbeck.core.errors import ArtefactError, DataError
from limbeck.data.duplicates import find_duplicates
from limbeck.data.places import cache_folder
from limbeck.data.thumbnails import thumbnails_of

_VERSION = 2
_NOTE = """The pictures in this folder were drawn from the SVG files of Font Awesome Free {version}
(copyright Fonticons, Inc., icons under CC BY 4.0, see LICENSE.txt): black on white, padded to a square.
Brand icons are trademarks of their owners.
"""


@dataclass(frozen=True)
class IconPictures:
    """Pictures and what Font Awesome says about them.

    Args:
        png: (style, name) -> PNG bytes.
        words: name -> (label, search terms).
        near: pairs of (style, name) whose pictures are equal or near-equal; one of them is solid.
        folder: where they are kept.
        reused: whether they had been drawn before.
    """

    png: Mapping[tuple[str, str], bytes]
    words: Mapping[str, tuple[str, tuple[str, ...]]]
    near: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
    folder: Path
    reused: bool


def icon_pictures(*, size: int = 160) -> IconPictures:
    """Every free icon in every style, `size` pixels square; drawn on first use, verified and reused afterwards.

    Raises:
        DataError: `fontawesomefree` or `resvg_py` is not installed.
    """
    try:
        import fontawesomefree
        import resvg_py  # noqa: F401
    except ImportError as error:
        raise DataError(f"the icons data needs the package {error.name}; run: pip install 'limbeck[demo]'") from None
    package = Path(str(fontawesomefree.__file__)).parent / "static" / "fontawesomefree"
    made_of = {
        "fontawesomefree": metadata.version("fontawesomefree"),
        "resvg_py": metadata.version("resvg_py"),
        "drawing": _VERSION,
        "size": size,
    }
    folder = cache_folder() / f"icons-{sha256_json(made_of)[:12]}"
    try:
        verify(folder, kind="icons")
        return _read(folder, reused=True)
    except ArtefactError:
        pass  # not there yet, or damaged: it is drawn again
    with new_folder(folder, "icons", source=made_of, replace=folder.exists()) as target:
        _draw_all(package, target, size)
        _compare_all(target)
        (target / "LICENSE.txt").write_bytes((package / "LICENSE.txt").read_bytes())
        (target / "README.txt").write_text(_NOTE.format(version=made_of["fontawesomefree"]))
    verify(folder, kind="icons")
    return _read(folder, reused=False)


def _read(folder: Path, *, reused: bool) -> IconPictures:
    words = {name: (label, tuple(terms)) for name, (label, terms) in read_json(folder / "words.json").items()}
    near = tuple((_place(first), _place(second)) for first, second in read_json(folder / "near.json"))
    return IconPictures(_pictures(folder), words, near, folder, reused)


def _pictures(folder: Path) -> dict[tuple[str, str], bytes]:
    png = {}
    with tarfile.open(folder / "pictures.tar", "r:") as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                png[_place(member.name.removesuffix(".png"))] = stream.read()
    return png


def _place(name: str) -> tuple[str, str]:
    style, _, rest = name.partition("/")
    return style, rest


def _compare_all(target: Path) -> None:
    """Near-equal pictures are found once: it takes longer than drawing."""
    png = _pictures(target)
    places = sorted(png, key=lambda place: (place[0] != "solid", place))
    every = thumbnails_of([png[place] for place in places])
    solid = every.rows([number for number, place in enumerate(places) if place[0] == "solid"])
    near = [["/".join(places[pair.first]), "/".join(places[pair.second])] for pair in find_duplicates(every, solid)]
    (target / "near.json").write_text(json.dumps(near), encoding="utf-8")


def _draw_all(package: Path, target: Path, size: int) -> None:
    known: dict[str, Any] = json.loads((package / "metadata" / "icons.json").read_text(encoding="utf-8"))
    words = {
        name: (icon["label"].strip(), [str(term).strip() for term in icon["search"]["terms"] if str(term).strip()])
        for name, icon in sorted(known.items())
    }
    (target / "words.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    places = [(style, name) for name in sorted(known) for style in sorted(known[name]["free"])]
    with ThreadPoolExecutor(max_workers=2) as pool:
        drawn = pool.map(lambda place: _draw(package / "svgs" / place[0] / f"{place[1]}.svg", size), places)
        with tarfile.open(target / "pictures.tar", "w") as archive:
            for (style, name), data in zip(places, drawn, strict=True):
                member = tarfile.TarInfo(f"{style}/{name}.png")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


def _draw(path: Path, size: int) -> bytes:
    """PNG of one icon: black on white, centred, with a margin of a sixteenth of the side."""
    import resvg_py

    svg = path.read_text(encoding="utf-8")
    box = re.search(r'viewBox="([^"]+)"', svg)
    if box is None:
        raise DataError(f"{path} has no viewBox; install fontawesomefree again")
    _, _, width, height = (float(number) for number in box[1].replace(",", " ").split())
    inner = size - 2 * (size // 16)
    wide = max(1, round(width * inner / max(width, height)))
    high = max(1, round(height * inner / max(width, height)))
    drawn = resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", width=wide, height=high, skip_system_fonts=True)
    image = Image.open(io.BytesIO(bytes(drawn))).convert("L")
    if image.size != (wide, high):
        image = image.resize((wide, high))
    square = Image.new("L", (size, size), 255)
    square.paste(image, ((size - wide) // 2, (size - high) // 2))
    out = io.BytesIO()
    square.save(out, "PNG", optimize=False)
    return out.getvalue()
