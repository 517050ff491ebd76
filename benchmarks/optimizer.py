"""What an update of the weights costs by AdamW and by Muon, beside the forward and backward pass that it follows.

Batches of random pixels and words, both towers, bf16 autocast as the loop does it where it pays.
"""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.measure import Settings, seconds, spread
from limbeck.core.recipe import Optimisation
from limbeck.encoders.student import Student, make_student
from limbeck.stages.optimizer import make_optimizer

STUDENTS, OPTIMIZERS = ("resnet-s", "vit-s", "conv-m"), ("adamw", "muon")
PAIRS, TOKENS = 256, 16


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds by student; the parts take turns."""
    found = {}
    for name in STUDENTS[:1] if settings.tiny else STUDENTS:
        torch.manual_seed(0)
        student = make_student(name)
        views = _views(student, 2 if settings.tiny else PAIRS)
        _pass(student, views)
        parts = {"pass": lambda student=student, views=views: _pass(student, views)}
        for optimizer in OPTIMIZERS:
            parts[optimizer] = make_optimizer(student.model, Optimisation(optimizer=optimizer)).step
        taken: dict[str, list[float]] = {part: [] for part in parts}
        for _ in range(2 if settings.tiny else settings.repeats):
            for part, work in parts.items():
                taken[part].append(spread(seconds(work, repeats=3, warm=1))["median"])
        both = zip(taken["pass"], taken["adamw"], taken["muon"], strict=True)
        found[name] = {part: spread(values) for part, values in taken.items()}
        found[name]["a step by Muon, times one by AdamW"] = spread([(p + m) / (p + a) for p, a, m in both])
    return {"unit": "s", "pairs": PAIRS, "tokens": TOKENS, "students": found, "targets": []}


def _views(student: Student, pairs: int) -> dict[str, dict[str, torch.Tensor]]:
    spec = student.encoders["image"].spec
    words = torch.randint(5, 1000, (pairs, TOKENS))
    return {
        "image": {"pixel_values": torch.randn(pairs, 3, spec.height, spec.width)},
        "text": {"input_ids": words, "attention_mask": torch.ones_like(words)},
    }


def _pass(student: Student, views: dict[str, dict[str, torch.Tensor]]) -> None:
    """Forward and backward; the gradients stay for the updates."""
    student.model.train()
    student.model.zero_grad(set_to_none=True)
    for modality, encoder in student.encoders.items():
        with torch.autocast("cpu", torch.bfloat16):
            pooled = encoder(views[modality])["pooled"]
        pooled.float().square().mean().backward()
