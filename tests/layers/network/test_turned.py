from __future__ import annotations

import torch

from limbeck.layers.network.turned import TurnedPictures


def test_quarter_turns_are_exact():
    pixels = torch.randn(2, 3, 6, 6)
    for degrees, times in ((0.0, 0), (90.0, 1), (180.0, 2), (-90.0, 3)):
        expected = torch.rot90(pixels, times, dims=(-2, -1))
        torch.testing.assert_close(TurnedPictures(degrees)(pixels=pixels), expected, atol=1e-5, rtol=1e-5)


def test_wide_pictures_keep_their_shape_and_middle():
    pixels = torch.zeros(1, 1, 5, 9)
    pixels[0, 0, 2, 2:7] = 1.0  # a bar that fits either way round
    turned = TurnedPictures(90.0)(pixels=pixels)
    torch.testing.assert_close(turned[0, 0, :, 4], torch.ones(5), atol=1e-5, rtol=1e-5)
    assert turned[0, 0, :, [2, 6]].abs().max() < 1e-5


def test_there_and_back_is_nearly_the_picture():
    pixels = torch.nn.functional.avg_pool2d(torch.randn(1, 1, 20, 20), 5, stride=1)
    back = TurnedPictures(-20.0)(pixels=TurnedPictures(20.0)(pixels=pixels))
    inner = (slice(None), slice(None), slice(4, 12), slice(4, 12))
    assert (back - pixels)[inner].abs().mean() < 0.25 * pixels[inner].abs().mean()
