from __future__ import annotations

import pytest

from data.made import tokenizer
from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.view_for import view_for
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView


def test_each_spec_has_its_view() -> None:
    image, text = view_for(ImageSpec(8, 9)), view_for(TextSpec(tokenizer(), 5))
    assert isinstance(image, ImageView)
    assert image.spec.width == 9
    assert isinstance(text, TextView)


def test_what_has_no_view_is_refused() -> None:
    with pytest.raises(UsageError, match="no view for a spec of type int"):
        view_for(3)
