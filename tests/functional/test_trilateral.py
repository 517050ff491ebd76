from __future__ import annotations

import torch

from limbeck.functional.trilateral import trilateral


def test_oracle():
    corners = [torch.rand(4, 3) for _ in range(4)]
    s, t, g, a = (corner.tolist() for corner in corners)
    expected = []
    for i in range(4):
        edges = ((s, g), (t, g), (s, t), (a, g), (s, a))
        expected.append([x - y for one, other in edges for x, y in zip(one[i], other[i], strict=True)])
    torch.testing.assert_close(trilateral(*corners), torch.tensor(expected))


def test_a_triangle_closes_and_agreement_has_no_edges():
    s, t, g, a = (torch.rand(4, 3) for _ in range(4))
    sg, tg, st, ag, sa = trilateral(s, t, g, a).split(3, dim=1)
    torch.testing.assert_close(sg, tg + st)
    torch.testing.assert_close(sg, sa + ag)
    assert not trilateral(g, g, g, g).any()
