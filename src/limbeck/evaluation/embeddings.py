"""`embed`: run encoders over an evaluation loader once, so that every metric and control reads the same vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError
from limbeck.core.features import Features
from limbeck.core.sample import Batch

Vectors = NDArray[np.float32]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Embeddings:
    """The vectors of one evaluation set, with what says which of them belong together.

    Args:
        vectors: modality -> `(n, d)`, rows of length 1; zeros where the modality is absent or the encoder said nothing.
        present: modality -> True where the row has it.
        group: `(n,)`; rows of one group are right answers for one another.
        label: `(n,)` class id, -1 where there is none.
        index: `(n,)` position in the source.
        content: modality -> `(n,)` id of the raw value: rows with one id hold the same picture or the same sentence,
            which then counts as one query and one candidate. A modality without ids counts row by row.
        classes: `(c, d)` one vector a class, for classification.
        scores: `image->text` -> `(n, n)` how alike each row's one and each row's other modality are, where a rule other
            than the cosine says so.
    """

    vectors: Mapping[str, Vectors]
    present: Mapping[str, Booleans]
    group: Integers
    label: Integers
    index: Integers
    content: Mapping[str, Integers] = field(default_factory=dict)
    classes: Vectors | None = None
    scores: Mapping[str, Vectors] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)

    def distinct(self, modality: str) -> tuple[Integers, Integers]:
        """First row of each distinct present value, in row order, and for every row its item (-1: absent)."""
        rows = np.flatnonzero(self.present[modality])
        item = np.full(len(self), -1, dtype=np.int64)
        if modality not in self.content:
            item[rows] = np.arange(len(rows))
            return rows, item
        _, first, inverse = np.unique(self.content[modality][rows], return_index=True, return_inverse=True)
        order = np.argsort(first)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        item[rows] = place[inverse.reshape(-1)]
        return rows[first[order]], item

    def shuffled(self, generator: np.random.Generator) -> Embeddings:
        """The same vectors dealt out at random within each modality (and over the classes): every pairing is broken.

        Each modality is permuted on its own. Then a candidate's place in any ranking is uniform, so that the expected
        score is chance exactly, also where groups differ in size and the model prefers some answers.
        """
        vectors: dict[str, Vectors] = {}
        place: dict[str, Integers] = {}
        for modality, rows in self.vectors.items():
            first, item = self.distinct(modality)
            dealt = generator.permutation(first)
            here = item >= 0
            place[modality] = np.arange(len(self), dtype=np.int64)
            place[modality][here] = dealt[item[here]]
            vectors[modality] = np.zeros_like(rows)
            vectors[modality][here] = rows[place[modality][here]]
        classes = None if self.classes is None else self.classes[generator.permutation(len(self.classes))]
        scores = {}
        for name, table in self.scores.items():
            source, _, target = name.partition("->")
            scores[name] = table[np.ix_(place[source], place[target])]
        return replace(self, vectors=vectors, classes=classes, scores=scores)


def embed(
    models: Mapping[str, Encoder],
    loader: Iterable[Batch],
    *,
    outputs: Mapping[str, str] | None = None,
    kept: Mapping[str, list[Features]] | None = None,
    want: Collection[str] = (),
) -> Embeddings:
    """Pooled, normalised vectors of every row.

    Args:
        models: modality -> encoder; run in eval mode without gradient, and put back into the mode that they were in.
        loader: batches whose views are keyed by modality. Of `target`, these are read where present: `group` (int, a
            negative one means "none"), `label` (int, negative: none), `content.<modality>` (int).
        outputs: modality -> output that is taken instead of `pooled`.
        kept: modality -> list that gets the outputs in `want`, batch by batch, on the CPU.
        want: further outputs, of every encoder that has them.

    Raises:
        UsageError: no rows, no models, or towers of different widths.
        DataError: a row seen twice, or vectors that are not finite (the rows are named).
    """
    if not models:
        raise UsageError("nothing to evaluate: no models were given")
    vectors: dict[str, list[Vectors]] = {modality: [] for modality in models}
    present: dict[str, list[Booleans]] = {modality: [] for modality in models}
    targets: list[dict[str, Integers]] = []
    index: list[Integers] = []
    with _evaluating(models), torch.inference_mode():
        for batch in loader:
            rows = _integers(batch.index)
            index.append(rows)
            targets.append({name: _integers(value) for name, value in batch.target.items() if value.dim() == 1})
            for modality, encoder in models.items():
                mask = batch.both(modality).cpu().numpy().astype(bool)
                output = (outputs or {}).get(modality, "pooled")
                further = (name for name in want if name in encoder.outputs)
                features = encoder(batch.view(modality), want=tuple(dict.fromkeys((output, *further))))
                vectors[modality].append(_pooled(features[output], modality, rows, mask))
                if kept is not None:
                    kept[modality].append(features.map(torch.Tensor.cpu))
                present[modality].append(mask)
    if not index:
        raise UsageError("nothing to evaluate: the loader has no rows")
    seen = np.concatenate(index)
    _once(seen)
    widths = {modality: parts[0].shape[1] for modality, parts in vectors.items()}
    if len(set(widths.values())) > 1:
        raise UsageError(f"towers must share one space, but their widths are {widths}; add a projector to one of them")
    group = _column(targets, "group", len(seen))
    alone = group < 0
    group[alone] = group.max(initial=0) + 1 + np.arange(int(alone.sum()))
    content = {m: f"content.{m}" for m in models if all(f"content.{m}" in target for target in targets)}
    return Embeddings(
        vectors={modality: np.concatenate(parts) for modality, parts in vectors.items()},
        present={modality: np.concatenate(parts) for modality, parts in present.items()},
        group=group,
        label=_column(targets, "label", len(seen)),
        index=seen,
        content={modality: _column(targets, name, len(seen)) for modality, name in content.items()},
    )


def normalise(vectors: NDArray[np.floating]) -> Vectors:
    """Rows of length 1; zero rows stay zero."""
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), dtype=np.float32)


@contextmanager
def _evaluating(models: Mapping[str, Encoder]) -> Iterator[None]:
    modes = [(module, module.training) for encoder in models.values() for module in encoder.modules()]
    try:
        for encoder in models.values():
            encoder.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


def _pooled(pooled: torch.Tensor, modality: str, rows: Integers, mask: Booleans) -> Vectors:
    found = pooled.float().cpu().numpy()
    bad = mask & ~np.isfinite(found).all(axis=1)
    if bad.any():
        shown = ", ".join(str(row) for row in rows[bad][:5])
        raise DataError(f"the {modality} encoder gave non-finite vectors for {int(bad.sum())} rows (index {shown})")
    return normalise(np.where(mask[:, None], found, 0.0))


def _integers(value: torch.Tensor) -> Integers:
    return value.cpu().numpy().astype(np.int64)


def _column(targets: list[dict[str, Integers]], name: str, n: int) -> Integers:
    if not all(name in target for target in targets):
        return np.full(n, -1, dtype=np.int64)
    return np.concatenate([target[name] for target in targets])


def _once(seen: Integers) -> None:
    values, counts = np.unique(seen, return_counts=True)
    if (counts > 1).any():
        shown = ", ".join(str(row) for row in values[counts > 1][:5])
        raise DataError(
            f"{int((counts > 1).sum())} rows were seen twice in one evaluation (index {shown}); "
            "an evaluation loader visits each row once"
        )
