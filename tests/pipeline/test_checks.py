"""The parts of the examination: what `tests/verbs/test_doctor.py` cannot reach from outside."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.made import encoded, picture
from limbeck.core.augmentation import Augmentation
from limbeck.core.discovery import recipes
from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, ResourceError, UsageError
from limbeck.core.features import Features
from limbeck.core.recipe import DataSpec, Optimisation, Recipe
from limbeck.core.source import Source
from limbeck.data.open import open_source
from limbeck.data.scan import ScanReport, scan
from limbeck.data.splits import split_of
from limbeck.encoders.load import load_teacher
from limbeck.encoders.student import make_student
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.pipeline.apprentice import recipe_of
from limbeck.pipeline.checks import costs
from limbeck.pipeline.checks.before import check_stages, check_towers, foresee, shared_width
from limbeck.pipeline.checks.costs import Pace, Plan, check_costs, measure_student
from limbeck.pipeline.checks.examine import choose, plan_of
from limbeck.pipeline.checks.finding import Finding, stop_on_errors, worst
from limbeck.pipeline.checks.leakage import find_leaks, leakage
from limbeck.pipeline.checks.rows import check_rows
from limbeck.pipeline.checks.teachers import Heard, check_teacher, hear
from limbeck.stages.optimizer import make_optimizer
from limbeck.verbs.distill import draft, fill
from pipeline import worlds


def opened(folder: Path, items: list[worlds.Item]) -> Source:
    return open_source(worlds.as_csv(folder, items))


def levels(findings) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(finding.check, []).append(finding.level)
    return found


# --- findings --------------------------------------------------------------------------------------------------------
def test_a_finding_is_one_line_and_levels_are_ordered():
    finding = Finding("warning", "tokens", "ten are cut", "take more")
    assert str(finding) == "warning  tokens: ten are cut; take more"
    assert worst([]) == "ok"
    assert worst([Finding("note", "a", "b"), Finding("error", "a", "b"), finding]) == "error"
    with pytest.raises(UsageError, match="did you mean 'error'"):
        Finding("eror", "a", "b")


def test_errors_stop_by_kind_and_can_be_allowed_by_name():
    memory, data = Finding("error", "memory", "none left"), Finding("error", "splits", "nothing", "add rows")
    stop_on_errors([Finding("warning", "splits", "few")])
    with pytest.raises(ResourceError, match=r"memory: none left \(1 more"):
        stop_on_errors([memory, data])
    with pytest.raises(DataError, match="splits: nothing; add rows$"):
        stop_on_errors([memory, data], allow=["memory"])
    stop_on_errors([memory, data], allow=["memory", "splits"])
    with pytest.raises(UsageError, match="did you mean 'splits'"):
        stop_on_errors([data], allow=["split"])


# --- leakage ---------------------------------------------------------------------------------------------------------
def planted(folder: Path) -> tuple[Source, dict[str, list[int]]]:
    """Rows 0 and 1 of test are rows 4 and 5 of training, the second one re-encoded; row 2 is nobody's."""
    pictures = [encoded(picture(number, (48, 48))) for number in range(10)]
    pictures[0], pictures[1] = pictures[4], encoded(picture(5, (48, 48)), "JPEG", quality=80)
    splits = ["test"] * 3 + ["validation"] + ["train"] * 6
    items = [
        {"id": f"r{n}", "image": p, "text": f"thing {n}", "split": s}
        for n, (p, s) in enumerate(zip(pictures, splits, strict=True))
    ]
    source = opened(folder, items)
    return source, split_of(source)


def test_exact_and_near_leaks_are_taken_out_of_the_held_out_rows(tmp_path):
    source, splits = planted(tmp_path)
    leaks = find_leaks(source, splits)
    assert {(p.first, p.second, p.exact) for p in leaks.pictures["test"]} == {(0, 4, True), (1, 5, False)}
    assert leaks.without(splits) == {"train": [4, 5, 6, 7, 8, 9], "validation": [3], "test": [2]}
    assert leaks.lines(source) == [
        "2 test rows are left out because training has their picture (1 exact, 1 near), first: r0 = r4"
    ]
    (found,) = leakage(source, leaks)
    assert found.level == "warning"
    assert "2 of 3 test rows" in found.line


