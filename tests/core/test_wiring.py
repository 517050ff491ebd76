from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.part import Part
from limbeck.core.sample import Batch
from limbeck.core.term import Ref, Term
from limbeck.core.wiring import check_wiring
from limbeck.layers.prototype.class_mean import ClassMean
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.objectives.relation.rkd_distance import RKDDistanceLoss
from stages import worlds

TEXTS = Ref("teacher.text")


def problems(match: str | None = None, /, *, parts: Any = None, dry: Batch | None = None, **given: Any) -> list[str]:
    """Lines of the error; empty where the wiring is right."""
    rows = {key: given.pop(key) for key in ("training_rows", "evaluation_rows") if key in given}
    said = ""
    try:
        check_wiring(worlds.spec(**given), parts or worlds.producers(), dry=dry, **rows)
    except UsageError as error:
        said = str(error)
    assert match is None or re.search(match, said), said or "nothing was found wrong"
    return said.splitlines()


def cosine(**inputs: Ref) -> dict[str, Term]:
    return {"features": Term(CosineLoss(), inputs)}


def only(terms: dict[str, Term], **given: Any) -> dict[str, Any]:
    return {"terms": terms, "trains": ("student.text",), **given}


def test_right_wiring_passes_and_changes_nothing() -> None:
    parts, batch = worlds.producers(dropout=0.5), worlds.Steps().batch(0)
    before, random = worlds.weights(parts), torch.get_rng_state()
    parts["student.image"].train()
    assert problems(parts=parts, dry=batch, training_rows=range(5), evaluation_rows=range(5, 9)) == []
    assert worlds.same(before, worlds.weights(parts))
    assert torch.equal(random, torch.get_rng_state())
    assert parts["student.image"].training
    assert all(p.grad is None for p in parts["student.image"].parameters())


def test_a_layer_with_a_state_and_no_weights_may_train() -> None:
    mean = Part(ClassMean(worlds.WIDTH, classes=64), {"features": TEXTS, "label": Ref("target", "group")})
    parts = {**worlds.producers(), "mean": mean}
    terms = cosine(student=worlds.TEXT, teacher=Ref("mean"))
    given = {"terms": terms, "trains": ("student.text", "mean"), "parts": parts}
    assert problems(dry=worlds.Steps().batch(0), **given) == []
    assert not mean.layer.count.any()  # the dry batch is not counted


def test_unknown_producer() -> None:
    problems(
        r"unknown producer 'teacher.txt' in term 'features' of stage 'main'.*did you mean 'teacher.text'\?",
        **only(cosine(student=worlds.TEXT, teacher=Ref("teacher.txt"))),
    )
    problems(r"unknown producer 'student.imag' in `trains`.*'student.image'\?", trains=("student.imag", "student.text"))


def test_unknown_output() -> None:
    problems(r"unknown output 'poled' in 'student.text'.*did you mean 'pooled'\?",
             **only(cosine(student=Ref("student.text", "poled"), teacher=TEXTS)))  # fmt: skip


def test_missing_and_extra_inputs() -> None:
    lines = problems(**only(cosine(studnet=worlds.TEXT, teacher=TEXTS)))
    assert any("unknown input 'studnet'" in line and "did you mean 'student'?" in line for line in lines)
    assert any("lacks its input 'student'; it takes student, teacher; did you mean it by 'studnet'?" in line
               for line in lines)  # fmt: skip


def test_all_problems_come_at_once_each_on_a_line() -> None:
    lines = problems(
        terms=cosine(student=Ref("student.txt"), teacher=TEXTS), trains=("teacher.text", "nobody"),
        training_rows=[1, 2], evaluation_rows=[2, 3],
    )  # fmt: skip
    assert len(lines) == 4
    assert all(re.search(word, "\n".join(lines)) for word in ("student.txt", "nobody", "never trains", "rows 2"))


def test_widths_that_share_an_axis() -> None:
    parts = {**worlds.producers(), "student.text": worlds.Small("text", width=5)}
    terms = cosine(student=worlds.TEXT, teacher=TEXTS)
    problems(r"wants one width 'd', but student \(student.text:pooled\) has 5, teacher .* has 8; add a projector",
             parts=parts, **only(terms))  # fmt: skip
    relation = {"relation": Term(RKDDistanceLoss(), {"student": worlds.TEXT, "teacher": TEXTS})}
    assert problems(parts=parts, dry=worlds.Steps().batch(0), **only(relation)) == []


def with_view(name: str, view: dict[str, torch.Tensor]) -> Batch:
    batch = worlds.Steps().batch(0)
    return dataclasses.replace(batch, views={**batch.views, name: view})


class Words(worlds.Small):
    def forward(self, view: Any, *, want: Any = ("pooled",)) -> Any:
        ids = view["input_ids"]
        return super().forward({"features": self.table(ids).mean(1)}, want=want)

    def __init__(self) -> None:
        super().__init__("text")
        self.vocabulary = 10
        self.table = torch.nn.Embedding(10, 6)


