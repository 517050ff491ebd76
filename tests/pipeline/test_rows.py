"""Which rows train, validate and test."""

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import DataError
from limbeck.data.open import open_source
from limbeck.data.splits import split_of
from limbeck.pipeline.rows import divide, kind_of, kinds_of, remedy, skeleton
from pipeline import worlds


@pytest.fixture
def source(tmp_path):
    items = [dict(item) for item in worlds.icons()]
    items[0]["image"] = items[1]["text"] = items[3]["text"] = ""  # 3 validates
    return open_source(worlds.as_csv(tmp_path, items))


def test_kinds_and_splits(source):
    assert kind_of(["text", "image"]) == "image+text"
    rows = divide(source, split_of(source))
    assert rows.train["text"] == (0,)
    assert rows.train["image"] == (1,)
    assert list(rows.train) == ["image", "image+text", "text"]
    assert 3 not in rows.validation + rows.training()  # it lacks what it would be measured by
    assert (len(rows.training()), len(rows.validation), len(rows.test)) == (29, 5, 5)
    assert kinds_of(source, [2, 0]) == {"image+text": [2], "text": [0]}


def test_nothing_to_train_or_to_test_on(source):
    splits = split_of(source)
    with pytest.raises(DataError, match=r"split 'test' holds 1 rows with image and text; at least 2"):
        divide(source, splits | {"test": splits["test"][:1]})
    with pytest.raises(DataError, match=r"no row has split 'train' \(found: validation 5, test 5\)"):
        divide(source, splits | {"train": []})


@pytest.mark.parametrize("divided", ["by hash", "by column"])
def test_the_fix_for_blank_captions_is_to_fill_them_in(tmp_path, divided):
    items = [dict(item) | {"text": ""} for item in worlds.icons()]
    for item in items if divided == "by hash" else ():
        del item["split"]
    refused(tmp_path, items, "'validation' holds 0 rows with image and text; at least 2 are needed; every 'text' is")


def test_the_fix_for_captions_in_rows_of_their_own(tmp_path):
    items = [dict(item) | {("text", "image")[n % 2]: ""} for n, item in enumerate(worlds.icons())]
    refused(tmp_path, items, "no row has image and text together: put what belongs together into one row")


def test_the_fix_follows_how_rows_are_divided(tmp_path):
    items = [dict(item) | {"split": "train"} for item in worlds.icons()]
    few = items[:6]
    refused(
        tmp_path, few, "'validation' holds 0 rows.*needed; give split 'validation' to more rows with image and text$"
    )
    refused(tmp_path, items, "to more rows with image and text or leave the split column out$")  # a hash finds enough
    refused(tmp_path, [item | {"split": "test"} for item in items], "no row has split 'train'.*give split 'train' to")
    for item in few:
        del item["split"]
    refused(tmp_path, few, "dealt out by a hash of their id: add rows with image and text, or a `split` column$")
    items = [dict(item) for item in worlds.icons()]
    for item in items:
        item["text"] = "" if item["split"] == "test" else item["text"]
    refused(
        tmp_path, items, "'test' holds 0 rows.*needed; fill in what 5 of its rows lack or give split 'test' to more"
    )


def refused(folder, items, match):
    source = open_source(worlds.as_csv(folder, items))
    with pytest.raises(DataError, match=match):
        divide(source, split_of(source))


def test_a_skeleton_says_who_is_there(source):
    batch = skeleton(source, [0, 1, 2], [0, 1, 2])
    assert batch.views == {}
    assert batch.present["image"].tolist() == [False, True, True]
    assert batch.present["text"].tolist() == [True, False, True]
    assert torch.equal(batch.draw, torch.tensor([0, 1, 2]))


def test_groups_are_dealt_out_whole(tmp_path):
    def advice(groups):
        items = [item | {"split": "", "group": groups(n)} for n, item in enumerate(worlds.icons(12))]
        source = open_source(worlds.as_csv(tmp_path / str(groups(5)), items))
        return remedy(source, split_of(source), "test")

    assert advice(lambda n: "one") == (
        "all rows are of one group, and a group stays together: give more groups, or a `split` column"
    )
    some = "rows are dealt out by a hash of their group or id: add rows with image and text of other groups, or a"
    assert advice(lambda n: "one" if n % 2 else "").startswith(some)


def test_rows_that_cannot_be_read_are_not_called_blank(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"image": "{n}.png", "text": ["x", "y"]}}\n' for n in range(9)))
    source = open_source(path, max_bad=1)
    with pytest.raises(
        DataError, match=r"no row can be used: row 0 of .*a\.jsonl: column 'text' holds a list, not text"
    ):
        divide(source, split_of(source))
