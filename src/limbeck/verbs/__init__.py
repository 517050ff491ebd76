"""One module a command, one function a module: `limbeck NAME` and `limbeck.verbs.NAME.NAME` are the same thing.

The convention (held by `tests/test_cli.py`; `limbeck.cli` reads it, nobody writes a flag twice):

* `verbs/NAME.py` defines a public function `NAME`; its docstring's first line is the command's one-line help. A module
  without a function of its own name (`overrides.py`) is a helper, not a command.
* At most the first parameter is positional; every other one is keyword-only. Each is annotated
  `Annotated[TYPE, "help text"]`, where TYPE is `str`, `int`, `float`, `bool`, `Path`, `Literal[...]`, one of these
  `| None`, `tuple[TYPE, ...]` (a flag that can be repeated; of the first parameter, any number of values), or `Any` (a
  string on the command line).
  `max_bad` becomes `--max-bad`, `bool` becomes `--name/--no-name`, a float also takes `1%`.
* The top level of the module imports the standard library only; torch and friends are imported inside functions, so
  that `limbeck --help` stays fast.
* A verb prints its results to stdout and its progress to stderr, raises `LimbeckError` for what the user can mend, and
  returns its result for Python callers. A result may carry `exit_code` and, where that is not 0, `message`: the
  sentence that the command line leaves as its last line.

>>> from typing import Annotated
>>> def distill(
...     data: Annotated[str, "table, image folder or shards"],
...     *,
...     teacher: Annotated[str, "hf:..., st:..., or a preset"],
...     max_bad: Annotated[float, "largest share of unreadable rows"] = 0.01,
... ) -> None:
...     "One student from one teacher."
"""
