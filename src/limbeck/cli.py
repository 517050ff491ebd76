"""The command line: every verb's signature is its flags, so names and defaults are those of Python.

The convention that verbs follow stands in `limbeck.verbs`. This module imports the standard library only; a verb is
imported when it is called or when its help is asked for.

Exit codes: 0 done, 1 a fault in Limbeck, 2 usage, 3 bad data, 4 corrupt or mismatched artefact, 5 resources,
6 interrupted. The last line on stderr is one sentence; a traceback comes with `--debug` only.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import inspect
import os
import pkgutil
import re
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

from limbeck import __version__
from limbeck.core.errors import (
    ArtefactError,
    DataError,
    InterruptedRun,
    LimbeckError,
    ResourceError,
    UsageError,
    unknown,
)

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BOOK = "exit codes: 0 done, 2 usage, 3 bad data, 4 corrupt or mismatched artefact, 5 resources, 6 interrupted"


class _Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving, so that every error takes one form."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; see `{self.prog} --help`")


def commands() -> list[str]:
    """Names of the commands: modules of `limbeck.verbs` that define a function of their own name."""
    return sorted(name for name in _names() if callable(getattr(_module(name), name, None)))


def verb(name: str) -> Callable[..., Any]:
    """The function behind a command."""
    found: Callable[..., Any] = getattr(_module(name), name)
    return found


def parameters(function: Callable[..., Any]) -> list[tuple[inspect.Parameter, Any, str]]:
    """Each parameter of a verb with its type and its help text.

    Raises:
        TypeError: a parameter is not `Annotated[type, "help"]`, or is neither the first nor keyword-only.
    """
    found = []
    for position, parameter in enumerate(inspect.signature(function).parameters.values()):
        annotation = parameter.annotation
        if isinstance(annotation, str):  # one by one: the return type may exist for type checkers only
            annotation = eval(annotation, inspect.unwrap(function).__globals__)
        if get_origin(annotation) is not Annotated or not isinstance(get_args(annotation)[1], str):
            raise TypeError(f"{function.__name__}: '{parameter.name}' is not Annotated[type, 'help text']")
        if parameter.kind is not parameter.KEYWORD_ONLY and position > 0:
            raise TypeError(f"{function.__name__}: '{parameter.name}' is not keyword-only")
        kind, text = get_args(annotation)[:2]
        found.append((parameter, kind, text))
    return found


def parser_for(name: str) -> argparse.ArgumentParser:
    """The parser of one command, made from the signature of its verb."""
    function = verb(name)
    about = re.split(r"\n(?:Args|Returns|Raises):", inspect.getdoc(function) or "")[0].strip()
    parser = _Parser(
        prog=f"limbeck {name}",
        description=about.replace("%", "%%"),
        epilog=_BOOK,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for parameter, kind, text in parameters(function):
        _add(parser, parameter, kind, text)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def flags(name: str) -> dict[str, Any]:
    """Argument or flag -> default of one command ("required" where there is none); frozen by a test."""
    found: dict[str, Any] = {}
    for parameter, _, _ in parameters(verb(name)):
        required = parameter.default is parameter.empty
        shown = parameter.name if parameter.kind is not parameter.KEYWORD_ONLY else _flag(parameter.name)
        found[shown] = "required" if required else _shown(parameter.default)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        return _dispatch([argument for argument in arguments if argument != "--debug"], alone=argv is None)
    except SystemExit as leaving:  # argparse after --help
        return int(leaving.code or 0)
    except BrokenPipeError:  # `limbeck list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BaseException as error:
        if debug:
            import traceback

            traceback.print_exc()
        sentence, code = _verdict(error)
        _say(sentence)
        return code


def _dispatch(arguments: list[str], *, alone: bool) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] == "--version":
        print(f"limbeck {__version__}")
        return 0
    name, *rest = arguments
    if name.startswith("-"):
        raise UsageError(unknown("flag", name, ["--help", "--version", "--debug"], where="limbeck"))
    if name not in _names() or not callable(getattr(_module(name), name, None)):
        raise UsageError(unknown("command", name, commands()))
    parser = parser_for(name)
    _check_flags(parser, rest)
    given = vars(parser.parse_intermixed_args(rest))  # `claims a --jobs 1 b` names two
    function = verb(name)
    positional = [p for p, _, _ in parameters(function) if p.kind is not p.KEYWORD_ONLY]
    values = {p.name: given[p.name] for p, _, _ in parameters(function)}
    for parameter, _, _ in parameters(function):
        value = values[parameter.name]
        if isinstance(value, list):
            values[parameter.name] = tuple(value) or parameter.default
        elif value is None and parameter.default is not parameter.empty:
            values[parameter.name] = parameter.default
    if alone:  # the process is ours, and something is going to be computed
        from limbeck.core.memory import keep_freed_memory

        keep_freed_memory()
    result = function(*[values.pop(p.name) for p in positional], **values)
    sys.stdout.flush()
    code = int(getattr(result, "exit_code", 0) or 0)
    if code:
        _say(str(getattr(result, "message", f"{name} found problems; see above")))
    return code


def _names() -> list[str]:
    return [info.name for info in pkgutil.iter_modules(importlib.import_module("limbeck.verbs").__path__)]


def _module(name: str) -> types.ModuleType:
    return importlib.import_module(f"limbeck.verbs.{name}")


def _overview() -> str:
    names = commands()
    width = max(map(len, names), default=0)
    lines = [f"  {name.ljust(width)}  {(inspect.getdoc(verb(name)) or '').splitlines()[0]}" for name in names]
    from limbeck import __doc__ as about

    return "\n".join(
        [
            "usage: limbeck COMMAND ... [--debug]",
            "",
            (about or "").splitlines()[0],
            "",
            "commands:",
            *lines,
            "",
            "`limbeck COMMAND --help` lists a command's flags; `limbeck --version` prints the version.",
            _BOOK,
        ]
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _shown(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def _add(parser: argparse.ArgumentParser, parameter: inspect.Parameter, kind: Any, text: str) -> None:
    required = parameter.default is parameter.empty
    if not required and parameter.default not in (None, (), "") and not isinstance(parameter.default, bool):
        text += f" (default: {parameter.default})"
    options: dict[str, Any] = {"help": text.replace("%", "%%")}
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
    several, positional = get_origin(kind) is tuple, parameter.kind is not parameter.KEYWORD_ONLY
    if several:
        kind = get_args(kind)[0]
        # a flag is repeated: with `nargs="+"` it would swallow a positional argument that follows
        options |= {"nargs": "+" if required else "*"} if positional else {"action": "append"}
    if kind is bool:
        options |= {"action": argparse.BooleanOptionalAction}
    elif get_origin(kind) is Literal:
        options |= {"choices": get_args(kind), "type": type(get_args(kind)[0])}
    else:
        options |= {"type": _converter(kind)}
    if positional:
        if not required and not several:
            options |= {"nargs": "?", "default": parameter.default}
        parser.add_argument(parameter.name, metavar=parameter.name.upper(), **options)
        return
    if required:
        options |= {"required": True}
    else:
        options |= {"default": None if isinstance(parameter.default, tuple) else parameter.default}
    if kind is not bool and "choices" not in options:
        options |= {"metavar": parameter.name.rsplit("_", 1)[-1].upper()}
    parser.add_argument(_flag(parameter.name), dest=parameter.name, **options)


def _converter(kind: Any) -> Callable[[str], Any]:
    if kind is float:
        return _number
    return kind if kind in (int, Path) else str


def _number(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


_number.__name__ = "float"  # argparse shows it: "invalid float value"


def _check_flags(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Name an unknown flag before argparse complains that the one it was meant to be is missing."""
    valid = [option for action in parser._actions for option in action.option_strings]
    for argument in arguments:
        if argument == "--":
            return
        if re.match(r"--?[A-Za-z]", argument) and argument.split("=", 1)[0] not in valid:
            shown = [option for option in valid if option.startswith("--") and not option.startswith("--no-")]
            raise UsageError(unknown("flag", argument.split("=", 1)[0], shown, where=parser.prog))


def _verdict(error: BaseException) -> tuple[str, int]:
    """The sentence and the exit code of anything that can go wrong."""
    text = " ".join(str(error).split())
    if isinstance(error, LimbeckError):
        return text, error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return text or "interrupted; run the same command again", InterruptedRun.exit_code
    out_of_memory = isinstance(error, MemoryError) or "not enough memory" in text or "out of memory" in text
    if out_of_memory:
        return f"not enough memory; take a smaller batch or model ({text or 'MemoryError'})", ResourceError.exit_code
    if isinstance(error, OSError) and error.errno in _FULL_DISK:
        return f"no space left while writing {error.filename or 'a file'}; free some space", ResourceError.exit_code
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)) and error.filename:
        return f"{error.filename}: {error.strerror}; check the path", DataError.exit_code
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename}: {error.strerror}; check its permissions", ArtefactError.exit_code
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("limbeck"):
        return f"the package '{error.name}' is not installed; install it or the extra that needs it", 2
    return f"a fault in Limbeck: {type(error).__name__}: {text}; run again with --debug and report it", 1


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    print(f"limbeck: {sentence}", file=sys.stderr, flush=True)
