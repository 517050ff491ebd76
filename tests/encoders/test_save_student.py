from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.worlds import CAPTIONS, folder, pictures, shake, view, words
from limbeck.core.artefact import read_manifest, verify
from limbeck.core.errors import ArtefactError
from limbeck.encoders.load import load_teacher
from limbeck.encoders.save_student import save_student
from limbeck.encoders.student import Student, make_student

WORDS = words()
STRANGER = """
import importlib.util, json, sys
import numpy as np
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

torch.set_num_threads(1)
folder, captions = sys.argv[1], json.loads(sys.argv[2])
# transformers 5 resamples with torchvision where that is installed, which is not the same bit for bit
backend = {"backend": "pil"} if importlib.util.find_spec("torchvision") else {}
model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder, **backend)
pictures = [Image.open(f"{folder}/../{number}.png") for number in range(3)]
padding = "max_length" if sys.argv[4:] else True
batch = processor(text=captions, images=pictures, padding=padding, truncation=True, return_tensors="pt")
words = {name: batch[name] for name in batch if name != "pixel_values"}
with torch.no_grad():
    image = model.get_image_features(pixel_values=batch["pixel_values"]).pooler_output
    text = model.get_text_features(**words).pooler_output
    scale = model.logit_scale.exp()
assert backend or "torchvision" not in sys.modules
assert not {"limbeck", "sentence_transformers"} & sys.modules.keys()
np.savez(f"{folder}/../{sys.argv[3]}", image=image.numpy(), text=text.numpy(), scale=scale.numpy())
"""
# the third is cut at the student's limit
TEXTS = [*CAPTIONS[:2], "somewhere over the rainbow " * 30]


def trained(name: str) -> Student:
    student = make_student(name, width=24, tokenizer=WORDS)
    shake(student.model)
    with torch.no_grad():
        student.scale.log_scale.fill_(math.log(33.0))
    for encoder in student.encoders.values():
        encoder.eval()
    return student


def answers(student: Student) -> dict[str, np.ndarray]:
    from limbeck.data.view_for import view_for

    found = {}
    for modality, values in (("image", pictures()), ("text", TEXTS)):
        encoder = student.encoders[modality]
        maker = view_for(encoder.spec)
        with torch.no_grad():
            pooled = encoder(maker.collate([maker.prepare(value) for value in values]))["pooled"]
        found[modality] = pooled.numpy()
    return found


def test_a_stranger_gets_the_same_embeddings_bit_for_bit(tmp_path: Path) -> None:
    """A process that knows transformers alone opens both families."""
    torch.set_num_threads(1)
    for number, picture in enumerate(pictures()):
        picture.save(tmp_path / f"{number}.png")
    environment = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    students = {name: trained(name) for name in ("conv-s", "vit-s")}
    # SigLIP's texts are padded to one length, and its tower is never given a mask
    students["siglip"] = trained(f"hf:{folder('siglip', tmp_path / 'teacher')}")
    for name, student in students.items():
        save_student(student, tmp_path / name)
    texts, padded = json.dumps(TEXTS), {"siglip": ["to one length"]}
    code = "import sys\n" + "\n".join(
        f"sys.argv[1:] = {[str(tmp_path / name), texts, name + '.npz', *padded.get(name, ())]!r}\n{STRANGER}"
        for name in students
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)
    for name, student in students.items():
        theirs = np.load(tmp_path / f"{name}.npz")
        for modality, ours in answers(student).items():
            assert np.array_equal(theirs[modality], ours), (name, modality)
        assert theirs["scale"] == pytest.approx(33.0, rel=1e-6)


