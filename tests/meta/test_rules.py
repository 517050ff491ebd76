"""Every rule of the house, applied to the whole package, and shown to fail on a bad snippet."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from meta import rules
from meta.rules import ROOT, Module

MODULES = rules.modules()
PARTS = {m.name: rules.roles_of(m) for m in MODULES if m.room not in ("core", "verbs", "cli")}


def complain(violations: list[str]) -> None:
    assert not violations, "\n" + "\n".join(violations)


def bad(text: str, name: str = "limbeck.objectives.feature.bad") -> Module:
    return Module(name, text)


SIMPLE = [
    rules.imports_point_down,
    rules.model_libraries_are_lazy,
    rules.names_follow_roles,
    rules.one_public_thing,
    rules.sizes,
    rules.constructors,
    rules.docstrings,
    rules.nothing_unsafe,
    rules.no_hand_kept_lists,
    rules.version_once,
]


@pytest.mark.parametrize("rule", SIMPLE, ids=lambda rule: rule.__name__)
def test_the_package_follows(rule):
    complain([line for module in MODULES for line in rule(module)])


def test_the_walk_finds_the_package():
    names = {module.name for module in MODULES}
    assert {"limbeck", "limbeck.cli", "limbeck.core.sample", "limbeck.verbs.list"} <= names
    assert {m.room for m in MODULES} <= rules.ALLOWED.keys()
    assert sum("Objective" in roles for roles in PARTS.values()) >= 7  # the sibling rule has something to hold apart


def test_siblings_stay_apart():
    complain([line for module in MODULES for line in rules.siblings_stay_apart(module, PARTS)])


def test_every_module_has_its_test():
    complain([line for module in MODULES for line in rules.has_mirror(module, lambda path: (ROOT / path).exists())])


def test_every_test_has_its_module():
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    complain([line for path in tests for line in rules.test_has_subject(path, lambda p: (ROOT / p).exists())])


def test_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/limbeck/__init__.py"


def test_dependencies_are_ranges_and_constraints_are_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    assert not [d for d in declared if "==" in d]
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert not [line for line in pins if line.count("==") != 1]
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in pins}
    optional = {"open-clip-torch", "timm"}  # extras that need torchvision, which the core must not
    names = {d.partition(">=")[0].lower() for d in declared}
    assert names - pinned <= optional
    assert "torchvision" not in pinned


def tracked_text() -> list[Path]:
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        paths = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not {".venv", "runs"} & set(path.relative_to(ROOT).parts)]
    kinds = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".html", ".jinja", "", ".cfg"}
    return [path for path in paths if path.is_file() and path.suffix in kinds]


def test_no_registry_host_is_named():
    found = []
    for path in tracked_text():
        found += rules.host_names(path.read_text(encoding="utf-8", errors="replace"), str(path.relative_to(ROOT)))
    complain(found)


# Each rule must be able to fail.


@pytest.mark.parametrize(
    ("rule", "name", "text", "says"),
    [
        (rules.imports_point_down, "limbeck.core.x", "from limbeck.stages.stage import Stage", "below core"),
        (rules.imports_point_down, "limbeck.core.x", "def f():\n    import limbeck.data.open", "below core"),
        (rules.imports_point_down, "limbeck.core.x", "from limbeck import verbs", "below core"),
        (rules.imports_point_down, "limbeck.objectives.a", "from limbeck.encoders import hf", "below objectives"),
        (rules.imports_point_down, "limbeck.encoders.a", "import limbeck.data", "below encoders"),
        (rules.imports_point_down, "limbeck.recipes.a", "import limbeck.verbs.run", "below recipes"),
        (rules.imports_point_down, "limbeck.functional.a", "import numpy as np", "torch only"),
        (rules.imports_point_down, "limbeck.data.a", "def f():\n    import transformers", "only encoders"),
        (rules.imports_point_down, "limbeck.cupboard.a", "", "does not know"),
        (rules.model_libraries_are_lazy, "limbeck.encoders.a", "import transformers", "at the top"),
        (rules.model_libraries_are_lazy, "limbeck.encoders.a", "try:\n    import timm\nexcept E:\n    pass", "timm"),
        (rules.model_libraries_are_lazy, "limbeck.verbs.a", "import torch", "at the top"),
        (rules.model_libraries_are_lazy, "limbeck.verbs.a", "from limbeck.core.sample import Batch", "inside"),
        (rules.names_follow_roles, "limbeck.objectives.a", "class Some(Objective): ...", "end with Loss"),
        (rules.names_follow_roles, "limbeck.objectives.a", "class SomeLoss(Objective): ...", "named after"),
        (rules.names_follow_roles, "limbeck.objectives.InfoNce", "", "snake case"),
        (rules.one_public_thing, "limbeck.objectives.a", "class A: ...\ndef b(): ...", "2 public things: A, b"),
        (rules.sizes, "limbeck.objectives.a", "\n" * 301, "301 lines"),
        (rules.sizes, "limbeck.core.a", "\n" * 401, "401 lines"),
        (rules.sizes, "limbeck.recipes.a", "\n" * 81, "81 lines"),
        (rules.constructors, "limbeck.core.a", "class A:\n def __init__(self, a, b): ...", "positional"),
        (rules.constructors, "limbeck.core.a", "class A:\n def __init__(self, **kw): ...", "**"),
        (rules.constructors, "limbeck.core.a", "class A:\n def __init__(self, *, a,b,c,d,e,f,g,h,i): ...", "at most 8"),
        (rules.docstrings, "limbeck.core.a", "", "no docstring"),
        (rules.docstrings, "limbeck.core.a", "'''M.'''\ndef f(): ...", "f has no docstring"),
        (rules.docstrings, "limbeck.objectives.a", "'''M.'''\nclass A:\n  '''S.\n\n  Use when.'''", "no 'Source:'"),
        (rules.nothing_unsafe, "limbeck.core.a", "import pickle", "imports pickle"),
        (rules.nothing_unsafe, "limbeck.core.a", "torch.load(f)", "weights_only"),
        (rules.nothing_unsafe, "limbeck.core.a", "torch.load(f, weights_only=False)", "weights_only"),
        (rules.nothing_unsafe, "limbeck.core.a", "M.from_pretrained(f, trust_remote_code=True)", "remote code"),
        (rules.nothing_unsafe, "limbeck.core.a", "np.load(f, allow_pickle=True)", "allows pickle"),
        (rules.nothing_unsafe, "limbeck.stages.a", "m.register_forward_hook(f)", "hook"),
        (rules.no_hand_kept_lists, "limbeck.core.a", "__all__ = ['a']", "__all__"),
        (rules.no_hand_kept_lists, "limbeck.core.a", "_REGISTRY: dict = {}", "_REGISTRY"),
        (rules.version_once, "limbeck.core.a", "__version__ = '1'", "__version__"),
    ],
)
def test_a_bad_snippet_is_caught(rule, name, text, says):
    violations = rule(Module(name, text))
    assert any(says in line for line in violations), violations


def test_siblings_can_be_caught():
    parts = {"limbeck.objectives.a.x": {"Objective"}, "limbeck.objectives.b.y": {"Objective"}}
    module = bad("from limbeck.objectives.b.y import YLoss", "limbeck.objectives.a.x")
    assert rules.siblings_stay_apart(module, parts)
    assert not rules.siblings_stay_apart(bad("from limbeck.functional.y import y", "limbeck.objectives.a.x"), parts)


def test_a_lost_module_and_a_lost_test_can_be_caught():
    module = bad('def f():\n    """F."""')
    assert rules.has_mirror(module, lambda path: False)
    assert not rules.has_mirror(module, lambda path: path == Path("tests/objectives/feature/test_bad.py"))
    declared = 'class A:\n    """A."""\n    @abstractmethod\n    def f(self): ...'
    assert not rules.has_mirror(bad(declared), lambda path: False)  # nothing to test
    shared = Path("tests/data/test_cache.py").__eq__
    assert not rules.has_mirror(bad('def f():\n    """F."""', "limbeck.data.cache.store"), shared)
    assert rules.has_mirror(bad("class S(Source):\n    def f(self):\n        return 1", "limbeck.data.cache.s"), shared)
    assert rules.test_has_subject(Path("tests/core/test_nothing.py"), lambda path: False)
    assert not rules.test_has_subject(Path("tests/data/test_cache.py"), Path("src/limbeck/data/cache").__eq__)


def test_a_host_can_be_caught():
    assert rules.host_names("see " + rules.HOSTS[0], "x.md") == [f"x.md:1 names {rules.HOSTS[0]}"]
