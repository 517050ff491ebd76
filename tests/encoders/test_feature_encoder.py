from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.encoders.feature_encoder import FeatureEncoder
from limbeck.layers.projector.mlp import MLPProjector


def test_it_is_the_projector() -> None:
    projector = MLPProjector(7, hidden=8, width=5)
    encoder = FeatureEncoder(projector, modality="image")
    features = torch.randn(4, 7)
    assert (encoder.modality, encoder.in_width, encoder.width, encoder.spec) == ("image", 7, 5, None)
    assert torch.equal(encoder({"features": features})["pooled"], projector(features))
    with pytest.raises(UsageError, match="unknown output 'tokens'"):
        encoder({"features": features}, want=("tokens",))