@pytest.mark.parametrize("name", ["conv-s", "vit-s"])
def test_round_trip_as_a_teacher(name: str, tmp_path: Path) -> None:
    student = trained(name)
    save_student(student, tmp_path / "m", source={"data": "abc"})
    assert verify(tmp_path / "m", kind="model").source == {"data": "abc"}
    teacher = load_teacher(f"hf:{tmp_path / 'm'}")
    assert teacher.aligned
    for modality, encoder in teacher.encoders.items():
        mine = student.encoders[modality]
        batch = view(mine)
        with torch.no_grad():
            for output in mine.outputs:
                found = encoder(batch, want=(output,))[output]
                assert torch.equal(found, mine(batch, want=(output,))[output]), (modality, output)
        assert encoder.outputs == mine.outputs
        assert encoder.vocabulary == mine.vocabulary
    assert teacher.encoders["text"].spec == student.encoders["text"].spec
    assert teacher.scale.initial == pytest.approx(33.0)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_cropping_and_fixed_length_are_saved_too(kind: str, tmp_path: Path) -> None:
    student = make_student(f"hf:{folder(kind, tmp_path / 'c')}")
    save_student(student, tmp_path / "m")
    teacher = load_teacher(f"hf:{tmp_path / 'm'}")
    assert student.encoders["image"].spec.shortest_edge == 32
    assert teacher.encoders["image"].spec == student.encoders["image"].spec
    assert (
        teacher.encoders["text"].spec.pad_to
        == student.encoders["text"].spec.pad_to
        == (16 if kind == "siglip" else None)
    )
    assert teacher.encoders["text"].reads_mask == (kind == "clip")


def test_the_scale_is_written_within_its_limit_and_the_student_is_left_alone(tmp_path: Path) -> None:
    student = make_student("vit-s", width=24, tokenizer=WORDS)
    with torch.no_grad():
        student.scale.log_scale.fill_(9.0)
    before = {name: value.clone() for name, value in student.model.state_dict().items()}
    save_student(student, tmp_path / "m")
    assert load_teacher(f"hf:{tmp_path / 'm'}").scale.initial == pytest.approx(100.0)
    assert all(torch.equal(before[name], value) for name, value in student.model.state_dict().items())
    assert all(encoder.training for encoder in student.encoders.values())


def test_only_json_and_safetensors_and_saving_again_replaces(tmp_path: Path) -> None:
    student = make_student("conv-s", width=24, tokenizer=WORDS)
    save_student(student, tmp_path / "m")
    first = read_manifest(tmp_path / "m").files
    assert {Path(name).suffix for name in first} == {".json", ".safetensors"}
    save_student(trained("conv-s"), tmp_path / "m")
    assert read_manifest(tmp_path / "m").files["model.safetensors"] != first["model.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    save_student(make_student("conv-s", width=24, tokenizer=WORDS), tmp_path / "m")
    path = tmp_path / "m" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-7] ^= 8
    path.write_bytes(data)
    with pytest.raises(ArtefactError, match="differs from its manifest"):
        load_teacher(f"hf:{tmp_path / 'm'}")


def test_a_clip_student_opens_in_sentence_transformers(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    student = trained("vit-s")
    save_student(student, tmp_path / "m")
    model = library.SentenceTransformer(str(tmp_path / "m"), device="cpu", processor_kwargs={"backend": "pil"})
    ours = answers(student)
    assert np.allclose(model.encode(pictures()), ours["image"], atol=1e-5)
    assert np.allclose(model.encode(TEXTS), ours["text"], atol=1e-5)


def test_with_torchvisions_resampling_the_vectors_point_nearly_the_same_way(tmp_path: Path) -> None:
    """What somebody gets who has torchvision and does not say `backend="pil"`; the guide states this bound."""
    pytest.importorskip("torchvision", exc_type=ImportError)
    library = pytest.importorskip("sentence_transformers")
    student = trained("vit-s")
    save_student(student, tmp_path / "m")
    theirs, ours = library.SentenceTransformer(str(tmp_path / "m"), device="cpu").encode(pictures()), answers(student)
    cosine = torch.cosine_similarity(torch.from_numpy(theirs), torch.from_numpy(ours["image"]))
    assert cosine.min() > 0.999
