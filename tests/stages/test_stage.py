from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from limbeck.core.errors import DataError, UsageError
from limbeck.core.part import Moving, Part, fresh
from limbeck.core.recipe import StageSpec
from limbeck.core.schedule import Schedule
from limbeck.core.term import Ref, Term
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.stages.accumulation import backward
from limbeck.stages.stage import Rows, Stage
from stages import worlds

MIXED = ("image+text",) * 4 + ("image",) * 3 + ("text", "image+text", "text")


class Rising(Schedule):
    def __call__(self, step: int) -> float:
        return 0.5 * step


def test_loss_is_the_weighted_sum_of_means_over_the_rows_that_count() -> None:
    parts, batch = worlds.producers(), worlds.Steps(10, kinds=MIXED).batch(0)
    out = Stage(worlds.spec(), producers=parts)(batch)
    both, text = [0, 1, 2, 3, 8], [0, 1, 2, 3, 7, 8, 9]
    image_of = parts["student.image"](batch.view("student.image"))["pooled"]
    text_of = parts["student.text"](batch.view("student.text"))["pooled"]
    teacher_image, teacher_text = (parts[f"teacher.{m}"](batch)["pooled"] for m in ("image", "text"))
    scale = torch.tensor(10.0)
    contrast = worlds.TERMS["contrast"].objective(query=image_of[both], key=text_of[both], scale=scale).mean()
    affinity = worlds.TERMS["affinity"].objective(
        query=image_of[both], key=text_of[both], scale=scale, teacher_query=teacher_image[both],
        teacher_key=teacher_text[both],
    ).mean()  # fmt: skip
    features = sum(1 - torch.cosine_similarity(text_of[row], teacher_text[row], dim=0).item() for row in text) / len(
        text
    )
    assert float(out.terms["contrast"]) == pytest.approx(float(contrast), rel=1e-5)
    assert float(out.terms["affinity"]) == pytest.approx(float(affinity), rel=1e-5)
    assert float(out.terms["text features"]) == pytest.approx(features, rel=1e-5)
    assert float(out.loss) == pytest.approx(float(contrast) + 0.5 * float(affinity) + 2 * features, rel=1e-5)
    assert out.log == {"rows.contrast": 5, "rows.affinity": 5, "rows.text features": 7}


def test_compacting_equals_a_mask() -> None:
    parts, batch = worlds.producers(), worlds.Steps(10, kinds=MIXED).batch(0)
    out = Stage(worlds.spec(terms={"contrast": worlds.TERMS["contrast"]}), producers=parts)(batch)
    mask = batch.both("image", "text")
    masked = InfoNCELoss()(
        query=parts["student.image"](batch.view("student.image"))["pooled"],
        key=parts["student.text"](batch.view("student.text"))["pooled"],
        scale=torch.tensor(10.0),
        mask=mask,
    )
    assert float(out.loss) == pytest.approx(float(masked.sum() / mask.sum()), rel=1e-6)


def test_every_producer_runs_once_on_the_rows_that_its_terms_need() -> None:
    parts = worlds.producers()
    Stage(worlds.spec(), producers=parts)(worlds.Steps(10, kinds=MIXED).batch(0))
    assert parts["student.image"].seen == [5]  # picture-only rows count for no term
    assert parts["student.text"].seen == [7]
    assert parts["teacher.image"].encoder.seen == [5]
    assert parts["teacher.text"].encoder.seen == [7]


def test_what_absent_rows_hold_does_not_matter() -> None:
    batch = worlds.Steps(10, kinds=MIXED).batch(0)
    stage = Stage(worlds.spec(), producers=worlds.producers())
    before = stage(batch).loss
    for name, view in batch.views.items():
        view["features"][~batch.present[name.split(".")[1]]] = float("nan")
    assert torch.equal(stage(batch).loss, before)


