from __future__ import annotations

import threading
import time
from pathlib import Path

from limbeck.data.alone import alone


def test_the_second_one_waits_and_says_so(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with alone(tmp_path, lambda: order.append("waits")):
            order.append("second")

    with alone(tmp_path, lambda: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        while "waits" not in order:
            time.sleep(0.001)
        order.append("first")
    thread.join()
    assert order == ["waits", "first", "second"]
