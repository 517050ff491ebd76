"""Looking with one's own eyes: what each model finds for free-text queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from limbeck.core.encoder import Encoder
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.data.loader import EvalLoader
from limbeck.evaluation.embeddings import normalise
from limbeck.pipeline.views import view_of
from limbeck.report.document import Answers, Picture, PictureGrid


def answer(
    queries: Sequence[str],
    models: Mapping[str, Mapping[str, Encoder]],
    source: Source,
    gallery: Sequence[int],
    *,
    best: int = 5,
) -> PictureGrid:
    """The `best` pictures of the gallery for every query, by every model.

    Args:
        queries: free text.
        models: name -> {"image": encoder, "text": encoder}.
        source: holds the pictures.
        gallery: rows to search; those whose picture may not be shown are left out.
        best: pictures a query.
    """
    gallery = [row for row in gallery if source.may_display(row)]
    found: dict[str, list[list[int]]] = {}
    for name, encoders in models.items():
        pictures = _embed_rows(encoders["image"], source, gallery)
        words = _embed_texts(encoders["text"], queries)
        order = np.argsort(-(words @ pictures.T), axis=1, kind="stable")[:, :best]
        found[name] = [[gallery[place] for place in row] for row in order]
    rows = [
        Answers(query, {name: [_picture(source.sample(row)) for row in found[name][number]] for name in models})
        for number, query in enumerate(queries)
    ]
    return PictureGrid(f"The {best} best of {len(gallery)} icons", rows)


def _embed_rows(encoder: Encoder, source: Source, rows: Sequence[int]) -> np.ndarray:
    """Vectors of pictures that are only to be looked at: bf16 takes half the time, and the demo has five minutes."""
    loader = EvalLoader(source, indices=rows, views={"image": view_of(encoder)}, batch_size=256)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        return np.concatenate([normalise(encoder(batch.view("image"))["pooled"].float().numpy()) for batch in loader])


def _embed_texts(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    view = view_of(encoder)
    with torch.inference_mode():
        return normalise(encoder(view.collate([view.prepare(text) for text in texts]))["pooled"].float().numpy())


def _picture(sample: Sample) -> Picture:
    data = sample.values["image"]
    assert isinstance(data, bytes)
    return Picture(data, sample.id)
