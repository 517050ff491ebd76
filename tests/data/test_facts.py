from __future__ import annotations

import gc

from limbeck.core.source import Row, Source
from limbeck.data import facts
from limbeck.data.facts import facts_of


class Three(Source):
    modalities = ("image", "text")
    rows = (
        Row("a", frozenset({"image"}), label="cat", domain="x"),
        Row("b", frozenset({"image", "text"}), text="one"),
        Row("c", frozenset({"text"}), text="One", label="ant"),
    )

    def sample(self, index):
        raise NotImplementedError

    content = fingerprint = sample


def test_columns_over_all_rows():
    found = facts_of(Three())
    assert found.present["image"].tolist() == [True, True, False]
    assert found.present["text"].tolist() == [False, True, True]
    assert found.groups[1] == found.groups[2] != found.groups[0]
    assert found.labels[0].tolist() == [1, -1, 0]
    assert found.labels[1] == ("ant", "cat")
    assert found.domains[1] == ("x",)


def test_once_a_source_and_gone_with_it():
    source = Three()
    assert facts_of(source) is facts_of(source)
    assert facts_of(source) is not facts_of(Three())
    before = len(facts._KNOWN)
    del source
    gc.collect()
    assert len(facts._KNOWN) < before
