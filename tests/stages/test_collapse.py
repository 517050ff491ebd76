from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.stages.collapse import Collapse, spread_and_rank


def test_against_an_oracle_with_eigenvalues() -> None:
    for shape in [(40, 5), (6, 30)]:
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).double().numpy() + 0.5
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        values = np.linalg.svd(unit - unit.mean(0), compute_uv=False) ** 2
        spread, rank = spread_and_rank(torch.from_numpy(x))
        assert spread == pytest.approx(1 - (unit.mean(0) ** 2).sum(), rel=1e-4)
        assert rank == pytest.approx(values.sum() ** 2 / (values**2).sum(), rel=1e-4)


def looks(rows: torch.Tensor, count: int) -> list[str]:
    collapse = Collapse()
    return [w for step in range(20, 20 * count + 1, 20) for w in collapse.look(step, {"student.image": rows})[1]]


def test_flags_a_constant_and_a_line_once_and_nothing_healthy() -> None:
    noise = torch.randn(32, 16, generator=torch.Generator().manual_seed(0))
    constant = torch.ones(32, 16) + 1e-4 * noise
    line = noise[:, :1] * torch.ones(32, 16)
    assert looks(constant, 4) == []
    assert len(looks(constant, 9)) == 1
    assert "at step 100 (all rows alike" in looks(constant, 9)[0]
    assert "one direction left" in looks(line, 5)[0]
    assert looks(noise, 9) == []


def test_a_student_that_recovers_is_not_flagged_and_state_round_trips() -> None:
    constant, noise = torch.ones(8, 4), torch.eye(8)[:, :4]
    collapse, other = Collapse(), Collapse()
    for step in (20, 40, 60, 80):
        collapse.look(step, {"a": constant})
    other.load(collapse.state())
    assert other.look(100, {"a": noise})[1] == []
    assert collapse.look(100, {"a": constant})[1] != []
    assert other.look(100, {"a": constant[:2]}) == ({}, [])  # too few rows to say anything
