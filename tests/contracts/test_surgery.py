"""Every surgery, found by walking the package, keeps the contract of `limbeck.core.surgery`.

A surgery with required arguments has an instance in `EXAMPLES` (import path -> zero-argument function).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from encoders.worlds import shake, view, words
from limbeck.core.describe import build, describe, equal, signature_of
from limbeck.core.discovery import parts
from limbeck.core.encoder import Encoder
from limbeck.core.surgery import Surgery, SurgeryReport
from limbeck.encoders.student import Student, make_student

FOUND = parts(Surgery, "surgery")
EXAMPLES: dict[str, Callable[[], Surgery]] = {}


def example(path: str) -> Surgery:
    """An instance with every default, or the one of `EXAMPLES`."""
    if path in EXAMPLES:
        return EXAMPLES[path]()
    missing = [p.name for p in signature_of(FOUND[path]) if p.default is p.empty]
    assert not missing, f"{path} needs {missing}: give it defaults, or an instance in EXAMPLES"
    return FOUND[path]()


def made(seed: int = 0, *, width: int = 24) -> Student:
    student = make_student("vit-s", width=width, tokenizer=words(), seed=seed)
    shake(student.model)
    return student


def frozen() -> dict[str, Encoder]:
    teacher = made(7)
    for encoder in teacher.encoders.values():
        encoder.eval().requires_grad_(False)
    return dict(teacher.encoders)


def operate(path: str) -> tuple[Surgery, Student, dict[str, Encoder], SurgeryReport]:
    surgery, student, teachers = example(path), made(), frozen()
    torch.manual_seed(3)
    return surgery, student, teachers, surgery(student.encoders, teachers=teachers)


def answers(encoders: dict[str, Encoder]) -> dict[str, Tensor]:
    found = {}
    for modality, encoder in encoders.items():
        mode = encoder.training
        encoder.eval()
        with torch.no_grad():
            found[modality] = encoder(view(encoder, 4))["pooled"]
        encoder.train(mode)
    return found


@pytest.mark.parametrize("path", FOUND)
def test_the_student_is_changed_in_place_and_reported(path):
    surgery, student, _, report = operate(path)
    assert report.lines
    inside = {id(p) for p in student.model.parameters()}
    assert all(id(p) in inside for e in student.encoders.values() for p in e.parameters())
    assert report.after == sum(p.numel() for e in student.encoders.values() for p in e.parameters())
    found = answers(student.encoders)
    assert all(torch.isfinite(value).all() for value in found.values())
    if surgery.preserving:
        before = answers(made().encoders)
        for modality, value in found.items():
            torch.testing.assert_close(value, before[modality], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("path", FOUND)
def test_teachers_stay_as_they_are_and_share_nothing(path):
    _, student, teachers, _ = operate(path)
    for modality, encoder in frozen().items():
        for name, value in encoder.state_dict().items():
            assert torch.equal(teachers[modality].state_dict()[name], value), name
    theirs = {p.data_ptr() for e in teachers.values() for p in e.parameters()}
    assert not theirs & {p.data_ptr() for p in student.model.parameters() if p.numel()}


@pytest.mark.parametrize("path", FOUND)
def test_the_same_again_is_the_same(path):
    first, second = answers(operate(path)[1].encoders), answers(operate(path)[1].encoders)
    assert all(torch.equal(first[modality], second[modality]) for modality in first)


@pytest.mark.parametrize("path", FOUND)
def test_something_trains_and_settling_changes_no_answer(path):
    surgery, student, _, _ = operate(path)
    encoder = student.encoders["image"].train()
    encoder(view(encoder, 4))["pooled"].square().sum().backward()
    touched = [p for p in encoder.parameters() if p.grad is not None and bool(p.grad.any())]
    assert touched
    with torch.no_grad():
        for parameter in touched:
            parameter.sub_(0.01 * parameter.grad)
    before = answers(student.encoders)
    surgery.settle(student.encoders)
    for modality, value in answers(student.encoders).items():
        torch.testing.assert_close(value, before[modality], atol=1e-5, rtol=1e-4)
    assert set(student.model.state_dict()) <= set(copy.deepcopy(student.model).state_dict())


@pytest.mark.parametrize("path", FOUND)
def test_settings_survive_json(path):
    surgery = example(path)
    assert equal(build(json.loads(json.dumps(describe(surgery)))), surgery)
