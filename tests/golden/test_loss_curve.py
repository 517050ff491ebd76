"""A seeded loss curve that a refactor must not move.

To remake it, on purpose only: `PYTHONPATH=src:tests python tests/golden/test_loss_curve.py`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import torch

from limbeck.stages.loop import fit
from stages import worlds

CURVE = Path(__file__).with_name("loss_curve.json")


def curve(folder: Path, *, micro_batch: int | None = None) -> list[dict[str, float]]:
    """Twenty steps with every kind of row, dropout, clipping, decay and an average."""
    kinds = ("image+text",) * 8 + ("image",) * 2 + ("text",) * 4
    spec = worlds.spec(
        20, ema=0.9, clip=2.0, micro_batch=micro_batch, precision="fp32", evaluate_every=10, batch={"image+text": 14}
    )
    parts = worlds.producers(7, dropout=0.1 if micro_batch is None else 0.0)

    def validate() -> dict[str, float]:
        batch = worlds.Steps().batch(999)
        with torch.no_grad():
            text = parts["student.text"](batch.view("student.text"))["pooled"]
            return {"cosine": float(torch.cosine_similarity(text, parts["teacher.text"](batch)["pooled"]).mean())}

    loader = worlds.Steps(len(kinds), seed=5, kinds=kinds)
    fit(spec, parts, loader, folder=folder, seed=11, validate=validate, progress=False)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        {"loss": line["loss"], "norm": line["norm"], **line["terms"], **line.get("validation", {})}
        for line in lines[1:]
    ]


@pytest.mark.parametrize("name", ["whole", "micro"])
def test_the_curve_has_not_moved(tmp_path: Path, name: str) -> None:
    expected = json.loads(CURVE.read_text())[name]
    found = curve(tmp_path, micro_batch=4 if name == "micro" else None)
    assert len(found) == len(expected) == 20
    for step, (mine, golden) in enumerate(zip(found, expected, strict=True), 1):
        assert mine == pytest.approx(golden, rel=1e-3, abs=1e-5), f"step {step}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        curves = {"whole": curve(Path(first)), "micro": curve(Path(second), micro_batch=4)}
    CURVE.write_text(json.dumps(curves, indent=1) + "\n")
