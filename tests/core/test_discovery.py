"""Parts are found by walking: a new file is enough, abstract and private ones are left out."""

from __future__ import annotations

import inspect
import sys
from abc import ABCMeta, abstractmethod

import pytest
from torch import nn

from limbeck import objectives
from limbeck.core import discovery
from limbeck.core.encoder import Teacher
from limbeck.core.objective import Objective

MECHANISM = '''"""A new one."""
from __future__ import annotations
from limbeck.core.objective import Objective
from limbeck.objectives.contrastive.info_nce import InfoNCELoss


class NewLoss(Objective):
    """Found without an edit."""


class _PrivateLoss(Objective):
    """Not found."""
'''


@pytest.fixture
def extended(tmp_path, monkeypatch):
    """`limbeck.objectives` with a second folder of mechanisms."""
    (tmp_path / "fresh.py").write_text(MECHANISM)
    monkeypatch.setattr(objectives, "__path__", [*objectives.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("limbeck.objectives.fresh")]:
        del sys.modules[name]
    for name in ("fresh", "fresh_optional", "fresh_broken"):
        if hasattr(objectives, name):
            delattr(objectives, name)


def test_a_new_file_is_enough(extended):
    found = discovery.parts(Objective, "objectives")
    assert "limbeck.objectives.fresh.NewLoss" in found
    assert discovery.summary(found["limbeck.objectives.fresh.NewLoss"]) == "Found without an edit."


def test_private_and_imported_classes_are_left_out(extended):
    found = [path for path in discovery.parts(Objective, "objectives") if path.startswith("limbeck.objectives.fresh")]
    assert found == ["limbeck.objectives.fresh.NewLoss"]


def test_a_missing_optional_library_leaves_its_file_out_and_nothing_else(extended):
    (extended / "fresh_optional.py").write_text(MECHANISM + "import a_library_that_nobody_has\n")
    found = discovery.parts(Objective, "objectives")
    assert "limbeck.objectives.fresh_optional.NewLoss" not in found
    assert "limbeck.objectives.fresh.NewLoss" in found


def test_a_broken_import_of_our_own_is_not_hidden(extended):
    (extended / "fresh_broken.py").write_text("import limbeck.nowhere\n")
    with pytest.raises(ModuleNotFoundError, match=r"limbeck\.nowhere"):
        discovery.parts(Objective, "objectives")


def test_abstract_classes_are_left_out(monkeypatch):
    class Half(Objective, metaclass=ABCMeta):
        @abstractmethod
        def more(self): ...

    Half.__module__ = "limbeck.objectives"
    monkeypatch.setattr(objectives, "Half", Half, raising=False)
    assert "limbeck.objectives.Half" not in discovery.parts(Objective, "objectives")


def test_every_role_has_its_base_and_its_package():
    for name, (base, package) in discovery.roles().items():
        assert base is nn.Module or base.__name__.lower() == name
        assert list(discovery.modules(package))
        assert discovery.parts(base, package), f"no {name} was found"


def test_no_role_of_core_is_forgotten():
    """An abstract class of `core` that the rooms have subclasses of is a role; but a run makes its own teachers."""
    known = {base for base, _ in discovery.roles().values()} | {Teacher}
    rooms = ("data", "encoders", "evaluation", "fusers", "heads", "layers", "objectives", "schedules", "surgery")
    for module in discovery.modules("core"):
        for base in vars(module).values():
            if inspect.isclass(base) and inspect.isabstract(base) and base.__module__ == module.__name__:
                assert base in known or not any(discovery.parts(base, room) for room in rooms), base


def test_every_part_is_found_under_its_import_path():
    found = discovery.every_part()
    assert "limbeck.objectives.contrastive.info_nce.InfoNCELoss" in found
    assert all(path == f"{cls.__module__}.{cls.__qualname__}" for path, cls in found.items())
    short = [discovery.summary(cls) for cls in found.values()]
    assert [text for text in short if not text.endswith(".") and "=" not in text] == []  # a sentence or an equation


def test_recipes_and_methods_are_functions_without_arguments():
    methods = discovery.methods()
    assert {"no_teacher", "feature_matching", "balanced"} <= methods.keys()
    assert "image_features" not in methods  # it has an argument and returns a Term
    kinds = ((methods, "Method"), (discovery.recipes(), "Recipe"), (discovery.studies(), "Study"))
    for functions, kind in kinds:
        for name, function in functions.items():
            assert type(function()).__name__ == kind, name


def test_everything_is_found_by_its_path():
    found = discovery.everything()
    assert found.keys() >= discovery.every_part().keys()
    assert found["limbeck.recipes.papers.dcd_speed.dcd_speed"] is discovery.studies()["dcd_speed"]
    assert all(function in found.values() for function in (discovery.methods() | discovery.recipes()).values())


def test_summary_of_something_without_a_docstring_is_empty():
    assert discovery.summary(lambda: None) == ""
