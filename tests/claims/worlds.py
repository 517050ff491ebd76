"""Two claims in a paper file of their own: one of recipes on 40 icons, one a study. Synthetic teacher, real icons."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from limbeck.claims import fingerprint
from limbeck.claims.found import find_claim
from limbeck.claims.measure import measure_claim
from limbeck.recipes import papers
from pipeline import worlds

FILE = '''"""A paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from limbeck.core.recipe import Budget, Claim, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.bases import affinity_mimicking, feature_matching, no_teacher


def fresh_claim() -> Recipe:
    """Affinities beside the pairs."""
    claim = Claim(
        statement="Affinities help.",
        source="Nobody 2020",
        metric="image<->text MRR",
        published="+1 point",
        also=("image->text R@5",),
        baselines={"no teacher": "fresh_no_teacher", "feature matching": "fresh_features"},
        setup="40 icons.",
    )
    return replace(_small("fresh_claim", affinity_mimicking()), claim=claim)


def fresh_no_teacher() -> Recipe:
    """The pairs alone."""
    return _small("fresh_no_teacher", no_teacher())


def fresh_features() -> Recipe:
    """Vectors alone."""
    return _small("fresh_features", feature_matching())


def fresh_study() -> Study:
    """Twice as much is more."""
    claim = Claim(
        statement="More is more.", source="Nobody 2021", metric="score", baselines={"less": "half of it"}, quick=True
    )
    return Study("fresh_study", measure=_measure, claim=claim)


def _measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    values = np.random.default_rng(seed).random(50)
    return {"method": {"score": values}, "less": {"score": values / 2}}


def _small(name: str, method: Method) -> Recipe:
    budget = Budget(5, batch={"image+text": 8})
    stage = StageSpec("student", method.terms, method.trains(), budget, Optimisation(precision="fp32"))
    return Recipe(name, DataSpec(DATA), CLIP, (stage,), teacher=CLIP, evaluators=(RetrievalEvaluator(),))


'''


@contextmanager
def papered(folder: Path, text: str = "") -> Iterator[Path]:
    """`recipes/papers` with one more file."""
    clip = f"hf:{worlds.model('clip')}"
    path = folder / "fresh_paper.py"
    path.write_text((text or FILE) + f"CLIP, DATA = {clip!r}, {worlds.data()!r}\n")
    before = papers.__path__
    papers.__path__ = [*before, str(folder)]
    forget()
    try:
        yield path
    finally:
        papers.__path__ = before
        forget()


def forget() -> None:
    """As a new process would see the files."""
    sys.modules.pop("limbeck.recipes.papers.fresh_paper", None)
    if hasattr(papers, "fresh_paper"):
        del papers.fresh_paper
    for cached in (fingerprint.source_file, fingerprint._imports, fingerprint._source_hash):
        cached.cache_clear()
    import importlib

    importlib.invalidate_caches()


@cache
def entry(name: str) -> dict[str, Any]:
    """A measured entry; do not change it."""
    folder = worlds.root() / "papers"
    folder.mkdir(exist_ok=True)
    with papered(folder):
        return measure_claim(find_claim(name), cache=worlds.cache_folder(), jobs=1)
