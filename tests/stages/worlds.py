"""Tiny real parts: encoders of feature vectors, a frozen teacher, a loader that is a function of the step."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.core.part import Moving, Part, make_parts
from limbeck.core.recipe import Budget, Optimisation, StageSpec
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.teacher import LiveTeacher
from limbeck.core.tensors import read_tensors
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.stages.loop import fit

WIDTH = 8


class Small(Encoder):
    """Two layers over `features`; counts its calls and the rows that it saw."""

    outputs = ("pooled", "tokens", "mask", "hidden.0")

    def __init__(self, modality: str, *, inputs: int = 6, width: int = WIDTH, dropout: float = 0.0) -> None:
        super().__init__()
        self.modality = modality
        self.width = width
        self.first = nn.Linear(inputs, 12)
        self.norm = nn.LayerNorm(12)
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(12, width)
        self.seen: list[int] = []

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        x = view["features"]
        self.seen.append(len(x))
        hidden = self.norm(torch.tanh(self.first(x)))
        pooled = self.last(self.drop(hidden))
        tokens = torch.stack([pooled, pooled * 0.5], 1)
        known = {"pooled": pooled, "tokens": tokens, "mask": torch.ones(len(x), 2, dtype=torch.bool)}
        fixed = {name: known[name] for name in want if name in known}
        return Features(**fixed, extras={"hidden.0": hidden} if "hidden.0" in want else {})


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Steps:
    """Batches of random vectors in which text is a fixed linear map of the image, plus noise."""

    def __init__(self, rows: int = 12, *, seed: int = 0, kinds: tuple[str, ...] = (), delay: float = 0.0) -> None:
        self.rows = rows
        self.seed = seed
        self.kinds = kinds or ("image+text",) * rows
        self.delay = delay
        self.asked: list[int] = []

    def batch(self, step: int) -> Batch:
        generator = seeded(1000 * self.seed + step)
        image = torch.randn(self.rows, 6, generator=generator)
        text = image @ torch.randn(6, 6, generator=seeded(99)) + 0.1 * torch.randn(self.rows, 6, generator=generator)
        present = {m: torch.tensor([m in kind for kind in self.kinds]) for m in ("image", "text")}
        image, text = image * present["image"][:, None], text * present["text"][:, None]
        views: dict[str, Any] = {
            "student.image": {"features": image},
            "student.text": {"features": text},
            "teacher.image": {"features": image},
            "teacher.text": {"features": text},
        }
        index = torch.arange(self.rows) + step * self.rows
        return Batch(views, present, index, torch.zeros(self.rows, dtype=torch.long), {"group": index})

    def steps(self, start: int, stop: int) -> Iterator[Batch]:
        import time

        for step in range(start, stop):
            self.asked.append(step)
            if self.delay:
                time.sleep(self.delay)
            yield self.batch(step)


IMAGE, TEXT, SCALE = Ref("student.image"), Ref("student.text"), Ref("student.scale", "scale")
TERMS = {
    "contrast": Term(InfoNCELoss(), {"query": IMAGE, "key": TEXT, "scale": SCALE}),
    "affinity": Term(
        AffinityMimickingLoss(0.1),
        {
            "query": IMAGE,
            "key": TEXT,
            "scale": SCALE,
            "teacher_query": Ref("teacher.image"),
            "teacher_key": Ref("teacher.text"),
        },
        0.5,
    ),
    "text features": Term(CosineLoss(), {"student": TEXT, "teacher": Ref("teacher.text")}, 2.0),
}
TRAINS = ("student.image", "student.text", "student.scale")


def producers(seed: int = 0, *, dropout: float = 0.0) -> dict[str, Any]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        students = {f"student.{m}": Small(m, dropout=dropout) for m in ("image", "text")}
        torch.manual_seed(12345)
        teachers = {
            f"teacher.{m}": LiveTeacher(Small(m), name=f"teacher.{m}", identity=f"weights-{m}")
            for m in ("image", "text")
        }
    return {**students, "student.scale": LogitScale(10.0), **teachers}


def spec(
    steps: int = 20,
    *,
    terms: Mapping[str, Term] = TERMS,
    trains: tuple[str, ...] = TRAINS,
    name: str = "main",
    batch: Mapping[str, int] | None = None,
    micro_batch: int | None = None,
    evaluate_every: int = 0,
    patience: int = 0,
    save_every: int = 0,
    **optimisation: Any,
) -> StageSpec:
    """A stage with everything overridable by name."""
    budget = Budget(steps, batch or {"image+text": 12}, micro_batch, evaluate_every, patience, save_every)
    return StageSpec(name, terms, trains, budget, Optimisation(**({"learning_rate": 1e-2} | optimisation)))


def resumed(spec: StageSpec, parts: Mapping[str, Part | Moving], folder: Path) -> dict[str, Tensor]:
    """What six steps keep that save at the third; resumed from there they come to the same bytes."""
    last = folder / "checkpoints" / "main" / "step-00000006"

    def run() -> tuple[dict[str, bytes], int]:
        result = fit(spec, {**producers(), **make_parts(parts, seed=3)}, Steps(), folder=folder, progress=False)
        return {path.name: path.read_bytes() for path in last.glob("*.safetensors")}, result.resumed_from

    whole, first = run()
    shutil.rmtree(last)
    again, start = run()
    assert (first, start) == (0, 3)
    assert whole == again
    return dict(read_tensors(last / "weights.safetensors")[0])


def weights(parts: Mapping[str, Any]) -> dict[str, Tensor]:
    """Every weight of the trained producers."""
    return {f"{n}.{k}": v.detach().clone() for n in TRAINS for k, v in parts[n].state_dict().items()}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Bit-equal."""
    return set(first) == set(second) and all(torch.equal(first[name], second[name]) for name in first)
