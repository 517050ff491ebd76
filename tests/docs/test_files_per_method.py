"""The count of files a method took: what is its own, what is shared, and what stands on the page."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "docs" / "lab"
spec = importlib.util.spec_from_file_location("limbeck_docs_files_per_method", LAB / "files_per_method.py")
count = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = count
spec.loader.exec_module(count)

USES = {
    "src/limbeck/recipes/papers/a.py": {"src/limbeck/layers/own.py", "src/limbeck/layers/both.py"},
    "src/limbeck/recipes/papers/b.py": {"src/limbeck/layers/both.py"},
    "src/limbeck/layers/own.py": {"src/limbeck/functional/deep.py", "src/limbeck/layers/tool.py"},
    "src/limbeck/verbs/some.py": {"src/limbeck/layers/tool.py"},
}


def test_own_files_are_those_that_nothing_else_imports(monkeypatch):
    files = set(USES).union(*USES.values())
    monkeypatch.setattr(count, "imports", lambda file: frozenset(USES.get(file, ())))
    monkeypatch.setattr(count, "package", lambda: tuple(files))
    needed = {name: count.reached([f"src/limbeck/recipes/papers/{name}.py"]) for name in "ab"}
    assert count.alone("a", needed) == {
        "src/limbeck/recipes/papers/a.py", "src/limbeck/layers/own.py", "src/limbeck/functional/deep.py"
    }  # fmt: skip
    assert count.alone("b", needed) == {"src/limbeck/recipes/papers/b.py"}


def test_imports_are_read_from_the_file():
    found = count.imports("src/limbeck/recipes/papers/taid.py")
    assert found
    assert all(file.startswith("src/limbeck/") and (count.ROOT / file).exists() for file in found)


def test_mirrored_tests_are_found():
    assert count.tests_of(["src/limbeck/evaluation/holm.py", "src/limbeck/evaluation/none.py"]) == {
        "tests/evaluation/test_holm.py"
    }


def test_the_page_has_a_row_for_every_paper():
    rows = [line.split(" | ")[0] for line in count.PAGE.read_text().splitlines() if line.startswith("| ")]
    shown = {count.number_of(row) for row in rows[1:]}
    assert shown == {count.number_of(count.claim_of(item).source) for item in count.claims().values()}
    # else: python docs/lab/files_per_method.py


def test_contributors_are_told_the_figures_of_the_page():
    """The page is generated; where its figures change, so has the sentence in CONTRIBUTING, and README's median."""
    last = re.search(r"(\d+) papers\..*median (\d+), (\d+) to (\d+)\..*for (\d+) of them", count.PAGE.read_text())
    assert last is not None
    papers, median, least, most, without = last.groups()
    told = " ".join((count.ROOT / "CONTRIBUTING.md").read_text().split())
    assert f"What {papers} published methods took" in told
    assert f"a median of {median} files added, {least} to {most}, tests included" in told
    assert f"for {without} of {papers} papers; edits of the other {int(papers) - int(without)} are" in told
    assert f"a median of {median} new files" in " ".join((count.ROOT / "README.md").read_text().split())
