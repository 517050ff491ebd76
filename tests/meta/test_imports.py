"""What importing does: nothing heavy at the top, and no side effect anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from meta.rules import ROOT, modules

LIGHT = """
import sys
{statement}
heavy = sorted({{"torch", "transformers", "numpy", "pyarrow", "rich", "PIL"}} & set(sys.modules))
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""

# The hook is set after torch and transformers: what other people's imports do is not ours to mend.
WATCH = """
import importlib, importlib.util, os, sys
for name in ("torch", "transformers", "numpy", "pyarrow", "PIL.Image", "pytest"):
    if importlib.util.find_spec(name.split(".")[0]):
        importlib.import_module(name)
seen = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND) and path != os.devnull:
            seen.append(f"opened {path} for writing")
    elif event in ("socket.connect", "socket.getaddrinfo", "os.mkdir", "os.rename", "os.remove", "subprocess.Popen",
                   "os.system", "os.fork"):
        seen.append(f"{event} {arguments!r}")
sys.addaudithook(watch)
for name in sys.argv[1:]:
    before = len(seen)
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "limbeck").startswith("limbeck"):
            raise
    seen[before:] = [f"{name}: {line}" for line in seen[before:]]
sys.exit(chr(10).join(seen) or 0)
"""


def python(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )


def test_importing_limbeck_and_the_command_line_is_light():
    for statement in ("import limbeck", "import limbeck.cli; limbeck.cli._overview()"):
        done = python(LIGHT.format(statement=statement))
        assert done.returncode == 0, done.stderr


def test_light_can_fail():
    assert "imported ['numpy']" in python(LIGHT.format(statement="import numpy")).stderr


def test_importing_any_module_has_no_side_effect(tmp_path):
    names = [module.name for module in modules() if module.stem != "__main__"]
    assert len(names) > 30
    done = python(WATCH, *names, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_side_effect_can_be_caught(tmp_path):
    (tmp_path / "loud.py").write_text("open('left.txt', 'w').close()")
    code = "import sys; sys.path.insert(0, '.')\n" + WATCH.replace('"transformers", "numpy", ', "").replace(
        '"torch", ', ""
    )
    assert "opened left.txt for writing" in python(code, "loud", cwd=tmp_path).stderr
