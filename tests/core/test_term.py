"""Terms: where an input comes from and what its loss weighs at a step."""

from __future__ import annotations

from limbeck.core.term import Ref, Term
from limbeck.objectives.feature.mse import MSELoss
from limbeck.schedules.linear import LinearSchedule


def test_a_reference_reads_as_producer_and_output():
    assert str(Ref("student.image")) == "student.image:pooled"
    assert str(Ref("student.scale", "scale")) == "student.scale:scale"


def test_a_weight_is_a_number_or_a_function_of_the_step():
    assert Term(MSELoss(), {}, 2).weight_at(100) == 2.0
    scheduled = Term(MSELoss(), {}, LinearSchedule(10, start=0.0, end=1.0))
    assert [scheduled.weight_at(step) for step in (0, 5, 10, 99)] == [0.0, 0.5, 1.0, 1.0]
