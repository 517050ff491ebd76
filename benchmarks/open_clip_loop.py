"""open_clip as a contestant: its `CLIP`, its losses and its `train_one_epoch`; runs in an interpreter that has it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.contest import Meter

TOWERS = {
    "embed_dim": 256,
    "vision_cfg": {"image_size": 64, "layers": 6, "width": 192, "head_width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 32, "vocab_size": 30522, "width": 192, "heads": 3, "layers": 3},
}
# ViT-B/32's towers on the student's pictures and words, because open_clip feeds both models the same tensors: 139 M.
TEACHER = {
    "embed_dim": 512,
    "vision_cfg": {"image_size": 64, "layers": 12, "width": 768, "head_width": 64, "patch_size": 32},
    "text_cfg": {"context_length": 32, "vocab_size": 30522, "width": 512, "heads": 8, "layers": 12},
}


def open_clip(options: Mapping[str, Any], meter: Meter) -> None:
    """Contestant: one endless epoch of `open_clip_train.train.train_one_epoch`."""
    import torch
    from open_clip import CLIP, ClipLoss, DistillClipLoss
    from open_clip_train.train import train_one_epoch
    from safetensors.torch import load_file

    torch.manual_seed(0)
    live = options["live"]
    model = CLIP(**TOWERS, output_dict=True)
    teacher = CLIP(**TEACHER, output_dict=True).eval().requires_grad_(False) if live else None
    # As open_clip_train.main sets it up: gains and biases without decay, the paper's betas and epsilon for a ViT.
    named = [(name, part) for name, part in model.named_parameters() if part.requires_grad]
    bare = {name for name, part in named if part.ndim < 2 or any(word in name for word in ("bn", "ln", "bias"))}
    groups = [
        {"params": [part for name, part in named if name in bare], "weight_decay": 0.0},
        {"params": [part for name, part in named if name not in bare], "weight_decay": 0.2},
    ]
    optimizer = torch.optim.AdamW(groups, lr=5e-4, betas=(0.9, 0.98), eps=1e-6)
    ready = load_file(Path(options["work"]) / "ready.safetensors")
    data = Namespace(dataloader=_Ready(ready, meter), set_epoch=lambda epoch: None)
    settings = Namespace(
        device="cpu", precision=options["precision"], distill=live, accum_freq=1, skip_scheduler=False,
        grad_clip_norm=None, horovod=False, rank=0, local_rank=0, log_local=False, world_size=1,
        batch_size=len(ready["texts.0"]), log_every_n_steps=100, wandb=False,
    )  # fmt: skip
    loss = DistillClipLoss() if live else ClipLoss()
    train_one_epoch(model, {"train": data}, loss, 0, optimizer, None, lambda step: None, teacher, settings)


class _Ready:
    """Batches that are in memory already: loading costs open_clip nothing."""

    num_batches, num_samples = 1_000_000, 128_000_000

    def __init__(self, ready: Mapping[str, Any], meter: Meter) -> None:
        self.batches = [(ready[f"images.{n}"], ready[f"texts.{n}"]) for n in range(len(ready) // 2)]
        self.meter = meter

    def __iter__(self) -> Iterator[Any]:
        return self.meter.over(self._forever())

    def _forever(self) -> Iterator[Any]:
        while True:
            yield from self.batches
