"""Everything written is written to a temporary name, flushed, and committed by one rename.

Every folder holds a `manifest.json` with the size and SHA-256 of each file, the versions that wrote it and the
fingerprint of what it came from, sealed by a hash of its own. Readers call `verify` before another library sees the
bytes. A writer that is killed leaves a temporary name that carries its process id; the next writer sweeps it away.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import socket
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from limbeck.core.errors import ArtefactError, LimbeckError, ResourceError

MANIFEST = "manifest.json"
FORMAT = 1
SEAL = "seal"
LARGEST_JSON = 256 << 20
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<kind>tmp|old)-(?P<place>[0-9a-f]{6})-(?P<pid>\d+)-[0-9a-f]{8}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_RUST = re.compile(r"\(os error (\d+)\)")


@dataclass(frozen=True)
class Manifest:
    """What a folder holds and where it came from.

    Args:
        kind: `checkpoint`, `cache`, `model`, `run`, `align`, ...
        files: relative path -> `{"sha256": ..., "size": ...}`.
        source: fingerprints of what it came from (`data`, `teacher`, `preprocessing`, ...).
        versions: package -> version.
        threads: torch threads at the time of writing; bit-exact resume holds for the same number only.
        format: layout version.
    """

    kind: str
    files: Mapping[str, Mapping[str, Any]]
    source: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: int = 0
    format: int = FORMAT


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Hex SHA-256 of plain values, independent of key order."""
    return sha256_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def versions() -> dict[str, str]:
    """Versions that decide the bytes; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in ("limbeck", "torch", "transformers", "tokenizers", "safetensors", "numpy", "pillow", "onnxruntime"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns a full or failing disk into an error that names the file and the fix."""
    try:
        yield
    except LimbeckError:
        raise
    except OSError as error:
        raise _storage_error(path, error.errno, error.strerror or str(error)) from error
    except Exception as error:
        # safetensors and tokenizers write in Rust and raise errors of their own, with the number in the text.
        said = _RUST.search(str(error))
        if said is None:
            raise
        raise _storage_error(path, int(said[1]), str(error)) from error


def _storage_error(path: Path, number: int | None, reason: str) -> LimbeckError:
    if number in _FULL:
        return ResourceError(f"no space left while writing {path}; free some or choose another folder")
    return ArtefactError(f"could not write {path}: {reason}; check the disk and permissions")


