"""`limbeck distill` end to end on real icons: formats, teachers, mistakes, and a folder that transformers opens."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from encoders import worlds as models
from limbeck import cli
from limbeck.core.artefact import verify
from limbeck.core.errors import DataError
from limbeck.pipeline.views import view_of
from limbeck.verbs.distill import distill, draft
from pipeline import worlds


def call(capsys, *arguments: object) -> tuple[int, str, str]:
    """Exit code, what was said, and the last line on stderr."""
    code = cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out + said.err, said.err.rstrip("\n").rpartition("\n")[2]


def flags(out: Path, **changes: object) -> list[object]:
    """The quick run as a command line."""
    found: list[object] = []
    for name, value in worlds.arguments(out, **changes).items():
        if value is not None:
            found += [f"--{name.replace('_', '-')}", value]
    return found


def test_a_run_folder_holds_what_the_house_plan_says():
    run = worlds.finished()
    manifest = verify(run.folder, kind="run")
    names = set(manifest.files)
    assert {"recipe.json", "metrics.jsonl", "evaluation.json", "report.html"} <= names
    assert {"model/config.json", "model/model.safetensors", "model/tokenizer.json"} <= names
    assert any(name.startswith("checkpoints/student/") for name in names)
    evaluation = json.loads((run.folder / "evaluation.json").read_text())
    assert [metric["n"] for metric in evaluation["student"]["metrics"]] == [5] * 12
    assert evaluation["student"]["metrics"][1]["chance"] == pytest.approx(1 / 5)
    assert set(evaluation["student"]) == set(evaluation["teacher"])
    assert json.loads((run.folder / "recipe.json").read_text())["stages"][0]["budget"]["steps"] == 2


@pytest.mark.parametrize("kind", [name for name in worlds.FORMATS if name != "csv"])
def test_every_format_gives_the_same_model(kind, tmp_path):
    """Same ids, splits and contents: the format leaves no trace in the weights, bit for bit."""
    run = distill(worlds.data(kind), **worlds.arguments(tmp_path / "run"))
    assert worlds.weights(run.folder) == worlds.weights(worlds.finished().folder)
    assert run.student.metrics == worlds.finished().student.metrics


def test_a_siglip_teacher(tmp_path):
    run = distill(worlds.data(), **worlds.arguments(tmp_path / "run", teacher=f"hf:{worlds.model('siglip')}"))
    assert run.encoders["image"].width == 16  # of the teacher's space
    assert not (run.folder / "align").exists()


def test_two_unimodal_encoders_are_aligned_and_it_is_said(tmp_path, capsys):
    pair = f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}"
    run = distill(worlds.data(), **worlds.arguments(tmp_path / "run", teacher=pair, student="hf:" + conv(tmp_path)))
    said = capsys.readouterr().err
    assert f"aligning image and text of {pair} by trained projectors" in said
    assert run.encoders["image"].width == run.encoders["text"].width == 256
    assert run.teacher is not None
    assert (run.folder / "align" / "metrics.jsonl").exists()


@pytest.mark.slow
def test_a_sentence_transformers_folder_reads_the_words(tmp_path):
    from limbeck.encoders.teacher_presets import minilm_folder

    pair = f"hf:{worlds.model('vit')}+st:{minilm_folder()}"
    run = distill(worlds.data(), **worlds.arguments(tmp_path / "run", teacher=pair))
    assert run.teacher is not None
    assert run.recipe.teacher == pair


def conv(folder: Path) -> str:
    """A tiny convolutional student as a configuration file: its tokenizer is MiniLM's."""
    path = folder / "config.json"
    path.write_text(json.dumps(models.config("vision-text-dual-encoder").to_dict()))
    return str(path)


_OPEN = """
import importlib.util, io, json, sys
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor
folder, rows = sys.argv[1], json.load(open(sys.argv[2]))
# transformers 5 resamples with torchvision where that is installed, which is not the same bit for bit
backend = {"backend": "pil"} if importlib.util.find_spec("torchvision") else {}
model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder, **backend)
assert "limbeck" not in sys.modules and (backend or "torchvision" not in sys.modules)
pictures = [Image.open(io.BytesIO(bytes.fromhex(row["image"]))) for row in rows]
texts = [row["text"] for row in rows]
with torch.no_grad():
    image = model.get_image_features(**processor(images=pictures, return_tensors="pt")).pooler_output
    words = processor(text=texts, return_tensors="pt", padding=True, truncation=True)
    text = model.get_text_features(**words).pooler_output
torch.save({"image": image, "text": text}, sys.argv[3])
"""


