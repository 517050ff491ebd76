from __future__ import annotations

import pytest
import torch

from encoders.worlds import shake, view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.save_student import save_student
from limbeck.encoders.student import make_student
from limbeck.surgery.cut_units import CutUnitsSurgery


def made():
    student = make_student("vit-s", width=24, tokenizer=words())
    shake(student.model)
    return student


def test_sizes_are_what_was_asked_for_and_the_towers_run():
    student = made()
    encoders = dict(student.encoders)
    report = CutUnitsSurgery(0.5, layers=0.34)(student.encoders, teachers={})
    assert "hidden_size 64, num_attention_heads 2, intermediate_size 160, num_hidden_layers 2" in report.lines[0]
    assert student.encoders["image"] is encoders["image"]
    for encoder in student.encoders.values():
        found = encoder(view(encoder, 3), want=encoder.outputs)
        assert found["pooled"].shape == (3, 24)
        found["pooled"].sum().backward()
    assert "hidden.2" in student.encoders["image"].outputs
    assert "hidden.3" not in student.encoders["image"].outputs


def test_with_everything_kept_nothing_changes():
    student = made()
    image = student.encoders["image"].eval()
    batch = view(image, 3)
    before = image(batch)["pooled"]
    CutUnitsSurgery(1.0)({"image": image}, teachers={})
    assert torch.equal(image(batch)["pooled"], before)


def test_the_cut_student_is_a_plain_folder(tmp_path):
    from transformers import AutoModel

    student = made()
    CutUnitsSurgery(0.5)(student.encoders, teachers={})
    save_student(student, tmp_path / "model")
    again = AutoModel.from_pretrained(tmp_path / "model").eval()
    image = student.encoders["image"].eval()
    batch = view(image, 2)
    found = again.get_image_features(pixel_values=batch["pixel_values"]).pooler_output
    torch.testing.assert_close(found, image(batch)["pooled"])


@pytest.mark.parametrize("settings", [{"share": 0.0}, {"share": 1.5}, {"layers": -1.0}])
def test_bad_shares_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        CutUnitsSurgery(**settings)
