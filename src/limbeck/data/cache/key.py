"""`CacheKey`: everything that decides what a teacher says about a sample, apart from the sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any

import torch

from limbeck.core.artefact import sha256_bytes, sha256_json
from limbeck.core.augmentation import Augmentation
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, UsageError, unknown
from limbeck.core.recipe import CACHE_DTYPES
from limbeck.core.source import Source
from limbeck.core.view import View
from limbeck.data.augmentation.augment import augmentation_fingerprint

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in CACHE_DTYPES}
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class CacheKey:
    """A cache answers for exactly one key.

    Args:
        modality: column that the teacher reads.
        teacher: fingerprint of weights and revision.
        tokenizer: hash of the tokenizer, "" where there is none.
        preprocessing: fingerprint of the view.
        augmentation: hash of the augmentations of this modality, "" without any.
        outputs: names of what is stored.
        width: of `pooled`.
        dtype: stored type, `float32` or `float16`.
        precision: in which the teacher ran, `fp32` or `bf16`.
    """

    modality: str
    teacher: str
    tokenizer: str
    preprocessing: str
    augmentation: str
    outputs: tuple[str, ...]
    width: int
    dtype: str
    precision: str = "fp32"

    def fingerprint(self) -> str:
        """Hash of all fields; a folder named by it never meets another key."""
        return sha256_json(asdict(self))

    def identity(self) -> str:
        """The teacher's fingerprint; a store that rounds is another teacher."""
        exact = self.dtype == "float32" and self.precision == "fp32"
        return self.teacher if exact else sha256_json([self.teacher, self.dtype, self.precision])

    def check(self, expected: CacheKey, where: object) -> None:
        """Refuse a cache that was made under another key.

        Raises:
            ArtefactError: names every field that differs, with both values.
        """
        differ = [field.name for field in fields(self) if getattr(self, field.name) != getattr(expected, field.name)]
        if "tokenizer" in differ and "preprocessing" in differ:
            differ.remove("preprocessing")  # its fingerprint holds the tokenizer
        if differ:
            shown = "; ".join(
                f"{name}: stored {_short(getattr(self, name))}, asked {_short(getattr(expected, name))}"
                for name in differ
            )
            raise ArtefactError(
                f"cache {where} was made with another {' and '.join(differ)} ({shown}); "
                "build it in another folder or delete this one"
            )


def cache_key(
    teacher: Encoder,
    *,
    view: View,
    teacher_fingerprint: str,
    augmentations: Sequence[Augmentation] = (),
    dtype: str = "float32",
    precision: str = "fp32",
    wants: Sequence[str] = ("pooled",),
) -> CacheKey:
    """The key of a teacher's outputs.

    Args:
        teacher: the encoder.
        view: its preprocessing.
        teacher_fingerprint: hash of weights and revision.
        augmentations: of any modality; those of the teacher's own count.
        dtype: `float32`, or `float16` at half the size with a stated error.
        precision: `fp32`, or `bf16` autocast, several times faster where the processor has it, with a stated error.
        wants: outputs to store.

    Raises:
        UsageError: an output or dtype that does not exist, or a view of another modality.
    """
    if dtype not in DTYPES:
        raise UsageError(unknown("cache dtype", dtype, DTYPES))
    if precision not in PRECISIONS:
        raise UsageError(unknown("cache precision", precision, PRECISIONS))
    if view.modality != teacher.modality:
        raise UsageError(f"the teacher reads {teacher.modality} but its view prepares {view.modality}")
    for name in wants:
        if name not in teacher.outputs:
            raise UsageError(unknown("output", name, teacher.outputs, where="the cache"))
    tokenizer = getattr(getattr(view, "spec", None), "tokenizer", "")
    own = [part for part in augmentations if part.modality == teacher.modality]
    return CacheKey(
        modality=teacher.modality,
        teacher=teacher_fingerprint,
        tokenizer=sha256_bytes(tokenizer.encode("utf-8", "surrogatepass")) if tokenizer else "",
        preprocessing=view.fingerprint(),
        augmentation=augmentation_fingerprint(own) if own else "",
        outputs=tuple(wants),
        width=teacher.width,
        dtype=dtype,
        precision=precision,
    )


def key_from(plain: Any, where: object) -> CacheKey:
    """The key that a file holds; anything else is an `ArtefactError`."""
    names = {field.name: field.type for field in fields(CacheKey)}
    if not isinstance(plain, Mapping) or set(plain) != set(names) or not isinstance(plain["outputs"], (list, tuple)):
        raise ArtefactError(f"{where} holds no key of a teacher cache")
    return CacheKey(**{**plain, "outputs": tuple(plain["outputs"])})


def addresses(source: Source, index: int, key: CacheKey, *, draws: int) -> Iterable[bytes]:
    """Where the outputs of one row are stored: 32 bytes for each draw from 0 to `draws`.

    Content and draw alone, because draws are seeded by content: equal texts and pictures are stored once wherever they
    stand. A modality without augmentation has one draw.
    """
    content = source.content(index, key.modality)
    yield bytes.fromhex(content)
    for draw in range(1, draws + 1 if key.augmentation else 1):
        yield sha256(f"{content} {draw}".encode()).digest()


def _short(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 20 else f"{text[:12]}..."