def sync_file(path: Path) -> None:
    """Flush one file, or one folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write one file whole or not at all: temporary name, flush, rename."""
    temporary = _beside(path, "tmp")
    with storage_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
            sync_file(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write plain values as readable JSON, whole or not at all; NaN is refused."""
    write_file(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path, *, kind: str = "JSON file") -> Any:
    """Parse a JSON file; anything else is an `ArtefactError` that names it."""
    return _parse(_read_bytes(path, kind), path, kind)


def _read_bytes(path: Path, kind: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_JSON:
            raise ArtefactError(f"{kind} {path} has {size / 1e6:.0f} MB; at most {LARGEST_JSON / 1e6:.0f} MB are read")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtefactError(f"{kind} {path} does not exist") from error
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{kind} {path} cannot be read: {error}") from error


def _parse(content: bytes, path: Path, kind: str) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{kind} {path} cannot be read: {error}") from error


def write_manifest(folder: Path, kind: str, source: Mapping[str, Any] | None = None) -> Manifest:
    """Hash every file below `folder` and write `manifest.json` beside them; temporaries of others are left out."""
    files = {
        path.relative_to(folder).as_posix(): {"sha256": sha256_file(path), "size": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST and not _TEMPORARY.fullmatch(path.name)
    }
    torch = sys.modules.get("torch")
    threads = int(torch.get_num_threads()) if torch is not None else 0
    manifest = Manifest(kind=kind, files=files, source=dict(source or {}), versions=versions(), threads=threads)
    write_file(folder / MANIFEST, _sealed(asdict(manifest)))
    return manifest


def _sealed(plain: Mapping[str, Any]) -> bytes:
    # Without it nothing would notice a flipped bit in the manifest itself: in a width, a version, a count.
    body = json.loads(json.dumps({key: value for key, value in plain.items() if key != SEAL}, allow_nan=False))
    return (json.dumps(body | {SEAL: sha256_json(body)}, indent=2, allow_nan=False) + "\n").encode()


@contextlib.contextmanager
def new_folder(
    target: Path, kind: str, *, source: Mapping[str, Any] | None = None, replace: bool = False
) -> Iterator[Path]:
    """A temporary folder that becomes `target`, with its manifest, when the block ends well; otherwise it vanishes.

    Args:
        target: the final name. If another writer has put a folder there meanwhile, that one wins and ours is dropped,
            unless `replace`.
        kind: kind for the manifest.
        source: fingerprints for the manifest.
        replace: put the new folder in the place of an old one.
    """
    temporary = _beside(target, "tmp")
    with storage_errors(target):
        sweep(target.parent)
        try:
            temporary.mkdir(parents=True)
            yield temporary
            write_manifest(temporary, kind, source)
            for path in temporary.rglob("*"):
                sync_file(path)
            sync_file(temporary)
            _commit(temporary, target, replace=replace)
            sync_file(target.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what writers that are gone left in `folder`; an old folder whose successor never came is put back."""
    for path in sorted(folder.glob(".*")) if folder.is_dir() else []:
        left = _TEMPORARY.fullmatch(path.name)
        if left is None or left["place"] != _place() or _alive(int(left["pid"])):
            continue
        target = path.with_name(left["name"])
        with contextlib.suppress(OSError):  # another sweeper was faster
            if left["kind"] == "old" and not target.exists():
                os.rename(path, target)
            elif path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder so that a kill half-way leaves nothing that could be taken for it."""
    aside = _beside(folder, "tmp")
    with storage_errors(folder):
        os.rename(folder, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _beside(path: Path, kind: str) -> Path:
    # Cut, so that a name of 255 bytes does not grow past what file systems take.
    name = os.fsdecode(os.fsencode(path.name)[:200])
    return path.with_name(f".{name}.{kind}-{_place()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")


@functools.cache
def _place() -> str:
    # A process id means something on one machine and in one container only.
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return sha256_bytes(f"{socket.gethostname()} {space}".encode())[:6]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _commit(temporary: Path, target: Path, *, replace: bool) -> None:
    if replace and target.exists():
        if _exchange(temporary, target):
            return  # what stood there now has our temporary name and goes with it
        aside = _beside(target, "old")
        os.rename(target, aside)
        os.rename(temporary, target)
        shutil.rmtree(aside, ignore_errors=True)
        return
    try:
        os.rename(temporary, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _exchange(first: Path, second: Path) -> bool:
    """Swap two names in one step, so that no moment has neither; False where the system cannot."""
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, both = -100, 2
    if swap is None:
        return False
    if swap(here, os.fsencode(first), here, os.fsencode(second), both) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(second))


def read_manifest(folder: Path) -> Manifest:
    """Parse `manifest.json`; a missing, altered or malformed one is an `ArtefactError`."""
    path = folder / MANIFEST
    content = _read_bytes(path, "manifest")
    plain = _parse(content, path, "manifest")
    if not isinstance(plain, dict) or SEAL not in plain:
        raise ArtefactError(f"manifest {path} is malformed: it carries no seal")
    try:
        intact = _sealed(plain) == content
    except (ValueError, RecursionError):  # NaN, infinity, lone surrogates
        intact = False
    if not intact:
        raise ArtefactError(f"manifest {path} was altered after it was sealed; the folder is corrupt, make it again")
    if plain.get("format") != FORMAT:
        raise ArtefactError(f"{folder} has layout {plain.get('format')}; this version of Limbeck reads {FORMAT}")
    try:
        manifest = Manifest(**{key: value for key, value in plain.items() if key != SEAL})
        entries = [(e["sha256"], e["size"]) for e in manifest.files.values()]
    except (TypeError, KeyError, AttributeError) as error:
        raise ArtefactError(f"manifest {path} is malformed: {error}") from error
    sound = all(isinstance(digest, str) and isinstance(size, int) for digest, size in entries)
    sound = sound and isinstance(manifest.source, dict) and isinstance(manifest.versions, dict)
    if not sound or not isinstance(manifest.kind, str) or not isinstance(manifest.threads, int):
        raise ArtefactError(f"manifest {path} is malformed")
    return manifest


def verify(folder: Path, *, kind: str | None = None) -> Manifest:
    """Check every file against the manifest before anything else reads it.

    Raises:
        ArtefactError: a file is missing, shorter, longer, or differs in content; or the folder is of another kind.
    """
    manifest = read_manifest(folder)
    if kind is not None and manifest.kind != kind:
        raise ArtefactError(f"{folder} holds a {manifest.kind}, not a {kind}")
    for name, entry in manifest.files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ArtefactError(f"manifest of {folder} names a file outside the folder: {name}")
        try:
            if not path.is_file():
                raise ArtefactError(f"{path} is missing; the folder is incomplete, make it again")
            same = path.stat().st_size == entry["size"] and sha256_file(path) == entry["sha256"]
        except (OSError, ValueError) as error:
            raise ArtefactError(f"{path} cannot be read: {error}") from error
        if not same:
            raise ArtefactError(f"{path} differs from its manifest; the file is corrupt, make it again")
    return manifest


def require_space(folder: Path, needed: int, what: str) -> None:
    """Refuse before the first byte when the disk cannot hold `needed` bytes."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise ResourceError(
            f"{what} needs {needed / 1e6:.0f} MB but {existing} has {free / 1e6:.0f} MB free; "
            "free some space or choose another folder"
        )
