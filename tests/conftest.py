"""What holds for every test: shapes are checked, one thread, no hub, nothing random between runs."""

from __future__ import annotations

import os

# before torch and transformers are imported: two pytest workers share two cores, and no test may reach a hub
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Every annotated tensor of these rooms is checked at each call, for its dtype and its shape.
install_import_hook(["limbeck.objectives", "limbeck.functional"], "beartype.beartype")

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _one_seed() -> None:
    """A test that forgets to seed is the same on every run, whatever ran before it."""
    import torch

    torch.manual_seed(0)
