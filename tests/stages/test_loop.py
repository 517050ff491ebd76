from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from limbeck.core import artefact
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.part import Moving, Part
from limbeck.core.sample import Batch
from limbeck.core.term import Ref, Term
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.stages import loop
from limbeck.stages.checkpoint import newest_valid
from limbeck.stages.loop import fit
from limbeck.stages.result import FitResult
from stages import worlds


def train(folder: Path, parts: Any = None, *, loader: Any = None, **given: Any) -> FitResult:
    own = {key: given.pop(key) for key in ("validate", "monitor", "resume", "identity", "seed", "ids") if key in given}
    parts = parts or worlds.producers()
    return fit(worlds.spec(**given), parts, loader or worlds.Steps(), folder=folder, progress=False, **own)


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_equals_a_naive_loop(tmp_path: Path) -> None:
    """AdamW, warm-up, cosine, clipping and the average once more, written out."""
    parts, oracle = worlds.producers(), worlds.producers()
    train(tmp_path, parts, steps=12, ema=0.9, clip=0.5, weight_decay=0.1)
    trained = [p for name in worlds.TRAINS for p in oracle[name].parameters()]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in trained]
    average = [p.detach().clone() for p in trained]
    for step in range(12):
        warm = round(0.1 * 12)
        rate = 1e-2 * (
            (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / (12 - warm)))
        )
        batch = worlds.Steps().batch(step)
        image, text = (oracle[f"student.{m}"](batch.view(f"student.{m}"))["pooled"] for m in ("image", "text"))
        teacher_image, teacher_text = (oracle[f"teacher.{m}"](batch)["pooled"] for m in ("image", "text"))
        scale = oracle["student.scale"]()["scale"]
        terms = {name: term.objective for name, term in worlds.TERMS.items()}
        loss = (
            terms["contrast"](query=image, key=text, scale=scale).mean()
            + 0.5 * terms["affinity"](
                query=image, key=text, scale=scale, teacher_query=teacher_image, teacher_key=teacher_text
            ).mean()
            + 2 * terms["text features"](student=text, teacher=teacher_text).mean()
        )  # fmt: skip
        found = torch.autograd.grad(loss, trained, allow_unused=True)
        norm = math.sqrt(sum(float(g.square().sum()) for g in found if g is not None))
        with torch.no_grad():
            for p, g, (m, v) in zip(trained, found, moments, strict=True):
                if g is None:
                    continue
                g = g * min(1.0, 0.5 / norm)
                m.mul_(0.9).add_(0.1 * g)
                v.mul_(0.98).add_(0.02 * g * g)
                p.mul_(1 - rate * (0.1 if p.ndim >= 2 else 0.0))
                p -= rate * (m / (1 - 0.9 ** (step + 1))) / ((v / (1 - 0.98 ** (step + 1))).sqrt() + 1e-8)
            decay = min(0.9, (2 + step) / (11 + step))
            average = [decay * a + (1 - decay) * p for a, p in zip(average, trained, strict=True)]
    kept = [p for name in worlds.TRAINS for p in parts[name].parameters()]
    for mine, expected in zip(kept, average, strict=True):
        torch.testing.assert_close(mine.detach(), expected, atol=1e-5, rtol=1e-4)


def test_learns_and_leaves_models_ready(tmp_path: Path) -> None:
    parts = worlds.producers()
    result = train(tmp_path, parts, steps=100)
    entries = log(tmp_path)
    assert entries[-1]["loss"] < 0.6 * entries[1]["loss"]
    assert not parts["student.text"].training
    assert result.steps == 100
    assert result.rows_per_second > 0
    assert result.warnings == ()
    assert [entry["step"] for entry in entries] == list(range(101))
    assert entries[1]["log"]["scale.student.scale"] == pytest.approx(10, rel=0.01)


def test_micro_batches_train_the_same_model(tmp_path: Path) -> None:
    whole, pieces = worlds.producers(), worlds.producers()
    train(tmp_path / "a", whole, steps=10)
    train(tmp_path / "b", pieces, steps=10, micro_batch=5)
    for name, value in worlds.weights(whole).items():
        torch.testing.assert_close(worlds.weights(pieces)[name], value, atol=1e-4, rtol=1e-3)


def test_best_weights_are_kept_and_training_stops_early(tmp_path: Path) -> None:
    parts, seen = worlds.producers(), []
    values = iter([0.1, 0.9, 0.3, 0.9, 0.2, 0.8])

    def validate() -> dict[str, float]:
        assert not parts["student.text"].training
        seen.append(worlds.weights(parts))
        return {"loss": 5.0, "recall": next(values)}

    given = {"validate": validate, "monitor": "recall", "steps": 50, "evaluate_every": 5, "patience": 3, "ema": 0.5}
    result = train(tmp_path, parts, **given)
    assert (result.steps, result.stopped_early, result.best_step) == (25, True, 10)
    assert result.best == {"loss": 5.0, "recall": 0.9}
    assert [entry["step"] for entry in result.history] == [5, 10, 15, 20, 25]
    assert worlds.same(worlds.weights(parts), seen[1])
    assert log(tmp_path)[10]["validation"] == {"loss": 5.0, "recall": 0.9}
    again = train(tmp_path, parts, **given)
    assert (again.steps, again.resumed_from, again.best_step) == (25, 25, 10)
    assert worlds.same(worlds.weights(parts), seen[1])
    assert len(seen) == 5


