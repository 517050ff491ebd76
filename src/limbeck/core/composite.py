"""`CompositeEncoder`: an encoder with the parts that eat nothing but it, so that what they say can be evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor, nn

from limbeck.core import graph
from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.graph import PROGRESS
from limbeck.core.part import Part
from limbeck.core.scale import LogitScale
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.term import Ref

_FIXED = ("pooled", "tokens", "mask")


class CompositeEncoder(Encoder):
    """The outputs of `base`, those of its parts as `part:output`, and `pooled` as the recipe's answer says.

    Use when a part makes the embedding, the tokens or the logits that are evaluated or taught from. An answer that is a
    part gives its `tokens` (and `mask`) too, where it has them; all else is the base's.

    Args:
        base: eats the view.
        name: by which parts refer to it (`student.image`).
        parts: name -> part; each eats `base`, other parts of these, scales and progress.
        scales: name -> scale that parts refer to.
        answer: what `pooled` is.
    """

    def __init__(
        self,
        base: Encoder,
        *,
        name: str,
        parts: Mapping[str, Part],
        scales: Mapping[str, LogitScale],
        answer: Ref,
    ) -> None:
        super().__init__()
        self.base = base
        self.name = name
        self.parts = dict(parts)
        self.layers = nn.ModuleDict({key.replace(".", "/"): part.layer for key, part in parts.items()})
        self.scales = dict(scales)
        self.answer = answer
        self.modality, self.spec, self.vocabulary = base.modality, base.spec, base.vocabulary
        self._producers: dict[str, graph.Producer] = {name: base, **self.scales, **self.parts}
        self._order = graph.in_order(self.parts, self._producers)
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        with torch.no_grad():
            found = self._run(probe(base), {*self.parts, answer.producer}, {"pooled"})
        for module, mode in modes:
            module.training = mode
        own = [f"{part}:{output}" for part in self._order for output in found[part].names()]
        theirs = [name for name in found[answer.producer].names() if name == "tokens" and name not in base.outputs]
        self.outputs = (*base.outputs, *theirs, *own)
        self.width = int(found[answer.producer][answer.output].shape[-1])

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want`, `mask` with `tokens` where there is one."""
        for name in want:
            if name not in self.outputs:
                raise UsageError(unknown("output", name, self.outputs, where=f"'{self.name}' with its parts"))
        parts = {name.rpartition(":")[0] for name in want} & self.parts.keys()
        asked = {name for name in want if name in self.base.outputs} | {"pooled"}
        found = self._run(view, parts | {self.answer.producer}, asked)
        base, answer = found[self.name], found[self.answer.producer]
        values: dict[str, Tensor] = {}
        for name in want:
            part, _, output = name.rpartition(":")
            if part in self.parts:
                values[name] = found[part][output]
            elif name == "pooled":
                values[name] = answer[self.answer.output]
            else:
                values[name] = (answer if name in answer.names() and name == "tokens" else base)[name]
        # A part that changes tokens one by one leaves the mask to the base.
        mask = answer.mask if answer.mask is not None else base.mask
        has_tokens = any(value.ndim == 3 for value in values.values())
        extras = {name: value for name, value in values.items() if name not in _FIXED}
        return Features(values.get("pooled"), values.get("tokens"), mask if has_tokens else None, extras)

    def answering(self) -> list[nn.Module]:
        """What the answer needs: the base and its parts on the way, without those that only taught it."""
        names = [self.answer.producer] if self.answer.producer in self.parts else []
        return [self.base, *(self.parts[name].layer for name in graph.in_order(names, self._producers))]

    def _run(self, view: Mapping[str, Tensor], parts: Collection[str], want: Collection[str]) -> dict[str, Features]:
        """What base and parts say; `parts` are run with all that they read."""
        order = graph.in_order([name for name in parts if name in self.parts], self._producers)
        read = {ref for name in order for ref in self.parts[name].inputs.values()}
        mine = {ref.output for ref in read if ref.producer == self.name} | set(want)
        if self.answer.producer == self.name:
            mine.add(self.answer.output)
        hidden = "mask" in mine and "mask" not in self.base.outputs
        asked = (mine - {"mask"}) | {"tokens"} if hidden else mine
        found = {self.name: self.base(view, want=tuple(sorted(asked)))}
        found |= {name: scale(want=scale.outputs) for name, scale in self.scales.items()}
        found[PROGRESS] = Features(extras={"share": torch.ones(()), "step": torch.ones(())})  # training is over
        for name in order:
            part = self.parts[name]
            inputs = {key: _float(found[ref.producer][ref.output]) for key, ref in part.inputs.items()}
            found[name] = part(inputs, trains=False)
        return found


