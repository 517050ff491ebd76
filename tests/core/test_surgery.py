from __future__ import annotations

import pytest

from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from stages import worlds


def test_parameters_are_counted_once():
    image = worlds.Small("image")
    alone = sum(p.numel() for p in image.parameters())
    assert parameters_of({"image": image, "again": image}) == alone
    assert parameters_of({"image": image, "text": worlds.Small("text")}) == 2 * alone


def test_a_surgery_has_to_operate():
    with pytest.raises(TypeError, match="abstract"):
        Surgery()

    class Nothing(Surgery):
        def __call__(self, student, *, teachers):
            return SurgeryReport((), 0, 0)

    assert Nothing().settle({}) is None
    assert not Nothing.preserving