def test_averaged_weights_are_validated(tmp_path: Path) -> None:
    parts, seen = worlds.producers(), []
    train(tmp_path, parts, steps=6, ema=0.9, validate=lambda: seen.append(worlds.weights(parts)) or {"m": 1.0})
    found = newest_valid(tmp_path / "checkpoints" / "main")
    name = "trained.student/text.last.weight"
    assert torch.equal(seen[0]["student.text.last.weight"], found.tensors("ema")[name])
    assert not torch.equal(seen[0]["student.text.last.weight"], found.tensors("weights")[name])
    assert worlds.same(worlds.weights(parts), seen[0])


def test_an_unknown_metric_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown metric 'recal' in monitor.*'recall'\?"):
        train(tmp_path, steps=1, validate=lambda: {"recall": 0.1}, monitor="recal")


def test_wiring_is_checked_before_the_loader_is_asked(tmp_path: Path) -> None:
    loader = worlds.Steps()
    with pytest.raises(UsageError, match="unknown producer"):
        train(tmp_path, loader=loader, trains=("student.txt",))
    assert loader.asked == []
    parts = worlds.producers()
    with pytest.raises(UsageError, match="unknown view"):
        train(tmp_path, parts, loader=WithoutText())
    assert worlds.same(worlds.weights(parts), worlds.weights(worlds.producers()))


class WithoutText(worlds.Steps):
    def batch(self, step: int) -> Batch:
        batch = super().batch(step)
        views = {name: view for name, view in batch.views.items() if name != "student.text"}
        return Batch(views, batch.present, batch.index, batch.draw)


class Ending(worlds.Steps):
    def steps(self, start: int, stop: int) -> Any:
        return super().steps(start, min(stop, 3))


def test_a_loader_that_ends_too_soon(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ended after 3 steps; stage 'main' asked for 20"):
        train(tmp_path, loader=Ending())


def test_random_numbers_of_the_caller_neither_matter_nor_move(tmp_path: Path) -> None:
    first, second = worlds.producers(dropout=0.3), worlds.producers(dropout=0.3)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    train(tmp_path / "a", first, steps=5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    train(tmp_path / "b", second, steps=5)
    assert worlds.same(worlds.weights(first), worlds.weights(second))
    third = worlds.producers(dropout=0.3)
    train(tmp_path / "c", third, steps=5, seed=1)
    assert not worlds.same(worlds.weights(first), worlds.weights(third))


def test_starting_afresh_forgets_what_was_there(tmp_path: Path) -> None:
    train(tmp_path, steps=5)
    with pytest.raises(ArtefactError, match="stage.budget.steps: 5 -> 6"):
        train(tmp_path, steps=6)
    result = train(tmp_path, steps=6, resume=False)
    assert result.resumed_from == 0
    assert [entry["step"] for entry in log(tmp_path)] == list(range(7))


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    for name in ("metrics.jsonl", "checkpoints/main/step-00000005"):
        left = artefact._beside(tmp_path / name, "tmp")
        left = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{gone.stdout.strip()}-"))
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("torn")
    train(tmp_path, steps=1)
    assert not list(tmp_path.rglob(".*"))


def test_two_stages_share_a_folder(tmp_path: Path) -> None:
    train(tmp_path, steps=3, name="align")
    train(tmp_path, steps=2, name="main")
    assert [(e["stage"], e["step"]) for e in log(tmp_path)] == [
        *(("align", step) for step in range(4)), *(("main", step) for step in range(3)),
    ]  # fmt: skip
    assert train(tmp_path, steps=3, name="align").resumed_from == 3


def test_another_thread_count_is_warned_of(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    train(tmp_path, steps=2)
    torch.set_num_threads(before + 1)
    try:
        assert "resumed with" in train(tmp_path, steps=2).warnings[0]
    finally:
        torch.set_num_threads(before)


def test_long_runs_log_some_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_LINES", 10)
    train(tmp_path, steps=45)
    found = [entry["step"] for entry in log(tmp_path)]
    assert found == [0, 1, *range(4, 45, 4), 45]
    assert "health" in log(tmp_path)[6]


def test_bf16_as_asked(tmp_path: Path) -> None:
    result = train(tmp_path, steps=3, precision="bf16")
    assert result.precision == "bf16"
    assert log(tmp_path)[0] == {"stage": "main", "step": 0, "precision": "bf16"}


def test_a_resumed_run_with_parts_and_averages_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    described = {
        "head": Part(MLPProjector(8, hidden=4, width=8, dropout=0.5), {"x": worlds.IMAGE}),
        "ema.head": Moving("head", decay=0.9),
    }
    terms = {
        "features": Term(CosineLoss(), {"student": Ref("head"), "teacher": Ref("teacher.text")}),
        "average": Term(CosineLoss(), {"student": worlds.IMAGE, "teacher": Ref("ema.head")}),
    }
    spec = worlds.spec(6, terms=terms, trains=("student.image", "head"), save_every=3)
    held = worlds.resumed(spec, described, tmp_path)
    assert {"moving.ema/head.into.weight", "trained.head.into.weight"} <= held.keys()
    assert not torch.equal(held["moving.ema/head.into.weight"], held["trained.head.into.weight"])
