"""`NoiseSource`: wrong captions in training; the option `noise`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256

from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import UsageError
from limbeck.core.sample import Sample
from limbeck.core.source import Row, Source
from limbeck.data.varied import VariedSource, drawn


class NoiseSource(VariedSource):
    """A share of the training pairs carries the caption, and the group, of another training pair.

    The chosen rows pass their captions round in one circle in the order of a seeded hash, so that the captions as a
    whole stay what they are; where giver and taker are of one group, the caption is right after all (`wrong` counts the
    others). The group goes with the caption: it is what the data says, and a loss must not learn the truth from it.

    Use when a method claims to bear noise. A smaller share is part of a larger one under one seed.

    Args:
        source: what is varied.
        noise: share of the training rows with picture and text, 0 to 1.
        seed: which ones.
    """

    def __init__(self, source: Source, *, noise: float, seed: int = 0) -> None:
        if not 0 <= noise <= 1:
            raise UsageError(f"noise is a share between 0 and 1, got {noise}")
        super().__init__(source)
        self.noise = noise
        self.seed = seed
        pairs = {
            row.id: n for n, row in enumerate(source.rows) if row.split in ("train", "") and len(row.modalities) > 1
            and row.text
        }  # fmt: skip
        chosen = drawn(pairs, noise, seed=seed, salt="noise")
        order = sorted(chosen, key=lambda name: sha256(f"circle\0{seed}\0{name}".encode()).digest())
        self._giver = {pairs[a]: pairs[b] for a, b in zip(order, [*order[1:], *order[:1]], strict=True)}

    @property
    def wrong(self) -> tuple[int, ...]:
        """Rows whose caption is now another group's."""
        rows = self.source.rows
        return tuple(
            taker
            for taker, giver in sorted(self._giver.items())
            if rows[taker].text != rows[giver].text
            and (rows[taker].group != rows[giver].group or not rows[taker].group)
        )

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Rows as the noisy data set says they are."""
        rows = self.source.rows
        return tuple(
            replace(row, text=rows[self._giver[n]].text, group=rows[self._giver[n]].group) if n in self._giver else row
            for n, row in enumerate(rows)
        )

    def sample(self, index: int) -> Sample:
        """Row `index`, with the caption of another one where it is noisy."""
        sample = self.source.sample(index)
        if index not in self._giver:
            return sample
        row = self.rows[index]
        return replace(sample, values={**sample.values, "text": row.text}, group=row.group)

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value."""
        if modality == "text" and index in self._giver:
            return sha256_bytes(self.rows[index].text.encode("utf-8", "surrogatepass"))
        return self.source.content(index, modality)
