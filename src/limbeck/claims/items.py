"""Per-item values of every seed, small enough for a ledger that is kept under version control."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import ArtefactError, UsageError


def pack(values: Sequence[ArrayLike]) -> dict[str, Any]:
    """One row a seed, as 32-bit floats, deflated, in base64, with the hash of what it holds.

    Raises:
        UsageError: seeds with different numbers of items, or values that are not finite.
    """
    rows = [np.asarray(row, dtype=np.float64) for row in values]
    if not rows or any(row.ndim != 1 or row.shape != rows[0].shape or not len(row) for row in rows):
        raise UsageError(f"every seed has the same items, one value each; got shapes {[row.shape for row in rows]}")
    table = np.stack(rows)
    if not np.isfinite(table).all():
        raise UsageError("per-item values are finite numbers")
    # what is compared later is what is kept: values are rounded before anything is computed from them
    content = table.astype("<f4").tobytes()
    packed = base64.b64encode(zlib.compress(content, 9)).decode()
    return {"shape": list(table.shape), "sha256": sha256_bytes(content), "data": packed}


def unpack(plain: Mapping[str, Any]) -> NDArray[np.float64]:
    """`(seeds, items)`.

    Raises:
        ArtefactError: it is not what was packed.
    """
    try:
        content = zlib.decompress(base64.b64decode(plain["data"], validate=True))
        table = np.frombuffer(content, dtype="<f4").reshape(plain["shape"]).astype(np.float64)
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise ArtefactError(f"per-item values cannot be read: {error}") from error
    if sha256_bytes(content) != plain.get("sha256"):
        raise ArtefactError("per-item values differ from their hash; measure the claim again")
    return table