def answers_elsewhere(folder: Path, tmp_path: Path) -> dict[str, torch.Tensor]:
    """Embeddings of real icons in a process that knows transformers alone."""
    rows = [{"image": item["image"].hex(), "text": item["text"]} for item in worlds.icons()[:8]]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "open.py").write_text(_OPEN)
    command = [sys.executable, "open.py", str(folder / "model"), "rows.json", "found.pt"]
    subprocess.run(command, cwd=tmp_path, env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}, check=True)
    return torch.load(tmp_path / "found.pt", weights_only=True)


def answers_here(run) -> dict[str, torch.Tensor]:
    found = {}
    with torch.no_grad():
        for modality, encoder in run.encoders.items():
            view = view_of(encoder)
            ready = [view.prepare(item[modality]) for item in worlds.icons()[:8]]
            found[modality] = encoder(view.collate(ready))["pooled"]
    return found


@pytest.mark.parametrize(
    "student",
    ["clip", *(pytest.param(name, marks=pytest.mark.slow) for name in ("conv-s", "vit-s", "siglip", "conv"))],
)
def test_the_model_opens_with_transformers_alone_and_answers_bit_for_bit(student, tmp_path):
    if student == "clip":
        run = worlds.finished()
    else:
        name = {"siglip": f"hf:{worlds.model('siglip')}", "conv": "hf:" + conv(tmp_path)}.get(student, student)
        method = "affinity_mimicking" if student == "siglip" else "balanced"
        run = distill(worlds.data(), **worlds.arguments(tmp_path / "run", student=name, method=method))
    torch.set_num_threads(1)
    here, elsewhere = answers_here(run), answers_elsewhere(run.folder, tmp_path)
    for modality in ("image", "text"):
        assert torch.equal(here[modality], elsewhere[modality])


