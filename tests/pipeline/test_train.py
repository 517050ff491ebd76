"""Training through the stages of a recipe."""

from __future__ import annotations

from dataclasses import replace

import torch

from limbeck.core.recipe import Recipe
from limbeck.data.open import open_source
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.train import identity_of, train
from limbeck.recipes.bases import no_teacher
from limbeck.recipes.distillation import student_stage
from pipeline import worlds

ROWS = Rows({"image+text": tuple(range(20))}, tuple(range(20, 26)), tuple(range(26, 32)))


def recipe() -> Recipe:
    stage = student_stage(no_teacher(), steps=2, batch={"image+text": 8}, learning_rate=1e-3)
    first = replace(stage, name="first", trains=("student.text", "student.scale"))
    known = worlds.finished().recipe
    return replace(known, teacher=None, stages=(first, replace(stage, name="second")), seed=4)


def test_stages_follow_one_another_and_leave_the_student_in_eval_mode(tmp_path):
    source = open_source(worlds.data())
    trained = train(recipe(), source, ROWS, None, folder=tmp_path)
    assert list(trained.fits) == ["first", "second"]
    assert all(fit.steps == 2 for fit in trained.fits.values())
    assert not any(module.training for module in trained.student.model.modules())
    assert (tmp_path / "checkpoints" / "first").is_dir()
    assert (tmp_path / "checkpoints" / "second").is_dir()


def test_a_second_call_takes_the_finished_stages_from_their_checkpoints(tmp_path):
    source = open_source(worlds.data())
    first = train(recipe(), source, ROWS, None, folder=tmp_path)
    again = train(recipe(), source, ROWS, None, folder=tmp_path)
    assert [fit.resumed_from for fit in again.fits.values()] == [2, 2]
    for one, two in zip(first.student.model.parameters(), again.student.model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_the_identity_changes_with_what_matters():
    source, plain = open_source(worlds.data()), recipe()
    identity = identity_of(plain, source, None)
    for changed in (
        replace(plain, seed=5),
        replace(plain, student="conv-s"),
        replace(plain, data=replace(plain.data, draws=7)),
        replace(plain, data=replace(plain.data, augmentations=())),
    ):
        assert identity_of(changed, source, None) != identity
    assert identity_of(plain, open_source(worlds.data("jsonl")), None) == identity
