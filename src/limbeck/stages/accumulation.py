"""Exact gradient accumulation: k micro-batches give the gradient of one big batch, for every objective.

Contrastive and relational objectives compare rows with one another, so micro-batches cannot simply be summed. Instead

1. every producer is run on micro-batches without a graph, and its outputs are kept;
2. the loss of the whole batch is taken on those outputs, and differentiated as far as the outputs;
3. every trained encoder is run again, micro-batch by micro-batch, and each part's gradient is sent on into its weights.

The memory of activations is that of one micro-batch; the price is one more forward pass.

Source: Gao, Zhang, Han, Callan 2021, arXiv 2101.06983 (GradCache).
Differs from the paper: a batch that fits one micro-batch takes a single pass; buffers change in the second pass only.
Batch normalisation sees the statistics of a micro-batch: a model that has it is not exact under any accumulation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.core.term import StepOutput
from limbeck.stages.stage import Plan, Stage


@dataclass(frozen=True)
class Backward:
    """What one batch gave; gradients are in the parameters.

    Args:
        output: loss and terms (the loss is detached).
        pooled: trained encoder -> its detached `pooled`, for the rows that it was run on.
    """

    output: StepOutput
    pooled: Mapping[str, Tensor]


def backward(
    stage: Stage, batch: Batch, *, step: int = 0, micro_batch: int | None = None, bf16: bool = False
) -> Backward:
    """Adds the gradient of one batch to the parameters, with at most `micro_batch` rows a forward pass.

    Args:
        stage: what is trained.
        batch: the whole batch of one optimizer step.
        step: for schedules of term weights.
        micro_batch: most rows in a forward pass; None takes all at once.
        bf16: run encoders and teachers under bf16 autocast.
    """
    plan = stage.plan(batch)
    largest = max((rows.count for rows in plan.producers.values()), default=0)
    if micro_batch is None or largest <= micro_batch:
        with torch.autocast(stage.device.type, torch.bfloat16, enabled=bf16):
            produced = {name: stage.produce(name, batch, _index(plan, name)) for name in _running(stage, plan)}
        output = stage.loss(batch, produced, plan, step)
        output.loss.backward()  # type: ignore[no-untyped-call]
    else:
        output, produced = _cached(stage, batch, plan, step, micro_batch, bf16)
    pooled = {
        name: features.pooled.detach()
        for name, features in produced.items()
        if name in stage.spec.trains and features.pooled is not None
    }
    return Backward(StepOutput(output.loss.detach(), output.terms, output.log), pooled)


def _cached(
    stage: Stage, batch: Batch, plan: Plan, step: int, micro_batch: int, bf16: bool
) -> tuple[StepOutput, dict[str, Features]]:
    trains = set(stage.spec.trains)
    buffers = [(buffer, buffer.clone()) for buffer in stage.buffers()]
    randomness: dict[tuple[str, int], list[Tensor]] = {}
    produced: dict[str, Features] = {}
    # Two autocast blocks on purpose: a weight that is cast without a graph must not be reused where one is needed.
    with torch.no_grad(), torch.autocast(stage.device.type, torch.bfloat16, enabled=bf16):
        for name in _running(stage, plan):
            if stage.is_rowless(name):
                continue
            parts = []
            for number, rows in enumerate(_chunks(plan, name, micro_batch, len(batch), batch)):
                if name in trains:
                    randomness[name, number] = _random_state(stage.device)
                parts.append(stage.produce(name, batch, rows))
            produced[name] = _concatenate(parts)
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
    for name in _running(stage, plan):
        if stage.is_rowless(name):
            produced[name] = stage.produce(name, batch, None)
        elif name in trains:
            produced[name] = produced[name].map(_leaf)
    output = stage.loss(batch, produced, plan, step)
    output.loss.backward()  # type: ignore[no-untyped-call]
    with torch.autocast(stage.device.type, torch.bfloat16, enabled=bf16):
        for name in _running(stage, plan):
            if name not in trains or stage.is_rowless(name):
                continue
            start = 0
            for number, rows in enumerate(_chunks(plan, name, micro_batch, len(batch), batch)):
                with _replayed(randomness[name, number], stage.device):
                    again = stage.produce(name, batch, rows)
                start += _send_on(again, produced[name], start)
    return output, produced


def _send_on(again: Features, whole: Features, start: int) -> int:
    """Backward through one micro-batch with its share of the outputs' gradient; returns its number of rows."""
    length = len(again[again.names()[0]])
    pairs = [
        (again[name], gradient[start : start + length])
        for name in again.names()
        if (gradient := whole[name].grad) is not None and again[name].requires_grad
    ]
    if pairs:
        torch.autograd.backward([value for value, _ in pairs], [gradient for _, gradient in pairs])
    return length


def _running(stage: Stage, plan: Plan) -> list[str]:
    return [name for name in stage.wanted if name not in plan.producers or plan.producers[name].count]


def _index(plan: Plan, name: str) -> Tensor | None:
    return plan.producers[name].index if name in plan.producers else None


def _chunks(plan: Plan, name: str, size: int, n: int, batch: Batch) -> Iterator[Tensor]:
    index = _index(plan, name)
    whole = torch.arange(n, device=batch.index.device) if index is None else index
    yield from torch.split(whole, size)


def _concatenate(parts: list[Features]) -> Features:
    def joined(name: str) -> Tensor | None:
        return torch.cat([part[name] for part in parts]) if name in parts[0].names() else None

    extras = {name: torch.cat([part[name] for part in parts]) for name in parts[0].extras}
    return Features(joined("pooled"), joined("tokens"), joined("mask"), extras)


def _leaf(value: Tensor) -> Tensor:
    return value.detach().requires_grad_() if value.is_floating_point() else value


def _random_state(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


@contextlib.contextmanager
def _replayed(states: list[Tensor], device: torch.device) -> Iterator[None]:
    """The random numbers of the first pass again: dropout has to drop the same."""
    now = _random_state(device)
    _set_random_state(states, device)
    try:
        yield
    finally:
        _set_random_state(now, device)


def _set_random_state(states: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)


def has_batch_statistics(module: nn.Module) -> bool:
    """Whether the module normalises by batch statistics, under which accumulation is not exact."""
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())
