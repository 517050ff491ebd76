from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data.made import pairs
from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import UsageError
from limbeck.data.sources.csv import CsvSource
from limbeck.data.variants.noise import NoiseSource


@pytest.fixture
def clean(tmp_path: Path) -> CsvSource:
    split = ["train"] * 30 + ["validation"] * 5 + ["test"] * 5
    return CsvSource(str(pairs(tmp_path, 40, split=split, group=[f"g{n // 2}" for n in range(40)], label=["x"] * 40)))


def test_a_share_of_the_training_pairs_carries_another_pairs_words_and_group(clean: CsvSource) -> None:
    noisy = NoiseSource(clean, noise=0.4)
    owner = {row.text: row for row in clean.rows}
    changed = [n for n, (a, b) in enumerate(zip(clean.rows, noisy.rows, strict=True)) if a != b]
    assert len(changed) == 12
    assert all(clean.rows[n].split == "train" for n in changed)
    for n in changed:
        giver, sample = owner[noisy.rows[n].text], noisy.sample(n)
        assert noisy.rows[n].group == giver.group
        assert (sample.values["text"], sample.group) == (giver.text, giver.group)
        assert sample.values["image"] == clean.sample(n).values["image"]
        assert noisy.content(n, "text") == sha256_bytes(giver.text.encode())
        assert noisy.content(n, "image") == clean.content(n, "image")
        assert noisy.rows[n].label == "x"
    wrong = {n for n in changed if owner[noisy.rows[n].text].group != clean.rows[n].group}
    assert set(noisy.wrong) == wrong
    assert len(wrong) > 6


def test_the_captions_as_a_whole_stay(clean: CsvSource) -> None:
    noisy = NoiseSource(clean, noise=1.0)
    assert Counter(row.text for row in noisy.rows) == Counter(row.text for row in clean.rows)
    assert all(a.text != b.text for a, b in zip(clean.rows[:30], noisy.rows[:30], strict=True))
    assert list(noisy.rows[30:]) == list(clean.rows[30:])


def test_shares_nest_and_seeds_differ(clean: CsvSource) -> None:
    def changed(noise: float, seed: int = 0) -> set[int]:
        rows = NoiseSource(clean, noise=noise, seed=seed).rows
        return {n for n, (a, b) in enumerate(zip(clean.rows, rows, strict=True)) if a != b}

    assert changed(0.0) == set()
    assert changed(0.2) < changed(0.6)
    assert changed(0.2) != changed(0.2, seed=1)


def test_rows_without_a_pair_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,split\na,train\nb,train\nc,test\n")
    clean = CsvSource(str(tmp_path / "t.csv"))
    assert list(NoiseSource(clean, noise=1.0).rows) == list(clean.rows)


def test_a_share_is_a_share(clean: CsvSource) -> None:
    with pytest.raises(UsageError, match=r"between 0 and 1, got 1\.5"):
        NoiseSource(clean, noise=1.5)