class Models(dict[str, Encoder]):
    """Modality -> encoder, as evaluators take it, with every part of the run for those that compare pairs.

    Args:
        encoders: modality -> encoder.
        parts: name -> part.
    """

    def __init__(self, encoders: Mapping[str, Encoder], *, parts: Mapping[str, Part] | None = None) -> None:
        super().__init__(encoders)
        self.parts = dict(parts or {})


def composed(
    encoders: Mapping[str, Encoder],
    *,
    parts: Mapping[str, Part],
    answers: Mapping[str, Ref],
    scales: Mapping[str, LogitScale],
) -> Models:
    """Modality -> what evaluation reads.

    Args:
        encoders: `student.image`, `teacher.text`, ... -> encoder.
        parts: trained parts.
        answers: modality -> output; a modality without one takes the student's tower, if there is one.
        scales: name -> scale.

    Raises:
        UsageError: an answer that is nobody's, or that more than one encoder goes into.
    """
    producers: dict[str, graph.Producer] = {**encoders, **scales, **parts}
    refs = {encoder.modality: Ref(name) for name, encoder in encoders.items() if name.startswith("student.")}
    found: dict[str, Encoder] = {}
    for modality, ref in {**refs, **answers}.items():
        if problem := graph.ref_problem(ref, producers, where=f"`answers` for {modality}"):
            raise UsageError(problem)
        bases = sorted({ref.producer} & encoders.keys() | set(_bases(ref.producer, producers)))
        if len(bases) != 1:
            raise UsageError(
                f"the answer for {modality} ({ref}) is made of {' and '.join(bases) or 'no encoder'}; evaluation takes "
                "what one encoder and its parts say"
            )
        base = bases[0]
        known = {base, PROGRESS, *scales}
        own = {
            name: part
            for name, part in parts.items()
            if name == ref.producer
            or ({*_leaves(name, producers)} <= known and base in _leaves(name, producers))
            or not _leaves(name, producers)
        }
        own |= {name: parts[name] for name in graph.in_order(own, producers)}
        plain = not own and ref == Ref(base)
        found[modality] = (
            encoders[base]
            if plain
            else CompositeEncoder(encoders[base], name=base, parts=own, scales=scales, answer=ref)
        )
    return Models(found, parts=parts)


def _float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _leaves(name: str, producers: Mapping[str, graph.Producer]) -> set[str]:
    producer = producers.get(name)
    if not isinstance(producer, Part):
        return {name}
    return set().union(*(_leaves(ref.producer, producers) for ref in producer.inputs.values()))


def _bases(name: str, producers: Mapping[str, graph.Producer]) -> Iterator[str]:
    yield from (leaf for leaf in _leaves(name, producers) if isinstance(producers.get(leaf), Encoder))


def probe(encoder: Encoder) -> dict[str, Tensor]:
    """Two rows of nothing that an encoder can eat."""
    spec = encoder.spec
    if isinstance(spec, ImageSpec):
        return {"pixel_values": torch.zeros(2, 3, spec.height, spec.width)}
    if isinstance(spec, TextSpec):
        ids = torch.full((2, spec.pad_to or min(2, spec.max_length)), spec.pad_id)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    width = getattr(encoder, "in_width", None)
    if width is None:
        raise UsageError(f"{type(encoder).__name__} does not say what it eats, so its parts cannot be evaluated")
    return {"features": torch.zeros(2, int(width))}
