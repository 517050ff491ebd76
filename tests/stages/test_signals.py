from __future__ import annotations

import os
import signal
import threading

import pytest

from limbeck.stages.signals import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_noted_and_handlers_come_back(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert not interruption.asked
        os.kill(os.getpid(), number)
        assert interruption.asked
    assert signal.getsignal(number) is before
    assert "finishing this step" in capfd.readouterr().err


def test_outside_the_main_thread_it_does_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def other() -> None:
        with Interruption() as interruption:
            seen.append((interruption.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
