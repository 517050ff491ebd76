"""Puts a comparison's numbers into its lab page: `python docs/lab/write.py runs/demo/comparison.json icons-demo`.

The JSON is kept beside the page, and everything between the two `result` comments is made from it: no figure is typed.
What stands between the two `shipped` comments is read from the recipes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from limbeck.compare.stopwatch import took
from limbeck.core.describe import KEY, describe
from limbeck.recipes.projects.icons import icons, icons_no_teacher

HERE = Path(__file__).resolve().parent
MARKED = "(<!-- {0} -->\\n).*(<!-- end of {0} -->)"


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
        means = {arm: plain["arms"][arm][metric]["mean"]["value"] for arm in arms}
        shares = ", ".join(f"{arm} {mean / means['teacher']:.1%}" for arm, mean in means.items() if arm != "teacher")
        lines.append(f"- {metric}: {shown}. Of the teacher: {shares}.")
    lines += ["", "| tower | parameters | MB (fp32) | ms an item, batch 1 | ms an item, batch 64 |"]
    lines.append("|---|---|---|---|---|")
    for name, cost in plain["cost"].items():
        times = " | ".join(f"{cost['milliseconds'][size]:.2f}" for size in ("1", "64"))
        lines.append(f"| {name} | {cost['parameters']:,} | {cost['megabytes']:.1f} | {times} |")
    versions = ", ".join(f"{name} {value}" for name, value in plain["versions"].items())
    lines += ["", f"Made by `limbeck demo --seeds {len(plain['seeds'])}` with {versions}."]
    if "seconds" in plain:
        lines[-1] += f" It {took(plain['seconds'])}."
    return "\n".join([*lines, ""])


def shipped() -> str:
    """The settings of the demo's recipes as they are now, as Markdown."""
    lines = ["What ships, read from the recipes. A row marked (kept) below names a choice that was kept; its steps and"]
    lines += ["batch are those of an older try, not these:", ""]
    for recipe in (icons(), icons_no_teacher()):
        for stage in recipe.stages:
            budget, how = stage.budget, stage.optimisation
            rows = " and ".join(f"{count} `{kind}`" for kind, count in budget.batch.items())
            lines.append(
                f"- `{recipe.name}`, stage `{stage.name}`: {budget.steps} steps of {rows} rows, learning rate "
                f"{how.learning_rate:g}, weight decay {how.weight_decay:g}."
            )
    shifts = ", ".join(f"{name} {value}" for name, value in describe(icons().data.jitters[0]).items() if name != KEY)
    lines.append(f"- Every arm: student `{icons().student}`, `{type(icons().data.jitters[0]).__name__}` ({shifts}).")
    return "\n".join([*lines, ""])


def put(text: str, mark: str, content: str) -> str:
    """A page with other content between the two comments of a mark."""
    return re.sub(MARKED.format(mark), lambda found: found[1] + content + found[2], text, flags=re.S)


def main() -> None:
    """Copy the JSON beside the page and rewrite the page's result."""
    source, name = Path(sys.argv[1]), sys.argv[2]
    plain = json.loads(source.read_text())
    (HERE / f"{name}.json").write_text(json.dumps(plain, indent=1) + "\n")
    text = (HERE / f"{name}.md").read_text()
    (HERE / f"{name}.md").write_text(put(put(text, "result", page(plain)), "shipped", shipped()))


if __name__ == "__main__":
    main()
