"""`InheritWeightsSurgery`: a small student starts with a choice of its teacher's weights."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.surgery.copy_units import copy_units, sizes_of, why_not
from limbeck.surgery.selection.base import Selection
from limbeck.surgery.selection.uniform import UniformSelection


class InheritWeightsSurgery(Surgery):
    """W_student = W_teacher[chosen rows, chosen columns], layer by chosen layer.

    Use when teacher and student are transformers of one kind and the student is smaller: training then starts from
    what the teacher knows. A modality whose shapes do not fit keeps its own weights, and the report says why;
    `obstacles` says it beforehand.

    Args:
        selection: how heads, neurons, channels and layers are chosen.

    Raises:
        UsageError: no modality fits.

    Source: TinyCLIP, Wu et al. 2023, arXiv 2309.12314 (weight inheritance); Xu et al. 2023, arXiv 2311.18823.
    """

    def __init__(self, selection: Selection | None = None) -> None:
        self.selection = selection if selection is not None else UniformSelection()

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Fill every tower that fits."""
        reasons = self.obstacles(student, teachers=teachers)
        if all(reasons.values()):
            listed = "; ".join(f"{modality}: {reason}" for modality, reason in reasons.items())
            raise UsageError(f"no tower of the student can inherit weights: {listed}")
        before, lines = parameters_of(student), []
        for modality, target in student.items():
            if reasons[modality]:
                lines.append(f"{modality}: keeps its own weights: {reasons[modality]}")
                continue
            source = _bare(teachers[modality])
            choice = self.selection.choose(source, sizes_of(target, source))
            count = copy_units(source, target, choice)
            layers = ", ".join(str(layer) for layer in choice["layers"].tolist())
            share = count / sum(value.numel() for value in source.parameters())
            lines.append(f"{modality}: {count:,} weights, {share:.0%} of the teacher's; layers {layers}")
        return SurgeryReport(tuple(lines), before, parameters_of(student))

    def obstacles(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> dict[str, str | None]:
        """Modality of the student -> why it cannot inherit, or None."""
        reasons = dict.fromkeys(student, "there is no teacher for it")
        return reasons | {m: why_not(_bare(teachers[m]), target) for m, target in student.items() if m in teachers}


def _bare(teacher: Encoder) -> Encoder:
    """The encoder inside a teacher whose answer is a part over it."""
    while not hasattr(teacher, "tower") and isinstance(getattr(teacher, "base", None), Encoder):
        teacher = teacher.base  # type: ignore[assignment]
    return teacher
