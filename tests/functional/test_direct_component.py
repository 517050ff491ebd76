from __future__ import annotations

import numpy as np
import torch
from scipy.fft import dctn, idctn

from limbeck.functional.direct_component import without_direct_component
from objectives.oracle import close


def test_it_is_the_dct_without_its_first_coefficient():
    tokens = torch.randn(3, 12, 5)
    maps = tokens.double().numpy().reshape(3, 4, 3, 5)
    frequencies = dctn(maps, axes=(1, 2), norm="ortho")
    frequencies[:, 0, 0] = 0
    expected = idctn(frequencies, axes=(1, 2), norm="ortho").reshape(3, 12, 5)
    close(without_direct_component(tokens).flatten(), expected.ravel().tolist())
    assert np.abs(expected).max() > 0.5


def test_a_constant_map_is_nothing_and_one_token_too():
    assert not without_direct_component(torch.ones(2, 4, 3) * 7).any()
    assert not without_direct_component(torch.randn(2, 1, 3)).any()


def test_it_is_a_projection():
    once = without_direct_component(torch.randn(2, 6, 3))
    torch.testing.assert_close(without_direct_component(once), once)
