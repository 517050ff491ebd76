"""`python -m benchmarks.table` writes docs/benchmarks.md from `results/*.json`; nothing there is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `python -m benchmarks.run` from `benchmarks/results/*.json`; do not edit. Figures are medians with quartiles
in brackets, over rounds in which the contestants took turns. A target is judged by the median.

* `make bench` measures everything that needs no optional package.
* `python -m benchmarks.run --open-clip PYTHON` adds open_clip, run by an interpreter of yours that has it.
"""


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page for results by name of benchmark."""
    parts = [HEAD, _targets(results)]
    for name, write in SECTIONS.items():
        if name in results:
            parts.append(write(results[name]["results"]))
    parts.append(_machines(results))
    return "\n".join(parts)


def write_page(folder: Path, target: Path = PAGE) -> Path:
    """Read every result of the folder and write the page."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    target.write_text(page(found), encoding="utf-8")
    return target


def _targets(results: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (each["name"], _number(each["value"]), each["wanted"], "yes" if each["reached"] else "**no**")
        for result in results.values()
        for each in result["results"]["targets"]
    ]
    return "\n## Targets\n\n" + _table(("what", "measured", "wanted", "reached"), rows)


def _training(found: Mapping[str, Any]) -> str:
    rates = [(name, _spread(each), _torch(each)) for name, each in found["contestants"].items()]
    ratios = [(name, _spread(each)) for name, each in found["ratios"].items()]
    return f"""
## Training

Two towers, `vit-192`: ViT of width 192, 6 layers, 8 px patches at 64 px; causal text transformer of width 192,
3 layers, vocabulary 30,522; batch {found["batch"]}. Limbeck: `limbeck.stages.fit` with its loader, guards, clipping and
log. open_clip: `open_clip_train.train.train_one_epoch` over ready tensors padded to 32 tokens, so that its loading is
free. Longest text of the first batches: {", ".join(map(str, found["tokens_trimmed"]))} tokens; the text encoder may run
rows of like length together. The live teacher is a ViT-B/32 with random weights on the student's own pictures (139 M
parameters, 5 picture tokens: the cheapest that open_clip's loop allows); the cached one is read from our cache.

{_table(("loop", "pairs/s", "torch"), rates)}
{_table(("how many times as fast", "median [quartiles]"), ratios)}"""


def _teacher(found: Mapping[str, Any]) -> str:
    rows = [
        (what, *(_spread(found[what][kind]) for kind in ("live", "cached")), _spread(found[f"{what}, times as fast"]))
        for what in ("step", "teacher alone")
    ]
    return f"""
## The demo's teacher, live and cached

EfficientNet-Lite0 at 160 px and MiniLM under bf16 autocast; student `{found["student"]}`,
{found["pairs a batch"]} pairs a batch, pictures prepared. Seconds.

{_table(("", "live", "cached", "times as fast"), rows)}"""


def _cache(found: Mapping[str, Any]) -> str:
    rows = [(name, _spread(found[name])) for name in ("in memory", "mapped from the file", "open and verify, seconds")]
    return f"""
## Reading the teacher cache

{found["rows"]} rows of width {found["width"]}, batches of {found["batch"]} random rows, warm file cache.

{_table(("", "embeddings/s"), rows)}"""


def _loader(found: Mapping[str, Any]) -> str:
    kinds = ("TrainLoader", "decode and resize", "decode", "share of decode and resize", "share of decode")
    rows = [(name, *(_spread(each[kind]) for kind in kinds)) for name, each in found["formats"].items()]
    first = f"""
## Loader

500 x 375 JPEG and 256 px PNG, crops of two photographs, to 64 px, pictures a second. The loader also tokenises a
caption a picture, normalises and stacks; the others only decode (and resize). The target is 90 % of decoding alone.

**The first epoch**, nothing prepared beforehand. A loader also has to resize, which takes a share of the time that no
loader can leave out and stay bit-equal to the exported processor, so the shares of both are judged:

{_table(("files", *kinds), rows)}"""
    return "\n".join((first, _loader_runs(found), _loader_profile(found["profile"], found["formats"])))


def _loader_runs(found: Mapping[str, Any]) -> str:
    epochs = [f"{number} epochs" for number in found["epochs"]]
    runs = [
        (name, kind, _spread(each["decode"]), *(_run(each, f"{kind}, {number}") for number in epochs))
        for name, each in found["runs"].items()
        for kind in found["kinds"]
    ]
    return f"""**Whole training runs**, each from an empty store, as `limbeck` trains: what was prepared is kept (by the
loader, for all workers), and a row is decoded once for all the stored draws that the run will see of it; `decode`
decodes every picture in every epoch. In brackets after a rate: its share of decoding alone, by which a run is judged.
Unless told otherwise `limbeck distill` takes {found["kinds"][-1]} of every row and {found["epochs"][-1]} epochs; the
first epoch of such a run prepares all of a row's draws, each decoded no larger than the student can see of it, turned
and resized.

{_table(("files", "rows", "decode", *epochs), runs)}"""