def test_only_what_trains_is_registered() -> None:
    parts = worlds.producers()
    stage = Stage(worlds.spec(trains=("student.text", "student.scale")), producers=parts)
    assert {name.split(".")[1] for name in stage.state_dict()} == {"student/text", "student/scale"}
    stage.train()
    assert not parts["student.image"].training
    stage(worlds.Steps().batch(0)).loss.backward()
    assert all(p.grad is None for p in parts["student.image"].parameters())
    assert all(p.grad is None for p in parts["teacher.text"].encoder.parameters())
    assert all(p.grad is not None for p in parts["student.text"].parameters())


def test_term_weights_may_follow_the_step() -> None:
    term = Term(CosineLoss(), {"student": worlds.TEXT, "teacher": Ref("teacher.text")}, Rising())
    stage, batch = Stage(worlds.spec(terms={"only": term}), producers=worlds.producers()), worlds.Steps().batch(0)
    assert float(stage(batch, 4).loss) == pytest.approx(2 * float(stage(batch, 4).terms["only"]))
    assert float(stage(batch, 0).loss) == 0


def test_targets_come_from_the_batch_row_by_row() -> None:
    inputs = {"query": worlds.IMAGE, "key": worlds.TEXT, "scale": worlds.SCALE, "target_group": Ref("target", "group")}
    stage = Stage(worlds.spec(terms={"contrast": Term(InfoNCELoss(), inputs)}), producers=worlds.producers())
    batch = worlds.Steps(10, kinds=MIXED).batch(0)
    apart = stage(batch).loss
    batch.target["group"][[0, 8]] = 7  # rows 0 and 8 are of one group now and no negatives of each other any more
    assert float(stage(batch).loss) < float(apart)
    batch.target["group"][[4, 5]] = 9  # rows that do not count
    assert float(stage(batch).loss) < float(apart)


def test_objectives_see_fp32_under_autocast() -> None:
    parts = worlds.producers()
    stage, batch = Stage(worlds.spec(), producers=parts), worlds.Steps().batch(0)
    with torch.autocast("cpu", torch.bfloat16):
        features = stage.produce("student.image", batch, None)
        loss = stage(batch).loss
    assert features["pooled"].dtype == loss.dtype == torch.float32
    assert not torch.equal(features["pooled"], parts["student.image"](batch.view("student.image"))["pooled"])


def test_a_batch_without_any_row_that_counts() -> None:
    with pytest.raises(DataError, match=r"no term of stage 'main' counts any row.*image\+text"):
        Stage(worlds.spec(), producers=worlds.producers())(worlds.Steps(3, kinds=("image",) * 3).batch(0))


def test_refuses_to_train_a_teacher_or_a_stranger() -> None:
    with pytest.raises(UsageError, match="teachers never train"):
        Stage(worlds.spec(trains=("teacher.text",)), producers=worlds.producers())
    with pytest.raises(UsageError, match="did you mean 'student.text'"):
        Stage(worlds.spec(trains=("student.txt",)), producers=worlds.producers())


def test_rows_inside_rows() -> None:
    outer = Rows(torch.tensor([True, False, True, True, False]), 3)
    inner = Rows(torch.tensor([True, False, False, True, False]), 2)
    assert inner.inside(outer).tolist() == [0, 2]
    assert outer.inside(outer) is None
    assert inner.inside(Rows(None, 5)).tolist() == [0, 3]


class Fuse(nn.Module):
    """A vector for both modalities, and one for the whole batch; dropout and weights of its own."""

    rowless = ("centre",)

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.width = width
        self.mix = nn.Linear(2 * width, width)

    def forward(self, *, image: Tensor, text: Tensor, share: Tensor) -> dict[str, Tensor]:
        mixed = self.mix(torch.cat([image, text], 1)) * (1 + share)
        # Rows look at one another, so that micro-batches could not run it.
        return {"pooled": mixed - mixed.mean(0), "centre": mixed.mean(0)}