def test_one_picture_in_many_rows_costs_a_pair_a_row(tmp_path):
    """As a shop's "no picture": all pairs would be 30 x 30."""
    blank, other = encoded(picture(0, (48, 48))), encoded(picture(1, (48, 48)))
    items = [{"id": f"t{n}", "image": blank, "text": f"thing {n}", "split": "train"} for n in range(30)]
    items += [{"id": f"h{n}", "image": blank, "text": f"held {n}", "split": "test"} for n in range(30)]
    items += [{"id": "v", "image": other, "text": "other", "split": "validation"}]
    source = opened(tmp_path, items)
    for most in (100, 0, 10):  # by look, by bytes, and some by each
        leaks = find_leaks(source, split_of(source), most=most)
        assert [(p.first, p.second, p.exact) for p in leaks.pictures["test"]] == [(n, 0, True) for n in range(30, 60)]
        assert leaks.pictures["validation"] == ()


def test_training_rows_of_one_picture_need_a_group(tmp_path):
    one, two, three = (encoded(picture(number, (48, 48))) for number in range(3))
    rows = [(one, "a", ""), (one, "b", ""), (two, "c", "g"), (two, "d", "g"), (three, "e", ""), (three, "E ", ""),
            (one, "", "")]  # fmt: skip
    items = [
        {"id": f"r{n}", "image": p, "text": text, "group": group, "split": "train"}
        for n, (p, text, group) in enumerate(rows)
    ]
    items += [{"id": f"h{n}", "image": encoded(picture(9 + n)), "text": "x", "split": "test"} for n in range(2)]
    source = opened(tmp_path, items)
    leaks = find_leaks(source, split_of(source))
    assert [(pair.first, pair.second) for pair in leaks.twins] == [(1, 0)]
    (found,) = [finding for finding in leakage(source, leaks) if finding.check == "same pictures"]
    assert found.level == "warning"
    assert "1 of 7 training rows have the picture of another one and other words (first: r0 = r1)" in found.line
    assert "`group`" in found.fix


def test_beyond_the_limit_equal_bytes_are_still_found(tmp_path):
    source, splits = planted(tmp_path)
    leaks = find_leaks(source, splits, most=0)
    assert [(p.first, p.second) for p in leaks.pictures["test"]] == [(0, 4)]
    said = leakage(source, leaks)
    assert "0 of 6 training pictures" in next(f.line for f in said if f.check == "near duplicates")


def test_a_source_that_keeps_itself_clean_is_not_compared(tmp_path):
    source, splits = planted(tmp_path)
    source.removed = ()  # what the icons have
    leaks = find_leaks(source, splits)
    assert leaks.kept_clean
    assert leaks.without(splits) == splits


# --- rows ------------------------------------------------------------------------------------------------------------
def test_nothing_and_ids_that_occur_twice(tmp_path):
    source = opened(tmp_path, list(worlds.icons()[:8]))
    report = scan(source)
    source.rows = tuple(replace(row, id="same") for row in source.rows)
    found = levels(check_rows(source, split_of(source), report, max_bad=0.0))
    assert found["ids"] == ["error"]
    source.rows = ()
    assert levels(check_rows(source, {}, ScanReport(0, (), {}), max_bad=0.0)) == {"rows": ["error"]}


def said(folder: Path, items: list[worlds.Item], check: str, **options) -> list[str]:
    """What `check_rows` finds by one check, without what is ok."""
    source = opened(folder, items)
    found = check_rows(source, split_of(source), scan(source), max_bad=0.0, **options)
    return [str(finding) for finding in found if finding.check == check and finding.level != "ok"]


def pictures(count: int = 40, **changes: object) -> list[worlds.Item]:
    return [{name: item[name] for name in ("id", "image", "label", "split")} | changes for item in worlds.icons(count)]


