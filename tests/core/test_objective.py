"""An objective's inputs are read from the signature of `forward`."""

from __future__ import annotations

from limbeck.core.describe import signature_of
from limbeck.core.objective import Objective


class PlainLoss(Objective):
    def forward(self, *, student, teacher, target_group=None, mask=None):
        return student


class UnmaskedLoss(Objective):
    def forward(self, *, student):
        return student


def test_inputs_say_which_are_required_and_leave_the_mask_out():
    assert PlainLoss.inputs() == {"student": True, "teacher": True, "target_group": False}
    assert UnmaskedLoss.inputs() == {"student": True}


def test_whether_rows_can_be_masked():
    assert PlainLoss.takes_mask()
    assert not UnmaskedLoss.takes_mask()


def test_an_objective_without_settings_has_none():
    assert signature_of(PlainLoss) == []
    assert list(PlainLoss().parameters()) == []
