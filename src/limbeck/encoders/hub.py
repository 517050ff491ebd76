"""`locate`: a model's folder or hub name -> a local folder, or one clear sentence; never a hang."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

from limbeck.core.artefact import MANIFEST, verify
from limbeck.core.errors import ArtefactError, UsageError, nearest

FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
SECONDS = 10.0
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def locate(name: str) -> Path:
    """The folder that holds the model called `name`.

    A folder is used as it is (its manifest is verified where Limbeck wrote one). Anything else is a hub name: a copy
    in the local hub cache is preferred, then the network, unless `HF_HUB_OFFLINE` says otherwise. Only JSON,
    safetensors and vocabulary files are ever fetched.

    Raises:
        UsageError: neither a folder nor a possible hub name, or not to be had; with the nearest folder's name.
        ArtefactError: the folder holds no model that can be read safely.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if folder.exists():
        raise UsageError(f"model '{name}' is a file; valid: a folder with config.json and *.safetensors, or a hub name")
    if name.startswith((".", "/", "~")) or not _HUB_NAME.fullmatch(name):
        raise UsageError(f"model folder '{name}' does not exist{_hint(folder)}")
    return _checked(_from_hub(name, _hint(folder)))


def _hint(folder: Path) -> str:
    """The folder beside the one asked for that is spelled most like it."""
    try:
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        beside = []
    guess = nearest(folder.name, beside)
    valid = "; valid: a folder with config.json and *.safetensors"
    return f"; did you mean '{folder.parent / guess}'?" if guess else valid


def _checked(folder: Path) -> Path:
    if (folder / MANIFEST).is_file():
        verify(folder)
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ArtefactError(f"{folder} has no config.json; a model folder holds config.json and *.safetensors")
    return folder


def _from_hub(name: str, hint: str) -> Path:
    from huggingface_hub import constants, snapshot_download

    options: dict[str, Any] = {"allow_patterns": list(FILES)}
    try:
        cached = Path(snapshot_download(name, local_files_only=True, **options))
        if any(cached.rglob("*.safetensors")):
            return cached
    except Exception:  # not cached: every reason leads to the network or to the message below
        pass
    asked = f"model '{name}' is neither a folder nor in the local hub cache"
    if constants.HF_HUB_OFFLINE or os.environ.get("TRANSFORMERS_OFFLINE") in ("1", "true", "True"):
        raise UsageError(f"{asked}, and HF_HUB_OFFLINE forbids fetching it{hint}")
    trouble = _reach(name)
    if trouble is not None:
        raise UsageError(f"{asked}, and fetching it failed ({trouble}){hint}")
    try:
        return Path(snapshot_download(name, **options))
    except Exception as error:
        raise UsageError(f"{asked}, and fetching it failed ({_first_line(error)}){hint}") from error


def _reach(name: str) -> str | None:
    """Ask the hub once for the name, in a thread with a deadline: a name server that never answers cannot hold us."""
    answer: list[str | None] = []

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(name, timeout=SECONDS / 2)
            answer.append(None)
        except Exception as error:
            answer.append(_first_line(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answer[0] if answer else f"the hub did not answer within {SECONDS:.0f} s"


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0][:160]}"
