"""Hashes of source code: has what a result was made by changed, or only the words about it?"""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Any

from limbeck.core.artefact import sha256_bytes, sha256_json

_PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def package_fingerprint() -> str:
    """Hash of the whole package, as it was when this process first asked: what half a result may be finished with."""
    return sha256_json(
        {path.relative_to(_PACKAGE).as_posix(): source_hash(path) for path in sorted(_PACKAGE.rglob("*.py"))}
    )


def source_hash(path: Path) -> str:
    """Hash of a module's syntax: comments, docstrings and layout do not count."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return sha256_bytes(_dumped(tree).encode())


def _dumped(node: Any) -> str:
    """A syntax tree as text; empty fields are left out, so that every version of Python gives the same."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields if name not in ("ctx", "kind"))
        inside = ",".join(f"{name}={_dumped(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):
        return "[" + ",".join(map(_dumped, node)) + "]"
    return repr(node)
