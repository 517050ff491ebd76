"""`open_cache`: a verified folder as a `CachedTeacher`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from limbeck.core.artefact import MANIFEST, verify
from limbeck.core.errors import ArtefactError
from limbeck.core.source import Source
from limbeck.data.cache.cached_teacher import ABSENT, MISSING, CachedTeacher
from limbeck.data.cache.key import CacheKey, addresses, key_from
from limbeck.data.cache.store import SHARDS, Rounding, Shard, read_shard


def open_cache(
    folder: Path,
    *,
    expect: CacheKey,
    source: Source,
    name: str,
    draws: int = 0,
    indices: Iterable[int] | None = None,
    memory: int = 2 << 30,
) -> CachedTeacher:
    """Verify a cache, check that it was made for this teacher and these rows, and map rows to what is stored.

    Use when training: `cache_key(...)` of the live encoder is what to expect.

    Args:
        folder: that `build_cache` filled.
        expect: the key; any other is refused.
        source: whose rows will be asked for; the order may have changed since.
        name: of the view that the live twin eats.
        draws: highest draw that will be asked for.
        indices: rows that will be asked for; None for all that have the modality.
        memory: bytes up to which the store is read into memory; a larger one stays mapped.

    Raises:
        ArtefactError: the cache is incomplete, corrupt, made under another key (the field is named), or lacks rows
            that are asked for (new, or edited in place since).
    """
    if not (folder / MANIFEST).is_file():
        raise ArtefactError(f"cache {folder} is not complete; build it (what is there will be reused)")
    manifest = verify(folder, kind="cache")
    key_from(manifest.source.get("key"), folder).check(expect, folder)
    names = sorted(name for name in manifest.files if Path(name).parent == Path(SHARDS))
    shards = [read_shard(folder / name) for name in names]
    positions: dict[bytes, int] = {}
    rounding, row = Rounding(), 0
    for shard in shards:
        shard.key.check(expect, shard.path)
        rounding |= shard.rounding
        for address in shard.addresses:
            positions.setdefault(address, row)
            row += 1
    table = _table(source, expect, positions, draws=draws)
    _check_rows(source, table, indices, folder)
    store = _store(shards, expect, memory)
    return CachedTeacher(store, table=table, key=expect, name=name, rounding=rounding, where=str(folder))


def _table(source: Source, key: CacheKey, positions: dict[bytes, int], *, draws: int) -> Tensor:
    width = 1 + (draws if key.augmentation else 0)
    table = torch.full((len(source), width), ABSENT, dtype=torch.long)
    for index, row in enumerate(source.rows):
        if key.modality in row.modalities:
            found = [positions.get(address, MISSING) for address in addresses(source, index, key, draws=draws)]
            table[index] = torch.tensor(found)
    return table


def _check_rows(source: Source, table: Tensor, indices: Iterable[int] | None, folder: Path) -> None:
    asked = torch.arange(len(table)) if indices is None else torch.as_tensor(list(indices), dtype=torch.long)
    lacking = asked[(table[asked] == MISSING).any(1)].tolist()
    if lacking:
        shown = ", ".join(source.rows[index].id for index in lacking[:3]) + (", ..." if len(lacking) > 3 else "")
        raise ArtefactError(
            f"cache {folder} lacks {len(lacking)} of {len(asked)} rows ({shown}): new, changed since, or under more "
            "draws; build it again, only these are computed"
        )


def _store(shards: list[Shard], key: CacheKey, memory: int) -> dict[str, tuple[Tensor, ...]]:
    outputs = [*key.outputs, *(["mask"] if shards and "mask" in shards[0].tensors else [])]
    store: dict[str, tuple[Tensor, ...]] = {}
    for output in dict.fromkeys(outputs):
        try:
            parts = tuple(shard.tensors[output] for shard in shards)
        except KeyError:
            raise ArtefactError(f"a shard of the cache holds no output '{output}'; build it again") from None
        if len({(part.dtype, part.shape[1:]) for part in parts}) > 1:
            raise ArtefactError(f"shards of the cache differ in the shape of '{output}'; build it again")
        if output == "pooled" and any(part.shape[1:] != (key.width,) for part in parts):
            raise ArtefactError(f"a shard of the cache holds vectors of another width than {key.width}; build it again")
        store[output] = parts
    size = sum(part.numel() * part.element_size() for parts in store.values() for part in parts)
    if shards and size <= memory:
        return {output: (torch.cat(parts),) for output, parts in store.items()}
    return store