def test_rows_that_leaked_do_not_count(tmp_path):
    source, splits = planted(tmp_path)
    found = check_rows(source, splits, scan(source), max_bad=0.0, leaks=find_leaks(source, splits))
    lines = [finding for finding in found if finding.check == "splits"]
    assert "train 6 image+text; validation 1 image+text; test 1 image+text" in lines[0].line
    assert "'test' holds 1 rows with image and text where at least 2 are needed (2 more are left out" in lines[2].line
    assert lines[2].level == "error"
    assert lines[2].fix == "give the rows of one picture one `group`, or add rows with pictures of their own"
    assert "left out" not in lines[1].line  # the one validation row is nobody's


def test_rows_of_one_group_are_one_item_of_an_interval(tmp_path):
    items = [
        {"id": f"{s}{n}", "image": encoded(picture(n)), "text": f"{s} {n}", "group": f"{s}{n % 5}", "split": s}
        for s in ("train", "validation", "test")
        for n in range(120 if s == "test" else 4)
    ]
    (line,) = (line for line in said(tmp_path / "a", items, "splits") if "'test'" in line)
    assert "120 rows with image and text, of which 5 share neither group nor caption" in line
    assert "+-44 points; give it 100 and more of those" in line
    for kept, expected in ((("image", "text", "group", "split"), []), (("image", "text", "split"), ["note"])):
        numbered = [{name: item[name] for name in kept} for item in items]
        source = open_source(worlds.as_parquet(tmp_path / "-".join(kept), numbered))
        found = check_rows(source, split_of(source), scan(source), max_bad=0.0)
        # an inserted row moves others, but not where a group says in which split a row falls
        assert [finding.level for finding in found if finding.check == "ids" and finding.level == "note"] == expected


def test_pictures_with_classes_do_for_classes_not_for_pairs(tmp_path):
    assert all("intervals" in line for line in said(tmp_path, pictures(), "splits"))
    (line,) = said(tmp_path, pictures(), "splits", pairs=True)
    assert line.startswith("error    splits: there is no column 'text'")


def test_an_empty_split_of_pictures_is_said(tmp_path):
    found = said(tmp_path, [item for item in pictures() if item["split"] != "test"], "splits")
    assert "warning  splits: 'test' holds 0 rows with image where at least 2 are needed" in found[-1]
    assert said(tmp_path, pictures(split="test"), "splits")[0].startswith("warning  splits: no training row has image;")


def test_one_class_is_none(tmp_path):
    (line,) = said(tmp_path, pictures(label="cat"), "labels")
    assert line.startswith("error    labels: 40 rows have the one label 'cat'")
    captioned = [item | {"text": item["id"]} for item in pictures(label="cat")]
    assert said(tmp_path, captioned, "labels")[0].startswith("warning")
    assert said(tmp_path, pictures(), "labels") == []


def test_blank_captions_are_one_error_with_their_fix(tmp_path):
    items = [dict(item) | {"text": ""} for item in worlds.icons()]
    (line,) = said(tmp_path, items, "splits")
    assert line == "error    splits: no training row has image and text; every 'text' is blank: fill them in"


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_ids_that_are_numbers_are_ids(kind, tmp_path):
    """What pandas exports: 0, 1, 2, ... in a column `id`."""
    items = [dict(item) | {"id": number} for number, item in enumerate(worlds.icons())]
    source = open_source(worlds.FORMATS[kind](tmp_path, items))
    found = [f for f in check_rows(source, split_of(source), scan(source), max_bad=0.0) if f.check == "ids"]
    assert [f.level for f in found] == ["ok"]


# --- towers and stages -----------------------------------------------------------------------------------------------
def planned() -> Recipe:
    first = draft("x", teacher="any", student="any", draws=0, seed=0, max_bad=0.0)
    return fill(first, {"image+text": 28}, method="balanced", steps=2, batch_size=8, learning_rate=1e-3, aligned=True)


def test_a_tower_that_is_not_there_is_one_line_with_its_fix(teacher):
    clip, half = make_student(f"hf:{worlds.model('clip')}", width=12), make_student("vit-image-s")
    with pytest.raises(
        UsageError, match="^student: vit-image-s has no text encoder; take one of image and text, such as"
    ):
        check_stages(planned(), half, teacher)
    words = replace(teacher, name="words", encoders={"text": teacher.encoders["text"]}, aligned=False)
    with pytest.raises(UsageError, match="^teacher: words has no image encoder; name a dual encoder, or two models"):
        check_stages(planned(), clip, words)
    check_stages(planned(), clip, teacher)
    images = replace(planned(), stages=(replace(planned().stages[0], terms={}, trains=("student.image",)),))
    assert list(check_towers(images, half, words)) == []  # what is not read is not missed


