from __future__ import annotations

from pathlib import Path

from data.made import encoded, picture, write_csv
from limbeck.data.card import card, leaked_pictures
from limbeck.data.sources.csv import CsvSource
from limbeck.data.sources.icons import IconsSource


def source(folder: Path) -> CsvSource:
    rows = []
    for number in range(6):
        (folder / f"{number}.png").write_bytes(encoded(picture(number, (120, 90))))
        rows.append({"id": f"r{number}", "image": f"{number}.png", "text": "word" * (number + 1), "split": "train"})
    (folder / "4.png").write_bytes(encoded(picture(0, (120, 90))))
    (folder / "5.jpg").write_bytes(encoded(picture(1, (120, 90)), "JPEG"))
    rows[4] |= {"split": "test", "text": "Word word"}
    rows[5] |= {"split": "val", "image": "5.jpg", "text": "unseen"}
    rows.append({"id": "text only", "image": "", "text": "x", "split": ""})
    for row in rows:
        row["label"] = row["id"][0]
    return CsvSource(str(write_csv(folder / "data.csv", rows)))


def test_card_of_a_leaky_table(tmp_path: Path) -> None:
    made = card(source(tmp_path))
    assert made.rows == 7
    assert made.counts == {"train": {"image+text": 4, "text": 1}, "validation": {"image+text": 1},
                           "test": {"image+text": 1}}  # fmt: skip
    assert made.lengths == {"train": (1, 8, 16), "validation": (6, 6, 6), "test": (9, 9, 9)}
    assert (made.exact, made.near, made.same_text) == (1, 1, 1)
    assert made.ids == (("r4", "r0"), ("r5", "r1"))
    assert made.labels == {"r": 6, "t": 1}
    text = "\n".join(made.lines())
    assert "1 exact and 1 near-duplicate pictures, 1 equal texts" in text
    assert "r4 = r0" in text


def test_duplicates_within_a_split_are_no_leak(tmp_path: Path) -> None:
    made = source(tmp_path)
    splits = {"train": list(range(7)), "test": []}
    assert leaked_pictures(made, splits) == []


def test_icons_have_no_leak() -> None:
    icons = IconsSource(texts=2000)
    held = [index for index, row in enumerate(icons.rows) if row.split == "test"]
    train = [index for index, row in enumerate(icons.rows) if row.split == "train"][::4]
    made = card(icons, splits={"train": train, "test": held})
    assert (made.exact, made.near, made.same_text) == (0, 0, 0)
    assert made.removed == len(icons.removed) > 0
