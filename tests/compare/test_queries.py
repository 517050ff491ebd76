from __future__ import annotations

import numpy as np
import torch

from compare import worlds
from limbeck.compare.queries import answer
from limbeck.data.subset import SubsetSource
from limbeck.pipeline.views import view_of

QUERIES = ("a game on a board", "fly away on holiday")


def test_the_best_pictures_by_naive_cosine():
    source, encoders = worlds.bench().source, worlds.compared().runs["distilled"][0].encoders
    gallery = [3, 5, 8, 13, 21, 30]
    grid = answer(QUERIES, {"student": encoders}, source, gallery, best=3)
    views = {modality: view_of(encoder) for modality, encoder in encoders.items()}
    for row, query in zip(grid.rows, QUERIES, strict=True):
        with torch.inference_mode():
            word = encoders["text"](views["text"].collate([views["text"].prepare(query)]))["pooled"][0].double()
            scores = []
            for place in gallery:
                prepared = views["image"].prepare(source.sample(place).values["image"])
                picture = encoders["image"](views["image"].collate([prepared]))["pooled"][0].double()
                scores.append(float(picture @ word / picture.norm() / word.norm()))
        best = [source.rows[gallery[place]].id for place in np.argsort(scores)[::-1][:3]]
        assert row.query == query
        assert [picture.caption for picture in row.found["student"]] == best
    assert grid.title == "The 3 best of 6 icons"


def test_models_stand_side_by_side_and_pictures_are_the_rows_own():
    found = worlds.compared()
    models = {"teacher": found.taught.encoders, "distilled": found.runs["distilled"][0].encoders}
    source = worlds.bench().source
    grid = answer(QUERIES, models, source, range(12))
    assert grid.models == ["teacher", "distilled"]
    data = {row.id: source.sample(place).values["image"] for place, row in enumerate(source.rows)}
    for row in grid.rows:
        for pictures in row.found.values():
            assert len({picture.caption for picture in pictures}) == len(pictures) == 5
            assert all(picture.data == data[picture.caption] for picture in pictures)


def test_pictures_that_may_not_be_shown_are_not():
    class Shy(SubsetSource):
        def may_display(self, index: int) -> bool:
            return index % 2 == 0

    encoders = worlds.compared().runs["distilled"][0].encoders
    source = Shy(worlds.bench().source, keep=range(12))
    grid = answer(QUERIES, {"student": encoders}, source, range(12), best=12)
    shown = {picture.caption for row in grid.rows for picture in row.found["student"]}
    assert shown == {row.id for row in source.rows[::2]}
    assert grid.title.endswith("of 6 icons")
