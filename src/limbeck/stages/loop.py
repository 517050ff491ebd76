"""`fit`: the one training loop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, Protocol

import torch
from torch import Tensor, nn

from limbeck.core.artefact import discard, storage_errors, sweep
from limbeck.core.errors import ArtefactError, InterruptedRun, UsageError
from limbeck.core.graph import Producer
from limbeck.core.recipe import StageSpec
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.wiring import check_wiring
from limbeck.core.workers import worker_deaths
from limbeck.schedules.warmup_cosine import WarmupCosineSchedule
from limbeck.stages import checkpoint
from limbeck.stages.accumulation import backward, has_batch_statistics
from limbeck.stages.collapse import Collapse
from limbeck.stages.ema import Average
from limbeck.stages.guard import Guard, evidence
from limbeck.stages.identity import identity_of
from limbeck.stages.log import MetricsLog
from limbeck.stages.optimizer import make_optimizer
from limbeck.stages.precision import Precision, decide
from limbeck.stages.progress import Progress
from limbeck.stages.result import FitResult
from limbeck.stages.selection import Selection
from limbeck.stages.signals import Interruption
from limbeck.stages.stage import Stage

LOG_LINES = 200


class Loader(Protocol):
    """Batches as a pure function of the step."""

    def steps(self, start: int, stop: int) -> Iterator[Batch]:
        """The batches of steps `start` to `stop - 1`, in order."""
        ...


def fit(
    spec: StageSpec,
    producers: Mapping[str, Producer],
    loader: Loader,
    *,
    folder: Path | None,
    validate: Callable[[], Mapping[str, float]] | None = None,
    monitor: str | None = None,
    seed: int = 0,
    progress: bool = True,
    resume: bool = True,
    identity: Mapping[str, Any] | None = None,
    ids: Callable[[Sequence[int]], Sequence[str]] | None = None,
) -> FitResult:
    """Train one stage; the kept weights are in the producers afterwards.

    Kept are the best validated weights where there is validation, else the average where there is one, else the last.
    Every random number of step s is a function of (seed, stage, s), so that a resumed run equals an uninterrupted one
    bit for bit on one machine with one thread count.

    Args:
        spec: terms, what trains, budget, optimisation.
        producers: name -> encoder, teacher, scale, part or moving average.
        loader: gives the batch of any step.
        folder: gets `metrics.jsonl`, `checkpoints/<stage>/` and, when a batch is bad, `nonfinite.json`; None keeps
            everything in memory, and the run cannot be resumed.
        validate: metrics of the models as they are when it is called (averaged weights where there is an average).
        monitor: the metric to maximise; None takes the first that `validate` returns.
        seed: of dropout and everything else random in a step.
        progress: show a bar (or plain lines where stderr is no terminal).
        resume: go on from the newest valid checkpoint; False deletes this stage's checkpoints and starts afresh.
        identity: fingerprints of data, teacher and configuration; a checkpoint of another identity is refused.
        ids: row indices -> the user's names for rows, for `nonfinite.json`.

    Raises:
        UsageError: the wiring is wrong, or the learning rate cannot work.
        DataError: the loss or a gradient is not finite, or batches hold one row again and again.
        ArtefactError: the checkpoint belongs to another run.
        ResourceError: the disk is full, or a data-loader worker died.
        InterruptedRun: SIGINT or SIGTERM came; a checkpoint was written.
    """
    check_wiring(spec, producers)
    stage = Stage(spec, producers=producers)
    devices = [stage.device] if stage.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), Interruption() as interruption, worker_deaths():
        whole = identity_of(spec, producers, seed=seed, given=identity or {})
        guard = Guard(spec, folder=folder, ids=ids)
        run = _Run(stage, whole, guard, folder=folder, seed=seed, validate=validate, monitor=monitor)
        return run.go(loader, interruption, resume=resume, shown=progress)


class _Run:
    """The state of one stage in training; everything that `_save` writes, `_resume` reads back."""

    def __init__(
        self,
        stage: Stage,
        identity: Mapping[str, Any],
        guard: Guard,
        *,
        folder: Path | None,
        seed: int,
        validate: Callable[[], Mapping[str, float]] | None,
        monitor: str | None,
    ) -> None:
        self.stage, self.spec, self.identity, self.guard = stage, stage.spec, identity, guard
        self.folder, self.seed, self.validate = folder, seed, validate
        self.checkpoints = folder / "checkpoints" / self.spec.name if folder is not None else None
        self.parameters = [p for p in stage.parameters() if p.requires_grad]
        optimisation, budget = self.spec.optimisation, self.spec.budget
        self.optimizer = make_optimizer(stage, optimisation)
        self.rate = WarmupCosineSchedule(budget.steps, warmup=optimisation.warmup, peak=optimisation.learning_rate)
        self.average = Average(stage, decay=optimisation.ema) if optimisation.ema is not None else None
        self.selection = Selection(monitor, patience=budget.patience)
        self.collapse = Collapse()
        self.log_every = max(1, budget.steps // LOG_LINES)
        self.step = 0
        self.precision: Precision | None = None
        self.warnings: list[str] = []
        self.seconds, self.finished, self.stopped_early = 0.0, False, False

    def go(self, loader: Loader, interruption: Interruption, *, resume: bool, shown: bool) -> FitResult:
        started = time.perf_counter()
        self._open(resume=resume)
        first, before = self.step, self.seconds
        trained = waited = 0.0
        rows = 0
        # Step 0 stays only where a checkpoint vouches for it.
        self.log = MetricsLog(self.folder, stage=self.spec.name, keep=self.step or -1)
        self.progress = Progress(self.spec.name, total=self.spec.budget.steps, done=self.step, shown=shown)
        batches = iter(loader.steps(self.step, self.spec.budget.steps)) if not self.finished else iter(())
        try:
            for warning in self.warnings:
                self.progress.note(f"warning: {warning}")
            self.stage.train()
            last: Batch | None = None
            while not self.finished:
                asked = time.perf_counter()
                batch = self._next(batches, interruption)
                if batch is None:
                    self.seconds = before + time.perf_counter() - started
                    self._leave(last)
                waited += time.perf_counter() - asked
                if self.precision is None:
                    self._begin(batch)
                    asked = time.perf_counter()
                entry, loss = self._update(batch)
                trained += time.perf_counter() - asked
                rows += len(batch)
                self.progress.update(self.step, len(batch), loss)
                self._validate(entry)
                if entry:
                    self.log.write(self.step, entry)
                self.seconds = before + time.perf_counter() - started
                every = self.spec.budget.save_every
                if self.finished or (every and self.step % every == 0):
                    self._save(batch)
                last = batch
        finally:
            self.progress.close()
            self.log.close()
            if isinstance(batches, Generator):
                batches.close()  # ends the loader's workers now, not when somebody collects garbage
        self._keep()
        return FitResult(
            steps=self.step,
            best=self.selection.metrics,
            history=self.selection.history,
            seconds=self.seconds,
            stopped_early=self.stopped_early,
            best_step=self.selection.step or self.step,
            precision=self.precision.name if self.precision else "fp32",
            precision_reason=self.precision.reason if self.precision else "",
            rows_per_second=rows / trained if trained else 0.0,
            waited=waited,
            warnings=tuple(self.warnings),
            resumed_from=first,
        )

    def _open(self, *, resume: bool) -> None:
        if self.folder is not None and self.checkpoints is not None:
            with storage_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, self.checkpoints):
                sweep(folder)
            if resume:
                self._resume(self.checkpoints)
            elif self.checkpoints.exists():
                discard(self.checkpoints)
        if self.step == 0:
            self.guard.rate(self.parameters)

    def _next(self, batches: Iterator[Batch], interruption: Interruption) -> Batch | None:
        """The next batch, on the stage's device; None when the run was interrupted, also while waiting for it."""
        if interruption.asked:
            return None
        try:
            batch = next(batches)
        except StopIteration:
            wanted = f"stage '{self.spec.name}' asked for {self.spec.budget.steps}"
            raise UsageError(f"the loader ended after {self.step} steps; {wanted}") from None
        except BaseException:
            # A terminal sends SIGINT to the loader's workers as well, and what they die of is not news.
            if interruption.asked:
                return None
            raise
        return None if interruption.asked else _to(batch, self.stage.device)

    def _begin(self, batch: Batch) -> None:
        """What needs a batch and has to happen before step 0."""
        check_wiring(self.spec, self.stage.producers, dry=batch)
        self.precision = decide(self.spec.optimisation.precision, self.stage, batch, self.spec.budget.steps)
        self.log.write(0, {"precision": self.precision.name})
        self.progress.note(f"{self.spec.name}: {self.precision.name} ({self.precision.reason})")
        if self.spec.budget.micro_batch is not None and has_batch_statistics(self.stage):
            self._warn("batch normalisation sees micro-batches, so that accumulation is not exact for this model", {})

    def _update(self, batch: Batch) -> tuple[dict[str, Any], float]:
        """One step of the optimizer; returns what is to be logged of it, if anything, and the loss."""
        assert self.precision is not None
        optimisation, budget = self.spec.optimisation, self.spec.budget
        self.guard.batch(batch, self.step + 1)
        _reseed(_mixed(self.seed, self.spec.name, self.step), self.stage.device)
        done = backward(self.stage, batch, step=self.step, micro_batch=budget.micro_batch, bf16=self.precision.bf16)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        rate = self.rate(self.step)
        # The one wait for the device in a step: nothing may be updated by numbers that nobody has looked at.
        loss, norm = torch.stack([done.output.loss, nn.utils.get_total_norm(gradients)]).tolist()
        terms = done.output.terms
        self.guard.update(batch, self.step + 1, loss, norm, evidence=lambda: evidence(terms, self.stage, rate))
        if optimisation.clip is not None and norm > optimisation.clip:
            torch._foreach_mul_(gradients, optimisation.clip / norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.stage.advance()
        if self.average is not None:
            self.average.update(self.step)
        entry: dict[str, Any] = {}
        if self.step % self.log_every == 0 or self.step in (1, budget.steps):
            entry = {"loss": loss, "terms": {name: float(value) for name, value in terms.items()}}
            entry |= {"norm": norm, "learning_rate": rate, "log": {**done.output.log, **self._scales()}}
        if self.collapse.due(self.step):
            health, new = self.collapse.look(self.step, done.pooled)
            entry["health"] = health
            for warning in new:
                self._warn(warning, entry)
        return entry, loss

    def _scales(self) -> dict[str, float]:
        scales = {n: p for n, p in self.stage.producers.items() if isinstance(p, LogitScale)}
        with torch.no_grad():
            return {f"scale.{name}": float(part(want=("scale",))["scale"]) for name, part in scales.items()}

    def _warn(self, warning: str, entry: dict[str, Any]) -> None:
        self.warnings.append(warning)
        entry["warning"] = warning
        self.progress.note(f"warning: {warning}")

    def _validate(self, entry: dict[str, Any]) -> None:
        """Validate where it is due; decides whether the stage is finished."""
        budget = self.spec.budget
        self.finished = self.step >= budget.steps
        due = self.finished or (budget.evaluate_every > 0 and self.step % budget.evaluate_every == 0)
        if self.validate is None or not due:
            return
        self.stage.eval()
        with self._judged():
            metrics = {name: float(value) for name, value in self.validate().items()}
            name, value, better = self.selection.consider(self.step, metrics, weights=self._snapshot)
        self.stage.train()
        entry["validation"] = metrics
        remark = " (best so far)" if better else ""
        self.progress.note(f"{self.spec.name}: step {self.step}, {name} {value:.4f}{remark}")
        if self.selection.over and not self.finished:
            self.finished = self.stopped_early = True

    def _judged(self) -> contextlib.AbstractContextManager[None]:
        """The models with the weights that the stage is judged by."""
        return contextlib.nullcontext() if self.average is None else self.average.applied()

    def _snapshot(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in checkpoint.unique_state(self.stage).items()}

    def _keep(self) -> None:
        """Put the weights that the stage is judged by into the models, in eval mode."""
        if not self.selection.weights and self.average is not None:
            with self._judged():
                self.selection.weights = self._snapshot()
        if self.selection.weights:
            checkpoint.load_weights(self.stage, self.selection.weights)
        self.stage.eval()

    def _save(self, batch: Batch | None) -> None:
        if batch is not None:
            self.guard.weights(checkpoint.unique_state(self.stage), batch, self.step)
        if self.checkpoints is None:
            return
        self.log.sync()
        checkpoint.save(
            self.checkpoints,
            self.step,
            self.stage,
            self.optimizer,
            self.average.state() if self.average is not None else None,
            {
                "finished": self.finished,
                "stopped_early": self.stopped_early,
                "selection": self.selection.state(),
                "seconds": self.seconds,
                "precision": [self.precision.name, self.precision.reason] if self.precision else None,
                "warnings": self.warnings,
                "collapse": self.collapse.state(),
                "identical": self.guard.identical,
            },
            best=self.selection.weights,
            identity=self.identity,
        )

    def _leave(self, batch: Batch | None) -> NoReturn:
        where = f"stage '{self.spec.name}' was interrupted at step {self.step} of {self.spec.budget.steps}"
        if self.checkpoints is None:
            raise InterruptedRun(f"{where}; it kept nothing on the disk")
        if self.step == 0:
            raise InterruptedRun(f"{where}, before there was anything to save; run the same command again")
        self._save(batch)
        raise InterruptedRun(f"{where}; a checkpoint is in {self.checkpoints}; run the same command again to go on")

    def _resume(self, checkpoints: Path) -> None:
        found = checkpoint.newest_valid(checkpoints)
        bad = checkpoint.damaged(checkpoints, newer_than=found.step if found else -1)
        self.warnings = [f"{path} is damaged and was passed over" for path in bad]
        if found is None:
            return
        if changed := checkpoint.differences(found.identity, self.identity):
            raise ArtefactError(
                f"{found.path} belongs to another run: {'; '.join(changed)}; undo that, or start afresh elsewhere"
            )
        checkpoint.restore(found, self.stage, self.optimizer)
        if self.average is not None:
            self.average.load(found.tensors("ema"))
        state = found.state
        self.step, self.seconds = found.step, state["seconds"]
        self.finished, self.stopped_early = state["finished"], state["stopped_early"]
        self.selection.load(state["selection"], found.tensors("best"))
        self.precision = Precision(*state["precision"]) if state["precision"] else None
        self.warnings = [*state["warnings"], *(w for w in self.warnings if w not in state["warnings"])]
        self.collapse.load(state["collapse"])
        self.guard.identical = state["identical"]
        if found.threads != torch.get_num_threads():
            self.warnings.append(
                f"resumed with {torch.get_num_threads()} threads what was begun with {found.threads}: "
                "the result will differ from an uninterrupted run by rounding"
            )


def _reseed(seed: int, device: torch.device) -> None:
    # torch.manual_seed seeds every kind of device there could be, which takes milliseconds of each step.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def _mixed(seed: int, stage: str, step: int) -> int:
    return int.from_bytes(sha256(f"{seed}/{stage}/{step}".encode()).digest()[:7], "big")


def _to(batch: Batch, device: torch.device) -> Batch:
    if batch.index.device == device:
        return batch

    def moved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: value.to(device, non_blocking=True) for name, value in tensors.items()}

    views = {name: moved(view) for name, view in batch.views.items()}
    return Batch(views, moved(batch.present), batch.index.to(device), batch.draw.to(device), moved(batch.target))
