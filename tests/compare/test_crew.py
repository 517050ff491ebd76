"""Tasks in this process or in several: the same files, the same errors, and nobody is left behind."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
import torch

from compare import desks
from limbeck.compare.crew import Crew, fixed_threads
from limbeck.core.errors import DataError, UsageError


def crew(folder: Path, jobs: int, **changes: object) -> Crew:
    (folder / "plan.json").write_text("{}")
    given = {"opener": desks.opener, "plan": folder / "plan.json", "jobs": jobs, "threads": 1} | changes
    return Crew(desks.opener(folder / "plan.json", print), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_done_with_the_threads_that_were_asked_for(tmp_path: Path, jobs: int):
    before = torch.get_num_threads()
    with crew(tmp_path, jobs, threads=2) as found:
        found.work([{"name": f"t{number}"} for number in range(5)])
        found.work([{"name": "late"}, {"name": "later"}])
    done = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.done")}
    assert set(done) == {*(f"t{number}.done" for number in range(5)), "late.done", "later.done"}
    assert {one["threads"] for one in done.values()} == {2}
    pids = {one["pid"] for one in done.values()}
    assert (pids == {os.getpid()}) == (jobs == 1)
    assert len(pids) <= jobs
    assert torch.get_num_threads() == before


def test_an_error_of_a_worker_is_raised_here_as_what_it_is(tmp_path: Path):
    with pytest.raises(DataError, match="bad row 7"), crew(tmp_path, 2) as found:
        found.work([{"name": "a", "fail": "DataError"}, {"name": "b"}])
    with pytest.raises(RuntimeError, match="ZeroDivisionError in a worker process: division by zero"):
        with crew(tmp_path, 2) as found:
            found.work([{"name": "c", "fail": "ZeroDivisionError"}, {"name": "d"}])
    with pytest.raises(RuntimeError, match="a worker process ended"), crew(tmp_path, 2) as found:
        found.work([{"name": "e", "fail": "exit"}, {"name": "f"}])


def test_no_jobs_and_no_threads_are_refused(tmp_path: Path):
    for changes in ({"jobs": 0}, {"jobs": 1, "threads": 0}):
        with pytest.raises(UsageError, match="at least 1"):
            crew(tmp_path, **changes)


def test_threads_of_one_process_take_turns():
    inside, most = [], []

    def enter() -> None:
        with fixed_threads(1):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
