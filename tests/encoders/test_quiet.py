from __future__ import annotations

import pytest
from transformers.utils import logging

from limbeck.encoders.quiet import quiet


def test_silence_ends_with_the_block() -> None:
    level = logging.get_verbosity()
    assert logging.is_progress_bar_enabled()
    with pytest.raises(RuntimeError), quiet():
        assert logging.get_verbosity() == logging.CRITICAL
        assert not logging.is_progress_bar_enabled()
        raise RuntimeError
    assert logging.get_verbosity() == level
    assert logging.is_progress_bar_enabled()
