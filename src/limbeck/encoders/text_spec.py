"""`text_spec`: a folder's own tokenizer as a `TextSpec`, or an error that names what is in the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.spec import TextSpec
from limbeck.encoders.quiet import quiet

# Sentences that tell tokenizers apart: case, accents, punctuation, numbers, other scripts, runs of blanks.
PROBES = ("A photo of a cat.", "naïve Café  (2 cups), PLEASE!", "夜空 with stars", "x", "it's 3,000 km_away")

FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")


def bare(tokenizer_json: str) -> str:
    """The same tokenizer in the library's own spelling, without the padding and truncation left switched on in it.

    Raises:
        UsageError: not the JSON of a tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        library = Tokenizer.from_str(tokenizer_json)
    except Exception as error:  # the library raises bare Exception
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise UsageError(f"the tokenizer cannot be read: {reason}; valid: JSON of the tokenizers library") from error
    library.no_padding()
    library.no_truncation()
    return str(library.to_str())


def text_spec(folder: Path, *, longest: int, pad_to_longest: bool = False, lowercase: bool = False) -> TextSpec:
    """Read the tokenizer of a model folder.

    Args:
        folder: with `tokenizer.json` or files that `transformers` turns into one.
        longest: tokens that the model has positions for.
        pad_to_longest: SigLIP: every row is padded to `longest`.
        lowercase: lower the case first.

    Raises:
        ArtefactError: no tokenizer can be read.
        UsageError: the tokenizer does something that its JSON does not say.
    """
    from tokenizers import Tokenizer

    theirs = _open(folder)
    backend = getattr(theirs, "backend_tokenizer", None)
    own = folder / "tokenizer.json"
    if backend is not None:
        words = bare(backend.to_str())
    elif own.is_file():
        words = bare(own.read_text(encoding="utf-8"))
    else:
        raise UsageError(
            f"the tokenizer {type(theirs).__name__} of {folder} has no JSON form; valid: a folder with tokenizer.json"
        )
    if type(theirs).__name__.startswith("SiglipTokenizer"):
        words = _siglip_cleaning(words)
    declared = int(theirs.model_max_length)
    pad = theirs.pad_token_id
    spec = TextSpec(
        tokenizer=words,
        max_length=min(longest, declared),
        pad_id=int(pad) if pad is not None else 0,
        pad_to=longest if pad_to_longest else None,
        lowercase=lowercase,
    )
    ours = Tokenizer.from_str(spec.tokenizer)
    for probe in PROBES if not lowercase else tuple(text.lower() for text in PROBES):
        with quiet():
            expected, found = list(theirs(probe)["input_ids"]), ours.encode(probe).ids
        if expected != found:
            raise UsageError(
                f"the tokenizer {type(theirs).__name__} of {folder} cannot be reproduced: {probe!r} is {expected[:8]} "
                f"there and {found[:8]} by its JSON"
            )
    return spec


def _open(folder: Path) -> Any:
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in FILES):  # transformers would make an empty one
        raise ArtefactError(f"{folder} has no tokenizer; valid: one of {', '.join(FILES)}")
    try:
        with quiet():
            return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise ArtefactError(f"{folder} has no tokenizer that can be read: {reason}") from error


def _siglip_cleaning(words: str) -> str:
    """SigLIP lowers the case, drops punctuation and joins blanks before its JSON sees the text."""
    plain = json.loads(words)
    steps: list[Any] = [
        {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": r"[!-/:-@\[-`{-~]"}, "content": ""},
        {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
        {"type": "Strip", "strip_left": True, "strip_right": True},
    ]
    if plain.get("normalizer"):
        steps.append(plain["normalizer"])
    plain["normalizer"] = {"type": "Sequence", "normalizers": steps}
    return bare(json.dumps(plain, ensure_ascii=False))


def shorter(spec: TextSpec, max_length: int, *, lowercase: bool) -> TextSpec:
    """The same words with another limit: what a wrapper around the model says."""
    return replace(spec, max_length=min(spec.max_length, max_length), lowercase=spec.lowercase or lowercase)
