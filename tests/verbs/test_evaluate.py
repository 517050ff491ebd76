"""`limbeck evaluate`: runs and models, the same rows, every figure with what it needs to be read."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limbeck import cli
from limbeck.core.errors import ArtefactError, DataError, UsageError
from limbeck.evaluation.embeddings import Embeddings
from limbeck.verbs.evaluate import evaluate
from pipeline import worlds


def metrics(found) -> dict[str, float]:
    return {metric.name: metric.value for metric in found.measured.metrics}


def test_a_run_scores_what_it_scored_when_it_ended(tmp_path, capsys):
    run = worlds.finished()
    found = evaluate(str(run.folder), data=worlds.data(), out=tmp_path / "found.json")
    said = capsys.readouterr().out
    ended = json.loads((run.folder / "evaluation.json").read_text())["student"]
    plain = json.loads((tmp_path / "found.json").read_text())
    retrieval = [metric for metric in plain["metrics"] if not metric["name"].startswith("zero-shot")]
    assert retrieval == ended["metrics"]
    assert plain["data"]["split"] == "test"
    assert plain["data"]["ids"] == [item["id"] for item in worlds.icons() if item["split"] == "test"]
    assert plain["withheld"] == []
    assert found.exit_code == 0
    for line in (
        r"image .* text \(mean of both directions\)",
        r"  R@1 +[\d.]+ \([\d.]+ to [\d.]+\) +20\.0 +5\n",
        r"zero-shot\n  top-1 +[\d.]+ \([\d.]+ to [\d.]+\) +[\d.]+ +5\n",
        "shuffled control: at chance, as it must be",
        "prompts: a picture of a {}",
        r"image: 32 x 32 px, shorter side 32, centre crop, bicubic, mean 0\.481/0\.458/0\.408",
        r"text: its own tokenizer, at most 16 tokens",
    ):
        assert re.search(line, said), line


def test_a_plain_folder_and_its_run_are_one_model():
    run = worlds.finished().folder
    assert metrics(evaluate(str(run / "model"), data=worlds.data())) == metrics(evaluate(str(run), data=worlds.data()))
    by_prefix = evaluate(f"hf:{run / 'model'}", data=worlds.data(), split="test")
    assert metrics(by_prefix) == metrics(evaluate(str(run), data=worlds.data("parquet")))


def test_rows_that_a_run_trained_on_are_owned_up_to(capsys):
    found = evaluate(str(worlds.finished().folder), data=worlds.data(), split="all")
    assert len(found.rows) == 40
    assert "holds rows that the run was trained on" in capsys.readouterr().err


def test_other_data_is_named_and_divided_as_the_run_did(tmp_path, capsys):
    items = [{key: item[key] for key in ("id", "image", "text")} for item in worlds.icons(60)]
    data = str(worlds.as_csv(tmp_path, items))
    found = evaluate(str(worlds.finished().folder), data=data)
    assert 2 <= len(found.rows) < 20
    assert "not the data that the run was trained on" in capsys.readouterr().err
    assert len(evaluate(f"hf:{worlds.model('clip')}", data=data).rows) == 60  # a model without splits: all


def test_several_right_answers_for_one_picture(tmp_path):
    """Two captions a picture: a picture is one query, either caption answers it, and chance says so."""
    items = []
    for item in worlds.icons()[:10]:
        items += [item | {"id": f"{item['id']}-{n}", "text": f"{item['text']} {n}", "split": ""} for n in range(2)]
    found = evaluate(f"hf:{worlds.model('clip')}", data=str(worlds.as_parquet(tmp_path, items)))
    by_name = {metric.name: metric for metric in found.measured.metrics}
    assert by_name["image->text R@1"].n == 10
    assert by_name["text->image R@1"].n == 10  # both captions of a picture are one item of the interval
    assert "20 answers in 10 units" in by_name["text->image R@1"].note
    assert by_name["text->image R@1"].chance == pytest.approx(1 / 10)
    assert by_name["image->text R@1"].chance == pytest.approx(2 / 20)


def test_classes_and_their_prompts(tmp_path):
    items = [{key: item[key] for key in ("id", "image", "label")} for item in worlds.icons()]
    data = str(worlds.as_csv(tmp_path, items))  # no captions at all
    prompts = ("an icon of a {}", "{}, flat and black")
    found = evaluate(f"hf:{worlds.model('clip')}", data=data, prompt=prompts)
    assert found.prompts == prompts
    names = len({item["label"] for item in items})
    first = found.measured.metrics[0]
    assert (first.name, first.n, first.chance) == ("zero-shot top-1", 40, pytest.approx(1 / names))
    assert first.note == f"{names} classes; prompts: an icon of a {{}} | {{}}, flat and black"
    assert metrics(found) != metrics(evaluate(f"hf:{worlds.model('clip')}", data=data, prompt=("{}",)))


def test_figures_are_withheld_when_shuffled_pairs_score_above_chance(tmp_path, capsys, monkeypatch):
    """The control is broken on purpose: its shuffle keeps the pairs, so that a model that knows them is caught."""
    monkeypatch.setattr(Embeddings, "shuffled", lambda self, generator: _paired(self))
    code = cli.main(
        ["evaluate", str(worlds.finished().folder), "--data", worlds.data(), "--out", str(tmp_path / "o.json")]
    )
    said = capsys.readouterr()
    assert code == 3
    assert said.out.startswith("headline withheld: with shuffled pairs 'image<->text MRR' is 100.0%")
    assert "R@1 " not in said.out
    assert "headline withheld" in said.err.rstrip("\n").rpartition("\n")[2]
    plain = json.loads((tmp_path / "o.json").read_text())
    assert plain["metrics"] == []
    assert plain["withheld"]


def _paired(embeddings: Embeddings) -> Embeddings:
    width = next(iter(embeddings.vectors.values())).shape[1]
    rows = np.eye(len(embeddings), width, dtype=np.float32)
    return replace(embeddings, vectors=dict.fromkeys(embeddings.vectors, rows))


@pytest.mark.parametrize(
    ("model", "options", "phrase"),
    [
        ("runs/nothing", {}, "is neither a run nor a model; valid: a run folder, a transformers folder, hf:"),
        ("icosn", {}, "did you mean 'icons'?"),
        ("icons", {}, "has no space that image and text share (it has image and text)"),
        ("minilm", {}, "has no space that image and text share (it has text)"),
        (
            "hf:CLIP",
            {"split": "tset"},
            "unknown split 'tset'; valid: all, test, train, validation; did you mean 'test'?",
        ),
        ("hf:CLIP", {"prompt": ("a picture",)}, "a prompt template holds one '{}'"),
        ("hf:CLIP", {"prompt": ("a {}",), "data": "unlabelled"}, "--prompt asks for classes, but"),
    ],
)
def test_mistakes(model, options, phrase, tmp_path):
    data = worlds.data()
    if options.get("data"):
        items = [{key: item[key] for key in ("id", "image", "text")} for item in worlds.icons()[:4]]
        data = str(worlds.as_csv(tmp_path, items))
    options = {name: value for name, value in options.items() if name != "data"}
    with pytest.raises(UsageError, match=re.escape(phrase)):
        evaluate(model.replace("CLIP", str(worlds.model("clip"))), data=data, **options)


def test_a_near_miss_of_a_folder_and_a_folder_for_a_file(tmp_path):
    run = worlds.finished().folder
    with pytest.raises(UsageError, match=f"did you mean '{run}'"):
        evaluate(f"{run}n", data=worlds.data())
    with pytest.raises(UsageError, match="is a folder; name a JSON file"):
        evaluate(str(run), data=worlds.data(), out=tmp_path)


def test_unfinished_and_damaged_runs_are_refused(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(worlds.finished().folder, folder)
    damaged = bytearray((folder / "model" / "model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (folder / "model" / "model.safetensors").write_bytes(damaged)
    with pytest.raises(ArtefactError, match=r"model\.safetensors differs from its manifest"):
        evaluate(str(folder), data=worlds.data())
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match="not finished; type its command again"):
        evaluate(str(folder), data=worlds.data())


def test_nothing_to_measure_on(tmp_path):
    items = [item | {"split": "train"} for item in worlds.icons()[:4]]
    with pytest.raises(DataError, match="split 'test' of .* holds 0 rows with image and text.*take --split all"):
        evaluate(str(worlds.finished().folder), data=str(worlds.as_csv(tmp_path, items)))


def test_a_classifier_scores_what_it_scored_when_it_ended(capsys):
    run = worlds.classifier()
    found = evaluate(str(run.folder), data="digits")
    said = capsys.readouterr().out
    ended = json.loads((run.folder / "evaluation.json").read_text())["student"]
    assert found.measured.to_json() == ended
    assert [metric.name for metric in found.measured.metrics] == ["accuracy"]
    for line in (
        r"accuracy +[\d.]+ \([\d.]+ to [\d.]+\) +[\d.]+ +556\n",
        "shuffled control: at chance, as it must be",
        "accuracy: 10 classes; largest of",
        r"image: 8 x 8 px",
    ):
        assert re.search(line, said), line


def test_a_classifier_is_measured_on_other_data_of_its_classes_only(tmp_path):
    run = worlds.classifier()
    other = evaluate(str(run.folder), data="digits:labels=0.5")
    assert metrics(other) == metrics(evaluate(str(run.folder), data="digits"))  # labels of training rows are hidden
    with pytest.raises(UsageError, match=r"tells 10 classes apart \(0, 1, .* but digits:classes=3-7 has 5 \(3, "):
        evaluate(str(run.folder), data="digits:classes=3-7")
    with pytest.raises(UsageError, match="--prompt asks for classes by name, but .* has image only"):
        evaluate(str(run.folder), data="digits", prompt=("a {}",))
    unlabelled = worlds.as_csv(tmp_path, [{key: i[key] for key in ("id", "image")} for i in worlds.icons()[:4]])
    with pytest.raises(DataError, match="holds 0 rows with image and label; at least 2 are needed, take other data"):
        evaluate(str(run.folder), data=str(unlabelled), split="all")


def test_figures_of_a_run_without_a_control_are_not_called_controlled(capsys, monkeypatch):
    from limbeck.pipeline import assess

    measure = assess.measure
    monkeypatch.setattr(assess, "measure", lambda *given: replace(measure(*given), controls=()))
    evaluate(str(worlds.classifier().folder), data="digits")
    assert "shuffled control" not in capsys.readouterr().out


@pytest.mark.parametrize("split", ["all", None])
def test_a_single_class_is_called_that(tmp_path, split):
    items = [{"id": i["id"], "image": i["image"], "label": "cat"} for i in worlds.icons()[:12]]
    data = str(worlds.as_csv(tmp_path, items))
    said = "all 12 rows of .* with a label are of one class, 'cat'.* add rows of another label, or at least 2 with"
    with pytest.raises(DataError, match=said):
        evaluate(f"hf:{worlds.model('clip')}", data=data, split=split)
    with pytest.raises(DataError, match="split 'all' of .* holds 1 rows with image and text .*needed, take other data"):
        evaluate(f"hf:{worlds.model('clip')}", data=str(worlds.as_csv(tmp_path, worlds.icons()[:1])), split="all")


def test_a_run_lends_its_share_of_bad_rows(tmp_path, capsys):
    from limbeck.verbs.distill import distill

    items = [dict(item) for item in worlds.icons()]
    items[0]["image"] = b"no picture"
    data = str(worlds.as_csv(tmp_path, items))
    run = distill(data, **worlds.arguments(tmp_path / "run", max_bad=0.05))
    assert metrics(evaluate(str(run.folder), data=data))
    with pytest.raises(DataError, match=r"1 of 40 rows are bad, 2\.50% where 1\.00% are allowed"):
        evaluate(str(run.folder), data=data, max_bad=0.01)
    with pytest.raises(DataError, match=r"1 of 40 rows are bad, 2\.50% where 1\.00% are allowed"):
        evaluate(str(run.folder / "model"), data=data)
    assert "left out" in capsys.readouterr().err


def test_paths_may_be_strings_and_built_in_data_goes_to_the_cache(tmp_path, monkeypatch):
    from limbeck.data import places, scan

    asked = []
    opened = scan.open_source
    monkeypatch.setattr(scan, "open_source", lambda *a, **k: asked.append(places.cache_folder()) or opened(*a, **k))
    out, cache = str(tmp_path / "a.json"), str(tmp_path / "kept")
    evaluate(str(worlds.classifier().folder), data="digits", out=out, cache=cache)
    assert json.loads((tmp_path / "a.json").read_text())["metrics"]
    assert asked == [tmp_path / "kept"]


def refuses(out, phrase, monkeypatch, *, data=None):
    """`--out` is refused before a model is opened, and nothing is written."""
    from limbeck.pipeline import assess

    monkeypatch.setattr(assess, "open_judged", lambda name: pytest.fail("the model was opened"))
    before = out.read_bytes() if out.is_file() else None
    with pytest.raises(UsageError, match=phrase):
        evaluate("hf:x", data=data or worlds.data(), out=out)
    assert (out.read_bytes() if out.is_file() else None) == before


def test_out_never_replaces_what_another_wrote(tmp_path, monkeypatch):
    data = worlds.as_csv(tmp_path, worlds.icons())
    refuses(data, "is the data itself; name a new JSON file$", monkeypatch, data=str(data))
    (tmp_path / "link.json").symlink_to(data)
    refuses(tmp_path / "link.json", "is the data itself", monkeypatch, data=str(data))
    for name, text in (("notes.json", '{"model": "x"}'), ("list.json", "[1]"), ("notes.txt", "mine"), ("empty", "")):
        (tmp_path / name).write_text(text)
        refuses(tmp_path / name, f"{name} is there and is no result of `limbeck evaluate`; name a new", monkeypatch)
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    refuses(tmp_path / "latin.json", "is no result of", monkeypatch)
    refuses(tmp_path / "notes.txt" / "o.json", r"notes\.txt, which is no folder; name another", monkeypatch)


def test_out_is_not_inside_a_run_or_a_comparison(tmp_path, monkeypatch):
    run = worlds.finished().folder
    for place in (run / "evaluation.json", run / "new.json", run / "model" / "deep" / "new.json"):
        refuses(place, f"lies in {run}(/model)?, a folder that Limbeck wrote.*; name a file outside", monkeypatch)
    (tmp_path / "begun").mkdir()
    shutil.copy(run / "recipe.json", tmp_path / "begun")
    refuses(tmp_path / "begun" / "new.json", "lies in .*/begun", monkeypatch)
    (tmp_path / "alias").symlink_to(run)
    refuses(tmp_path / "alias" / "new.json", "lies in ", monkeypatch)


def test_out_is_no_device_and_no_pipe(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null")):
        refuses(place, "is no regular file; name a JSON file", monkeypatch)
        assert not place.is_file()


def test_an_earlier_result_is_replaced(tmp_path, capsys):
    out, model = tmp_path / "deep" / "o.json", f"hf:{worlds.model('clip')}"
    for name in ("manifest.json", "recipe.json"):  # of somebody else's project
        (tmp_path / name).write_text('{"name": "app"}')
    evaluate(model, data=worlds.data(), split="test", out=out)
    evaluate(model, data=worlds.data(), split="validation", out=out)
    assert json.loads(out.read_text())["data"]["split"] == "validation"


@pytest.mark.parametrize("max_bad", [-1.0, 2.0, float("nan")])
def test_a_share_of_bad_rows_is_between_0_and_1(max_bad, monkeypatch):
    from limbeck.pipeline import assess

    monkeypatch.setattr(assess, "open_judged", lambda name: pytest.fail("the model was opened"))
    with pytest.raises(UsageError, match="max-bad is a share below 1, or a percentage"):
        evaluate("hf:x", data=worlds.data(), max_bad=max_bad)


def trained_on_a_copy(tmp_path):
    """A run on data of its own, which may be moved away."""
    from limbeck.verbs.distill import distill

    data = worlds.as_csv(tmp_path / "own", worlds.icons())
    return data, distill(str(data), **worlds.arguments(tmp_path / "run"))


def test_training_rows_in_other_data_are_counted(tmp_path, capsys):
    """The file has another name and other ids, but its test rows are pictures that the run was trained on."""
    data, run = trained_on_a_copy(tmp_path)
    seen = [item for item in worlds.icons() if item["split"] == "train"][:8]
    new = worlds.icons(60)[40:44]
    items = [item | {"id": f"r{n}", "split": "test"} for n, item in enumerate([*seen, *new])]
    other = str(worlds.as_parquet(tmp_path / "other", items))
    capsys.readouterr()
    evaluate(str(run.folder), data=other)
    said = capsys.readouterr().err
    assert "not the data that the run was trained on" in said
    assert f"warning: 8 of 12 rows stand in the training rows of the run ({data}); these figures flatter it" in said
    fresh = worlds.as_parquet(tmp_path / "fresh", [item | {"split": "test"} for item in new])
    evaluate(str(run.folder), data=str(fresh))
    assert "warning" not in capsys.readouterr().err
    data.rename(tmp_path / "gone.csv")
    evaluate(str(run.folder), data=other)
    said = capsys.readouterr().err
    assert "not the data that the run was trained on" in said
    assert "warning" not in said
    assert f"note: the run was trained on {data}, which cannot be read from here" in said


def test_training_data_that_cannot_be_opened_any_more_is_no_fault(tmp_path, capsys):
    data, run = trained_on_a_copy(tmp_path)
    data.write_text("no table")
    capsys.readouterr()
    evaluate(str(run.folder), data=worlds.data("parquet"))  # the same rows, by their fingerprint
    assert "not checked" not in capsys.readouterr().err
    evaluate(str(run.folder), data=str(worlds.as_parquet(tmp_path / "other", worlds.icons(50)[40:])), split="all")
    said = capsys.readouterr().err
    assert "warning" not in said
    assert "was not checked" in said


def test_the_model_folder_of_a_run_knows_its_training_rows_too(tmp_path, capsys):
    data, run = trained_on_a_copy(tmp_path)
    capsys.readouterr()
    evaluate(str(run.folder / "model"), data=str(data), split="all")
    said = capsys.readouterr().err
    assert f"of 40 rows stand in the training rows of the run ({data}); these figures flatter it" in said
    shutil.copytree(run.folder / "model", tmp_path / "alone")
    evaluate(str(tmp_path / "alone"), data=str(data), split="all")
    assert "training rows" not in capsys.readouterr().err
