from __future__ import annotations

import codecs
import csv
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from limbeck.core.errors import DataError
from limbeck.data.readers import read_csv, read_jsonl, read_parquet
from limbeck.data.record import Table


def test_three_formats_give_one_table(tmp_path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    (tmp_path / "a.csv").write_text('id,text,extra\na,"x, y",1\nb,,2\n')
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "x, y", "extra": 1}\n{"id": "b", "text": "", "extra": 2}\n')
    table = arrow.table({"id": ["a", "b"], "text": ["x, y", None], "extra": [1, 2]})
    parquet.write_table(table, tmp_path / "a.parquet")
    first = read_csv(tmp_path / "a.csv")
    assert first == read_jsonl(tmp_path / "a.jsonl") == read_parquet(tmp_path / "a.parquet")
    assert first.ignored == ("extra",)
    assert first.records[0].values == {"text": "x, y"}


def test_unreadable_files(tmp_path: Path) -> None:
    for reader in (read_csv, read_jsonl, read_parquet):
        with pytest.raises(DataError, match="nowhere"):
            reader(tmp_path / "nowhere")


def test_bytes_that_are_not_utf8_spoil_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n1,caf\xe9\n2,caf\xc3\xa9\n")
    records = read_csv(path).records
    assert [record.problem for record in records] == ["column 'text' is not valid UTF-8 (save the file as UTF-8)", ""]
    assert records[1].values == {"text": "caf\u00e9"}


def test_deep_json_does_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n' + "[" * 200_000 + "\n")
    assert read_jsonl(path).records[1].problem.startswith("not JSON")


HEADER = "id,image,text\n"


def rows_of(captions: list[str]) -> str:
    return "".join(f"a{number},{number}.png,{caption}\n" for number, caption in enumerate(captions))


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize(("row", "caption"), [(3, '"tall man'), (7, '"'), (7, '"a, ""b""')])
def test_a_quote_that_is_never_closed(tmp_path: Path, row: int, caption: str, end: str) -> None:
    path = tmp_path / "a.csv"
    captions = [caption if number == row else '"two\nlines"' if number == 1 else "thing" for number in range(8)]
    path.write_text(HEADER + rows_of(captions).removesuffix("\n") + end)
    with pytest.raises(DataError, match=rf"a quote opens in line {row + 3} of .*a\.csv and is never closed; close"):
        read_csv(path)


@pytest.mark.parametrize("closing", ['"legit, text"', '12" pan', 'a 12"', '", and so on"'])
@pytest.mark.parametrize("order", ["id,image,text", "id,text,image", "text,id", "image,text,label", "image,text,id"])
def test_a_row_that_took_further_rows_in_is_bad_and_so_are_they(tmp_path: Path, order: str, closing: str) -> None:
    captions = ["first", '"tall man', "b", "c", closing, "last"]
    columns = order.split(",")
    cells = {"id": "n%d", "image": "photos/%d.jpg", "label": "c%d"}
    lines = [
        ",".join(captions[number] if name == "text" else cells[name] % number for name in columns)
        for number in range(len(captions))
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(columns), *lines, ""]))
    records = read_csv(path).records
    assert [bool(record.problem) for record in records] == [False, True, True, True, True, False]
    assert records[1].problem == "its quote stays open from line 3 to 6; close or remove it"
    assert "\n" not in records[1].id
    if columns[0] == "id":
        assert [record.id for record in records] == ["n0", "n1", "line 4", "line 5", "line 6", "n5"]


@pytest.mark.parametrize("column", range(4))
def test_a_quote_that_opens_in_any_column(tmp_path: Path, column: int) -> None:
    lines = [[f"n{number}", f"{number}.jpg", "train", "thing"] for number in range(5)]
    lines[1][column] = f'"{lines[1][column]}'
    lines[3][3] = '"a, b"'
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id,image,split,text", *(",".join(line) for line in lines), ""]))
    records = read_csv(path).records
    assert [bool(record.problem) for record in records] == [False, True, True, True, False]
    assert (records[1].id, records[2].id) == ("n1,1.jpg,train,thing" if column == 0 else "n1", "line 4")