def test_what_the_wiring_refuses_is_foreseen(teacher):
    fits, wide = (make_student(f"hf:{worlds.model('clip')}", width=width) for width in (12, 16))
    assert foresee(planned(), fits, teacher) == []
    (finding,) = foresee(planned(), wide, teacher)
    assert (finding.level, finding.check) == ("error", "stages")
    assert "has 16, teacher" in finding.line
    half = make_student("vit-image-s")
    assert [finding.check for finding in foresee(planned(), half, teacher)] == ["student"]
    assert [finding.check for finding in foresee(planned(), half, None)] == ["student"]
    assert foresee(planned(), fits, None) == foresee(planned(), None, teacher) == []


# --- teachers --------------------------------------------------------------------------------------------------------
@pytest.fixture
def teacher():
    return load_teacher(f"hf:{worlds.model('clip')}")


def test_a_thawed_teacher_is_an_error(teacher, tmp_path):
    source = open_source(worlds.data())
    assert levels(check_teacher(teacher, source, Heard(())))["frozen"] == ["ok"]
    next(teacher.encoders["image"].parameters()).requires_grad_(True)
    assert levels(check_teacher(teacher, source, Heard(())))["frozen"] == ["error"]
    teacher.encoders["image"].requires_grad_(False).train()
    assert levels(check_teacher(teacher, source, Heard(())))["frozen"] == ["error"]


def test_a_teacher_that_says_the_same_of_everything_is_an_error(teacher):
    source = open_source(worlds.data())
    teacher.encoders["text"].head = torch.nn.Linear(16, 12)
    torch.nn.init.zeros_(teacher.encoders["text"].head.weight)
    teacher.encoders["text"].requires_grad_(False)
    heard = hear(teacher, source, range(len(source)), seconds=5)
    found = [f for f in check_teacher(teacher, source, heard) if f.level == "error"]
    assert [f.line for f in found] == ["its text encoder gives one answer to 40 different rows"]


def test_a_teacher_that_knows_the_data_passes_and_a_shuffled_one_does_not(teacher):
    """SYNTHETIC vectors: one for each row, the same in both modalities, then dealt anew."""
    source = open_source(worlds.data())
    vectors = torch.nn.functional.normalize(torch.randn(40, 12), dim=1).numpy()
    heard = Heard(tuple(range(40)), {"image": vectors, "text": vectors})
    assert levels(check_teacher(teacher, source, heard))["teacher at chance"] == ["ok"]
    heard = Heard(tuple(range(40)), {"image": vectors, "text": vectors[torch.randperm(40).numpy()]})
    assert levels(check_teacher(teacher, source, heard))["teacher at chance"] == ["warning"]  # 40 rows are too few


def test_the_teacher_is_asked_about_as_much_as_time_allows(teacher):
    source = open_source(worlds.data())
    assert len(hear(teacher, source, range(40), seconds=1e9).rows) == 40
    assert len(hear(teacher, source, range(40), seconds=0).rows) == 8
    few = hear(teacher, source, range(3), seconds=5)
    assert levels(check_teacher(teacher, source, few))["teacher at chance"] == ["note"]


def test_half_a_teacher_is_an_error(teacher):
    half = replace(teacher, encoders={"text": teacher.encoders["text"]}, aligned=False)
    source = open_source(worlds.data())
    found = [f for f in check_teacher(half, source, Heard(())) if f.level == "error"]
    assert "has no image encoder" in found[0].line


# --- costs -----------------------------------------------------------------------------------------------------------
PLAN = Plan(
    {"image": 500, "text": 100}, {"image": 500, "text": 100}, {"image": 10, "text": 10}, {"image": 20, "text": 20}, 2
)
PACE = {"image": Pace(0.01, 0.5, 1e6, 3072), "text": Pace(0.0, 0.25, 2e6, 100)}


