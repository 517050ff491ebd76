"""The command line: flags are signatures, errors are one sentence, exit codes are those of the house plan."""

from __future__ import annotations

import errno
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest

from limbeck import __version__, cli
from limbeck.core.errors import ArtefactError, DataError, InterruptedRun, ResourceError, UsageError

FROZEN = Path(__file__).with_name("cli_flags.json")


@pytest.fixture
def command(monkeypatch):
    """Puts a function in the place of the command `probe`."""

    def install(function):
        module = SimpleNamespace(probe=function)
        real = cli._module
        monkeypatch.setattr(cli, "_module", lambda name: module if name == "probe" else real(name))
        names = [*cli._names(), "probe"]
        monkeypatch.setattr(cli, "_names", lambda: names)

    return install


def last(capsys) -> str:
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error.rstrip("\n").rsplit("\n", 1)[-1]


def test_flags_are_frozen():
    """A changed flag or default is a change for users: run `python tests/test_cli.py` and say so in changelog.d."""
    assert {name: cli.flags(name) for name in cli.commands()} == json.loads(FROZEN.read_text())


@pytest.mark.parametrize("name", cli.commands())
def test_every_verb_follows_the_convention(name, capsys):
    function = cli.verb(name)
    assert cli.parameters(function) is not None  # annotated, keyword-only
    assert inspect.getdoc(function)
    assert all(text and text == text.strip() for _, _, text in cli.parameters(function))
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    for parameter, _, _ in cli.parameters(function):
        assert parameter.name.replace("_", "-") in shown.replace("_", "-").lower()


def test_python_and_the_command_line_have_the_same_defaults(command):
    got = {}

    def probe(
        data: Annotated[str, "data"],
        *,
        steps: Annotated[int, "steps"] = 10,
        rate: Annotated[float, "a rate"] = 0.01,
        out: Annotated[Path | None, "a folder"] = None,
        set: Annotated[tuple[str, ...], "changes"] = (),
        seeds: Annotated[tuple[int, ...], "seeds"] = (1, 2),
        report: Annotated[bool, "write it"] = True,
        kind: Annotated[Literal["a", "b"], "which"] = "a",
    ) -> None:
        """Probe."""
        got.update(locals())

    command(probe)
    assert cli.main(["probe", "x.csv"]) == 0
    defaults = {p.name: p.default for p in inspect.signature(probe).parameters.values()}
    assert {name: got[name] for name in defaults} == defaults | {"data": "x.csv"}
    line = "probe x --steps 3 --rate 1% --out here --set a=1 --set b=2 --seeds 4 --seeds 5 --no-report --kind b"
    assert cli.main(line.split()) == 0
    assert got["steps"] == 3
    assert got["rate"] == pytest.approx(0.01)
    assert got["out"] == Path("here")
    assert got["set"] == ("a=1", "b=2")
    assert got["seeds"] == (4, 5)
    assert got["report"] is False
    assert got["kind"] == "b"


@pytest.mark.parametrize(
    ("line", "numbers", "names"),
    [
        ("", (1, 2), ()),
        ("3", (3,), ()),
        ("3 4 --name a", (3, 4), ("a",)),
        ("--name a 3 --name b 4 5", (3, 4, 5), ("a", "b")),
    ],
)
def test_a_first_parameter_can_take_several_values(command, line, numbers, names):
    got = {}

    def probe(
        number: Annotated[tuple[int, ...], "numbers"] = (1, 2), *, name: Annotated[tuple[str, ...], "names"] = ()
    ) -> None:
        """Probe."""
        got.update(locals())

    command(probe)
    assert cli.main(["probe", *line.split()]) == 0
    assert (got["number"], got["name"]) == (numbers, names)


def test_several_values_that_are_required(command, capsys):
    def probe(data: Annotated[tuple[Path, ...], "tables"]) -> None:
        """Probe."""
        assert data == (Path("a"), Path("b"))

    command(probe)
    assert cli.main(["probe", "a", "b"]) == 0
    assert cli.main(["probe"]) == 2
    assert "required: DATA" in last(capsys)


