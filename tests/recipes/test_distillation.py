"""Every method as `limbeck distill` and `limbeck compare` run it: no right answer of a group is pushed apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from limbeck.core.discovery import methods
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.data.open import open_source
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.train import train
from limbeck.recipes.bases import balanced, no_teacher
from limbeck.recipes.distillation import student_stage, with_groups
from limbeck.verbs.distill import draft, fill
from pipeline import worlds

ROWS, GROUP = 8, Ref("target", "group")
CONTRASTIVE = ("DCLLoss", "InfoNCELoss", "SimilarityDistributionMatchingLoss")


def terms_of(method: str) -> dict[str, Term]:
    """The terms of the stage that the commands make."""
    recipe = draft("x", teacher="icons", student="conv-s", draws=0, seed=0, max_bad=0.01)
    full = fill(
        recipe, {"image+text": 100}, method=method, steps=2, batch_size=8, learning_rate=1e-3, aligned=True
    )  # fmt: skip
    (stage,) = full.stages
    return dict(stage.terms)


def loss_of(term: Term, group: Tensor | None) -> Tensor:
    """The loss on random vectors, the same ones every time; a group arrives only where the term is wired to it."""
    generator = torch.Generator().manual_seed(0)
    inputs = {name: torch.randn(ROWS, 6, generator=generator) for name in sorted(term.inputs)}
    if "scale" in inputs:
        inputs["scale"] = torch.tensor(10.0)
    told = inputs.pop("target_group", None) is not None and group is not None
    return term.objective(**inputs, **({"target_group": group} if told else {}))


CASES = [
    (method, name)
    for method in sorted(methods())
    for name, term in terms_of(method).items()
    if "target_group" in term.objective.inputs()
]


def test_every_term_that_contrasts_is_told_the_group():
    for method in methods():
        for name, term in terms_of(method).items():
            told = "target_group" in term.inputs
            assert told == ("target_group" in term.objective.inputs()), (method, name)
            assert told == (type(term.objective).__name__ in CONTRASTIVE), (method, name)
            assert not told or term.inputs["target_group"] == GROUP, (method, name)
    assert {method for method, _ in CASES} == set(methods()) - {"feature_matching"}


@pytest.mark.parametrize(("method", "name"), CASES)
def test_a_group_takes_its_rows_out_of_the_wrong_answers_and_leaves_all_others_bit_equal(method, name):
    term = terms_of(method)[name]
    plain = loss_of(term, None)
    assert torch.equal(loss_of(term, torch.arange(ROWS)), plain)
    shared = torch.arange(ROWS)
    shared[1] = 0
    assert not torch.equal(loss_of(term, shared)[:2], plain[:2])


def trained(folder: Path, terms: Mapping[str, Term], *, group: str = "") -> list[Tensor]:
    """Weights after two steps on 40 icons, every row of which is in one of two groups or has a group of its own."""
    items = [{**item, **({"group": f"{group}{n % 2}"} if group else {})} for n, item in enumerate(worlds.icons())]
    source = open_source(worlds.as_csv(folder / "data", items))
    stage = student_stage(Method(terms), steps=2, batch={"image+text": 8}, learning_rate=1e-3)
    recipe = replace(worlds.finished().recipe, teacher=None, stages=(replace(stage, terms=terms),), seed=4)
    rows = Rows({"image+text": tuple(range(20))}, tuple(range(20, 26)), tuple(range(26, 32)))
    done = train(recipe, source, rows, None, folder=folder / "run")
    return [parameter.detach() for parameter in done.student.model.parameters()]


def test_groups_change_what_is_trained_and_rows_of_their_own_change_no_bit(tmp_path):
    bare = no_teacher().terms
    told = student_stage(no_teacher(), steps=2, batch={"image+text": 8}, learning_rate=1e-3).terms
    plain = trained(tmp_path / "plain", bare)
    assert all(map(torch.equal, plain, trained(tmp_path / "alone", told)))
    assert all(map(torch.equal, plain, trained(tmp_path / "ignored", bare, group="g")))
    assert not all(map(torch.equal, plain, trained(tmp_path / "told", told, group="g")))


def test_a_method_keeps_its_own_wiring_and_its_weights():
    theirs = balanced().terms
    other = replace(theirs["contrast"], inputs={**theirs["contrast"].inputs, "target_group": Ref("target", "label")})
    assert with_groups({"contrast": other}) == {"contrast": other}
    told = student_stage(balanced(), steps=2, batch={"image+text": 8}, learning_rate=1e-3).terms
    assert "target_group" not in theirs["contrast"].inputs  # claims are measured with these
    assert list(told) == list(theirs)
    for name, term in theirs.items():
        assert {key: ref for key, ref in told[name].inputs.items() if key != "target_group"} == dict(term.inputs)
        assert told[name].weight == term.weight
        assert type(told[name].objective) is type(term.objective)
