"""Runs the documentation: `make docs-check`, or `python docs/check.py docs/guide/own-data.md`.

* A fenced block whose first line is ```` ```sh run ```` or ```` ```python run ```` is executed. The blocks of one
  page run in order in one new folder; `exit=3` after `run` says which exit code is expected (0 otherwise).
* ```` ```text says ```` after such a block: each of its lines stands in that block's output, stdout or stderr
  (`...` in a line stands for anything).
* A page that holds the comment `<!-- docs-check: checkout -->` runs in a copy of the tree instead of an empty folder.
* Every relative link of every page leads somewhere, to the heading too.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1\s*$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CHECKOUT = "<!-- docs-check: checkout -->"
SECONDS = 900


@dataclass
class Block:
    """One executable block of a page."""

    language: str
    text: str
    line: int
    exit_code: int = 0
    says: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """The README, the contributor's pages and everything under docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """The executable blocks of a page with what their output must say."""
    found: list[Block] = []
    for match in FENCE.finditer(text):
        words = match.group(2).split()
        line = text.count("\n", 0, match.start()) + 1
        if words[1:2] == ["run"]:
            expected = next((int(word[5:]) for word in words[2:] if word.startswith("exit=")), 0)
            found.append(Block(words[0], match.group(3), line, expected))
        elif words[1:2] == ["says"]:
            if not found:
                raise ValueError(f"line {line}: 'says' without a block that runs")
            found[-1].says += [each for each in match.group(3).splitlines() if each.strip()]
    return found


def says(output: str, line: str) -> bool:
    """Whether the output holds the line; runs of blanks are one blank, `...` is anything."""
    pieces = [re.escape(" ".join(piece.split())) for piece in line.split("...")]
    return re.search(".*".join(pieces), " ".join(output.split())) is not None


def run_page(page: Path, cache: Path) -> list[str]:
    """What went wrong on one page; nothing is the answer hoped for."""
    text = page.read_text(encoding="utf-8")
    found = blocks(text)
    if not found:
        return []
    name = page.relative_to(ROOT)
    with tempfile.TemporaryDirectory(prefix="limbeck-docs-") as temporary:
        folder = Path(temporary)
        if CHECKOUT in text:
            folder = folder / "limbeck"
            copy_tree(folder)
        for block in found:
            started = time.monotonic()
            code, output = run_block(block, folder, cache, checkout=CHECKOUT in text)
            print(f"{name}:{block.line} exit {code} after {time.monotonic() - started:.1f} s", flush=True)
            problems = [] if code == block.exit_code else [f"exit code {code}, expected {block.exit_code}"]
            problems += [f"does not say: {line}" for line in block.says if not says(output, line)]
            if problems:
                return [f"{name}:{block.line}: {'; '.join(problems)}\n{block.text}--- output\n{output}"]
    return []


def run_block(block: Block, folder: Path, cache: Path, *, checkout: bool) -> tuple[int, str]:
    """Exit code and output of one block."""
    if block.language in ("sh", "bash", "console"):
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    elif block.language == "python":
        command = [sys.executable, "-c", block.text]
    else:
        return 1, f"cannot run '{block.language}'"
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LIMBECK_CACHE": str(cache),
        "HF_HUB_OFFLINE": "1",
    }
    if checkout:  # the copy, not the tree that it was copied from
        environment["PYTHONPATH"] = str(folder / "src")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, f"no end after {SECONDS} s"
    return done.returncode, done.stdout


def copy_tree(target: Path) -> None:
    """What git would hand over, with what is not committed yet; without .git nothing that is made by a run."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(".venv", "runs", ".*_cache", "__pycache__"))
        return
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as the usual Markdown renderers make them."""
    headings = re.findall(r"^#+\s+(.*)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    text = page.read_text(encoding="utf-8")
    bad = []
    for target in LINK.findall(FENCE.sub("", text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        exists = file.exists()
        if exists and anchor and file.suffix == ".md":
            exists = anchor in anchors(file.read_text(encoding="utf-8"))
        if not exists:
            bad.append(f"{page}: the link {target} leads nowhere")
    return bad


def main() -> int:
    """Check the pages that are named, or all."""
    parser = argparse.ArgumentParser(description="Run the documentation.")
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--links", action="store_true", help="check links only, run nothing")
    given = parser.parse_args()
    chosen = [page.resolve() for page in given.pages] or pages()
    problems = [line for page in chosen for line in broken_links(page)]
    with tempfile.TemporaryDirectory(prefix="limbeck-cache-") as cache:
        for page in [] if given.links else chosen:
            problems += run_page(page, Path(cache))
    for line in problems:
        print(line, file=sys.stderr)
    print(f"{len(chosen)} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