def fused() -> dict[str, Any]:
    inputs = {"image": worlds.IMAGE, "text": worlds.TEXT, "share": Ref("progress", "share")}
    return {**worlds.producers(), "fuse": Part(fresh(Fuse()), inputs), "ema.image": Moving("student.image", decay=0.5)}


def fused_spec(**given: Any) -> StageSpec:
    terms = {
        "features": Term(CosineLoss(), {"student": Ref("fuse"), "teacher": Ref("teacher.text")}),
        "images": Term(CosineLoss(), {"student": worlds.IMAGE, "teacher": Ref("ema.image")}),
    }
    return worlds.spec(terms=terms, trains=("student.image", "student.text", "fuse"), **given)


def test_a_part_runs_on_the_rows_that_have_all_it_eats() -> None:
    parts, batch = fused(), worlds.Steps(10, kinds=MIXED).batch(0)
    out = Stage(fused_spec(steps=4), producers=parts)(batch, 2)
    both = batch.both("image", "text")
    image, text = (parts[f"student.{m}"](batch.view(f"student.{m}"))["pooled"][both] for m in ("image", "text"))
    made = parts["fuse"].layer(image=image, text=text, share=torch.tensor(0.5))["pooled"]
    loss = CosineLoss()(student=made, teacher=parts["teacher.text"](batch)["pooled"][both]).mean()
    assert float(out.terms["features"].detach()) == pytest.approx(float(loss.detach()), rel=1e-5)
    assert out.log["rows.features"] == 5


def test_accumulation_is_exact_with_parts() -> None:
    found = []
    for micro in (None, 3):
        torch.manual_seed(0)
        stage = Stage(fused_spec(), producers=fused())
        loss = backward(stage, worlds.Steps(10, kinds=MIXED).batch(0), micro_batch=micro).output.loss
        found.append((loss, {n: p.grad for n, p in stage.named_parameters() if p.grad is not None}))
    (loss, whole), (same, pieces) = found
    torch.testing.assert_close(same, loss)
    assert any(name.startswith("trained.fuse") for name in whole)
    assert whole.keys() == pieces.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(pieces[name], gradient, atol=1e-6, rtol=1e-5)


def test_a_frozen_part_passes_gradient_and_keeps_its_weights_out() -> None:
    parts = fused()
    spec = replace(fused_spec(), trains=("student.image", "student.text"))
    stage = Stage(spec, producers=parts)
    stage(worlds.Steps().batch(0)).loss.backward()
    assert not any("fuse" in name for name in stage.state_dict())
    assert all(p.grad is None for p in parts["fuse"].layer.parameters())
    assert parts["student.text"].last.weight.grad.abs().sum() > 0


def test_an_average_follows_and_is_kept_but_does_not_train() -> None:
    parts = fused()
    stage = Stage(fused_spec(), producers=parts)
    followed, twin = parts["student.image"], stage.moving["ema/image"]
    before = twin.last.weight.clone()
    assert any(name.startswith("moving.ema/image") for name in stage.state_dict())
    assert not any(p.requires_grad for p in twin.parameters())
    with torch.no_grad():
        followed.last.weight.add_(1.0)
    assert torch.equal(twin.last.weight, before)
    stage.advance()
    torch.testing.assert_close(twin.last.weight, before + 0.5)
    stage.train()
    assert not twin.training


def test_an_output_without_rows_has_to_say_so() -> None:
    parts = fused()
    inputs = {"student": Ref("fuse", "centre"), "teacher": Ref("teacher.text")}
    wide = {"centre": Term(CosineLoss(), inputs), **fused_spec().terms}
    Fuse.rowless = ()
    try:
        with pytest.raises(UsageError, match=r"'centre' of 'fuse' has 8 entries for 12 rows; .* `rowless`"):
            Stage(replace(fused_spec(), terms=wide), producers=parts)(worlds.Steps().batch(0))
    finally:
        Fuse.rowless = ("centre",)
