"""A comparison is finished by the code and the libraries that began it, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.compare.made_with import check_code, made_with
from limbeck.core.errors import ArtefactError


def test_the_same_code_goes_on_whatever_the_commit_is_called() -> None:
    check_code(made_with(), Path("out"))
    check_code(made_with() | {"commit": "another, with the same package"}, Path("out"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"fingerprint": "other", "commit": 40 * "a"},
            r"other code \(commit aaaaaaaaaa then, \w+(-dirty)? now\): start",
        ),
        ({"fingerprint": "other", "commit": 40 * "a" + "-dirty"}, "commit aaaaaaaaaa-dirty then"),
        ({"versions": made_with()["versions"] | {"torch": "0.1"}}, r"other code \(torch 0\.1 then, .* now\): start"),
    ],
)
def test_other_code_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ArtefactError, match=says):
        check_code(made_with() | change, Path("out"))


def test_what_was_not_written_down_is_other_code() -> None:
    with pytest.raises(ArtefactError, match=r"out has runs left to do .* \(commit unknown then, .*in another --out"):
        check_code({}, Path("out"))
