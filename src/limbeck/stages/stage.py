"""`Stage`: models and objectives wired together; one batch in, one loss out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from limbeck.core import graph
from limbeck.core.encoder import Teacher
from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.graph import PROGRESS, TARGET, Producer, module_of
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import StageSpec
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.teacher import LiveTeacher
from limbeck.core.term import Ref, StepOutput
from limbeck.core.wiring import asked, needs


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a batch, in order.

    Args:
        mask: True for the chosen rows; None means every row.
        count: how many they are.
    """

    mask: Bool[Tensor, " n"] | None
    count: int

    @cached_property
    def index(self) -> Int[Tensor, " m"] | None:
        """Positions in the batch; None means every row."""
        return None if self.mask is None else self.mask.nonzero().squeeze(1)

    def inside(self, outer: Rows) -> Int[Tensor, " m"] | None:
        """Positions of these rows among `outer`, which holds them all; None where the two are the same rows."""
        if self.count == outer.count:
            return None
        if outer.mask is None:
            return self.index
        assert self.mask is not None
        return (outer.mask.cumsum(0) - 1)[self.mask]


@dataclass(frozen=True)
class Plan:
    """Which rows of a batch each term counts and each producer is run on (no more than its terms need)."""

    terms: Mapping[str, Rows]
    producers: Mapping[str, Rows]


