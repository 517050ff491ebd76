"""Puts a comparison's numbers into its lab page: `python docs/lab/write.py runs/demo/comparison.json icons-demo`.

It takes what `limbeck demo` leaves behind, and what `limbeck compare` does (`... compare-emoji`). The JSON is kept
beside the page, and everything between the two `result` comments is made from it: no figure is typed.
What stands between the two `shipped` comments is read from the recipes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from limbeck.compare.sentences import p_text
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
    lines += ["", "Validation by step, mean of the seeds:", "", *_validated(plain)]
    versions = ", ".join(f"{name} {value}" for name, value in plain["versions"].items())
    made = f"Made by `limbeck demo --seeds {len(plain['seeds'])}` with {versions}"
    lines += ["", f"{made}, commit {plain['commit'][:7]}." if plain.get("commit") else f"{made}."]
    if "seconds" in plain:
        lines[-1] += f" It {took(plain['seconds'])}."
    return "\n".join([*lines, ""])


def _validated(plain: dict[str, Any]) -> list[str]:
    """One line a stage and arm."""
    lines = []
    for arm, runs in plain["validation"].items():
        for stage in runs[0]:
            seeds = [dict(run[stage]) for run in runs]
            steps = sorted(set.intersection(*(set(seed) for seed in seeds)))
            shown = ", ".join(f"{sum(seed[step] for seed in seeds) / len(seeds):.1f} ({step:.0f})" for step in steps)
            lines.append(f"- {arm}, {stage}, % (step): {shown}.")
    return lines


def made(plain: dict[str, Any]) -> str:
    """The result of whichever command wrote the JSON."""
    return compared(plain) if "results" in plain else page(plain)


def compared(plain: dict[str, Any]) -> str:
    """What `limbeck compare` found, as Markdown: one table a budget with its sentences, then what tuning tried."""
    arms, asked = plain["arms"], plain["asked"]
    names = ", ".join(f"{arm} {rows}" for arm, rows in ((arm, _batch(one)) for arm, one in arms.items()))
    seeds = ", ".join(map(str, plain["seeds"]))
    lines = [
        f"`{asked['student']}` from `{asked['teacher']}` on `{asked['data']}`: seeds {seeds}, "
        f"{plain['trials an arm']} validation trials an arm, {plain['test rows']} test rows, {plain['threads']} "
        f"thread{'s' * (plain['threads'] != 1)} a process.",
        f"Rows in a batch: {names}.",
    ]
    for budget, found in plain["results"].items():
        lines += ["", f"### {budget.capitalize()}", "", *_budget(plain, found)]
    if plain["trials an arm"]:
        lines += ["", "### What tuning tried", "", *_trials(plain)]
    versions = ", ".join(f"{name} {value}" for name, value in plain["versions"].items())
    commit = f", commit {plain['commit'][:7]}" if plain.get("commit") else ""
    return "\n".join([*lines, "", f"Made with {versions}{commit}.", ""])


def _budget(plain: dict[str, Any], found: dict[str, Any]) -> list[str]:
    if found["withheld"]:
        return [f"Withheld: {'; '.join(found['withheld'])}."]
    one = found["findings"][0]
    lines = [
        f"| arm | steps | ms a step | s of steps | {one['metric']}, % | minus {one['reference']}, points | "
        f"corrected p | verdict | smallest visible ({100 * one['power']:.0f} %, at least) | may be best |",
        f"|{'---|' * 10}",
    ]
    teacher = [row["value"] for row in found["by seed"] if (row["arm"], row["metric"]) == ("teacher", one["metric"])]
    lines.append(f"| teacher | | | | {100 * sum(teacher) / len(teacher):.1f} | | | | | |")
    for arm, mean in one["means"].items():
        steps, rate = found["steps"][arm], plain["arms"][arm]["seconds a step"]
        cells = [arm, f"{steps:,}", f"{1000 * rate:.0f}", f"{steps * rate:.0f}", interval(mean)]
        against = one["against reference"].get(arm)
        if against is None:
            cells += ["", "", "reference", ""]
        else:
            seen = f"{100 * against['smallest effect']:.1f}"
            cells += [interval(against["difference"], signed=True), p_text(against["p corrected"])]
            cells += [against["verdict"], seen]
        lines.append(f"| {' | '.join([*cells, 'yes' if arm in one['may be best'] else 'no'])} |")
    return [*lines, "", "What the command says of it:", "", *(f"- {sentence}" for sentence in found["in words"])]


def _trials(plain: dict[str, Any]) -> list[str]:
    """Validation of every trial, and what was chosen."""
    count = range(plain["trials an arm"])
    lines = [f"| arm | {' | '.join(f'trial {number}' for number in count)} | chosen, times the default |"]
    lines.append(f"|{'---|' * (len(count) + 2)}")
    for arm, one in plain["arms"].items():
        values = " | ".join(f"{value:.4f}" for value in one["validation by trial"])
        chosen = {"learning rate": one["tuned"]["learning_rate"], **one["tuned"]["weights"]}
        lines.append(f"| {arm} | {values} | {', '.join(f'{name} {value:.3g}' for name, value in chosen.items())} |")
    return lines


def _batch(arm: dict[str, Any]) -> str:
    return " then ".join(
        " and ".join(f"{count} `{kind}`" for kind, count in batch.items()) for batch in arm["batch"].values()
    )


def shipped() -> str:
    """The settings of the demo's recipes as they are now, as Markdown."""
    lines = ["What ships, read from the recipes. A row marked (kept) below names a choice that was kept; its steps and"]
    lines += ["batch are those of an older try, not these:", ""]
    for recipe in (icons(), icons_no_teacher()):
        for stage in recipe.stages:
            budget, how = stage.budget, stage.optimisation
            rows = " and ".join(f"{count} `{kind}`" for kind, count in budget.batch.items())
            lines.append(
                f"- `{recipe.name}`, stage `{stage.name}`: {budget.steps} steps of {rows} rows, {how.optimizer}, "
                f"learning rate {how.learning_rate:g}, weight decay {how.weight_decay:g}."
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
    (HERE / f"{name}.md").write_text(put(put(text, "result", made(plain)), "shipped", shipped()))


if __name__ == "__main__":
    main()
