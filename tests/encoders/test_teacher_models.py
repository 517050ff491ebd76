from __future__ import annotations

from pathlib import Path

from transformers import AutoModel

from encoders.worlds import config, folder
from limbeck.core.spec import ImageSpec
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.hf_image import HFImageEncoder
from limbeck.encoders.teacher_models import TeacherModels


def test_whatever_is_put_in_is_frozen() -> None:
    encoder = HFImageEncoder(AutoModel.from_config(config("vit")).train(), spec=ImageSpec(32, 32))
    models = TeacherModels("t", {"image": encoder}, aligned=False)
    assert not models.encoders["image"].training
    assert not any(p.requires_grad for p in encoder.parameters())


def test_one_fingerprint_a_modality(tmp_path: Path) -> None:
    models = open_teacher(str(folder("clip", tmp_path)))
    found = models.fingerprints()
    assert found == {name: fingerprint(encoder) for name, encoder in models.encoders.items()}
    assert len(set(found.values())) == 2
