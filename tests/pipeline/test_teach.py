"""From a teacher's name to frozen teachers of one space."""

from __future__ import annotations

import gc
import re

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.recipe import DataSpec
from limbeck.data.cache.store import read_shard
from limbeck.data.open import open_source
from limbeck.encoders.load import load_teacher
from limbeck.pipeline.rows import Rows, skeleton
from limbeck.pipeline.teach import Opened, teach
from limbeck.pipeline.views import view_of
from limbeck.recipes.distillation import alignment
from pipeline import worlds

ROWS = Rows({"image+text": tuple(range(20))}, tuple(range(20, 26)), tuple(range(26, 32)))


def taught(folder, rows=ROWS, **options):
    models = load_teacher(f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}")
    source = open_source(worlds.data())
    said: list[str] = []
    found = teach(
        models, source, rows, DataSpec("x"), seed=0, cache=worlds.cache_folder(), folder=folder,
        notify=said.append, **options,
    )  # fmt: skip
    return found, source, said


def test_two_encoders_without_an_alignment_are_refused(tmp_path):
    with pytest.raises(UsageError, match="two encoders without a shared space; it needs an alignment stage"):
        taught(tmp_path, align=None)


def test_cached_and_live_teacher_are_one_and_nothing_trains(tmp_path):
    found, source, said = taught(tmp_path, align=alignment(steps=3, batch=8))
    assert any(line.startswith("aligning image and text of ") for line in said)
    assert found.width == 256
    assert found.history
    for name, teacher in found.teachers.items():
        assert teacher.trainable() == ()
        cached = teacher(skeleton(source, [4, 2], [0, 0]))["pooled"]
        encoder = found.encoders[name.removeprefix("teacher.")]
        view = view_of(encoder)
        ready = [view.prepare(source.sample(row).values[encoder.modality]) for row in (4, 2)]
        with torch.no_grad():
            live = encoder(view.collate(ready))["pooled"]
        torch.testing.assert_close(cached, live, atol=1e-5, rtol=1e-4)
        assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_another_seed_of_the_projectors_is_another_teacher(tmp_path):
    first, _, _ = taught(tmp_path / "1", align=alignment(steps=2, batch=8))
    again, _, said = taught(tmp_path / "2", align=alignment(steps=2, batch=8))
    other, _, _ = taught(tmp_path / "3", align=alignment(steps=3, batch=8))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert any("20 of them reused, 0 computed" in line for line in said)


def test_seeds_of_one_bench_hold_a_cache_once_and_let_it_go(tmp_path):
    shared = Opened()
    first, source, _ = taught(tmp_path / "1", align=alignment(steps=2, batch=8), shared=shared)
    held = {place: id(cache) for place, cache in shared.items()}
    second, _, _ = taught(tmp_path / "2", align=alignment(steps=3, batch=8), shared=shared)
    assert held
    assert {place: id(cache) for place, cache in shared.items()} == held
    alone, _, _ = taught(tmp_path / "3", align=alignment(steps=3, batch=8))
    batch = skeleton(source, [4, 2], [0, 0])
    for name in second.teachers:
        assert torch.equal(second.teachers[name](batch)["pooled"], alone.teachers[name](batch)["pooled"])
    other = Rows({"image+text": tuple(range(18))}, ROWS.validation, ROWS.test)
    third, _, _ = taught(tmp_path / "4", align=alignment(steps=2, batch=8), rows=other, shared=shared)
    assert len(shared) > len(held)  # other rows are another cache
    del first, second, third
    gc.collect()
    assert not shared


def test_tokens_of_texts_are_cached_as_the_live_teacher_says_them(tmp_path):
    models = load_teacher(f"hf:{worlds.model('bert')}")
    source = open_source(worlds.data())
    found = teach(
        None, source, ROWS, DataSpec("x"), align=None, seed=0, cache=tmp_path / "cache", folder=tmp_path,
        further={"words": models}, wanted={"words.text": ("hidden.1", "tokens")},
    )  # fmt: skip
    assert found.width is None
    teacher, encoder = found.teachers["words.text"], models.encoders["text"]
    view = view_of(encoder)
    ready = view.collate([view.prepare(source.sample(row).values["text"]) for row in (4, 2, 7)])
    wants = ("tokens", "hidden.1", "attention.0", "pooled")
    cached = teacher(skeleton(source, [4, 2, 7], [0, 0, 0]), want=wants)
    with torch.no_grad():
        live = encoder(ready, want=wants)
    keep = live["mask"]
    assert torch.equal(cached["mask"], keep)
    for name in ("tokens", "hidden.1"):
        torch.testing.assert_close(cached[name][keep], live[name][keep], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(cached["pooled"], live["pooled"], atol=1e-4, rtol=1e-4)
    pairs = (keep[:, None, :, None] & keep[:, None, None, :]).expand_as(live["attention.0"])
    torch.testing.assert_close(cached["attention.0"][pairs], live["attention.0"][pairs], atol=1e-4, rtol=1e-4)
    with pytest.raises(UsageError, match="unknown output 'tokns'.*did you mean 'tokens'"):
        teacher(skeleton(source, [4], [0]), want=("tokns",))


def test_half_precision_takes_half_the_room_within_the_stated_error_and_never_mixes(tmp_path):
    models = load_teacher(f"hf:{worlds.model('bert')}")
    source = open_source(worlds.data())
    wide, half, again = (DataSpec("x", cache_dtype=dtype) for dtype in ("float32", "float16", "float32"))
    said: list[str] = []

    def answers(data: DataSpec):
        return teach(
            models, source, ROWS, data, align=None, seed=0, cache=tmp_path / "cache", folder=tmp_path,
            notify=said.append,
        ).teachers["teacher.text"]  # fmt: skip

    rounded, exact = answers(half), answers(wide)
    assert rounded.fingerprint() != exact.fingerprint() == answers(again).fingerprint()
    batch = skeleton(source, list(range(20)), [0] * 20)
    moved = (rounded(batch)["pooled"] - exact(batch)["pooled"]).abs().max()
    (line,) = (line for line in said if "float16" in line)
    stated = re.search(r", error of float16: absolute ([\d.e-]+), cosine [\d.e-]+$", line)
    assert stated is not None
    assert 0 < moved <= 1.05 * float(stated[1])  # stated with one digit
    assert [line.count("20 computed") for line in said] == [1, 1, 0]
    room = {
        shard.key.dtype: sum(tensor.nbytes for tensor in shard.tensors.values())
        for shard in map(read_shard, (tmp_path / "cache").rglob("*.safetensors"))
    }
    assert room["float16"] * 2 == room["float32"] > 0
