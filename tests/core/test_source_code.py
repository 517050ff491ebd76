from __future__ import annotations

from pathlib import Path

from limbeck.core.source_code import package_fingerprint, source_hash


def test_words_and_layout_do_not_count_and_code_does(tmp_path: Path) -> None:
    texts = (
        'def f(x):\n    """Twice."""\n    return 2 * x\n',
        "# doubles\ndef f( x ):\n    return 2*x\n",
        "def f(x):\n    return 3 * x\n",
    )
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.py").write_text(text)
    one, same, other = (source_hash(tmp_path / f"{number}.py") for number in range(3))
    assert one == same
    assert one != other


def test_the_whole_package_has_one() -> None:
    assert package_fingerprint() == package_fingerprint.__wrapped__()
    assert len(package_fingerprint()) == 64
