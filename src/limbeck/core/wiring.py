"""`check_wiring`: everything that can be known to be wrong before step 0, all at once."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core import graph
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import LimbeckError, UsageError, nearest, unknown
from limbeck.core.features import Features
from limbeck.core.graph import PROGRESS, TARGET, Producer, module_of
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import StageSpec
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.term import Ref, Term

DRY_ROWS = 8


def check_wiring(
    spec: StageSpec,
    producers: Mapping[str, Producer],
    *,
    dry: Batch | None = None,
    training_rows: Collection[int] = (),
    evaluation_rows: Collection[int] = (),
) -> None:
    """Refuse a stage that could not train, or would train something else than it says.

    Args:
        spec: the stage.
        producers: name -> encoder, teacher, scale or part.
        dry: a batch to try the wiring on; a few of its rows are run in eval mode, and nothing is changed.
        training_rows: indices that training may draw.
        evaluation_rows: indices that validation or test will use.

    Raises:
        UsageError: one line a problem: what was asked, what was found, what is valid, the nearest valid name.
    """
    graph.in_order(producers, producers)
    problems = [
        *_names(spec, producers),
        *graph.part_problems(spec, producers),
        *_teachers(spec, producers),
        *_budget(spec, producers),
        *_leaks(training_rows, evaluation_rows),
    ]
    if not problems:
        problems += _widths(spec, producers)
        producers = graph.with_averages(producers, {ref.producer for ref in graph.refs_of(spec, producers)})
    if not problems and dry is not None:
        problems += _views(spec, producers, dry) or _taps(spec, producers, dry)
    if problems:
        raise UsageError("\n".join(dict.fromkeys(problems)))


def _names(spec: StageSpec, producers: Mapping[str, Producer]) -> Iterator[str]:
    place = f"stage '{spec.name}'"
    if not spec.terms:
        yield f"{place} has no terms; it needs at least one"
    if not spec.trains:
        yield f"{place} trains nothing; name producers in `trains`: {', '.join(sorted(producers))}"
    for name in spec.trains:
        if name not in producers:
            yield unknown("producer", name, producers, where=f"`trains` of {place}")
    read = {ref.producer for ref in graph.refs_of(spec, producers)}
    for name in spec.trains:
        if name in producers and name not in read:
            yield f"{place} trains '{name}', but no term reads it; wire it to a term or take it out of `trains`"
    for name, term in spec.terms.items():
        where = f"term '{name}' of {place}"
        kind = type(term.objective).__name__
        inputs = term.objective.inputs()
        for key in term.inputs:
            if key not in inputs:
                yield unknown("input", key, inputs, where=f"{where} ({kind})")
        for key, required in inputs.items():
            if required and key not in term.inputs:
                guess = nearest(key, [given for given in term.inputs if given not in inputs])
                hint = f"; did you mean it by '{guess}'?" if guess else ""
                yield f"{where}: {kind} lacks its input '{key}'; it takes {', '.join(inputs)}{hint}"
        for ref in term.inputs.values():
            if problem := graph.ref_problem(ref, producers, where=where):
                yield problem


def _teachers(spec: StageSpec, producers: Mapping[str, Producer]) -> Iterator[str]:
    for name, producer in producers.items():
        if not isinstance(producer, Teacher):
            continue
        if name in spec.trains:
            valid = ", ".join(sorted(n for n, p in producers.items() if module_of(p) is not None)) or "none"
            yield f"stage '{spec.name}' trains '{name}', which is a teacher and never trains; valid: {valid}"
        if thawed := producer.trainable():
            yield (
                f"teacher '{name}' has {len(thawed)} trainable parameters ({', '.join(thawed[:3])}); "
                "freeze it with requires_grad_(False)"
            )
    for name in spec.trains:
        trained = module_of(producers[name]) if name in producers else None
        if trained is not None and not any(p.requires_grad for p in trained.parameters()) and not _only_keeps(trained):
            yield f"stage '{spec.name}' trains '{name}', but every parameter of it is frozen; thaw it or leave it out"


def _only_keeps(module: nn.Module) -> bool:
    """Whether it has a state but no weights (running class means): it is named in `trains` to take rows in."""
    return not any(True for _ in module.parameters()) and any(True for _ in module.buffers())


def needs(term: Term, producers: Mapping[str, Producer]) -> tuple[str, ...]:
    """Modalities that a row must have for a term to count it."""
    return tuple(sorted(set().union(*(graph.modalities(ref.producer, producers) for ref in term.inputs.values()))))


def _budget(spec: StageSpec, producers: Mapping[str, Producer]) -> Iterator[str]:
    budget = spec.budget
    place = f"stage '{spec.name}'"
    if budget.steps < 1:
        yield f"budget of {place} has {budget.steps} steps; it needs at least 1"
    if budget.micro_batch is not None and budget.micro_batch < 1:
        yield f"budget of {place} has micro-batches of {budget.micro_batch} rows; valid: 1 or more, or None"
    known = sorted(set().union(*(graph.modalities(name, producers) for name in producers)))
    kinds = {frozenset(kind.split("+")) for kind, rows in budget.batch.items() if rows > 0}
    for kind in budget.batch:
        for modality in kind.split("+"):
            if modality not in known and nearest(modality, known):
                yield unknown("modality", modality, known, where=f"budget.batch of {place}")
    for name, term in spec.terms.items():
        wanted = needs(term, producers)
        if not any(kind.issuperset(wanted) for kind in kinds):
            found = ", ".join(sorted("+".join(sorted(kind)) for kind in kinds)) or "no rows"
            yield (
                f"term '{name}' of {place} counts rows with {'+'.join(wanted)}, but budget.batch holds {found}; "
                f"add '{'+'.join(wanted)}' to budget.batch or drop the term"
            )


def _leaks(training: Collection[int], evaluation: Collection[int]) -> Iterator[str]:
    if shared := sorted(set(training) & set(evaluation)):
        shown = ", ".join(str(row) for row in shared[:5])
        yield f"{len(shared)} evaluation rows are training rows as well (rows {shown}); give each row one split"


def _shapes(term: Term) -> dict[str, Any]:
    """Input -> its jaxtyping annotation, for inputs that have one."""
    found = {}
    for name, hint in typing.get_type_hints(type(term.objective).forward).items():
        options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
        for option in options:
            if hasattr(option, "dim_str") and hasattr(option, "dtypes"):
                found[name] = option
    return found


def _widths(spec: StageSpec, producers: Mapping[str, Producer]) -> Iterator[str]:
    for name, term in spec.terms.items():
        shapes = _shapes(term)
        sharing: dict[str, list[tuple[str, Ref, int]]] = {}
        for key, ref in term.inputs.items():
            axes = shapes[key].dim_str.split() if key in shapes else []
            producer = producers.get(ref.producer)
            if isinstance(producer, (Encoder, Teacher)) and axes and producer.width and ref.output == "pooled":
                sharing.setdefault(axes[-1], []).append((key, ref, producer.width))
        for axis, found in sharing.items():
            if len({width for _, _, width in found}) > 1:
                listed = ", ".join(f"{key} ({ref}) has {width}" for key, ref, width in found)
                yield (
                    f"term '{name}' of stage '{spec.name}': {type(term.objective).__name__} wants one width '{axis}', "
                    f"but {listed}; add a projector, or an objective that compares relations"
                )


def _views(spec: StageSpec, producers: Mapping[str, Producer], dry: Batch) -> list[str]:
    problems = []
    refs = graph.refs_of(spec, producers)
    for name in sorted({ref.producer for ref in refs} - {TARGET, PROGRESS}):
        producer = producers[name]
        if isinstance(producer, (Part, Moving)):
            continue
        if producer.modality and producer.modality not in dry.present:
            problems.append(unknown("modality", producer.modality, dry.present, where=f"a batch, for '{name}'"))
            continue
        if not isinstance(producer, Encoder):
            continue
        if name not in dry.views:
            problems.append(unknown("view", name, dry.views, where="a batch"))
            continue
        for key, value in dry.views[name].items():
            problems += _view(f"view '{name}' holds '{key}'", key, value, producer.vocabulary)
    for term_name, term in spec.terms.items():
        for ref in graph.term_refs(term, producers):
            if ref.producer == TARGET and ref.output not in dry.target:
                problems.append(unknown("target", ref.output, dry.target, where=f"term '{term_name}'"))
    return problems


def _view(what: str, key: str, value: Tensor, vocabulary: int | None) -> Iterator[str]:
    if key == "input_ids":
        if value.is_floating_point():
            yield f"{what} as {value.dtype}; token ids are integers"
        elif vocabulary is not None and value.numel() and not 0 <= int(value.min()) <= int(value.max()) < vocabulary:
            yield (
                f"{what} between {int(value.min())} and {int(value.max())}, but its encoder knows ids 0 to "
                f"{vocabulary - 1}; tokenizer and model do not belong together"
            )
    elif key in ("pixel_values", "features") and not value.is_floating_point():
        yield f"{what} as {value.dtype}; a view has to finish it as floating-point numbers"


def _taps(spec: StageSpec, producers: Mapping[str, Producer], dry: Batch) -> list[str]:
    """Runs each term on a few rows and looks where its gradient arrives."""
    problems: list[str] = []
    learns = {name: module_of(producers[name]) for name in spec.trains}
    silent = {name for name, module in learns.items() if module is None or not _only_keeps(module)}
    modules = [module for p in producers.values() if (module := module_of(p)) is not None]
    modes = [(part, part.training) for module in modules for part in module.modules()]
    complete = True
    try:
        for module in modules:
            module.eval()
        with torch.random.fork_rng(), torch.enable_grad():
            for name, term in spec.terms.items():
                rows = dry.both(*needs(term, producers)).nonzero().squeeze(1)[:DRY_ROWS]
                if not len(rows):
                    complete = False
                    continue
                try:
                    silent -= _reached(term, producers, dry.rows(rows), spec.trains)
                except (LimbeckError, RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
                    first = str(error).splitlines()[0] if str(error) else type(error).__name__
                    problems.append(f"term '{name}' of stage '{spec.name}' fails on a dry batch: {first}")
    finally:
        for part, mode in modes:
            part.training = mode
    if complete and not problems:
        for name in sorted(silent):
            problems.append(
                f"stage '{spec.name}' trains '{name}', but no term's gradient reaches it on a dry batch; "
                "inputs named teacher* and target* are never differentiated: wire it to another input"
            )
    return problems


def _reached(term: Term, producers: Mapping[str, Producer], batch: Batch, trains: Collection[str]) -> set[str]:
    """Trained producers that the term's gradient arrives at."""
    refs = graph.term_refs(term, producers)
    start = torch.zeros((), device=batch.index.device)
    produced: dict[str, Features] = {
        TARGET: Features(extras=batch.target),
        PROGRESS: Features(extras=dict.fromkeys(graph.SHARE, start)),
    }
    names = {ref.producer for ref in refs} - produced.keys()
    for name in names:
        producer = producers[name]
        if not isinstance(producer, (Part, Moving)):
            produced[name] = run(producer, name, batch, [ref.output for ref in refs if ref.producer == name])
    for name in graph.in_order(names, producers):
        part = producers[name]
        assert isinstance(part, Part)
        inputs = {key: produced[ref.producer][ref.output] for key, ref in part.inputs.items()}
        produced[name] = part(inputs, trains=name in trains)
    shapes = _shapes(term)
    inputs = {key: produced[ref.producer][ref.output] for key, ref in term.inputs.items()}
    for key, value in inputs.items():
        if key in shapes and not _kind(value) & _kinds(shapes[key]):
            kinds = "/".join(sorted(_kinds(shapes[key])))
            raise UsageError(f"input '{key}' ({term.inputs[key]}) is {value.dtype}; its objective takes {kinds}")
    loss = term.objective(**inputs).sum()
    if not loss.requires_grad:
        return set()
    trained = [(n, p) for n in trains if n in produced for p in _parameters(producers[n])]
    gradients = torch.autograd.grad(loss, [p for _, p in trained], allow_unused=True) if trained else ()
    return {name for (name, _), gradient in zip(trained, gradients, strict=True) if gradient is not None}


