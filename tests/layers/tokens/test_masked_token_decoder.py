from __future__ import annotations

import torch

from limbeck.layers.tokens.masked_token_decoder import MaskedTokenDecoder


def made():
    torch.manual_seed(0)
    return MaskedTokenDecoder(5, tokens=6, width=3, inner=8)


def test_oracle_of_the_grid():
    decoder, seen, place = made(), torch.randn(2, 2, 5), torch.tensor([[1, 4], [0, 5]])
    for row in range(2):
        grid = []
        for at in range(6):
            which = [k for k in range(2) if int(place[row, k]) == at]
            grid.append((decoder.into(seen[row, which[0]]) if which else decoder.mask) + decoder.position[at])
        expected = decoder.out(decoder.block(torch.stack(grid)[None]))[0]
        found = decoder(seen=seen, place=place)["tokens"][row]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_order_of_what_was_seen_does_not_matter_and_places_do():
    decoder, seen, place = made(), torch.randn(1, 3, 5), torch.tensor([[1, 4, 2]])
    first = decoder(seen=seen, place=place)["tokens"]
    torch.testing.assert_close(decoder(seen=seen.flip(1), place=place.flip(1))["tokens"], first)
    assert (decoder(seen=seen, place=place.flip(1))["tokens"] - first).abs().max() > 1e-3


def test_it_learns_what_was_hidden_from_what_was_seen():
    # every token of a picture is the same: one seen token says them all
    decoder = made()
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.01)
    for _ in range(200):
        value = torch.randn(32, 1, 3)
        seen = torch.cat([value, torch.zeros(32, 1, 2)], dim=-1)
        found = decoder(seen=seen, place=torch.randint(0, 6, (32, 1)))["tokens"]
        loss = (found - value).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1
