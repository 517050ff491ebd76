"""`LoRASurgery`: a frozen student with low-rank changes that train."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.layers.adapter.lora_linear import LoRALinear


class LoRASurgery(Surgery):
    """Linear layers with these names get a low-rank change; everything else of the student is frozen.

    Use when a pretrained student has to bend a little on little data. The change starts at nothing and is added to the
    weights when training is over.

    Args:
        names: last part of the names of the layers that are adapted.
        rank: of each change.
        alpha: strength, see `LoRALinear`.

    Raises:
        UsageError: no layer has one of the names.

    Source: Hu et al. 2021, arXiv 2106.09685; for backward-compatible upgrades in XBT, Jang and Lim 2024,
    arXiv 2405.14715.
    """

    preserving = True

    def __init__(
        self,
        names: tuple[str, ...] = ("q_proj", "v_proj", "query", "value"),
        *,
        rank: int = 4,
        alpha: float = 8.0,
    ) -> None:
        self.names = tuple(names)
        self.rank = rank
        self.alpha = alpha

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Put the changes in."""
        before, lines = parameters_of(student), []
        for modality, encoder in student.items():
            encoder.requires_grad_(False)
            found = [
                (name, module)
                for name, module in encoder.named_modules()
                if isinstance(module, nn.Linear) and name.rpartition(".")[2] in self.names
            ]
            for name, module in found:
                adapted = LoRALinear(module, rank=self.rank, alpha=self.alpha)
                _put(encoder, name, adapted.train(module.training))
            lines.append(f"{modality}: rank {self.rank} in {len(found)} layers")
            if not found:
                linear = [n for n, m in encoder.named_modules() if isinstance(m, nn.Linear)]
                valid = ", ".join(sorted({name.rpartition(".")[2] for name in linear})) or "none"
                raise UsageError(f"LoRA was asked for {', '.join(self.names)} in the {modality} tower; it has {valid}")
        return SurgeryReport(tuple(lines), before, parameters_of(student))

    def settle(self, student: Mapping[str, Encoder]) -> None:
        """Changes become part of the weights."""
        for encoder in student.values():
            for name, module in list(encoder.named_modules()):
                if isinstance(module, LoRALinear):
                    _put(encoder, name, module.merged())


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    path, _, last = name.rpartition(".")
    setattr(root.get_submodule(path), last, module)