@pytest.mark.slow
@pytest.mark.parametrize("student", ["vit-s", "vit-192"])
def test_a_vit_students_run_opens_in_sentence_transformers(student, tmp_path):
    """End to end: a real run of two steps, then pictures and texts encoded by the other library, bit for bit."""
    library = pytest.importorskip("sentence_transformers")
    run = distill(worlds.data(), **worlds.arguments(tmp_path / "run", student=student))
    model = library.SentenceTransformer(str(run.folder / "model"), device="cpu", processor_kwargs={"backend": "pil"})
    rows = worlds.icons()[:8]
    here = answers_here(run)
    pictures = [Image.open(io.BytesIO(row["image"])) for row in rows]
    assert torch.equal(model.encode(pictures, convert_to_tensor=True).cpu(), here["image"])
    # the other library sorts texts by length and pads by batch, so that sums are taken in another order
    texts = model.encode([row["text"] for row in rows], convert_to_tensor=True).cpu()
    torch.testing.assert_close(texts, here["text"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "code", "phrase"),
    [
        ({"teacher": "icosn"}, 2, "unknown teacher 'icosn'; valid: efficientnet-lite0, hf:..."),
        ({"teacher": "icosn"}, 2, "did you mean 'icons'?"),
        ({"teacher": "hff:x"}, 2, "did you mean 'hf:'?"),
        ({"teacher": "hf:/nowhere/clip"}, 2, "'/nowhere/clip' does not exist"),
        ({"student": "conv-z"}, 2, "did you mean 'conv-"),
        ({"student": "hf:/nowhere"}, 2, "/nowhere"),
        ({"method": "ballanced"}, 2, "did you mean 'balanced'?"),
        ({"learning_rate": "nan"}, 2, "learning-rate is a positive number"),
        ({"learning_rate": "fast"}, 2, "invalid float value: 'fast'"),
        ({"optimizer": "moun"}, 2, "unknown optimizer 'moun'; valid: adamw, muon; did you mean 'muon'?"),
        ({"batch_size": 1}, 2, "batch-size is at least 2"),
        ({"steps": -1}, 2, "steps at least 0"),
        ({"draws": -1}, 2, "draws is the number of augmented draws"),
        ({"workers": -1}, 2, "workers is a number of processes"),
        ({"max_bad": 2}, 2, "max-bad is a share below 1, or a percentage"),
        ({"seed": 99999999999999999999999}, 2, "seed is a whole number from 0 to"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_leaves_nothing(changes, code, phrase, tmp_path, capsys):
    found, _, last = call(capsys, "distill", worlds.data(), *flags(tmp_path / "run", **changes))
    assert found == code
    assert phrase in last
    assert not (tmp_path / "run").exists()


def test_mistakes_in_flags_and_data(tmp_path, capsys):
    code, _, last = call(capsys, "distill", worlds.data(), "--techer", "icons", "--out", tmp_path / "run")
    assert code == 2
    assert "did you mean '--teacher'?" in last
    code, _, last = call(capsys, "distill", worlds.data()[:-1], *flags(tmp_path / "run"))
    assert code == 3
    assert f"did you mean {worlds.data()}?" in last
    items = [{("txet" if key == "text" else key): item[key] for key in item} for item in worlds.icons()[:8]]
    typo = worlds.as_csv(tmp_path / "typo", items)
    code, _, last = call(capsys, "distill", typo, *flags(tmp_path / "run"))
    assert code == 3
    assert "unknown column 'txet'" in last
    assert "did you mean 'text'?" in last
    pictures = worlds.as_csv(tmp_path / "only", [{"id": i["id"], "image": i["image"]} for i in worlds.icons()])
    code, _, last = call(capsys, "distill", pictures, *flags(tmp_path / "run"))
    assert code == 3
    assert "pairs" in last
    assert not (tmp_path / "run").exists()


def test_bad_rows_are_listed_by_id_and_above_a_share_nothing_is_trained(tmp_path, capsys):
    items = [dict(item) for item in worlds.icons()]
    bad = [items[0]["id"], items[1]["id"]]
    items[0]["image"], items[1]["image"] = b"<html>not a picture</html>", items[1]["image"][:100]
    data = worlds.as_csv(tmp_path / "data", items)
    code, _, last = call(capsys, "distill", data, *flags(tmp_path / "run"))
    assert code == 3
    assert "2 of 40 rows are bad, 5.00% where 1.00% are allowed" in last
    assert all(name in last for name in bad)
    code, _, last = call(capsys, "distill", data, *flags(tmp_path / "run", max_bad="1"))
    assert code == 2  # a forgotten % is not 100 %
    assert "max-bad is a share below 1, or a percentage: 0.01 or 1%" in last
    code, said, _ = call(capsys, "distill", data, *flags(tmp_path / "run", max_bad="10%"))
    assert code == 0
    kept = list(csv.DictReader(io.StringIO((tmp_path / "run" / "bad-rows.csv").read_text())))
    assert [row["id"] for row in kept] == bad
    assert kept[1]["reason"].startswith("the image is damaged")
    assert "bad-rows.csv" in verify(tmp_path / "run", kind="run").files
    assert "2 of 40 rows cannot be used and are left out" in said
    assert f"{bad[0]}: not an image in a known format" in said
    assert f"{bad[1]}: the image is damaged" in said


def test_every_bad_row_is_named_where_nothing_is_trained(tmp_path, capsys):
    items = [dict(item) for item in worlds.icons()]
    for item in items[:25]:
        item["image"] = b"no picture"
    code, said, last = call(capsys, "distill", worlds.as_csv(tmp_path / "data", items), *flags(tmp_path / "run"))
    assert code == 3
    assert "25 of 40 rows are bad" in last
    assert all(f"  {item['id']}: not an image in a known format" in said for item in items[:25])


def test_a_folder_that_is_taken_is_refused_before_anything_is_read(tmp_path, capsys):
    run = worlds.finished().folder
    before = worlds.weights(run)
    code, _, last = call(capsys, "distill", "/nowhere.csv", *flags(run))
    assert code == 4
    assert f"{run} holds a finished run; choose another --out or delete it" in last
    assert worlds.weights(run) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    code, _, last = call(capsys, "distill", worlds.data(), *flags(tmp_path / "mine"))
    assert code == 2
    assert "is not empty and holds no run" in last
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    code, _, last = call(capsys, "distill", worlds.data(), *flags(tmp_path / "mine" / "thesis.txt"))
    assert code == 2
    assert "is a file" in last


def test_another_recipe_does_not_go_on_and_every_change_is_named(tmp_path, capsys):
    out = tmp_path / "run"
    code, _, _ = call(capsys, "distill", worlds.data(), *flags(out))
    assert code == 0
    (out / "manifest.json").unlink()  # as if it had been killed just before it was finished
    code, _, last = call(capsys, "distill", worlds.data(), *flags(out, seed=1, learning_rate=0.01, optimizer="adamw"))
    assert code == 4
    assert 'stages.0.optimisation.optimizer: "muon" there, null asked for' in last
    assert "seed: 0 there, 1 asked for" in last
    assert "stages.0.optimisation.learning_rate: 0.004 there, 0.01 asked for" in last
    code, _, _ = call(capsys, "distill", worlds.data(), *flags(out))
    assert code == 0
    assert worlds.weights(out) == worlds.weights(worlds.finished().folder)


def test_held_out_rows_that_training_has_seen_are_not_measured_on(tmp_path, capsys):
    items = [dict(item) for item in worlds.icons()]
    training = [item for item in items if item["split"] == "train"]
    test = [item for item in items if item["split"] == "test"]
    test[0]["image"] = training[0]["image"]
    code, said, _ = call(capsys, "distill", worlds.as_csv(tmp_path / "data", items), *flags(tmp_path / "run"))
    assert code == 0
    assert "1 test rows are left out because training has their picture (1 exact, 0 near)" in said
    assert f"first: {test[0]['id']} = {training[0]['id']}" in said
    evaluation = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert evaluation["student"]["metrics"][0]["n"] == len(test) - 1


def test_an_error_of_the_examination_stops_the_run_unless_it_is_allowed(tmp_path, capsys):
    """A random CLIP knows nothing of icons; with 60 rows that can be told."""
    data = worlds.as_csv(tmp_path / "data", worlds.icons(60))
    code, said, last = call(capsys, "distill", data, *flags(tmp_path / "run"))
    assert code == 3
    assert "teacher at chance: hf:" in last
    assert "knows nothing about this data: image<->text MRR" in last
    assert "--allow 'teacher at chance'" in last
    assert "computed in" not in said  # nothing was cached, nothing trained
    code, said, last = call(capsys, "distill", data, *flags(tmp_path / "run"), "--allow", "teacher at chanse")
    assert code == 2
    assert "train" not in said.removesuffix(last + "\n")  # not even the data was read
    assert "did you mean 'teacher at chance'?" in last
    code, said, _ = call(capsys, "distill", data, *flags(tmp_path / "run"), "--allow", "teacher at chance")
    assert code == 0
    assert "error    teacher at chance" in said
    assert "computed in" in said
    # what was waved through goes with the model
    found = json.loads((tmp_path / "run" / "checks.json").read_text())
    (waved,) = (finding for finding in found if finding["level"] == "error")
    assert waved["check"] == "teacher at chance"
    assert f"trained although the checks found an error: {waved['check']}" in (tmp_path / "run/report.html").read_text()


def test_a_student_of_another_width_is_refused_before_the_teacher_is_asked(tmp_path, capsys):
    """A SigLIP's width is that of its towers; the tiny one has 16 where the teacher has 12."""
    student = f"hf:{worlds.model('siglip')}"
    code, said, last = call(capsys, "distill", worlds.data(), *flags(tmp_path / "run", student=student))
    assert code == 2
    assert "CosineLoss wants one width 'd', but student (student.image:pooled) has 16, teacher" in last
    assert "computed in" not in said
    assert not (tmp_path / "run").exists()
    clip = f"hf:{worlds.model('clip')}"
    code, said, _ = call(capsys, "doctor", worlds.data(), "--teacher", clip, "--student", student)
    assert f"warning  width: {student} cannot take the teacher's width of 12 (image 16, text 16)" in said


def test_python_raises_what_the_command_line_says(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        distill("/nowhere.csv", **worlds.arguments(tmp_path / "run"))


def test_two_encoders_that_alignment_does_not_bring_together_teach_nobody(tmp_path, capsys):
    """What they know can be told only when their projectors are trained; then it is, before the student is."""
    items = [dict(item) for item in worlds.icons(180)]
    for place, item in enumerate(items):
        item["split"] = ("train", "validation", "validation", "test")[place % 4]
    texts = [item["text"] for item in items]
    dealt = [{**item, "text": texts[(place * 67 + 5) % len(texts)]} for place, item in enumerate(items)]
    teacher = f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}"
    arguments = flags(tmp_path / "run", teacher=teacher)
    code, said, last = call(capsys, "distill", worlds.as_csv(tmp_path / "dealt", dealt), *arguments)
    assert code == 3
    assert "teacher at chance: hf:" in last
    assert "aligned, knows nothing about this data: image<->text MRR" in last
    assert "validation rows:" in said  # the projectors were trained
    assert not list((tmp_path / "run").glob("checkpoints/*"))  # and no student
    code, _, _ = call(capsys, "distill", tmp_path / "dealt/pairs.csv", *arguments, "--allow", "teacher at chance")
    assert code == 0
    found = json.loads((tmp_path / "run" / "checks.json").read_text())
    assert [one["check"] for one in found if one["level"] == "error"] == ["teacher at chance"]


@pytest.mark.parametrize(
    ("typed", "kept"), [("./pairs.csv", "pairs.csv"), ("pairs/", "pairs"), ("./no.csv", "./no.csv")]
)
def test_one_place_has_one_name(tmp_path, monkeypatch, typed, kept):
    """A run or a comparison that is started again by another spelling is the same."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").touch()
    (tmp_path / "pairs").mkdir()
    recipe = draft(typed, teacher="icons", student="conv-s", draws=0, seed=0, max_bad=0.01)
    assert recipe.data.path == kept
