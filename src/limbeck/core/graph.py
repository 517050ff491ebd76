"""Who reads whom among the producers of a stage: encoders, teachers and scales at the bottom, parts above them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import UsageError, nearest, unknown
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import StageSpec
from limbeck.core.scale import LogitScale
from limbeck.core.teacher import LiveTeacher
from limbeck.core.term import Ref, Term

Producer = Encoder | Teacher | LogitScale | Part | Moving
TARGET = "target"
PROGRESS = "progress"
SHARE = ("share", "step")


def module_of(producer: Producer) -> nn.Module | None:
    """What could train of a producer."""
    found = producer.layer if isinstance(producer, Part) else producer
    return found if isinstance(found, nn.Module) else None


def refs_of(spec: StageSpec, producers: Mapping[str, Producer]) -> list[Ref]:
    """Every output that the stage's terms read, directly or through parts."""
    return list(behind((ref for term in spec.terms.values() for ref in term.inputs.values()), producers))


def term_refs(term: Term, producers: Mapping[str, Producer]) -> list[Ref]:
    """Every output that one term reads, directly or through parts."""
    return list(behind(term.inputs.values(), producers))


def behind(refs: Iterable[Ref], producers: Mapping[str, Producer]) -> Iterator[Ref]:
    """Every output that some outputs are made from through parts, themselves included, each once."""
    seen: set[Ref] = set()
    left = list(refs)
    while left:
        ref = left.pop(0)
        if ref in seen:
            continue
        seen.add(ref)
        yield ref
        left += _eaten(producers.get(ref.producer), producers).values()


def _eaten(producer: Producer | None, producers: Mapping[str, Producer]) -> Mapping[str, Ref]:
    """Inputs of a part, or of the average of one."""
    if isinstance(producer, Moving):
        return producer.inputs or _eaten(producers.get(producer.of), producers)
    return producer.inputs if isinstance(producer, Part) else {}


def modalities(name: str, producers: Mapping[str, Producer]) -> set[str]:
    """Modalities that a row must have for a producer to answer."""
    producer = producers.get(name)
    if isinstance(producer, Moving) and not producer.inputs:
        return modalities(producer.of, producers)
    if isinstance(producer, (Part, Moving)):
        return set().union(*(modalities(ref.producer, producers) for ref in producer.inputs.values()))
    return set() if producer is None else {producer.modality} - {""}


def rowless(ref: Ref, producers: Mapping[str, Producer]) -> bool:
    """Whether an output has no entry a row: a scale, or what a part says of itself."""
    if ref.producer == PROGRESS:
        return True
    producer = producers.get(ref.producer)
    if isinstance(producer, Moving):
        return rowless(Ref(producer.of, ref.output), producers)
    if isinstance(producer, Part):
        return ref.output in producer.rowless or not has_rows(ref.producer, producers)
    return isinstance(producer, LogitScale)


def has_rows(name: str, producers: Mapping[str, Producer]) -> bool:
    """Whether a producer looks at rows at all."""
    if name == TARGET:
        return True
    producer = producers.get(name)
    if isinstance(producer, Moving):
        return has_rows(producer.of, producers)
    if isinstance(producer, Part):
        return any(not rowless(ref, producers) for ref in producer.inputs.values())
    return not isinstance(producer, LogitScale) and producer is not None


def in_order(names: Collection[str], producers: Mapping[str, Producer]) -> list[str]:
    """The parts among `names` and all that they read, each after what it reads.

    Raises:
        UsageError: parts that read one another in a circle.
    """
    done: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        producer = producers.get(name)
        if not isinstance(producer, Part) or name in done:
            return
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise UsageError(f"parts read one another in a circle: {circle}; let one of them read something else")
        for ref in producer.inputs.values():
            visit(ref.producer, (*path, name))
        done.append(name)

    for name in sorted(names):
        visit(name, ())
    return done


