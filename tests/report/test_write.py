from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from limbeck.core.errors import UsageError
from limbeck.report.document import Picture, Report, Section
from limbeck.report.write import data_uri, render, write_report
from report import samples

VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """Elements, attributes and text; complains about elements that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"stray </{tag}>"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("text", ["plain", samples.EVIL])
def test_page_is_well_formed_and_inert(text: str) -> None:
    source = render(samples.full(text))
    page = Page(source)
    assert page.open == []
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & {tag for tag, _ in page.elements}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("src", "href", "action", "xlink:href"):
            value = attributes.get(name) or ""
            assert re.match(r"data:image/png;base64,|#s\d+$", value) if name in attributes else True
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert "url(" not in source.split("</style>")[0]


def test_evil_text_is_shown_as_it_is() -> None:
    page = Page(render(samples.full(samples.EVIL)))
    assert page.text.count(samples.SCRIPT) >= 20
    assert "{{ 7*7 }}" in page.text
    assert {a["alt"] for a in page.all("img")} == {samples.EVIL}


def test_the_shape_of_the_page_does_not_depend_on_the_text() -> None:
    plain = [tag for tag, _ in Page(render(samples.full("plain"))).elements]
    assert [tag for tag, _ in Page(render(samples.full(samples.EVIL))).elements] == plain


def test_accessible() -> None:
    page = Page(render(samples.full("plain")))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert all(a.get("scope") for a in page.all("th"))
    assert all(a.get("alt") for a in page.all("img"))
    names = {a.get("id") for _, a in page.elements if a.get("id")}
    assert len(names) == len([a for _, a in page.elements if a.get("id")]), "ids are unique"
    charts = [a for a in page.all("svg") if a.get("aria-hidden") != "true"]
    assert len(charts) == 3
    for attributes in charts:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= names
    links = {(a["href"] or "")[1:] for a in page.all("a")}
    assert links <= names


def test_a_series_has_one_colour_in_the_whole_report() -> None:
    report = samples.full("recipe")
    assert report.colours() == {"recipe": 0, "recipe2": 1}
    pinned = Report("t", ["s"], report.sections, series=["teacher", "recipe2"])
    assert pinned.colours() == {"teacher": 0, "recipe2": 1, "recipe": 2}


def test_empty_report_and_unwritable_text(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_report(path, Report("lone \ud800 surrogate", [], [Section("empty", [])]))
    assert b"lone ? surrogate" in path.read_bytes()
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_pictures_are_known_by_their_bytes() -> None:
    assert data_uri(Picture(samples.png(), "red")).startswith("data:image/png;base64,iVBOR")
    assert data_uri(Picture(b"\xff\xd8\xff\xe0", "jpeg")).startswith("data:image/jpeg;")
    with pytest.raises(UsageError, match="'x' is not PNG"):
        data_uri(Picture(b"<svg onload=alert(1)>", "x"))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_nothing_runs_in_a_browser(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", samples.full(samples.EVIL))
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-sync disable-background-networking"
    options = [f"--{flag}" for flag in flags.split()] + [f"--user-data-dir={tmp_path / 'user'}"]
    page = (tmp_path / "report.html").as_uri()
    shown = subprocess.run(
        ["chromium", *options, "--dump-dom", page], capture_output=True, text=True, timeout=120, check=True
    )
    title = shown.stdout.split("<title>")[1].split("</title>")[0]
    assert title != "owned"
    assert title.startswith("\"'&gt;&lt;img")
