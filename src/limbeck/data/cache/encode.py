"""From rows of a source to what the teacher says about them, ready to be stored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from limbeck.core.augmentation import Augmentation
from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, LimbeckError, UsageError, unknown
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.core.view import View
from limbeck.data.augmentation.augment import Drawn
from limbeck.data.cache.key import DTYPES, CacheKey, addresses
from limbeck.data.cache.store import Rounding

Items = Sequence[tuple[bytes, tuple[int, int]]]


@dataclass(frozen=True)
class Work:
    """What a build needs to know of its teacher and rows.

    Args:
        teacher: in eval mode.
        source: rows.
        view: the teacher's.
        augmentations: in order.
        key: of the cache.
        draws: beside draw 0.
        batch_size: rows a forward pass.
    """

    teacher: Encoder
    source: Source
    view: View
    augmentations: tuple[Augmentation, ...]
    key: CacheKey
    draws: int
    batch_size: int


@dataclass(frozen=True)
class Ready:
    """One prepared row: its address, its id and what the view made of it."""

    address: bytes
    id: str
    row: Mapping[str, Tensor]


@dataclass(frozen=True)
class Spoken:
    """Outputs of some rows in the stored type."""

    addresses: tuple[bytes, ...]
    tensors: Mapping[str, Tensor]
    rounding: Rounding


def prepared(work: Work, items: Items) -> list[Ready]:
    """Read, augment and prepare rows; a sample is read and decoded once for all its draws that stand together.

    Raises:
        DataError: a row cannot be used, or its file changed between hashing and reading.
    """
    ready: list[Ready] = []
    sample: Sample | None = None
    own: set[bytes] = set()
    for address, (index, draw) in items:
        if sample is None or sample.index != index:
            sample = work.source.sample(index)
            # Hashed again after reading: an edit in between would be stored under the address of the old content.
            own = set(addresses(work.source, index, work.key, draws=work.draws))
            if work.key.modality not in sample.values:
                raise DataError(f"row {sample.id} has no {work.key.modality}, although its source says so")
            drawn = Drawn(sample, view=work.view, augmentations=work.augmentations)
        if address not in own:
            raise DataError(f"row {sample.id} changed while it was read; run again")
        try:
            row = work.view.prepare(drawn(draw))
        except LimbeckError as error:
            raise type(error)(f"row {sample.id}: {error}") from error
        ready.append(Ready(address, sample.id, row))
    return ready


def spoken(work: Work, ready: Sequence[Ready], *, audit: bool = False) -> Iterator[Spoken]:
    """The teacher's outputs, batch by batch, rows of like length together so that little is padded.

    With `audit`, a bf16 teacher is run on the first batch in fp32 as well, so that its error is measured.
    """
    by_length = sorted(ready, key=lambda row: sum(tensor.numel() for tensor in row.row.values()))
    for start in range(0, len(by_length), work.batch_size):
        rows = by_length[start : start + work.batch_size]
        prepared_rows = [row.row for row in rows]
        stored = _stored(work, rows, answers(work.teacher, work.view, prepared_rows, work.key))
        if work.key.precision == "fp32" or start or not audit:
            yield stored
            continue
        exact = answers(work.teacher, work.view, prepared_rows, replace(work.key, precision="fp32"))
        rounding = stored.rounding
        for name, tensor in exact.items():
            if tensor.is_floating_point():
                rounding |= _rounding(tensor.float(), stored.tensors[name].float(), name)
        yield replace(stored, rounding=rounding)


def answers(teacher: Encoder, view: View, rows: Sequence[Mapping[str, Tensor]], key: CacheKey) -> dict[str, Tensor]:
    """What a teacher in eval mode says about prepared rows, in the key's precision, no gradient, on the CPU.

    Raises:
        UsageError: vectors of another width than the teacher declares.
    """
    device = next((parameter.device for parameter in teacher.parameters()), torch.device("cpu"))
    batch = {name: tensor.to(device) for name, tensor in view.collate(rows).items()}
    bf16 = key.precision == "bf16"
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        features = teacher(batch, want=key.outputs)
        found = {name: features[name].cpu() for name in features.names() if name in (*key.outputs, "mask")}
    pooled = found.get("pooled")
    if pooled is not None and pooled.shape != (len(rows), key.width):
        raise UsageError(
            f"the teacher declares pooled vectors of width {key.width} for {len(rows)} rows "
            f"but returned {tuple(pooled.shape)}"
        )
    for name in key.outputs:
        if name not in found:
            raise UsageError(unknown("output", name, found, where="what the teacher returned"))
    return found


@contextlib.contextmanager
def in_eval(teacher: Encoder) -> Iterator[None]:
    """Eval mode for the time of the block."""
    training = teacher.training
    teacher.eval()
    try:
        yield
    finally:
        teacher.train(training)


def _stored(work: Work, rows: Sequence[Ready], found: Mapping[str, Tensor]) -> Spoken:
    dtype = DTYPES[work.key.dtype]
    tensors: dict[str, Tensor] = {}
    rounding = Rounding()
    for name, exact in found.items():
        if not exact.is_floating_point():
            tensors[name] = exact
            continue
        exact = exact.float()
        finite = exact.flatten(1).isfinite().all(1)
        if not bool(finite.all()):
            ids = [row.id for row, good in zip(rows, finite.tolist(), strict=True) if not good]
            raise DataError(f"the teacher answers non-finite '{name}' for rows {', '.join(ids[:5])}; check these rows")
        tensors[name] = exact.to(dtype)
        if dtype is not torch.float32:
            rounding |= _rounding(exact, tensors[name].float(), name)
    return Spoken(tuple(row.address for row in rows), tensors, rounding)


def _rounding(exact: Tensor, stored: Tensor, name: str) -> Rounding:
    if not bool(stored.isfinite().all()):
        raise UsageError(f"'{name}' reaches {exact.abs().max():.3g}, more than float16 can hold; use dtype 'float32'")
    cosine = functional.cosine_similarity(exact.double(), stored.double(), dim=-1)
    moved = torch.where(exact.abs().amax(-1) > 0, 1 - cosine, torch.zeros_like(cosine))
    return Rounding(float((exact - stored).abs().max()), max(0.0, float(moved.max())))
