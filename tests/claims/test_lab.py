"""What a study may use: benches and teachers opened once, runs, vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from claims import worlds
from limbeck.claims.found import find_claim
from limbeck.claims.lab import ClaimLab
from limbeck.core.recipe import Recipe
from pipeline import worlds as data


def test_data_and_teacher_are_opened_once(tmp_path: Path):
    lab = ClaimLab(data.cache_folder())
    with worlds.papered(tmp_path):
        one, two = find_claim("fresh_claim"), worlds_recipe("fresh_features")
    assert isinstance(one, Recipe)
    assert lab.bench(one).source is lab.bench(two).source
    assert lab.bench(one).models is lab.bench(two).models
    assert lab.taught(one) is lab.taught(two)


def worlds_recipe(name: str) -> Recipe:
    from limbeck.core.discovery import recipes

    return recipes()[name]()


def test_vectors_are_those_of_the_rows_in_order(tmp_path: Path):
    lab = ClaimLab(data.cache_folder())
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
    assert isinstance(item, Recipe)
    bench = lab.bench(item)
    assert bench.models is not None
    for split, count in (("test", len(bench.rows.test)), ("validation", len(bench.rows.validation)), ("train", 29)):
        found = lab.embed(bench.models.encoders, bench, split)
        assert {modality: len(vectors) for modality, vectors in found.vectors.items()} == {
            "image": count,
            "text": count,
        }
    looking = ClaimLab(data.cache_folder(), validation=True)
    np.testing.assert_array_equal(
        looking.embed(bench.models.encoders, bench, "test").vectors["image"],
        lab.embed(bench.models.encoders, bench, "validation").vectors["image"],
    )