def with_averages(producers: Mapping[str, Producer], used: Collection[str]) -> dict[str, Producer]:
    """The producers with every used `Moving` replaced by a frozen copy of what it follows, as it is now.

    What borrows from an encoder (`bind`) borrows in its average from that encoder's average.
    """
    found = dict(producers)
    moving = {name: part for name in sorted(used) if isinstance(part := producers.get(name), Moving)}
    lent: dict[str, Encoder] = {}
    for name, average in moving.items():
        followed = producers.get(average.of)
        if isinstance(followed, Encoder):
            lent[average.of] = copy.deepcopy(followed)
            identity = f"moving average of {average.of}, decay {average.decay}"
            found[name] = LiveTeacher(lent[average.of], name=average.of, identity=identity)
        elif not isinstance(followed, Part):
            valid = [n for n, p in producers.items() if isinstance(p, (Encoder, Part))]
            raise UsageError(unknown("producer", average.of, valid, where=f"the moving average '{name}'"))
    for name, average in moving.items():
        followed = producers.get(average.of)
        if isinstance(followed, Part):
            layer = copy.deepcopy(followed.layer).eval().requires_grad_(False)
            if hasattr(layer, "bind"):
                bind: Any = layer.bind
                bind(lent)
            found[name] = Part(layer, average.inputs or followed.inputs, followed.modality)
    return found


def part_problems(spec: StageSpec, producers: Mapping[str, Producer]) -> Iterator[str]:
    """What is wrong with the parts that a stage uses."""
    used = {ref.producer for ref in refs_of(spec, producers)} | set(spec.trains)
    for name in sorted(used):
        part = producers.get(name)
        if isinstance(part, Moving):
            if not 0 < part.decay < 1:
                yield f"moving average '{name}' has decay {part.decay}; valid: above 0 and below 1"
            if part.of not in spec.trains and not _borrows(producers.get(part.of)):
                yield f"moving average '{name}' follows '{part.of}', which stage '{spec.name}' does not train"
        if not isinstance(part, Part):
            continue
        where = f"part '{name}' of stage '{spec.name}'"
        kind, valid = type(part.layer).__name__, part.arguments()
        for key in part.inputs:
            if key not in valid:
                yield unknown("input", key, valid, where=f"{where} ({kind})")
        for key, required in valid.items():
            if required and key not in part.inputs:
                guess = nearest(key, [given for given in part.inputs if given not in valid])
                hint = f"; did you mean it by '{guess}'?" if guess else ""
                yield f"{where}: {kind} lacks its input '{key}'; it takes {', '.join(valid)}{hint}"
        for ref in part.inputs.values():
            if problem := ref_problem(ref, producers, where=where):
                yield problem


def _borrows(producer: Producer | None) -> bool:
    """Whether a part runs on somebody else's weights alone."""
    return (
        isinstance(producer, Part)
        and hasattr(producer.layer, "bind")
        and not any(True for _ in producer.layer.parameters())
    )


def ref_problem(ref: Ref, producers: Mapping[str, Producer], *, where: str) -> str | None:
    """Why nothing can be read there, as far as declarations say; None where nothing is wrong."""
    if ref.producer == TARGET:
        return None
    if ref.producer == PROGRESS:
        return None if ref.output in SHARE else unknown("output", ref.output, SHARE, where=f"'progress' ({where})")
    producer = producers.get(ref.producer)
    if producer is None:
        return unknown("producer", ref.producer, producers, where=where)
    outputs = outputs_of(producer, producers)
    # `mask` comes with `tokens` and is declared with them.
    if outputs and ref.output not in outputs and not (ref.output == "mask" and "tokens" in outputs):
        return unknown("output", ref.output, outputs, where=f"'{ref.producer}' ({where})")
    return None


def outputs_of(producer: Producer, producers: Mapping[str, Producer]) -> tuple[str, ...]:
    """Declared outputs; empty where only running it can tell."""
    if isinstance(producer, Moving):
        followed = producers.get(producer.of)
        return () if followed is None or isinstance(followed, Moving) else outputs_of(followed, producers)
    if isinstance(producer, Part):
        return tuple(getattr(producer.layer, "outputs", ()))
    return producer.outputs


def check_parts(parts: Mapping[str, Part | Moving], stages: Collection[StageSpec]) -> None:
    """Refuse a recipe whose parts could not do anything.

    Raises:
        UsageError: a part's name that is taken, or a part with weights that no stage trains.
    """
    trained = {name for stage in stages for name in stage.trains}
    for name, part in parts.items():
        if name in (TARGET, PROGRESS) or name.startswith(("student.", "teacher.")):
            raise UsageError(f"part '{name}' has the name of something else; valid: any other, such as 'head.{name}'")
        if isinstance(part, Part) and name not in trained and any(True for _ in part.layer.parameters()):
            raise UsageError(
                f"part '{name}' ({type(part.layer).__name__}) has weights, but no stage trains it; name it in `trains`"
            )