def _loader_profile(profile: Mapping[str, Any], formats: Mapping[str, Any]) -> str:
    parts = [
        (name, *(_spread(each["milliseconds"][name]) for each in profile.values()))
        for name in next(iter(profile.values()))["milliseconds"]
    ]
    other = " and ".join(f"{100 * each['differ']:.2g} % ({name})" for name, each in profile.items())
    most = max(each["by at most"] for each in profile.values())
    moved = " and ".join(f"{_number(each['draws differ by'])} ({name})" for name, each in profile.items())
    shares = {name: each["share of decode, with torch's resize"]["median"] for name, each in formats.items()}
    reach = ", ".join(f"{_number(share)} ({name})" for name, share in shares.items())
    return f"""**Where the first epoch goes**, milliseconds a picture (or a draw) in one process:

{_table(("", *profile), parts)}
Each part is measured by itself, over all pictures. Between two pictures, whose pixels fill the processor's caches, a
small one takes several times as long, so that the loader does all words of a batch together, after its last picture.

Pillow's resize is most of what is not decoding. It stays, because batches are bit for bit what the exported model's
processor makes, and the resize of torch, which is faster, gives other values: {other},
by {most} at most. With that, in the same rounds, the first epoch comes to these shares of decoding alone: {reach}.

A stored draw is bit-equal to nothing that is served: it is decoded and turned at twice what the student can see, or
more, and differs from a draw of the whole picture by {moved} levels of 255 in the mean."""


def _run(run: Mapping[str, Any], name: str) -> str:
    return f"{_number(run[name]['median'])} ({_number(run[f'share, {name}']['median'])})"


def _peak(found: Mapping[str, Any]) -> str:
    peak = found["peak"]
    rows = [
        (name, _number(peak[name]), _spread(found[name]["rate"]), _spread(found[name]["share of peak"]))
        for name in ("bf16", "fp32")
    ]
    bf16 = found["bf16"]
    products, share = bf16["time by kind"]["matrix products"], bf16["share of peak"]["median"]
    kinds = dict.fromkeys([*found["bf16"]["time by kind"], *found["fp32"]["time by kind"]])
    profile = [
        (kind, *(f"{100 * found[name]['time by kind'].get(kind, 0):.1f} %" for name in ("bf16", "fp32")))
        for kind in kinds
    ]
    top = [(f"`{name}`", f"{100 * share:.1f} %") for name, share in found["bf16"]["top operators"].items()]
    return f"""
## How much of the machine training uses

GFLOP/s of whole training steps (forward, backward, clipping, AdamW, loading) beside the best that `torch.mm` reaches.

{_table(("", "peak", "training", "share"), rows)}
In bf16, matrix products take {100 * products:.0f} % of a step and run at {100 * share / products:.0f} % of the peak;
the other {100 - 100 * products:.0f} % are bound by memory and do next to no arithmetic. Where a step's
time goes, by torch's profiler:

{_table(("kind of operator", "bf16", "fp32"), profile)}
The twelve operators that take longest in bf16:

{_table(("operator", "share"), top)}"""


def _optimizer(found: Mapping[str, Any]) -> str:
    ratio = "a step by Muon, times one by AdamW"
    rows = [
        (name, *(_spread(each[part]) for part in ("pass", "adamw", "muon", ratio)))
        for name, each in found["students"].items()
    ]
    return f"""
## The optimizer

Seconds of an update of all weights, beside the forward and backward pass of both towers ({found["pairs"]} pairs of
random pixels and {found["tokens"]} words, bf16) that it follows. Muon orthogonalises the momentum of each matrix by
products in bf16.

{_table(("student", "pass", "update by AdamW", "update by Muon", ratio), rows)}"""


def _allocator(found: Mapping[str, Any]) -> str:
    parts = found["pictures"]
    rows = [
        (
            f"{name}, {count} pictures, seconds",
            *(_spread(found[side][name]) for side in ("kept", "returned")),
            _spread(found[f"{name}, times as fast"]),
        )
        for name, count in parts.items()
    ]
    rows += [
        (name, *(_spread(found[side][name]) for side in ("kept", "returned")), "")
        for name in ("largest size, MB", "page faults")
    ]
    return f"""
## The C allocator

The command line and the workers of a comparison ask glibc to keep what torch frees (`limbeck.core.memory`); left alone
it returns large blocks to the system and gets them back page by page. The demo's image teacher (bf16, 160 px) and a
forward and backward pass of its image student (bf16, 64 px), each side in a process of its own.

{_table(("", "kept", "returned", "times as fast"), rows)}"""


def _startup(found: Mapping[str, Any]) -> str:
    rows = [(f"`{name}`", _spread(found[name])) for name in ("limbeck --help", "python -c pass")]
    return f"\n## Start\n\nSeconds of a fresh process.\n\n{_table(('', 'seconds'), rows)}"


def _machines(results: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, result in results.items():
        machine = result["machine"]
        versions = machine["versions"]
        rows.append(
            (
                name,
                f"{machine['processor']}, {machine['cores']} cores, {', '.join(machine['flags'][-6:])}",
                str(machine["threads"]),
                f"{machine['load_before'][0]:.1f}",
                f"torch {versions.get('torch')}, transformers {versions.get('transformers')}",
                f"{result['date'][:10]}, {result['commit']}, {result['repeats']} rounds, {result['seconds']:.0f} s",
            )
        )
    return "\n## Machine\n\n" + _table(("benchmark", "processor", "threads", "load before", "versions", "run"), rows)


SECTIONS = {
    "training": _training,
    "teacher": _teacher,
    "peak": _peak,
    "cache": _cache,
    "loader": _loader,
    "allocator": _allocator,
    "optimizer": _optimizer,
    "startup": _startup,
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _spread(found: Mapping[str, Any]) -> str:
    return f"{_number(found['median'])} [{_number(found['q1'])}, {_number(found['q3'])}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _torch(found: Mapping[str, Any]) -> str:
    return str(found.get("interpreter", {}).get("versions", {}).get("torch", ""))


if __name__ == "__main__":
    print(write_page(HERE / "results"))
