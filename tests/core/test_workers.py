from __future__ import annotations

import pytest

from limbeck.core.errors import ResourceError
from limbeck.core.workers import worker_deaths


@pytest.mark.parametrize(
    "said",
    [
        "DataLoader worker (pid 7) is killed by signal: Killed. ",
        "DataLoader worker (pid(s) 7, 8) exited unexpectedly",
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that\nshared memory is full",
    ],
)
def test_a_death_is_one_sentence(said: str) -> None:
    with pytest.raises(
        ResourceError, match=r"a data-loader worker died \(DataLoader worker .*7.*\); .*--workers 0"
    ) as e:
        with worker_deaths():
            raise RuntimeError(said)
    assert "\n" not in str(e.value)
    assert str(e.value.__cause__) == said


@pytest.mark.parametrize("error", [RuntimeError("the loss is odd"), ValueError("DataLoader worker")])
def test_everything_else_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, worker_deaths():
        raise error
    assert caught.value is error