def forecasts(tmp_path: Path, plan: Plan = PLAN) -> dict[str, Finding]:
    student = make_student(f"hf:{worlds.model('clip')}")
    found = check_costs(
        plan, student=student, pace=PACE, teacher={"image": 0.1, "text": 0.02}, widths={"image": 12, "text": 12},
        cache=tmp_path / "cache", out=tmp_path / "run",
    )  # fmt: skip
    return {finding.check: finding for finding in found}


def test_forecasts_add_up(tmp_path):
    found = forecasts(tmp_path)
    # teacher 500 x 0.1 + 100 x 0.02; preparing 20 of 500 x 0.01; training 20 x 0.5 + 20 x 0.25 and two tiny updates
    assert found["time"].line.startswith(
        "about 67 s: teacher 52 s where nothing is cached yet, pictures and texts 0 s, 2 steps with their"
    )
    assert "(30 MB of it for one batch, 0 MB for prepared rows)" in found["memory"].line
    assert "prepared rows" not in found
    assert {finding.level for finding in found.values()} == {"ok"}


def test_what_the_store_has_no_room_for_is_prepared_again(tmp_path):
    """A million pictures of 3,072 bytes, of which 65 % stay, seen ten times."""
    many = replace(PLAN, outputs={}, views={"image": 10**6}, passes={"image": 10**7 - 1000}, validations=1000)
    found = forecasts(tmp_path, many)
    assert found["prepared rows"].level == "note"
    assert "31% of what the run sees is read and decoded again" in found["prepared rows"].line
    assert "pictures and texts 11.5 h" in found["time"].line  # (0.651 x 10^6 + 0.349 x 10^7) x 0.01 s
    assert "2.0 GB for prepared rows" in found["memory"].line
    fits = forecasts(tmp_path, replace(many, views={"image": 600_000}))
    assert "prepared rows" not in fits
    assert "pictures and texts 1.7 h" in fits["time"].line


def test_what_does_not_fit_is_an_error_with_its_fix(tmp_path, monkeypatch):
    monkeypatch.setattr(costs, "free_memory", lambda: 20_000_000)
    full = namedtuple("full", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: full(10, 10, 1000))
    found = forecasts(tmp_path)
    assert found["memory"].level == found["disk"].level == "error"
    assert "20 MB are free; take a smaller --batch-size" in found["memory"].sentence
    assert "has 0 MB free; free some space" in found["disk"].sentence
    monkeypatch.setattr(costs, "free_memory", lambda: None)
    assert forecasts(tmp_path)["memory"].level == "note"
    assert forecasts(tmp_path, replace(PLAN, passes={"image": 10**6}))["time"].level == "warning"


def test_bytes_kept_for_the_backward_pass_are_those_that_autograd_keeps():
    student = make_student(f"hf:{worlds.model('clip')}")
    source = open_source(worlds.data())
    seen = []
    watched = Watched(seen)
    pace = measure_student(student, source, range(40), DataSpec("x", draws=3, augmentations=(watched,)))
    assert len(seen) == 16 * 3  # rows that are timed, each under all of its draws, as the run prepares them
    assert set(pace) == {"image", "text"}
    assert pace["image"].view == 3 * 32 * 32
    assert all(parameter.grad is None for parameter in student.model.parameters())
    _, kept = costs._pass(Product(), {"features": torch.randn(4, 16)})
    # y = W x keeps x (4 x 16 floats, W is a weight), y^2 keeps y (4 x 8 floats)
    assert kept == 4 * 16 * 4 + 4 * 8 * 4


class Watched(Augmentation):
    """Notes what it is given."""

    modality = "image"

    def __init__(self, seen: list[object]) -> None:
        self.seen = seen

    def __call__(self, value, generator):
        self.seen.append(value)
        return value


class Product(Encoder):
    """One matrix product."""

    modality, width = "image", 8

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(16, 8, bias=False)

    def forward(self, view, *, want=("pooled",)):
        return Features(pooled=self.linear(view["features"]))


def test_free_memory_is_that_of_this_machine():
    free = costs.free_memory()
    assert free is None or 0 < free < 1 << 50


