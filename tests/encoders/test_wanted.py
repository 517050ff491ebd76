from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.encoders.wanted import as_tokens, check_want, wanted


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown output 'pold' in tower; .* did you mean 'pooled'"):
        check_want(("pold",), ("pooled", "tokens"), encoder="tower")
    check_want(("tokens",), ("pooled", "tokens"), encoder="tower")


def test_only_what_was_asked_for_is_computed() -> None:
    def never() -> torch.Tensor:
        raise AssertionError("computed without being asked for")

    mask = torch.ones(2, 3, dtype=torch.bool)
    computed = {"pooled": lambda: torch.ones(2, 4), "tokens": never, "hidden.0": lambda: torch.zeros(2, 3, 4)}
    found = wanted(("pooled",), computed, mask=mask)
    assert found.names() == ("pooled",)
    assert set(wanted(("hidden.0",), computed, mask=mask).names()) == {"mask", "hidden.0"}


def test_maps_become_tokens_row_by_row() -> None:
    maps = torch.arange(12.0).reshape(1, 2, 2, 3)
    tokens = as_tokens(maps)
    assert tokens.shape == (1, 6, 2)
    assert tokens[0, 4].tolist() == [maps[0, 0, 1, 1].item(), maps[0, 1, 1, 1].item()]
    assert as_tokens(tokens) is tokens
