from __future__ import annotations

import pytest
from transformers.utils import logging

from limbeck.encoders.quiet import quiet


def test_silence_ends_with_the_block() -> None:
    level = logging.get_verbosity()
    assert logging.is_progress_bar_enabled()
    inside: list[object] = []

    def fails() -> None:
        with quiet():
            inside.extend([logging.get_verbosity(), logging.is_progress_bar_enabled()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert inside == [logging.CRITICAL, False]
    assert logging.get_verbosity() == level
    assert logging.is_progress_bar_enabled()