def probe(
    data: Annotated[str, "data"], *, teacher: Annotated[str, "a teacher"], steps: Annotated[int, "n"] = 1
) -> None:
    """Probe."""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lst", "unknown command 'lst'; valid: "),
        ("lst", "did you mean 'list'?"),
        ("--vresion", "did you mean '--version'?"),
        ("probe d --techer t", "unknown flag '--techer' in limbeck probe; valid: --debug"),
        ("probe d --techer t", "did you mean '--teacher'?"),
        ("probe d --techer=t", "did you mean '--teacher'?"),
        ("probe d --steps 3", "required: --teacher"),
        ("probe --teacher t", "required: DATA"),
        ("probe d --teacher t --steps many", "invalid int value: 'many'"),
        ("probe d --teacher t extra", "unrecognized arguments: extra"),
        ("probe d --teach t", "unknown flag '--teach'"),  # no abbreviations: a script must not break by a new flag
        ("list obective", "unknown role 'obective'"),
        ("list obective", "did you mean 'objective'?"),
        ("describe InfoNCLoss", "did you mean 'InfoNCELoss'?"),
    ],
)
def test_a_slip_gets_the_nearest_valid_name_and_exit_code_2(command, capsys, line, says):
    command(probe)
    assert cli.main(line.split()) == 2
    assert says in last(capsys)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UsageError("a: no"), 2, "a: no"),
        (DataError("a.csv: no column\n'image'"), 3, "a.csv: no column 'image'"),
        (ArtefactError("m/x differs"), 4, "m/x differs"),
        (ResourceError("no space"), 5, "no space"),
        (InterruptedRun("stopped; resume with ..."), 6, "stopped; resume with ..."),
        (KeyboardInterrupt(), 6, "interrupted"),
        (MemoryError(), 5, "smaller batch"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"), 5, "smaller batch"),
        (OSError(errno.ENOSPC, "No space left on device", "f"), 5, "no space left while writing f"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "d.csv"), 3, "d.csv: No such file"),
        (PermissionError(errno.EACCES, "Permission denied", "d.csv"), 4, "check its permissions"),
        (ModuleNotFoundError("No module named 'timm'", name="timm"), 2, "'timm' is not installed"),
        (ModuleNotFoundError("No module named 'limbeck.x'", name="limbeck.x"), 1, "a fault in Limbeck"),
        (ZeroDivisionError("division by zero"), 1, "a fault in Limbeck: ZeroDivisionError: division by zero"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_documented_code(command, capsys, error, code, says):
    def probe() -> None:
        """Probe."""
        raise error

    command(probe)
    assert cli.main(["probe"]) == code
    assert says in last(capsys)
    cli.main(["probe", "--debug"])
    assert "Traceback" in capsys.readouterr().err


def test_a_result_can_carry_an_exit_code(command, capsys):
    def probe() -> Any:
        """Probe."""
        return SimpleNamespace(exit_code=3, message="d.csv: 2 faults; mend them")

    command(probe)
    assert cli.main(["probe"]) == 3
    assert last(capsys) == "limbeck: d.csv: 2 faults; mend them"


def test_the_allocator_is_set_where_the_process_is_ours_and_something_is_computed(command, monkeypatch):
    done = []
    monkeypatch.setattr("limbeck.core.memory.keep_freed_memory", lambda: done.append("kept"))

    def probe() -> None:
        """Probe."""
        done.append("probed")

    command(probe)
    assert cli.main(["probe"]) == 0  # called from somebody's Python
    assert done == ["probed"]
    for line in (["limbeck", "--help"], ["limbeck", "probe", "--help"]):
        monkeypatch.setattr(sys, "argv", line)
        assert cli.main() == 0
    assert done == ["probed"]
    monkeypatch.setattr(sys, "argv", ["limbeck", "probe"])
    assert cli.main() == 0
    assert done == ["probed", "kept", "probed"]


def test_a_verb_without_help_text_is_refused(command):
    def unhelpful(data: str) -> None: ...

    def positional(data: Annotated[str, "d"], teacher: Annotated[str, "t"]) -> None: ...

    for function, says in ((unhelpful, "is not Annotated"), (positional, "is not keyword-only")):
        with pytest.raises(TypeError, match=says):
            cli.parameters(function)


def test_overview_version_and_module():
    done = subprocess.run([sys.executable, "-m", "limbeck"], capture_output=True, text=True, check=True)
    for name in cli.commands():
        assert f"\n  {name} " in done.stdout
    done = subprocess.run([sys.executable, "-m", "limbeck", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"limbeck {__version__}\n"


def test_a_closed_pipe_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "limbeck", "list"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert done.stderr == b""


if __name__ == "__main__":
    frozen = {name: cli.flags(name) for name in cli.commands()}
    FROZEN.write_text(json.dumps(frozen, indent=2) + "\n")
