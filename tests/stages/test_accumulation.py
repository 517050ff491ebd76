from __future__ import annotations

import pytest
import torch
from torch import nn

from limbeck.stages.accumulation import backward, has_batch_statistics
from limbeck.stages.stage import Stage
from stages import worlds

MIXED = ("image+text",) * 5 + ("image",) * 2 + ("text",) * 3


def gradients(micro: int | None, kinds: tuple[str, ...] = MIXED) -> tuple[dict[str, torch.Tensor], float]:
    stage = Stage(worlds.spec(), producers=worlds.producers()).train()
    done = backward(stage, worlds.Steps(len(kinds), kinds=kinds).batch(0), micro_batch=micro)
    return {name: p.grad for name, p in stage.named_parameters() if p.grad is not None}, float(done.output.loss)


@pytest.mark.parametrize("micro", [1, 2, 3, 7])
def test_micro_batches_equal_one_big_batch(micro: int) -> None:
    whole, loss = gradients(None)
    parts, same_loss = gradients(micro)
    assert parts.keys() == whole.keys()
    assert "trained.student/scale.log_scale" in whole
    assert same_loss == pytest.approx(loss, abs=1e-6)
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, atol=1e-5, rtol=1e-5)


def test_plain_summing_of_micro_batches_would_not_do() -> None:
    stage = Stage(worlds.spec(), producers=worlds.producers()).train()
    batch = worlds.Steps(8).batch(0)
    for part in batch.split(4):
        (backward(stage, part).output.loss, None)
    halves = stage.get_parameter("trained.student/image.last.weight").grad / 2
    whole, _ = gradients(None, ("image+text",) * 8)
    assert not torch.allclose(halves, whole["trained.student/image.last.weight"], atol=1e-3)


def test_both_passes_drop_the_same() -> None:
    parts = worlds.producers(dropout=0.5)
    kept: list[torch.Tensor] = []
    parts["student.image"].register_forward_hook(lambda m, i, o: kept.append(o["pooled"].detach()))
    stage = Stage(worlds.spec(), producers=parts).train()
    torch.manual_seed(0)
    done = backward(stage, worlds.Steps(12).batch(0), micro_batch=5)
    assert [len(part) for part in kept] == [5, 5, 2] * 2
    assert torch.equal(torch.cat(kept[:3]), torch.cat(kept[3:]))
    assert torch.equal(done.pooled["student.image"], torch.cat(kept[:3]))
    assert not torch.equal(
        kept[0], parts["student.image"](worlds.Steps(12).batch(0).view("student.image"))["pooled"][:5]
    )


def test_largest_forward_pass_is_the_micro_batch() -> None:
    parts = worlds.producers()
    backward(Stage(worlds.spec(), producers=parts), worlds.Steps(12).batch(0), micro_batch=5)
    assert max(parts["student.text"].seen) == max(parts["teacher.text"].encoder.seen) == 5
    assert parts["teacher.text"].encoder.seen == [5, 5, 2]  # teachers need one pass only


def test_buffers_move_once_and_batch_norm_is_reported() -> None:
    def run(micro: int | None) -> nn.BatchNorm1d:
        parts = worlds.producers()
        parts["student.image"].norm = nn.BatchNorm1d(12)
        backward(Stage(worlds.spec(), producers=parts).train(), worlds.Steps(12).batch(0), micro_batch=micro)
        return parts["student.image"].norm

    assert int(run(None).num_batches_tracked) == 1
    assert int(run(6).num_batches_tracked) == 2  # two micro-batches, each once
    assert has_batch_statistics(nn.Sequential(nn.BatchNorm1d(3)))
    assert not has_batch_statistics(nn.Sequential(nn.LayerNorm(3)))


def test_bf16_gives_nearly_the_same_in_both_ways() -> None:
    def run(micro: int | None, bf16: bool) -> torch.Tensor:
        stage = Stage(worlds.spec(), producers=worlds.producers())
        backward(stage, worlds.Steps(12).batch(0), micro_batch=micro, bf16=bf16)
        return stage.get_parameter("trained.student/image.first.weight").grad

    full, whole, parts = run(None, False), run(None, True), run(4, True)
    assert not torch.equal(full, whole)
    torch.testing.assert_close(parts, whole, atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(full, whole, atol=1e-1, rtol=1e-1)