class Stage(nn.Module):
    """Runs every producer once a batch and adds up the weighted terms.

    loss = sum over terms of weight(step) * mean over the rows that the term counts

    A row counts for a term when it has every modality that the term's inputs come from. Each encoder runs only on
    rows that some term counts, and an objective sees only rows that count: by its contract that equals a mask, and
    it is cheaper. Encoders and teachers may run under autocast; parts and objectives always see fp32, and the whole
    batch, so that accumulation is exact for them too.

    `Ref("target", name)` reads the batch's targets (`label`, `group`), `Ref("progress", "share")` how much of the
    stage is over (0 at the first step, below 1 at the last), `Ref("progress", "step")` the step.

    Only what trains is registered, and moving averages, which checkpoints have to keep: a teacher or a frozen encoder
    is in no `state_dict` and in no optimizer.

    Args:
        spec: terms and what trains.
        producers: name -> encoder, teacher, scale or part, for every name that the terms and parts mention.
    """

    def __init__(self, spec: StageSpec, *, producers: Mapping[str, Producer]) -> None:
        super().__init__()
        self.spec = spec
        readers = {name: graph.term_refs(term, producers) for name, term in spec.terms.items()}
        used = {ref.producer for refs in readers.values() for ref in refs} - {TARGET, PROGRESS}
        for name in sorted(used | set(spec.trains)):
            if name not in producers:
                raise UsageError(unknown("producer", name, producers, where=f"stage '{spec.name}'"))
        self.producers = graph.with_averages(producers, used)
        if self.producers != dict(producers):  # an average of a part has inputs of its own
            readers = {name: graph.term_refs(term, self.producers) for name, term in spec.terms.items()}
            used = {ref.producer for refs in readers.values() for ref in refs} - {TARGET, PROGRESS}
        trained: dict[str, nn.Module] = {}
        for name in spec.trains:
            student = module_of(self.producers[name])
            if student is None:
                raise UsageError(f"stage '{spec.name}' trains '{name}', which is a teacher; teachers never train")
            trained[name] = student
        # A module's name may not hold a dot.
        self.trained = nn.ModuleDict({name.replace(".", "/"): part for name, part in trained.items()})
        self.averages = {n: p for n in sorted(used) if isinstance(p := producers[n], Moving)}
        twins = {name.replace(".", "/"): _twin(self.producers[name]) for name in self.averages}
        self.moving = nn.ModuleDict(twins)
        for name, producer in self.producers.items():
            module = module_of(producer)
            if module is not None and name not in trained:
                module.eval()
        self.parts = graph.in_order(used, self.producers)
        self.wanted: dict[str, tuple[str, ...]] = {
            name: asked({ref.output for refs in readers.values() for ref in refs if ref.producer == name}, outputs)
            for name in sorted(used - set(self.parts))
            if (outputs := graph.outputs_of(self.producers[name], self.producers))
        }
        self.readers = {
            name: [term for term, refs in readers.items() if any(ref.producer == name for ref in refs)]
            for name in (*self.wanted, *self.parts)
        }
        self.needs = {name: needs(term, self.producers) for name, term in spec.terms.items()}

    @property
    def device(self) -> torch.device:
        """Where the trained parameters are."""
        return next((p.device for p in self.parameters()), torch.device("cpu"))

    def is_rowless(self, name: str) -> bool:
        """Whether a producer answers without looking at rows (a learned scale)."""
        return not graph.has_rows(name, self.producers)

    def train(self, mode: bool = True) -> Stage:
        """Training or evaluation mode of what trains; averages stay in evaluation mode."""
        super().train(mode)
        self.moving.eval()
        return self

    @torch.no_grad()
    def advance(self) -> None:
        """Moving averages take in the weights, after an update; buffers are copied."""
        for name, moving in self.averages.items():
            followed = module_of(self.producers[moving.of])
            assert followed is not None
            twin = self.moving[name.replace(".", "/")]
            mine: list[Tensor] = [*twin.parameters()]
            if mine:  # a part that borrows has none
                torch._foreach_lerp_(mine, [*followed.parameters()], 1 - moving.decay)
            for old, new in zip(twin.buffers(), followed.buffers(), strict=True):
                old.copy_(new)

    def plan(self, batch: Batch) -> Plan:
        """Which rows count, from the batch's presence masks."""
        rows: dict[tuple[str, ...], Rows] = {}
        for modalities in self.needs.values():
            if modalities not in rows:
                mask = batch.both(*modalities)
                count = int(mask.sum())
                rows[modalities] = Rows(None if count == len(batch) else mask, count)
        terms = {name: rows[modalities] for name, modalities in self.needs.items()}
        producers = {
            name: _union([terms[term] for term in reading])
            for name, reading in self.readers.items()
            if not self.is_rowless(name)
        }
        return Plan(terms, producers)

    def produce(self, name: str, batch: Batch, rows: Int[Tensor, " m"] | None) -> Features:
        """The wanted outputs of one producer for some rows of the batch (None: all), in fp32."""
        producer, want = self.producers[name], self.wanted[name]
        with torch.set_grad_enabled(torch.is_grad_enabled() and name in self.spec.trains):
            if isinstance(producer, LogitScale):
                return producer(want=want)  # type: ignore[no-any-return]
            if isinstance(producer, Teacher):
                view = producer.name if isinstance(producer, LiveTeacher) else name
                return producer(_narrow(batch, view, rows), want=want).map(_float)
            assert not isinstance(producer, (Part, Moving))
            eaten = batch.view(name)
            chosen = eaten if rows is None else {key: value[rows] for key, value in eaten.items()}
            return producer(chosen, want=want).map(_float)  # type: ignore[no-any-return]

    def loss(self, batch: Batch, produced: Mapping[str, Features], plan: Plan, step: int) -> StepOutput:
        """The weighted sum of the terms, from what the producers gave for the plan's rows of the batch."""
        total: Tensor | None = None
        values: dict[str, Tensor] = {}
        log: dict[str, float] = {}
        with torch.autocast(self.device.type, enabled=False):
            produced = self._with_parts(batch, produced, plan, step)
            for name, term in self.spec.terms.items():
                rows = plan.terms[name]
                log[f"rows.{name}"] = rows.count
                if not rows.count:
                    continue
                inputs = {key: self._take(ref, batch, produced, plan, rows) for key, ref in term.inputs.items()}
                each = term.objective(**inputs)
                mean = each.mean() if each.ndim else each
                values[name] = mean.detach()
                weighted = term.weight_at(step) * mean
                total = weighted if total is None else total + weighted
        if total is None:
            kinds = ", ".join(sorted({"+".join(modalities) for modalities in self.needs.values()}))
            raise DataError(
                f"no term of stage '{self.spec.name}' counts any row of a batch; it needs rows with {kinds}"
            )
        return StepOutput(total, values, log)

    def forward(self, batch: Batch, step: int = 0) -> StepOutput:
        """Loss of one batch at one step, taken at once."""
        plan = self.plan(batch)
        produced = {
            name: self.produce(name, batch, plan.producers[name].index if name in plan.producers else None)
            for name in self.wanted
            if name not in plan.producers or plan.producers[name].count
        }
        return self.loss(batch, produced, plan, step)

    def _with_parts(self, batch: Batch, produced: Mapping[str, Features], plan: Plan, step: int) -> dict[str, Features]:
        """What the producers gave, and what the parts make of it, each on the rows that its terms count."""
        whole = dict(produced)
        made = {"share": step / max(1, self.spec.budget.steps), "step": float(step)}
        whole[PROGRESS] = Features(extras={key: torch.tensor(value, device=self.device) for key, value in made.items()})
        for name in self.parts:
            rows = plan.producers.get(name, Rows(None, len(batch)))
            if not rows.count:
                continue
            part = self.producers[name]
            assert isinstance(part, Part)
            inputs = {key: self._take(ref, batch, whole, plan, rows) for key, ref in part.inputs.items()}
            whole[name] = part(inputs, trains=name in self.spec.trains)
        return whole

    def _take(self, ref: Ref, batch: Batch, produced: Mapping[str, Features], plan: Plan, rows: Rows) -> Tensor:
        if ref.producer == TARGET:
            value = batch.target[ref.output]
            return value if rows.index is None else value[rows.index]
        value = produced[ref.producer][ref.output]
        if not value.ndim or graph.rowless(ref, self.producers):
            return value
        outer = plan.producers[ref.producer]
        if len(value) != outer.count:
            raise UsageError(
                f"output '{ref.output}' of '{ref.producer}' has {len(value)} entries for {outer.count} rows; an output "
                "without an entry a row is named in the attribute `rowless` of its layer"
            )
        chosen = rows.inside(outer)
        return value if chosen is None else value[chosen]


def _twin(producer: Producer) -> nn.Module:
    if isinstance(producer, LiveTeacher):
        return producer.encoder
    assert isinstance(producer, Part)
    return producer.layer


def _union(rows: list[Rows]) -> Rows:
    if len({id(item) for item in rows}) == 1:
        return rows[0]
    masks = [item.mask for item in rows if item.mask is not None]
    if len(masks) < len(rows):
        return next(item for item in rows if item.mask is None)
    mask = torch.stack(masks).any(0)
    return Rows(mask, int(mask.sum()))


def _float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _narrow(batch: Batch, name: str, rows: Int[Tensor, " m"] | None) -> Batch:
    """The batch as one teacher needs it: copying other models' pictures would cost more than the teacher's answer."""
    own = Batch({name: batch.views[name]} if name in batch.views else {}, batch.present, batch.index, batch.draw)
    return own if rows is None else own.rows(rows)
