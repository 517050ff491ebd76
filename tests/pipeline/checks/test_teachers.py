"""What the examination says of a teacher where rows repeat pictures, captions or groups. SYNTHETIC vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from data.made import encoded, picture
from limbeck.core.source import Source
from limbeck.data.open import open_source
from limbeck.encoders.load import load_teacher
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.teachers import Heard, check_teacher, hear
from limbeck.pipeline.measure import measure
from pipeline import worlds

ROWS = 60


@pytest.fixture
def teacher():
    return load_teacher(f"hf:{worlds.model('clip')}")


def rows(folder: Path, *, captions: int = ROWS, pictures: int = ROWS, groups: int = 0) -> Source:
    """Pairs of which so many captions, pictures and groups are distinct; 0 groups leave the column out."""
    items = [
        {"id": f"r{n}", "image": encoded(picture(n % pictures, (32, 32))), "text": f"thing {n % captions}"}
        | ({"group": f"g{n % groups}"} if groups else {})
        for n in range(ROWS)
    ]
    return open_source(worlds.as_csv(folder, items))


def said(models, source: Source, vectors: dict[str, torch.Tensor] | None = None) -> list[Finding]:
    """What is not ok with what the teacher says, or with other vectors in its place."""
    heard = hear(models, source, range(len(source)), seconds=1e9)
    if vectors is not None:
        unit = {name: torch.nn.functional.normalize(rows, dim=1).numpy() for name, rows in vectors.items()}
        heard = Heard(heard.rows, unit, heard.seconds, heard.content)
    return [finding for finding in check_teacher(models, source, heard) if finding.level != "ok"]


def test_what_is_heard_says_which_rows_hold_the_same(teacher, tmp_path):
    source = rows(tmp_path, captions=3, pictures=30)
    heard = hear(teacher, source, range(ROWS), seconds=1e9)
    assert heard.content["text"].tolist() == [n % 3 for n in range(ROWS)]
    assert heard.content["image"].tolist() == [n % 30 for n in range(ROWS)]


def test_the_figures_are_those_of_an_evaluation(teacher, tmp_path):
    source = rows(tmp_path, captions=6)
    (finding,) = said(teacher, source)
    (metric, *_) = measure(teacher.encoders, source, range(ROWS), (RetrievalEvaluator((1,)),)).metrics
    interval = f"({metric.low:.1%} to {metric.high:.1%}) on 60 rows, 6 of them independent"
    assert f"MRR {metric.value:.1%} {interval}, chance {metric.chance:.1%}" in finding.line


def test_a_caption_that_is_ranked_second_is_second_however_often_the_first_one_stands_in_the_data(teacher, tmp_path):
    """Row by row, the 3 copies of the first caption would make it the fourth, which cannot be told from chance."""
    own = torch.arange(ROWS) % 20
    caption = torch.eye(20)
    image = 0.8 * caption[own] + 0.9 * caption[(own + 1) % 20]
    assert said(teacher, rows(tmp_path, captions=20), {"image": image, "text": caption[own]}) == []


def test_few_captions_or_groups_are_too_few_for_an_error(teacher, tmp_path):
    vectors = {name: torch.randn(ROWS, 12) for name in ("image", "text")}
    vectors["text"] = -vectors["image"]  # wrong in every row
    (finding,) = said(
        teacher, rows(tmp_path / "a", captions=6), vectors | {"text": vectors["text"][torch.arange(ROWS) % 6]}
    )
    assert (finding.level, finding.check) == ("warning", "teacher at chance")
    assert "on 60 rows, 6 of them independent, chance" in finding.line
    (finding,) = said(teacher, rows(tmp_path / "b", groups=6), vectors)
    assert (finding.level, finding.check) == ("warning", "teacher at chance")
    (finding,) = said(teacher, rows(tmp_path / "c"), vectors)
    assert (finding.level, finding.check) == ("error", "teacher at chance")
    assert "knows nothing" in finding.line


@pytest.mark.parametrize(("same", "modality"), [("captions", "text"), ("pictures", "image")])
def test_rows_that_are_all_alike_are_not_the_fault_of_the_teacher(same, modality, teacher, tmp_path):
    (finding,) = said(teacher, rows(tmp_path, **{same: 1}))
    assert (finding.level, finding.check) == ("warning", "teacher at chance")
    assert finding.line == f"all 60 rows have one {modality}: they cannot tell what {teacher.name} knows"


def test_one_answer_to_a_few_captions_is_counted_by_captions(teacher, tmp_path):
    source = rows(tmp_path, captions=4)
    vectors = {"image": torch.randn(ROWS, 12), "text": torch.ones(ROWS, 12)}
    (finding,) = said(teacher, source, vectors)
    assert (finding.level, finding.check) == ("error", "teacher")
    assert finding.line == "its text encoder gives one answer to 4 different rows"


def test_a_broken_encoder_is_found_beside_a_column_that_is_all_alike(teacher, tmp_path):
    source = rows(tmp_path, captions=1)
    found = said(teacher, source, {"image": torch.ones(ROWS, 12), "text": torch.ones(ROWS, 12)})
    assert [(finding.level, finding.check) for finding in found] == [
        ("error", "teacher"),
        ("warning", "teacher at chance"),
    ]
    assert "its image encoder gives one answer to 60 different rows" in found[0].line


def test_one_group_in_all_rows_cannot_tell_what_the_teacher_knows(teacher, tmp_path):
    (finding,) = said(teacher, rows(tmp_path, groups=1))
    assert (finding.level, finding.check) == ("warning", "teacher at chance")
    assert finding.line.startswith("nearly every answer is right")
    assert "chance 100.0%" in finding.line
    assert "`group` column" in finding.fix


def test_towers_without_a_shared_space_are_not_blamed_for_one_caption_either(tmp_path):
    pair = load_teacher(f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}")
    found = said(pair, rows(tmp_path, captions=1))
    assert [(finding.level, finding.check) for finding in found] == [
        ("note", "width"),
        ("warning", "teacher at chance"),
    ]


def test_rows_all_distinct_are_judged_as_before(teacher, tmp_path):
    vectors = torch.randn(ROWS, 12)
    source = rows(tmp_path)
    assert said(teacher, source, {"image": vectors, "text": vectors}) == []
    unit = torch.nn.functional.normalize(vectors, dim=1).numpy()
    plain = Heard(tuple(range(ROWS)), {"image": unit, "text": unit})
    content = {name: np.arange(ROWS) for name in ("image", "text")}
    counted = Heard(plain.rows, plain.vectors, {}, content)
    assert list(check_teacher(teacher, source, plain)) == list(check_teacher(teacher, source, counted))
