"""Live and projected teachers: frozen, in eval mode, without gradient, with a fingerprint that sees every weight."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.core.teacher import LiveTeacher, ProjectedTeacher


class Small(Encoder):
    modality = "image"
    width = 4
    outputs = ("pooled", "tokens")

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.BatchNorm1d(4))

    def forward(self, view, *, want=("pooled",)):
        return Features(pooled=self.linear(view["x"]))


@pytest.fixture
def batch():
    return Batch(
        views={"teacher.image": {"x": torch.randn(5, 3)}},
        present={"image": torch.tensor([True, True, False, True, False])},
        index=torch.arange(5),
        draw=torch.zeros(5, dtype=torch.int64),
    )


@pytest.fixture
def live():
    return LiveTeacher(Small().train(), name="teacher.image", identity="abc")


def test_a_live_teacher_is_frozen_and_deterministic(live, batch):
    before = {name: value.clone() for name, value in live.encoder.state_dict().items()}
    first, second = live(batch), live(batch)
    assert torch.equal(first["pooled"], second["pooled"])  # dropout is off
    assert not first["pooled"].requires_grad
    assert live.trainable() == ()
    after = live.encoder.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)  # running statistics too
    assert (live.modality, live.width, live.outputs) == ("image", 4, ("pooled", "tokens"))
    assert live.fingerprint() == "abc"


def test_a_thawed_parameter_is_named(live):
    live.encoder.linear[0].bias.requires_grad_(True)
    assert live.trainable() == ("linear.0.bias",)


def test_a_projected_teacher_projects_and_leaves_absent_rows_zero(live, batch):
    projector = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5)).train()
    teacher = ProjectedTeacher(live, projector=projector, width=2)
    found = teacher(batch)["pooled"]
    expected = live(batch)["pooled"] @ projector[0].weight.T + projector[0].bias
    torch.testing.assert_close(found[[0, 1, 3]], expected[[0, 1, 3]])
    assert found[[2, 4]].abs().sum() == 0
    assert not found.requires_grad
    assert teacher.trainable() == ()
    projector[0].weight.requires_grad_(True)
    live.encoder.linear[0].bias.requires_grad_(True)
    assert teacher.trainable() == ("linear.0.bias", "projector.0.weight")


def test_a_projected_teacher_passes_on_what_its_base_says(live, batch):
    teacher = ProjectedTeacher(live, projector=nn.Linear(4, 2), width=2)
    found = teacher(batch, want=("pooled", "base"))
    assert torch.equal(found["base"], live(batch)["pooled"])
    assert torch.equal(found["pooled"], teacher(batch)["pooled"])
    assert teacher(batch, want=("base",)).names() == ("base",)
    with pytest.raises(UsageError, match="unknown output 'depth'; valid: base, pooled"):
        teacher(batch, want=("depth",))


def test_the_fingerprint_sees_the_base_and_every_weight(live):
    def fingerprint(seed: int, identity: str = "abc") -> str:
        torch.manual_seed(seed)
        base = LiveTeacher(live.encoder, name="teacher.image", identity=identity)
        return ProjectedTeacher(base, projector=nn.Linear(4, 2), width=2).fingerprint()

    assert fingerprint(0) == fingerprint(0)
    assert len({fingerprint(0), fingerprint(1), fingerprint(0, "abd")}) == 3
