from __future__ import annotations

import dataclasses
from pathlib import Path

from limbeck.core.term import Term
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.stages.checkpoint import differences
from limbeck.stages.identity import identity_of
from stages import worlds


def identity(**given: object) -> dict[str, object]:
    spec = worlds.spec(**{k: v for k, v in given.items() if k in ("steps", "terms", "learning_rate", "batch")})
    parts = worlds.producers()
    if "teacher" in given:
        parts["teacher.text"].identity = given["teacher"]
    return identity_of(spec, parts, seed=int(given.get("seed", 0)), given={"data": given.get("data", "d1")})


def test_every_semantic_change_is_named() -> None:
    base = identity()
    assert differences(base, identity()) == []
    changed = identity(steps=21, learning_rate=0.5, teacher="other", data="d2", seed=1, batch={"image+text": 3})
    assert differences(base, changed) == [
        "data: 'd1' -> 'd2'",
        "seed: 0 -> 1",
        "stage.budget.batch.image+text: 12 -> 3",
        "stage.budget.steps: 20 -> 21",
        "stage.optimisation.learning_rate: 0.01 -> 0.5",
        "teachers.teacher.text: 'weights-text' -> 'other'",
    ]
    fewer = {name: term for name, term in worlds.TERMS.items() if name != "affinity"}
    assert "stage.terms.affinity.weight: 0.5 -> absent" in differences(base, identity(terms=fewer))


def test_objectives_from_outside_the_package_have_an_identity_too() -> None:
    class Own(InfoNCELoss):
        pass

    terms = {"own": Term(Own(), dict(worlds.TERMS["contrast"].inputs))}
    assert identity(terms=terms)["stage"]["terms"]["own"]["objective"]["part"].endswith("Own")


def test_it_is_what_json_gives_back() -> None:
    found = identity(data={"path": Path("x"), "sizes": (1, 2)})
    assert found["data"] == {"path": "x", "sizes": [1, 2]}
    assert dataclasses.is_dataclass(worlds.spec())
