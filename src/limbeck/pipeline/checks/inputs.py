"""What models would see of the data: picture sizes, normalisation, tokens that are cut."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

import torch

from limbeck.core.encoder import Encoder
from limbeck.core.errors import LimbeckError
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.scan import ScanReport
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView
from limbeck.pipeline.checks.finding import Finding

_PICTURES = 64
_CUT = 0.05
_UNKNOWN = 0.05
_FAR = 4.0
_ABSURD = 10.0


def check_pictures(report: ScanReport, encoders: Mapping[str, Encoder]) -> Iterator[Finding]:
    """Sizes of pictures against what towers eat.

    Args:
        report: with the sizes.
        encoders: `student.image`, `teacher.image`, ... -> encoder; others are passed over.
    """
    sides = [min(size) for size, count in report.sizes.items() for _ in range(count)]
    if not sides:
        return
    longest = max(max(size) for size in report.sizes)
    yield Finding(
        "ok", "pictures", f"shorter side {min(sides)} to {max(sides)} px, median {statistics.median(sides):.0f}"
    )
    for name, encoder in encoders.items():
        if not isinstance(spec := encoder.spec, ImageSpec):
            continue
        wanted = min(spec.height, spec.width)
        small = sum(side < wanted / 2 for side in sides)
        if small:
            yield Finding(
                "warning" if small > len(sides) / 2 else "note",
                "pictures",
                f"{small} of {len(sides)} are less than half as large as the {wanted} px of {name}",
                "they are enlarged and look blurred to it; use larger ones where you have them",
            )
        if spec.shortest_edge is not None:
            cut = sum(count for size, count in report.sizes.items() if max(size) > 2 * min(size))
            if cut:
                yield Finding(
                    "warning" if cut > len(sides) / 10 else "note",
                    "pictures",
                    f"{cut} of {len(sides)} are so long that the centre crop of {name} loses more than half of them",
                    "crop or pad them first",
                )
    if encoders and longest > 4000 and statistics.median(sides) > 1500:
        yield Finding(
            "note",
            "pictures",
            f"up to {longest} px a side; decoding them will take most of the time",
            "shrink them once",
        )


def check_normalisation(source: Source, looked: Sequence[int], encoders: Mapping[str, Encoder]) -> Iterator[Finding]:
    """Whether each image tower's normalisation is plausible, by its numbers and by what it makes of real pictures."""
    chosen = [row for row in looked if "image" in source.rows[row].modalities][:_PICTURES]
    for name, encoder in encoders.items():
        if not isinstance(spec := encoder.spec, ImageSpec):
            continue
        numbers = f"mean {_few(spec.mean)}, deviation {_few(spec.std)}"
        if not (all(0 <= value <= 1 for value in spec.mean) and all(0.01 <= value <= 1 for value in spec.std)):
            yield Finding(
                "warning",
                "normalisation",
                f"{name} says {numbers}, although pixels lie between 0 and 1",
                "see image_mean and image_std in its preprocessor_config.json: they look like those of 0 to 255",
            )
        if not chosen:
            continue
        view = ImageView(spec)
        pixels = view.collate([view.prepare(source.sample(row).values["image"]) for row in chosen])["pixel_values"]
        mean, std = float(pixels.mean()), float(pixels.std())
        found = f"what {name} sees has mean {mean:.2f} and deviation {std:.2f}"
        if abs(mean) > _ABSURD or std > _ABSURD:
            yield Finding("error", "normalisation", f"{found} ({numbers})", "mend its preprocessor_config.json")
        elif std < 0.01:
            yield Finding("error", "normalisation", f"{found}: all pictures are one flat colour", "check the pictures")
        elif abs(mean) > _FAR or std > _FAR:
            yield Finding("warning", "normalisation", f"{found} ({numbers})", "check its preprocessor_config.json")
        else:
            yield Finding("ok", "normalisation", f"{found} ({numbers})")


def check_tokens(source: Source, looked: Sequence[int], encoders: Mapping[str, Encoder]) -> Iterator[Finding]:
    """How many captions each text tower's tokenizer cuts, or does not know the words of."""
    texts = [(source.rows[row].id, source.rows[row].text) for row in looked if source.rows[row].text]
    if not texts:
        return
    for name, encoder in encoders.items():
        if not isinstance(spec := encoder.spec, TextSpec):
            continue
        view = TextView(spec)
        strange = _unknown_id(spec)
        words = unknown = 0
        for identity, text in texts:
            try:
                ids = view.prepare(text)["ids"]
            except LimbeckError as error:
                yield Finding("error", "tokens", f"row {identity} cannot be tokenized for {name}: {error}", "mend it")
                return
            words += len(ids)
            unknown += int(torch.count_nonzero(ids == strange)) if strange is not None else 0
        share = view.truncated / view.seen
        found = f"{name} cuts {view.truncated} of {view.seen} captions ({share:.1%}) at {spec.max_length} tokens"
        fix = "put what matters first, or take a model with more tokens"
        level = "ok" if not view.truncated else "note" if share <= _CUT else "warning"
        yield Finding(level, "tokens", found, fix if view.truncated else "")
        if unknown > _UNKNOWN * words:
            yield Finding(
                "warning",
                "tokens",
                f"{unknown / words:.0%} of the tokens are unknown to {name}",
                "its tokenizer was made for another language or script",
            )


def _unknown_id(spec: TextSpec) -> int | None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(spec.tokenizer)
    token = getattr(tokenizer.model, "unk_token", None)
    return tokenizer.token_to_id(token) if isinstance(token, str) else None


def _few(values: Sequence[float]) -> str:
    return "/".join(f"{value:.3g}" for value in dict.fromkeys(values))