# --- plan and sample -------------------------------------------------------------------------------------------------
def test_a_plan_counts_draws_kinds_and_validations(tmp_path):
    items = [dict(item) for item in worlds.icons()]
    items[0]["image"] = ""  # a training row with text alone
    source = opened(tmp_path, items)
    splits = split_of(source)
    first = draft("x", teacher="icons", student="conv-s", draws=3, seed=0, max_bad=0.01)
    kinds = {"image+text": 28, "text": 1}
    recipe = fill(first, kinds, method="balanced", steps=20, batch_size=8, learning_rate=1e-3, aligned=True)
    plan = plan_of(recipe, source, splits)
    assert plan.outputs == {"image": 28 * 4 + 6, "text": 29 + 6}  # only pictures are augmented
    assert plan.views == {"image": 28 * 3 + 6, "text": 29 + 6}  # a student sees draws, a cache holds draw 0 as well
    assert plan.batch == {"image": 8, "text": 8 + 1}
    assert plan.passes == {"image": 20 * 8, "text": 20 * 9}
    assert (plan.steps, plan.validations, plan.stored) == (20, 10 * 6, 4)
    half = replace(recipe, data=replace(recipe.data, cache_dtype="float16"))
    assert plan_of(half, source, splits) == replace(plan, stored=2)
    (stage,) = recipe.stages
    other = replace(stage, optimisation=Optimisation(optimizer="muon"))
    assert plan_of(replace(recipe, stages=(other,)), source, splits).optimisation.optimizer == "muon"


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_an_update_is_timed_by_the_optimizer_of_the_run_and_moves_nothing(optimizer, monkeypatch):
    made = []
    monkeypatch.setattr(costs, "make_optimizer", lambda *given: made.append(make_optimizer(*given)) or made[-1])
    student = make_student(f"hf:{worlds.model('clip')}")
    before = [parameter.clone() for parameter in student.model.parameters()]
    assert costs._update_seconds(student, Optimisation(optimizer=optimizer)) > 0
    assert [type(one).__name__ for one in made] == [{"adamw": "AdamW", "muon": "MuonAdamW"}[optimizer]]
    assert all(map(torch.equal, before, student.model.parameters()))


def test_a_sample_is_the_same_every_time_and_half_held_out():
    splits = {"train": range(100), "validation": range(100, 110), "test": range(110, 120)}
    some = choose(splits, 20)
    assert some == choose(splits, 20)
    assert len(set(some)) == 20
    assert sum(row >= 100 for row in some) == 10
    assert sorted(choose(splits, 0)) == sorted(choose(splits, 500)) == list(range(120))
    assert len(choose({"train": range(2), "test": range(2, 12)}, 8)) == 8


def operated():
    """Recipes that operate on their student, of which each kind of surgery is looked at once."""
    found = {}
    for name, make in recipes().items():
        recipe = make()
        done = (*recipe.surgeries, *(one for stage in recipe.stages for one in stage.surgeries))
        if done and recipe.teacher is not None and recipe.teacher.startswith("recipe:"):
            found.setdefault(tuple(sorted(type(one).__name__ for one in done)), name)
    return sorted(found.values())


@pytest.mark.parametrize("name", operated())
def test_the_wiring_is_checked_on_the_student_as_surgeries_leave_it(name):
    recipe = recipes()[name]()
    mentor = make_student(recipe_of(recipe.teacher).student)
    theirs = TeacherModels(recipe.teacher, dict(mentor.encoders), aligned=True)
    student = make_student(recipe.student, width=shared_width(recipe, theirs))
    before = {name: value.clone() for name, value in student.model.state_dict().items()}
    check_stages(recipe, student, theirs)
    after = student.model.state_dict()
    assert before.keys() == after.keys()  # the one that was asked about is left alone
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_what_a_surgery_offers_is_known_to_the_check():
    recipe = recipes()["mask_align"]()
    mentor = make_student(recipe_of(recipe.teacher).student)
    theirs = TeacherModels(recipe.teacher, dict(mentor.encoders), aligned=True)
    bare = replace(recipe, surgeries=(), stages=tuple(replace(stage, surgeries=()) for stage in recipe.stages))
    with pytest.raises(UsageError, match="unknown output 'kept' in 'student.image'"):
        check_stages(bare, make_student(recipe.student), theirs)
