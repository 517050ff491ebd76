"""Fault 4: a full disk is exit code 5, what was written earlier still verifies, and no temporary file is left."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from compare import worlds as comparisons
from data.cached import FLIP, Pictures, batch, build, opened, source_of
from encoders import worlds as models
from faults import tools
from limbeck.core.artefact import storage_errors, verify
from limbeck.core.errors import ArtefactError, ResourceError
from limbeck.encoders.save_student import save_student
from limbeck.encoders.student import make_student
from limbeck.pipeline.execute import Run, execute, finished
from limbeck.pipeline.finish import report_run
from limbeck.report.document import Answers, Picture, PictureGrid, Report, Section
from limbeck.report.write import write_report


def test_a_cache_that_cannot_fit_is_refused_before_the_first_byte(small_disk: Path, tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data", 100), Pictures(width=4096)
    with pytest.raises(ResourceError, match=r"cache of teacher\.image needs \d+ MB but .* has \d MB free") as refused:
        build(teacher, source, small_disk / "cache", augmentations=FLIP, draws=5)
    assert refused.value.exit_code == 5
    assert teacher.rows == 0
    assert not [path for path in small_disk.rglob("*") if path.is_file()]


def test_a_disk_that_fills_up_meanwhile_keeps_the_earlier_cache(small_disk: Path, tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data", 100), Pictures(width=1024)
    build(teacher, source, small_disk / "cache", indices=range(20), shard_rows=8)
    manifest = verify(small_disk / "cache", kind="cache")
    before = opened(teacher, source, small_disk / "cache", indices=range(20))(batch(source, range(20)))["pooled"]
    at_start = teacher.rows
    ballast: list[Path] = []

    def others_fill_it(*_: object) -> None:
        if teacher.rows > at_start + 30 and not ballast:
            ballast.append(tools.fill(small_disk, leave=4096))

    hook = teacher.register_forward_pre_hook(others_fill_it)
    with pytest.raises(ResourceError, match="no space left while writing") as full:
        build(teacher, source, small_disk / "cache", shard_rows=8)
    hook.remove()
    assert full.value.exit_code == 5
    assert not tools.leftovers(small_disk)
    assert verify(small_disk / "cache", kind="cache") == manifest
    after = opened(teacher, source, small_disk / "cache", indices=range(20))(batch(source, range(20)))["pooled"]
    assert torch.equal(after, before)
    ballast[0].unlink()
    assert build(teacher, source, small_disk / "cache", shard_rows=8).reused > 20  # room again: it goes on
    opened(teacher, source, small_disk / "cache")


@pytest.mark.parametrize("kind", ["clip", "mlp-image-s"])
def test_an_export_that_finds_no_room_leaves_the_earlier_model(kind: str, small_disk: Path, tmp_path: Path) -> None:
    name = kind if kind == "mlp-image-s" else f"hf:{models.folder(kind, tmp_path / kind)}"
    student, folder = make_student(name, seed=0), small_disk / "model"
    save_student(student, folder)
    manifest = verify(folder, kind="model")
    pages = {file: -(-about["size"] // 4096) * 4096 for file, about in manifest.files.items()}
    weights, everything = pages["model.safetensors"], sum(pages.values())
    # the last but one is short of a page, the last has no room for the manifest
    for leave in (0, 4096, weights // 2, weights, everything - 4096, everything):
        ballast = tools.fill(small_disk, leave=leave)
        with pytest.raises(ResourceError, match="no space left while writing .*; free some") as full:
            save_student(student, folder)
        ballast.unlink()
        assert full.value.exit_code == 5
        assert "\n" not in str(full.value)
        assert not tools.leftovers(small_disk)
        assert verify(folder, kind="model") == manifest
    save_student(make_student(name, seed=1), folder)  # room again
    assert verify(folder, kind="model").files["model.safetensors"] != manifest.files["model.safetensors"]


def test_a_report_that_finds_no_room_leaves_the_earlier_one(small_disk: Path) -> None:
    def report(size: int) -> Report:
        noise = Picture(b"\x89PNG\r\n\x1a\n" + b"\7" * size, "noise")
        grid = PictureGrid("pictures", [Answers("query", {"student": [noise]})])
        return Report(title=f"{size} bytes", summary=[], sections=[Section("answers", [grid])])

    path = small_disk / "report.html"
    write_report(path, report(10))
    before = path.read_bytes()
    for leave in (0, 4096, 50_000):
        ballast = tools.fill(small_disk, leave=leave)
        with pytest.raises(ResourceError, match=r"no space left while writing .*report\.html; free some") as full:
            write_report(path, report(100_000))
        ballast.unlink()
        assert full.value.exit_code == 5
        assert not tools.leftovers(small_disk)
        assert path.read_bytes() == before
    write_report(path, report(100_000))
    assert path.read_bytes() != before


def test_a_run_whose_report_finds_no_room_keeps_its_model_and_goes_on(small_disk: Path) -> None:
    bench, recipe, out = comparisons.bench(), comparisons.recipe("no teacher"), small_disk / "run"
    ballast: list[Path] = []

    def without_room(run: Run) -> Path:
        ballast.append(tools.fill(small_disk, leave=0))
        return report_run(run)

    with pytest.raises(ResourceError, match=r"no space left while writing .*report\.html"):
        execute(recipe, out, cache=bench.cache, bench=bench, finishers=(without_room,))
    assert not tools.leftovers(small_disk)
    manifest = verify(out / "model", kind="model")
    assert finished(recipe, out) is None
    ballast[0].unlink()
    execute(recipe, out, cache=bench.cache, bench=bench, finishers=(report_run,))
    assert finished(recipe, out) is not None
    assert verify(out / "model", kind="model").files == manifest.files


def test_libraries_that_write_in_rust_say_it_in_their_own_errors() -> None:
    with pytest.raises(ResourceError, match="no space left while writing x;"), storage_errors(Path("x")):
        raise Exception("No space left on device (os error 28)")
    with pytest.raises(ArtefactError, match="could not write x: .*; check the disk"), storage_errors(Path("x")):
        raise RuntimeError("I/O error: Input/output error (os error 5)")
    with pytest.raises(ZeroDivisionError), storage_errors(Path("x")):
        raise ZeroDivisionError("os error 28")
    with pytest.raises(ArtefactError, match="^y cannot"), storage_errors(Path("x")):
        raise ArtefactError("y cannot be read: no such file (os error 2)")
