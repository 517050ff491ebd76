"""Batches of cached vectors are what the encoder says of the same rows."""

from __future__ import annotations

import torch

from limbeck.core.recipe import DataSpec
from limbeck.data.open import open_source
from limbeck.data.sampler import MixedSampler
from limbeck.encoders.load import load_teacher
from limbeck.pipeline.features import FeatureLoader, features_of
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.teach import teach
from limbeck.pipeline.views import view_of
from pipeline import worlds


def test_vectors_of_a_step_are_the_encoders_own(tmp_path):
    source = open_source(worlds.data())
    models = load_teacher(f"hf:{worlds.model('clip')}")
    rows = Rows({"image+text": tuple(range(10))}, (10, 11), (12, 13))
    taught = teach(
        models, source, rows, DataSpec("x"), align=None, seed=0, cache=worlds.cache_folder(), folder=tmp_path
    )
    sampler = MixedSampler(rows.train, batch={"image+text": 4}, seed=3)
    loader = FeatureLoader(source, teachers=taught.teachers, sampler=sampler)
    batches = list(loader.steps(5, 7))
    assert [batch.index.tolist() for batch in batches] == [list(sampler.at(5)[0]), list(sampler.at(6)[0])]
    for name, encoder in models.encoders.items():
        view = view_of(encoder)
        ready = [view.prepare(source.sample(int(row)).values[name]) for row in batches[0].index]
        with torch.no_grad():
            live = encoder(view.collate(ready))["pooled"]
        torch.testing.assert_close(batches[0].views[f"teacher.{name}"]["features"], live, atol=1e-5, rtol=1e-4)
    again = features_of(source, taught.teachers, [3, 1])
    assert again.index.tolist() == [3, 1]
    assert again.draw.tolist() == [0, 0]