def run(producer: Encoder | Teacher | LogitScale, name: str, batch: Batch, want: Collection[str]) -> Features:
    """The outputs in `want` of one producer that is no part, for every row of the batch, in fp32."""
    want = asked(want, producer.outputs)
    if isinstance(producer, LogitScale):
        return producer.forward(want=want)
    if isinstance(producer, Teacher):
        return producer(batch, want=want).map(_float)
    return producer.forward(batch.view(name), want=want).map(_float)


def asked(want: Collection[str], outputs: Collection[str]) -> tuple[str, ...]:
    """`want` in order; `mask`, where it is no output of its own, comes with `tokens`."""
    hidden = "mask" in want and "mask" not in outputs
    return tuple(sorted({name for name in want if not hidden or name != "mask"} | ({"tokens"} if hidden else set())))


def _float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _parameters(producer: Producer) -> list[nn.Parameter]:
    module = module_of(producer)
    return [] if module is None else [p for p in module.parameters() if p.requires_grad]


def _kind(value: Tensor) -> set[str]:
    return {"bool" if value.dtype == torch.bool else "float" if value.is_floating_point() else "int"}


def _kinds(annotation: Any) -> set[str]:
    names = " ".join(str(kind) for kind in annotation.dtypes)
    return {kind for kind in ("bool", "float", "int") if kind in names} or {"bool", "float", "int"}
