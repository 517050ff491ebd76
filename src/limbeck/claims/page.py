"""`docs/claims.md`, made from the ledger: nothing in it is typed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck.claims.found import claim_of, claims, paper_files
from limbeck.claims.ledger import SLOW_SECONDS, entries, is_stale, loop_changes
from limbeck.claims.teachers import teachers_of
from limbeck.claims.verdict import VERDICTS
from limbeck.core.describe import describe
from limbeck.core.recipe import Recipe
from limbeck.core.study import METHOD, Study

_HEAD = """# Claims

<!-- made by `limbeck claims --docs` from claims/*.json; edits here are lost -->

What published methods say of themselves, measured here in miniature. Each method runs against its paper's own baseline,
which decides the verdict, on the same test items with the same seeds and data order. Where a teacher teaches a student,
that student without any teacher and plain feature matching run beside it, and a student with inherited weights where
both are transformers of one kind; if one of the three is missing, "differs from the paper" says why. A student's own
moving average is no teacher, and what only maps or compares frozen encoders is no student. Steps are those of all that
an arm trains itself, a teacher of its own included; where they differ on purpose, the arm's name says so. A difference
is method minus baseline with a 95 % interval over seeds and test items; *reproduced* means that the interval lies on
the claimed side of zero (or of the margin that the claim names), *contradicted* that it lies on the other side. What is
one number a run, and whose difference is the same under every seed (parameters, a correlation that all arms share), has
no interval: there is nothing that varies.
Each arm reads the test split once, after its settings are fixed; arms that joined a claim later are measured alone. A
published figure and ours are different experiments: only the direction is compared.

A claim should take at most ten minutes on two cores. Its times count every arm under every seed, whichever run measured
it where a measurement was taken up again, shared out over the processes that measured at once: of the processor, and by
the clock, which also counts what else the machine did. *Slow* took more than ten minutes of the processor, *slow by the
clock* by the clock alone. Arms that were taken over count with their training by the clock. What was trained before for
another claim, and an arm that was stopped half-way, do not count.

An entry is stale where the parts of its arms, what they import from the rooms of mechanisms, its settings or the way it
is evaluated have changed since. The training loop and its optimizers are noted instead: nearly every change of theirs
leaves what a claim trains as it is. What reads data and what opens frozen teachers is in neither.
"""

_PROCESSOR, _CLOCK = "of the processor", "by the clock"


def claims_page(folder: Path) -> str:
    """The page as Markdown.

    Args:
        folder: of the ledger.
    """
    known, found = claims(), entries(folder)
    listed = {name: entry for name, entry in found.items() if name in known}
    stale = {name for name, entry in listed.items() if is_stale(entry, known[name])}
    # Words may get better without a new measurement: they decide nothing, and what they tell of the arms is in the
    # fingerprint. An entry of another set-up is therefore stale, and keeps the words that it was measured under.
    words = {name: describe(claim_of(known[name])) for name in listed if name not in stale}
    listed = {name: entry | {"claim": words.get(name, entry["claim"])} for name, entry in listed.items()}
    waiting = [name for name in known if name not in found]
    empty = [file for file, names in paper_files().items() if not names]
    counts = Counter(entry["verdict"]["word"] for entry in listed.values())
    lines = [_HEAD, f"{len(listed)} claims measured: " + ", ".join(f"{counts[word]} {word}" for word in VERDICTS) + "."]
    for mark in ("slow", f"slow {_CLOCK}"):
        if slow := [f"`{name}`" for name, entry in listed.items() if _mark(_times(entry)) == mark]:
            lines.append(f"{mark.capitalize()}: {', '.join(slow)}.")
    if waiting:
        lines.append(f"Not measured yet: {', '.join(f'`{name}`' for name in waiting)}.")
    if empty:
        lines.append(f"Paper files without a claim: {', '.join(f'`{file}`' for file in empty)}.")
    if listed:
        lines += [
            "",
            "| claim | published | here: method, baseline | difference (95 %) | verdict |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(name, entry, name in stale) for name, entry in listed.items()]
    for name, entry in listed.items():
        lines += ["", *_section(name, entry, known[name], name in stale)]
    return "\n".join(lines).rstrip() + "\n"


def _row(name: str, entry: Mapping[str, Any], stale: bool) -> str:
    claim, against = entry["claim"], entry["verdict"]["against"]
    metric = claim["metric"]
    arms = entry["arms"]
    ours = f"{_number(arms[METHOD]['metrics'][metric]['mean'])}, {_number(arms[against]['metrics'][metric]['mean'])}"
    verdict = f"**{entry['verdict']['word']}**" + (" (stale)" if stale else "")
    cells = [
        f"[{name}](#{name})",
        claim["published"] or "no figure",
        f"{ours} ({metric})",
        _difference(entry["differences"][against][metric]),
        verdict,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _section(name: str, entry: Mapping[str, Any], item: Recipe | Study, stale: bool) -> list[str]:
    claim, verdict = entry["claim"], entry["verdict"]
    metrics = [claim["metric"], *(m for m in claim["also"] if m != claim["metric"])]
    lines = [
        f"## {name}",
        "",
        claim["statement"],
        "",
        f"Source: {claim['source']}. Published: {claim['published'] or 'no figure'}.",
    ]
    for word, key in (("Set-up", "setup"), ("Differs from the paper", "differs"), ("Settings", "tuning")):
        if claim[key]:
            lines += ["", f"{word}: {claim[key]}"]
    lines += ["", f"Verdict: **{verdict['word']}** ({verdict['reason']})."]
    if stale:
        lines += ["", "**Stale**: the code that its arms are made of has changed since; measure it again."]
    if changed := loop_changes(entry):
        lines += ["", f"The training loop has changed since, in {', '.join(f'`stages/{one}.py`' for one in changed)}."]
    head = "| arm | steps | " + " | ".join(metrics) + " | method minus arm: " + ", ".join(metrics) + " |"
    lines += ["", head, "|---" * (len(metrics) + 3) + "|"]
    for arm, one in entry["arms"].items():
        means = [_number(one["metrics"][metric]["mean"]) for metric in metrics]
        deltas = [_difference(entry["differences"][arm][metric]) for metric in metrics] if arm != METHOD else [""]
        decides = " (decides)" if arm == verdict["against"] else ""
        lines.append("| " + " | ".join([arm + decides, _steps(one), *means, "; ".join(deltas)]) + " |")
    older: dict[str, list[str]] = {}
    for arm, one in entry["arms"].items():
        if one.get("carried"):
            older.setdefault("commit {commit:.10}, {measured}".format(**one["carried"]), []).append(arm)
    lines += [f"\nMeasured earlier, and taken over: {', '.join(arms)} ({when})." for when, arms in older.items()]
    if again := entry.get("restated"):
        lines.append(
            f"\nIntervals computed again on {again['date']} by the code of {_code(again['commit'])}: {again['why']}."
        )
    controls = sorted({text for one in entry["arms"].values() for text in one.get("failed controls", ())})
    lines += [f"\n{text}" for text in controls]
    where = _code(entry["commit"] + ("-dirty" if entry["dirty"] else ""))
    data = ", ".join(sorted({one["path"] for one in entry["data"]})) or "as the study opens it"
    teachers = teachers_of(item) + (" (by its recipe of today)" if stale else "")
    lines += [
        "",
        f"{len(entry['seeds'])} seeds, budget in {claim['budget']}, {_took(entry)}, measured with {where}, "
        f"{entry['measured']}; data {data}; teacher {teachers}.",
    ]
    return lines


def _code(commit: str | None) -> str:
    """A commit as `core.checkout` names it."""
    number, _, changed = (commit or "").partition("-")
    return (f"commit {number[:10]}" if number else "no commit") + (" with uncommitted changes" if changed else "")


def _took(entry: Mapping[str, Any]) -> str:
    times, jobs = _times(entry), entry["jobs"]
    shown = ", ".join(f"{seconds:.0f} s {how}" for how, seconds in times.items())
    return f"{jobs} process{'es' if jobs > 1 else ''}, {shown}" + (f" (**{mark}**)" if (mark := _mark(times)) else "")


def _mark(times: Mapping[str, float]) -> str:
    """`slow`, by the clock where the processor was not busy for that long, or nothing."""
    if times.get(_PROCESSOR, 0.0) > SLOW_SECONDS:
        return "slow"
    return f"slow {_CLOCK}" if times[_CLOCK] > SLOW_SECONDS else ""


def _times(entry: Mapping[str, Any]) -> dict[str, float]:
    """How -> seconds; older entries have none of the processor.

    An entry's `seconds` and `cpu seconds` are sums over the records of all runs that it took; its `wall seconds` are
    those of the last run alone, and more than its share of the sum where that did everything, preparations too.
    """
    jobs = entry["jobs"]
    carried = sum(sum(one["seconds by seed"]) for one in entry["arms"].values() if one.get("carried")) / jobs
    times = {_PROCESSOR: entry["cpu seconds"] / jobs + carried} if "cpu seconds" in entry else {}
    return times | {_CLOCK: max(entry["wall seconds"], entry["seconds"] / jobs) + carried}


def _steps(arm: Mapping[str, Any]) -> str:
    return str(arm["steps"]) if arm.get("steps") else ""


def _difference(plain: Mapping[str, Any]) -> str:
    value, low, high = (_number(plain[key], signed=True) for key in ("value", "low", "high"))
    # of one item that no seed changes there is no sample; the ledger's bounds are those of a rule for samples of hits
    constant = plain["items"] == 1 and plain["error"] == 0
    return value if constant else f"{value} ({low} to {high})"


def _number(value: float, *, signed: bool = False) -> str:
    """Three digits that count."""
    text = f"{value:+.3g}" if signed else f"{value:.3g}"
    return f"{float(text):+.0f}" if signed and "e" in text else f"{float(text):.0f}" if "e+" in text else text