@pytest.mark.parametrize(
    ("ids", "match"),
    [
        (torch.full((12, 3), 10), "between 10 and 10, but its encoder knows ids 0 to 9"),
        (torch.full((12, 3), -1), "between -1 and -1"),
        (torch.ones(12, 3), "torch.float32; token ids are integers"),
    ],
)
def test_token_ids(ids: torch.Tensor, match: str) -> None:
    parts = {**worlds.producers(), "student.text": Words()}
    problems(match, parts=parts, dry=with_view("student.text", {"input_ids": ids}))
    assert problems(parts=parts, dry=with_view("student.text", {"input_ids": torch.full((12, 3), 9)})) == []


def test_dtypes() -> None:
    raw = {"features": torch.zeros(12, 6, dtype=torch.uint8)}
    problems(r"view 'student.text' holds 'features' as torch.uint8", dry=with_view("student.text", raw))
    inputs = {"query": worlds.IMAGE, "key": worlds.TEXT, "scale": worlds.SCALE, "target_group": worlds.TEXT}
    problems(r"input 'target_group' .* is torch.float32; its objective takes int",
             terms={"c": Term(InfoNCELoss(), inputs)}, dry=worlds.Steps().batch(0))  # fmt: skip


def test_missing_view_modality_and_target() -> None:
    batch = worlds.Steps().batch(0)
    short = dataclasses.replace(batch, views={k: v for k, v in batch.views.items() if k != "student.text"})
    problems("unknown view 'student.text' in a batch", dry=short)
    problems("unknown modality 'text' in a batch", dry=dataclasses.replace(batch, present={"image": batch.index >= 0}))
    inputs = {"query": worlds.IMAGE, "key": worlds.TEXT, "scale": worlds.SCALE, "target_group": Ref("target", "groop")}
    problems(r"unknown target 'groop'.*'group'\?", terms={"c": Term(InfoNCELoss(), inputs)}, dry=batch)


def test_thawed_teacher() -> None:
    parts = worlds.producers()
    parts["teacher.text"].encoder.last.weight.requires_grad_(True)
    problems(r"teacher 'teacher.text' has 1 trainable parameters \(last.weight\); freeze it", parts=parts)


def test_trains_a_teacher_or_something_frozen_or_unread() -> None:
    problems("'teacher.text', which is a teacher and never trains", trains=("teacher.text", "student.text"))
    parts = worlds.producers()
    parts["student.text"].requires_grad_(False)
    problems("'student.text', but every parameter of it is frozen", parts=parts)
    problems("trains 'student.image', but no term reads it",
             terms=cosine(student=worlds.TEXT, teacher=TEXTS), trains=("student.text", "student.image"))  # fmt: skip


def test_a_tap_that_does_not_fire() -> None:
    # The student's picture stands where a teacher's vector belongs, which is never differentiated.
    terms = cosine(student=worlds.TEXT, teacher=worlds.IMAGE)
    given = {"terms": terms, "trains": ("student.text", "student.image")}
    assert problems(**given) == []
    problems("trains 'student.image', but no term's gradient reaches it", dry=worlds.Steps().batch(0), **given)


def test_a_detached_encoder() -> None:
    class Cut(worlds.Small):
        def forward(self, view: Any, *, want: Any = ("pooled",)) -> Any:
            return super().forward(view, want=want).map(torch.Tensor.detach)

    parts = {**worlds.producers(), "student.image": Cut("image")}
    problems("'student.image', but no term's gradient reaches it", parts=parts, dry=worlds.Steps().batch(0))


def test_a_term_that_fails_on_a_dry_batch_is_named() -> None:
    batch = with_view("student.text", {"features": torch.zeros(12, 7)})
    problems("term 'contrast' of stage 'main' fails on a dry batch: mat1 and mat2", dry=batch)


def test_rows_that_never_occur() -> None:
    problems(r"term 'contrast' .* counts rows with image\+text, but budget.batch holds image, text",
             batch={"image": 4, "text": 4})  # fmt: skip
    problems(r"unknown modality 'imgae' in budget.batch.*'image'\?", batch={"imgae+text": 4})
    problems(r"holds text", batch={"image+text": 0, "text": 3})
    assert problems(batch={"text+image": 4}) == []


def test_evaluation_rows_inside_training_rows() -> None:
    problems(r"2 evaluation rows are training rows as well \(rows 4, 7\)", training_rows=[1, 4, 7],
             evaluation_rows=[4, 7, 9])  # fmt: skip


def test_senseless_budgets() -> None:
    problems("has 0 steps", steps=0)
    problems("micro-batches of 0", micro_batch=0)
    problems("has no terms", terms={})
    problems("trains nothing", trains=())
