"""The documentation's checker can fail; links hold; pages that take seconds run as they stand.

`make docs-check` runs the others too.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("limbeck_docs_check", ROOT / "docs" / "check.py")
check = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = check
spec.loader.exec_module(check)

# Pages that train, embed real pictures or run whole suites: minutes.
MINUTES = {"CONTRIBUTING.md", "docs/guide/compare.md", "docs/guide/own-data.md"}
EXECUTABLE = {p.relative_to(ROOT).as_posix(): p for p in check.pages() if check.blocks(p.read_text())}
RUNS = "```sh run\necho one two\n```\n\n```text says\none...two\n```\n"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "ROOT", tmp_path)

    def write(text: str) -> Path:
        (tmp_path / "page.md").write_text(text)
        return tmp_path / "page.md"

    return write


@pytest.mark.parametrize("path", check.pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    assert check.broken_links(path) == []


@pytest.mark.parametrize("path", check.pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_are_well_formed(path):
    assert all(block.language in ("sh", "bash", "python") for block in check.blocks(path.read_text()))


@pytest.mark.skipif(
    not Path(sys.executable).with_name("limbeck").exists(), reason="limbeck is not installed beside this python"
)
@pytest.mark.parametrize("name", sorted(EXECUTABLE.keys() - MINUTES))
def test_the_page_does_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))  # this tree, whatever is installed
    assert check.run_page(EXECUTABLE[name], tmp_path) == []


def test_pages_that_wait_for_docs_check_exist():
    assert EXECUTABLE.keys() > MINUTES


def test_a_page_that_holds(page, tmp_path):
    assert check.run_page(page(RUNS), tmp_path) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RUNS.replace("echo one two", "false"), "exit code 1, expected 0"),
        (RUNS.replace("echo one two", "echo one"), "does not say: one...two"),
        (RUNS.replace("run", "run exit=3"), "exit code 0, expected 3"),
        ("```python run\nraise SystemExit(4)\n```\n", "exit code 4"),
        ("```sh run\ntrue | false | true\n```\n", "exit code 1"),
    ],
)
def test_a_page_that_lies_is_caught(page, tmp_path, text, says):
    (problem,) = check.run_page(page(text), tmp_path)
    assert says in problem


def test_blocks_of_a_page_share_a_folder_that_is_new(page, tmp_path):
    text = "```sh run\ntest -z \"$(ls)\"\necho x > a\n```\n```python run\nassert open('a').read() == 'x\\n'\n```\n"
    assert check.run_page(page(text), tmp_path) == []


def test_a_dead_link_is_caught(page):
    assert check.broken_links(page("see [this](nowhere.md)"))
    assert check.broken_links(page("# A heading\n\nsee [this](#another-heading)"))
    assert not check.broken_links(page("# A `b` heading\n\nsee [this](page.md#a-b-heading), [that](#a-b-heading)"))


def test_a_block_that_is_not_marked_does_not_run(page, tmp_path):
    assert check.run_page(page("```sh\nexit 1\n```\n"), tmp_path) == []
