"""`limbeck doctor`: every planted fault is found, named and given a fix; what is sound is called ok."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from data.made import encoded, picture
from limbeck import cli
from limbeck.core.errors import DataError, UsageError
from limbeck.verbs.doctor import doctor
from pipeline import worlds


def rows(count: int = 40) -> list[worlds.Item]:
    return [dict(item) for item in worlds.icons(count)]


def look(folder: Path, items: list[worlds.Item], **options: object) -> dict[str, list[str]]:
    """Check -> `level: line; fix` of every finding about these rows."""
    found: dict[str, list[str]] = {}
    for finding in doctor(str(worlds.as_csv(folder, items)), **options).findings:
        found.setdefault(finding.check, []).append(f"{finding.level}: {finding.line}; {finding.fix}")
    return found


def only(found: dict[str, list[str]], check: str, level: str) -> str:
    """The one finding of this check and level."""
    lines = [line for line in found[check] if line.startswith(level)]
    assert len(lines) == 1, found[check]
    return lines[0]


def test_sound_data_teacher_and_student(tmp_path, capsys):
    clip = f"hf:{worlds.model('clip')}"
    diagnosis = doctor(worlds.data(), teacher=clip, student="conv-s", cache=worlds.cache_folder(), out=tmp_path / "run")
    said = capsys.readouterr().out
    assert diagnosis.exit_code == 0
    assert said.splitlines() == [str(finding) for finding in diagnosis.findings]
    by_check = {finding.check: finding for finding in diagnosis.findings if finding.level == "ok"}
    assert set(by_check) >= {"rows", "ids", "splits", "captions", "leakage", "pictures", "normalisation", "frozen"}
    assert set(by_check) >= {"width", "time", "memory", "disk"}
    assert "all 40 rows read and decoded" in by_check["rows"].line
    assert "train 29 image+text; validation 6 image+text; test 5 image+text" in by_check["splits"].line
    assert "500 steps with their validations" in by_check["time"].line
    assert not (tmp_path / "run").exists()


def test_leaks_are_found_across_splits_exact_and_near(tmp_path):
    items = rows()
    training = [item for item in items if item["split"] == "train"]
    test = [item for item in items if item["split"] == "test"]
    test[0]["image"], test[1]["image"] = training[0]["image"], recompressed(training[1]["image"])
    test[2]["text"] = training[2]["text"].upper()
    found = look(tmp_path, items)
    line = only(found, "leakage", "warning")
    assert "the pictures of 2 of 5 test rows stand in training too" in line
    assert f"(first: {test[0]['id']} = {training[0]['id']})" in line
    assert "1 held-out rows have a caption" in only(found, "same captions", "note")


def recompressed(png: bytes) -> bytes:
    import io

    from PIL import Image

    return encoded(Image.open(io.BytesIO(png)).convert("RGB").resize((60, 60)), "JPEG", quality=70)


def test_blank_and_worthless_captions_and_missing_ids(tmp_path):
    items = rows()
    for item in items:
        del item["id"]
    for number, item in enumerate(items):
        item["id_for_file"] = str(number)
        if number < 3:
            item["text"] = ""
        elif number < 10:
            item["text"] = "photo"
    named = [{**item, "id": item["id_for_file"]} for item in items]
    files = worlds.with_files(tmp_path, named)
    for row in files:
        row.pop("id"), row.pop("id_for_file")
    found = look(tmp_path, files)
    assert "3 of 40 rows have none" in only(found, "captions", "note")
    assert "7 of 37 rows have the same one: 'photo'" in only(found, "captions", "warning")
    assert "rows go by their number; add an `id` column" in only(found, "ids", "note")


def test_bad_rows_are_listed_and_too_many_are_an_error(tmp_path, capsys):
    items = rows()
    items[4]["image"] = b"\x89PNG damaged"
    data = str(worlds.as_csv(tmp_path, items))
    assert cli.main(["doctor", data]) == 3
    said = capsys.readouterr()
    listed = f"1 of them (2.50%) cannot be used: {items[4]['id']}: not an image"
    assert f"error    rows: all 40 rows read, {listed}" in said.out
    assert "rows: all 40 rows read" in said.err.rstrip("\n").rpartition("\n")[2]
    assert "mend them or raise --max-bad" in said.err
    assert cli.main(["doctor", data, "--max-bad", "5%"]) == 0


def test_sizes_of_pictures_against_the_towers(tmp_path):
    items = rows()
    for item in items[:30]:
        item["image"] = encoded(picture(int(item["image"][60]), (12, 14)))
    for item in items[30:]:
        item["image"] = encoded(picture(1, (200, 40)))
    found = look(tmp_path, items, teacher=f"hf:{worlds.model('clip')}", student="conv-s")
    assert "shorter side 12 to 40 px" in only(found, "pictures", "ok")
    lines = [line for line in found["pictures"] if line.startswith("warning")]
    assert any("30 of 40 are less than half as large as the 64 px of student.image" in line for line in lines)
    assert any("30 of 40 are less than half as large as the 32 px of teacher.image" in line for line in lines)
    assert any("10 of 40 are so long that the centre crop of teacher.image" in line for line in lines)


def test_tokens_that_are_cut_or_unknown(tmp_path):
    items = rows()
    for item in items[:10]:
        item["text"] = "word " * 100
    for item in items[10:]:
        item["text"] = "\N{OGHAM LETTER BEITH}\N{OGHAM LETTER LUIS} " * 3 + item["id"]
    found = look(tmp_path, items, student="conv-s")
    line = [line for line in found["tokens"] if line.startswith("warning: student.text cuts")]
    assert "cuts 10 of 40 captions (25.0%) at 48 tokens" in line[0]
    assert any("of the tokens are unknown to student.text" in line for line in found["tokens"])


def test_a_preprocessing_for_pixels_of_255_is_found(tmp_path):
    folder = tmp_path / "clip"
    shutil.copytree(worlds.model("clip"), folder)
    path = folder / "preprocessor_config.json"
    plain = json.loads(path.read_text()) | {"image_mean": [123.7, 116.3, 103.5], "image_std": [0.01, 0.01, 0.01]}
    path.write_text(json.dumps(plain))
    diagnosis = doctor(worlds.data(), teacher=f"hf:{folder}")
    assert diagnosis.exit_code == 3
    assert diagnosis.message.startswith("normalisation: what teacher.image sees has mean -1")
    levels = {f.level: f.line for f in diagnosis.findings if f.check == "normalisation"}
    assert "mean 124/116/104" in levels["warning"]


def test_a_teacher_that_knows_nothing_of_the_data(tmp_path, capsys):
    data = str(worlds.as_csv(tmp_path, worlds.icons(60)))
    assert cli.main(["doctor", data, "--teacher", f"hf:{worlds.model('clip')}"]) == 3
    assert "knows nothing about this data: image<->text MRR" in capsys.readouterr().err


def test_real_encoders_without_a_shared_space(tmp_path):
    """EfficientNet-Lite0 and MiniLM: pictures that look alike have captions that read alike, measurably."""
    found = look(tmp_path, rows(), teacher="icons", student="conv-s")
    assert "projectors are trained first" in only(found, "width", "note")
    assert "likeness of pictures and of captions correlate by 0." in only(found, "teacher at chance", "ok")


def test_splits_that_cannot_be_measured_on(tmp_path):
    items = rows()
    for item in items:
        item["split"] = "train" if item["split"] == "test" else item["split"]
    diagnosis = doctor(str(worlds.as_csv(tmp_path, items)))
    assert diagnosis.exit_code == 3
    assert diagnosis.message.startswith("splits: 'test' holds 0 rows with image and text where at least 2 are needed")


def test_data_without_captions(tmp_path):
    items = [{"id": item["id"], "image": item["image"]} for item in worlds.icons()]
    diagnosis = doctor(str(worlds.as_csv(tmp_path, items)), student="conv-s")
    assert diagnosis.exit_code == 3
    assert "there is no column 'text'" in diagnosis.message


def test_what_distill_would_refuse_is_an_error(tmp_path):
    """The doctor of a run judges the data by what the run needs; of data alone, by whether anything can use it."""
    labelled = [{name: item[name] for name in ("id", "image", "label", "split")} for item in worlds.icons()]
    clip = f"hf:{worlds.model('clip')}"
    assert not any(line.startswith("error") for lines in look(tmp_path, labelled).values() for line in lines)
    assert "there is no column 'text'" in only(look(tmp_path, labelled, teacher=clip), "splits", "error")
    assert "there is no column 'text'" in only(look(tmp_path, labelled, student=clip), "splits", "error")
    leaking = [dict(item) for item in worlds.icons()]
    training = [item for item in leaking if item["split"] == "train"]
    for number, item in enumerate(item for item in leaking if item["split"] == "validation"):
        item["image"] = training[number]["image"]
    found = look(tmp_path, leaking)
    assert "'validation' holds 0 rows with image and text" in only(found, "splits", "error")
    assert "(6 more are left out because training has their pictures)" in only(found, "splits", "error")


def test_unreadable_rows_do_not_count(tmp_path):
    items = rows()
    for item in [item for item in items if item["split"] == "test"][1:]:
        item["image"] = b"\x89PNG damaged"
    found = look(tmp_path, items, max_bad=0.5)
    assert "'test' holds 1 rows with image and text" in only(found, "splits", "error")


def test_a_student_or_teacher_that_distill_refuses(capsys):
    clip, siglip = f"hf:{worlds.model('clip')}", f"hf:{worlds.model('siglip')}"
    assert cli.main(["doctor", worlds.data(), "--teacher", clip, "--student", "vit-image-s"]) == 3
    said = capsys.readouterr().out
    assert "error    student: vit-image-s has no text encoder; take one of image and text" in said
    assert "time:" not in said  # nothing is forecast for a run that cannot be
    assert cli.main(["doctor", worlds.data(), "--student", "vit-image-s"]) == 3
    capsys.readouterr()
    assert cli.main(["doctor", worlds.data(), "--teacher", clip, "--student", siglip]) == 3
    assert "error    stages: " in capsys.readouterr().out
    other = ["--method", "affinity_mimicking"]  # asks for no width
    assert cli.main(["doctor", worlds.data(), "--teacher", clip, "--student", siglip, *other]) == 0


def test_a_sample_says_that_it_is_one(tmp_path):
    found = look(tmp_path, rows(), sample=10)
    assert "10 of 40 rows read" in only(found, "rows", "ok")
    assert "train 29" in found["splits"][0]  # counts are of all rows


def test_mistakes():
    with pytest.raises(UsageError, match="did you mean 'icons'"):
        doctor(worlds.data(), teacher="icosn")
    with pytest.raises(UsageError, match="did you mean 'conv-s'"):
        doctor(worlds.data(), student="conv_s")
    with pytest.raises(UsageError, match="batch-size is at least 2 and steps at least 0; got 0 and -3"):
        doctor(worlds.data(), batch_size=0, steps=-3)
    with pytest.raises(UsageError, match="did you mean 'balanced'"):
        doctor(worlds.data(), method="ballanced")
    with pytest.raises(UsageError, match="sample is a number of rows"):
        doctor(worlds.data(), sample=-1)
    with pytest.raises(DataError, match="does not exist"):
        doctor("/nowhere.csv")
