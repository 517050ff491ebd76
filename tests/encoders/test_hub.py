from __future__ import annotations

import time
from pathlib import Path

import pytest

from limbeck.core.artefact import new_folder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders import hub
from limbeck.encoders.hub import locate


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_folder_is_itself(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert locate(str(tmp_path)) == tmp_path


def test_a_misspelled_folder_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "my-clip").mkdir()
    with pytest.raises(UsageError) as error:
        locate(str(tmp_path / "my-clib"))
    assert f"did you mean '{tmp_path / 'my-clip'}'?" in one_line(error)


def test_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no config.json"):
        locate(str(tmp_path))
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        locate(str(tmp_path / "a.txt"))


def test_a_manifest_is_verified(tmp_path: Path) -> None:
    with new_folder(tmp_path / "m", "model") as folder:
        (folder / "config.json").write_text("{}")
    assert locate(str(tmp_path / "m")) == tmp_path / "m"
    (tmp_path / "m" / "config.json").write_text("[]")
    with pytest.raises(ArtefactError, match="differs from its manifest"):
        locate(str(tmp_path / "m"))


def test_offline_says_so_at_once() -> None:
    start = time.monotonic()
    with pytest.raises(UsageError) as error:
        locate("some-lab/clip-that-is-not-here")
    assert "HF_HUB_OFFLINE" in one_line(error)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", ["a b/c", "a/b/c", "../x", "/no/such", "~/no-such-model"])
def test_what_cannot_be_a_hub_name_never_asks_the_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_from_hub", lambda *_: pytest.fail("asked the hub"))
    with pytest.raises(UsageError, match="does not exist"):
        locate(name)


def test_a_hub_that_refuses_and_one_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    class Refuses:
        def model_info(self, name: str, *, timeout: float) -> None:
            raise ConnectionError("Connection refused\nwith a long story")

    class Hangs:
        def model_info(self, name: str, *, timeout: float) -> None:
            time.sleep(3)

    monkeypatch.setattr(huggingface_hub, "HfApi", Refuses)
    with pytest.raises(UsageError) as error:
        locate("some-lab/clip")
    assert "ConnectionError: Connection refused)" in one_line(error)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hangs)
    monkeypatch.setattr(hub, "SECONDS", 0.1)
    start = time.monotonic()
    with pytest.raises(UsageError, match="did not answer within"):
        locate("some-lab/clip")
    assert time.monotonic() - start < 2