@pytest.mark.parametrize(
    "caption",
    [
        "A dog runs.\nIt is red, and big",
        "Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you",
        "price: 1,000\nnow 9,990, or 1,2,3",
        'he said "no, never",\nthen "yes"\n',
        "\n\na,b\n\nc,d\n",
        "before\na-7, one, two\nafter",
        "old name,photo.gif\nother,2.tiff,x",
        "one,two,three\r\nfour,five,six\r\n",
        '12" pan,\n14" pan',
    ],
)
@pytest.mark.parametrize(
    "columns", [["id", "image", "text"], ["text", "image"], ["image", "text"], ["text"], ["id", "text"], ["text", "id"]]
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_captions_of_several_lines_are_good(tmp_path: Path, caption: str, columns: list[str], delimiter: str) -> None:
    path = tmp_path / "a.csv"
    caption = caption.replace(",", delimiter)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow([*columns, "extra"])
        for number in range(4):
            cells = {"id": f"a-{number}", "image": f"photos/{number}.jpg", "text": caption}
            writer.writerow([*(cells[name] for name in columns), ""])
    table = read_csv(path)
    assert [record.problem for record in table.records] == [""] * 4
    assert [record.values["text"] for record in table.records] == [caption] * 4


def test_quotes_within_one_line_are_let_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,extra\n"Best" dog,"two\nlines"\n12" pan,x\n"spaced\nout" ,x\n')
    assert [(record.problem, record.values["text"]) for record in read_csv(path).records] == [
        ("", "Best dog"), ("", '12" pan'), ("", "spaced\nout "),
    ]  # fmt: skip


def test_a_quote_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,"text\n1,x\n2,"y, z"\n')
    with pytest.raises(DataError, match=r"a quote opens in the header of .* closed in line 3; remove it"):
        read_csv(path)
    path.write_text('id,text,"year\nmade"\n1,x,1990\n')
    assert read_csv(path).ignored == ("year made",)


def test_the_cells_of_a_row_that_cannot_be_read_say_nothing_of_its_split(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,split\na dog, a cat,train\nx,test\n")
    assert [record.problem for record in read_csv(path).records] == ["3 cells where the header has 2", ""]


@pytest.mark.parametrize("reader", [read_csv, read_jsonl])
def test_other_encodings_are_refused_by_name(tmp_path: Path, reader: Callable[[Path], Table]) -> None:
    path = tmp_path / "a"
    text = "id,text\n1,x\n" if reader is read_csv else '{"id": "1", "text": "x"}\n'
    for encoding in ("utf-16", "utf-16-be"):
        bom = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
        path.write_bytes(bom + text.encode(encoding))
        with pytest.raises(DataError, match=r"is not UTF-8 but UTF-16, by its byte-order mark; save it as UTF-8$"):
            reader(path)
    path.write_bytes(text.encode("utf-8-sig"))
    assert [(record.id, record.problem) for record in reader(path).records] == [("1", "")]


def test_a_header_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for data in ("text,ann\u00e9e\nx,1\n".encode("latin-1"), "text,year\nx,1\n".encode("utf-16-le")):
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"is not UTF-8 \(column .*\); save it as UTF-8") as caught:
            read_csv(path)
        str(caught.value).encode()


def test_what_is_not_utf8_can_be_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x", "ann\xe9e": 1}\n{"text": "y", "label": "caf\xe9", "group": "\xe9"}\n')
    table = read_jsonl(path)
    assert table.ignored == ("ann\\udce9e",)
    assert table.records[1].problem == "column 'label' is not valid UTF-8 (save the file as UTF-8)"
    assert (table.records[1].label, table.records[1].group) == ("caf\\udce9", "\\udce9")
    path.write_bytes(b'{"text": "x", "lab\xe9l": 1}\n')
    with pytest.raises(DataError, match=r"unknown column 'lab\\udce9l' .*did you mean 'label'") as caught:
        read_jsonl(path)
    str(caught.value).encode()


def test_a_file_is_not_held_in_memory(tmp_path: Path) -> None:
    for name, reader, line in (("a.csv", read_csv, '"{}"\n'), ("a.jsonl", read_jsonl, '{{"text": "{}"}}\n')):
        path = tmp_path / name
        path.write_text(("text\n" if name == "a.csv" else "") + line.format("y" * 1_000_000) * 8)
        tracemalloc.start()
        reader(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2 * 8_000_000  # the rows themselves are 8 MB; beside the bytes and the text of the file, 24
