from __future__ import annotations

import numpy as np
import pytest

from evaluation import worlds
from limbeck.core.errors import UsageError
from limbeck.evaluation.prompts import Prompts, embed_values


def test_class_names_are_only_text() -> None:
    prompts = Prompts(("{0.__class__}", "plain {}"), ("a {} b",))
    assert prompts.sentences() == ["a {0.__class__} b", "a plain {} b"]


@pytest.mark.parametrize(
    ("classes", "templates"), [(("a",), ("{}",)), (("a", "a"), ("{}",)), (("a", "b"), ("no place",)), (("a", "b"), ())]
)
def test_refuses(classes: tuple[str, ...], templates: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        Prompts(classes, templates)


def test_vectors_are_the_mean_of_normalised_prompts() -> None:
    class Longer(worlds.ClassView):
        def prepare(self, value: object):  # type: ignore[no-untyped-def]
            row = super().prepare(value)["vector"].clone()
            row[9] = len(str(value))
            return {"vector": row}

    prompts = Prompts(worlds.CLASSES, ("{}", "one {}", "a very long prompt of {}"))
    encoder = worlds.Passing("text", 12)
    found = prompts.vectors(encoder, Longer(12))
    for number, name in enumerate(worlds.CLASSES):
        total = np.zeros(12)
        for template in prompts.templates:
            row = np.zeros(12)
            row[number], row[9] = 1, len(template.format(name))
            total += row / np.sqrt((row**2).sum())
        assert found[number] == pytest.approx(total / np.sqrt((total**2).sum()))


def test_embed_values_in_batches() -> None:
    encoder = worlds.Passing("text", 12).train()
    values = [worlds.CLASSES[row % 8] for row in range(20)]
    found = embed_values(encoder, worlds.ClassView(12), values, batch=6)
    assert found.argmax(axis=1).tolist() == [row % 8 for row in range(20)]
    assert encoder.training
