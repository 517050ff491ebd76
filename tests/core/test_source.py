"""A source is as long as its rows; rows are plain records."""

from __future__ import annotations

import pytest

from limbeck.core.source import Row, Source


def test_a_source_is_as_long_as_its_rows():
    class Two(Source):
        rows = (Row("a", frozenset({"text"}), label="dog"), Row("b", frozenset(), label="cat"))
        modalities = ("text",)

        def sample(self, index):
            raise NotImplementedError

        def content(self, index, modality):
            raise NotImplementedError

        def fingerprint(self):
            return ""

    assert len(Two()) == 2
    assert Two().may_display(0)
    assert Two().classes == ("cat", "dog")


def test_what_is_missing_must_be_written():
    with pytest.raises(TypeError, match="abstract"):
        Source()


def test_a_row_says_nothing_that_it_was_not_told():
    row = Row("a", frozenset({"image"}))
    assert (row.split, row.label, row.group, row.text) == ("", "", "", "")
