"""How many files a published method took: `python docs/lab/files_per_method.py` writes `files-per-method.md` beside it.

Claims say which paper they are of; imports say which files only that paper needs; git says which files that were there
before were edited in the commits that brought them. Nothing is listed by hand.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from limbeck.claims.found import claim_of, claims, paper_files

PAGE = Path(__file__).resolve().with_suffix(".md").with_name("files-per-method.md")
ROOT = PAGE.parents[2]
PACKAGE, RECIPES, PAPERS = "src/limbeck/", "src/limbeck/recipes/", "src/limbeck/recipes/papers/"


@dataclass(frozen=True)
class Method:
    """What one paper took.

    Args:
        source: authors, year, number.
        claims: names.
        recipes: files of `recipes/` that no other paper needs.
        parts: other files of the package that no other paper, and nothing else in it, needs.
        shared: files of mechanisms and recipes that it needs and somebody else too.
        tests: of its own parts and recipes, by their mirrored paths.
        edited: file that was there before -> commits that edited it while they brought one of the method's own files.
        commits: that brought them; how many papers each of these brought files of.
    """

    source: str
    claims: tuple[str, ...]
    recipes: tuple[str, ...]
    parts: tuple[str, ...]
    shared: tuple[str, ...]
    tests: tuple[str, ...]
    edited: tuple[str, ...]
    commits: Mapping[str, int]


def methods() -> list[Method]:
    """Every paper that a claim names, in order."""
    known = claims()
    by_source: dict[str, list[str]] = {}
    for name, item in known.items():
        by_source.setdefault(number_of(claim_of(item).source), []).append(name)
    files = {
        source: {PAPERS + file for file, owners in paper_files().items() if set(owners) & set(names)}
        for source, names in by_source.items()
    }
    needed = {source: reached(own) for source, own in files.items()}
    own = {source: alone(source, needed) for source in needed}
    brought = {source: added(found | tests_of(found)) for source, found in own.items()}
    among = {
        commit: sum(commit in found for found in brought.values()) for found in brought.values() for commit in found
    }
    return [
        Method(
            claim_of(known[names[0]]).source,
            tuple(names),
            tuple(sorted(file for file in own[source] if file.startswith(RECIPES))),
            tuple(sorted(file for file in own[source] if not file.startswith(RECIPES))),
            tuple(sorted(needed[source] - own[source])),
            tuple(sorted(tests_of(own[source]))),
            tuple(sorted({file for commit in brought[source] for file in edited(commit)})),
            {commit: among[commit] for commit in brought[source]},
        )
        for source, names in by_source.items()
    ]


def reached(files: Iterable[str]) -> set[str]:
    """Files of mechanisms and recipes that these import, directly or not, and these."""
    found: set[str] = set()
    left = list(files)
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left += [other for other in imports(file) if not re.match(PACKAGE + "(core|data|pipeline)/", other)]
    return found


def alone(source: str, needed: Mapping[str, set[str]]) -> set[str]:
    """Of what a paper needs, the files that nothing else in the package imports."""
    others = set().union(*(found for name, found in needed.items() if name != source))
    own = needed[source] - others
    while True:
        users = {file: {user for user in package() if file in imports(user)} for file in own}
        wanted = {file for file, found in users.items() if found - own}
        if not wanted:
            return own
        own -= wanted


def tests_of(files: Iterable[str]) -> set[str]:
    """Mirrored tests that are there."""
    places = (Path(file.replace(PACKAGE, "tests/")) for file in files)
    found = {(place.parent / f"test_{place.name}").as_posix() for place in places}
    return {file for file in found if (ROOT / file).exists()}


def added(files: Iterable[str]) -> list[str]:
    """Commits that brought any of these files."""
    said = _git("log", "--diff-filter=A", "--format=%h", "--", *sorted(files))
    return list(dict.fromkeys(said.split()))


@cache
def edited(commit: str) -> tuple[str, ...]:
    """Files of the package outside its recipes that a commit changed and that were there before."""
    said = _git("show", "--diff-filter=M", "--format=", "--name-only", commit, "--", PACKAGE)
    return tuple(file for file in said.split() if not file.startswith(RECIPES))


@cache
def package() -> tuple[str, ...]:
    """Every file of the package."""
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*.py")))


@cache
def imports(file: str) -> frozenset[str]:
    """Files of the package that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    places = {f"src/{name.replace('.', '/')}.py" for name in names if name.startswith("limbeck.")}
    return frozenset(places & set(package()))


def page(found: list[Method]) -> str:
    """The result as Markdown."""
    lines = [
        "| paper | claims | recipes | parts | tests | shared files used | edited meanwhile | by its commits alone |",
        f"|{'---|' * 8}",
    ]
    for one in found:
        lonely = {file for commit, papers in one.commits.items() if papers == 1 for file in edited(commit)}
        cells = [one.source, len(one.claims), len(one.recipes), len(one.parts), len(one.tests), len(one.shared)]
        lines.append(f"| {' | '.join(map(str, [*cells, len(one.edited), len(lonely)]))} |")
    sizes = sorted(len(one.recipes) + len(one.parts) + len(one.tests) for one in found)
    still = sum(not one.edited for one in found)
    lines += [
        "",
        f"{len(found)} papers. Files of its own a paper, tests included: median {sizes[len(sizes) // 2]}, "
        f"{sizes[0]} to {sizes[-1]}. Nothing was edited meanwhile for {still} of them.",
    ]
    for one in found:
        lines += ["", f"### {one.source}", "", f"Claims: {', '.join(f'`{name}`' for name in one.claims)}."]
        for what in ("recipes", "parts", "tests", "edited"):
            files = ", ".join(f"`{file.removeprefix(PACKAGE)}`" for file in getattr(one, what))
            shown = {"edited": "edited meanwhile"}.get(what, what)
            lines += ["", f"{shown.capitalize()}: {files or 'none'}."]
        commits = ", ".join(f"{commit} ({papers})" for commit, papers in one.commits.items())
        lines += ["", f"Commits, with the papers that each brought files of: {commits or 'none'}."]
    return "\n".join([*lines, ""])


def number_of(source: str) -> str:
    """The arXiv number in a source, by which claims of one paper are known; the source where it has none."""
    found = re.search(r"\d{4}\.\d{4,5}", source)
    return found[0] if found else source


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Rewrite the page's result."""
    text = re.sub(
        "(<!-- result -->\n).*(<!-- end of result -->)",
        lambda found: found[1] + page(methods()) + found[2],
        PAGE.read_text(),
        flags=re.S,
    )
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
