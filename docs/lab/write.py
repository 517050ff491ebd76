"""Puts a comparison's numbers into its lab page: `python docs/lab/write.py runs/demo/comparison.json icons-demo`.

The JSON is kept beside the page, and everything between the two `result` comments is made from it: no figure is typed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MARKED = re.compile(r"(<!-- result -->\n).*(<!-- end of result -->)", re.S)


def interval(found: dict[str, Any], *, signed: bool = False) -> str:
    """A share as per cent with its interval."""
    sign = "+" if signed else ""
    value, low, high = (f"{100 * found[key]:{sign}.1f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def page(plain: dict[str, Any]) -> str:
    """The result as Markdown."""
    arms = list(plain["arms"])
    metrics = list(plain["arms"][arms[0]])
    lines = [
        f"Seeds {', '.join(map(str, plain['seeds']))}; % with 95 % intervals over items and seeds; "
        f"n = {plain['arms'][arms[0]][metrics[0]]['mean']['n']} test icons.",
        "",
        f"| metric | {' | '.join(arms)} | chance |",
        f"|---|{'---|' * (len(arms) + 1)}",
    ]
    for metric in metrics:
        cells = [interval(plain["arms"][arm][metric]["mean"]) for arm in arms]
        chance = 100 * plain["arms"][arms[0]][metric]["mean"]["chance"]
        lines.append(f"| {metric} | {' | '.join(cells)} | {chance:.1f} |")
    lines += ["", f"| paired difference, points | {' | '.join(plain['differences'])} |"]
    lines.append(f"|---|{'---|' * len(plain['differences'])}")
    for metric in metrics:
        cells = [interval(found[metric], signed=True) for found in plain["differences"].values()]
        lines.append(f"| {metric} | {' | '.join(cells)} |")
    lines += ["", "By seed:", ""]
    for metric in ("image<->text R@1", "image<->text R@10"):
        shown = "; ".join(
            f"{arm} {', '.join(f'{100 * v:.1f}' for v in plain['arms'][arm][metric]['by seed'])}" for arm in arms
        )
        student, teacher = (plain["arms"][arm][metric]["mean"]["value"] for arm in ("distilled", "teacher"))
        lines.append(f"- {metric}: {shown}. Distilled reaches {student / teacher:.0%} of the teacher.")
    lines += ["", "| tower | parameters | MB (fp32) | ms an item, batch 1 | ms an item, batch 64 |"]
    lines.append("|---|---|---|---|---|")
    for name, cost in plain["cost"].items():
        times = " | ".join(f"{cost['milliseconds'][size]:.2f}" for size in ("1", "64"))
        lines.append(f"| {name} | {cost['parameters']:,} | {cost['megabytes']:.1f} | {times} |")
    versions = ", ".join(f"{name} {value}" for name, value in plain["versions"].items())
    return "\n".join([*lines, "", f"Made by `limbeck demo --seeds {len(plain['seeds'])}` with {versions}.", ""])


def main() -> None:
    """Copy the JSON beside the page and rewrite the page's result."""
    source, name = Path(sys.argv[1]), sys.argv[2]
    plain = json.loads(source.read_text())
    (HERE / f"{name}.json").write_text(json.dumps(plain, indent=1) + "\n")
    text = (HERE / f"{name}.md").read_text()
    (HERE / f"{name}.md").write_text(MARKED.sub(lambda found: found[1] + page(plain) + found[2], text))


if __name__ == "__main__":
    main()
