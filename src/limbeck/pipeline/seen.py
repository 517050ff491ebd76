"""Whether rows that a model is measured on are among those that it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from limbeck.core.errors import DataError, LimbeckError
from limbeck.core.recipe import DataSpec
from limbeck.core.source import Source
from limbeck.data.named import built_in
from limbeck.data.open import open_source
from limbeck.data.splits import split_of
from limbeck.pipeline.parts import recipe_in


def data_of_run(model: Path) -> DataSpec | None:
    """What the run was trained on whose `model` folder this is; None for any other folder."""
    place = model.resolve()
    try:
        return recipe_in(place.parent).data if place.name == "model" else None
    except (LimbeckError, OSError):
        return None


def flattered(source: Source, rows: Sequence[int], spec: DataSpec) -> str:
    """What there is to say where some rows stand in the training rows of `spec`, or nobody can know; else ""."""
    seen = trained_on(source, rows, spec)
    if seen is None:
        return (
            f"note: the run was trained on {spec.path}, which cannot be read from here: whether these rows are among "
            "its training rows was not checked"
        )
    where = f"stand in the training rows of the run ({spec.path})"
    return f"warning: {len(seen)} of {len(rows)} rows {where}; these figures flatter it" if seen else ""


def trained_on(source: Source, indices: Iterable[int], spec: DataSpec) -> list[int] | None:
    """Those of some rows that stand in the training rows of `spec`; None where its data cannot be opened from here.

    Data with a name but without a path is left alone: opening it might fetch it.
    """
    if spec.path.partition(":")[0] in built_in():
        return []
    try:
        training = open_source(spec.path, max_bad=1.0)
        return standing_in(source, indices, training, split_of(training, spec.fractions)["train"])
    except (LimbeckError, OSError, ValueError):
        return None


def standing_in(source: Source, indices: Iterable[int], training: Source, rows: Iterable[int]) -> list[int]:
    """Those of some rows whose picture is a training row's, byte by byte; a row without a picture goes by its text."""
    known = {_content(training, row) for row in rows} - {None}
    return [row for row in indices if _content(source, row) in known]


def _content(source: Source, row: int) -> tuple[str, str] | None:
    modalities = source.rows[row].modalities
    try:
        return next(((name, source.content(row, name)) for name in ("image", "text") if name in modalities), None)
    except DataError:
        return None
