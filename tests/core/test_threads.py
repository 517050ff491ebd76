from __future__ import annotations

import pytest
import torch

from limbeck.core.threads import torch_threads


@pytest.mark.parametrize("count", [1, 2])
def test_the_number_holds_inside_and_is_put_back_even_after_an_error(count: int) -> None:
    before = torch.get_num_threads()
    with torch_threads(count):
        assert torch.get_num_threads() == count
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), torch_threads(count):
        _ = 1 / 0
    assert torch.get_num_threads() == before
