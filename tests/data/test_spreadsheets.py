"""Excel files as people keep them: which sheet, which line holds the names, what formulas are worth, and files that are none."""

import datetime
import io
import random
import re
import sys
import zipfile

import pytest
from odd_files import data_or_a_sentence

import workbench as wb
from workbench.data import spreadsheets

openpyxl = pytest.importorskip("openpyxl")
REVIEWS = [(f"The room was {w}, number {i}.", "good" if i % 2 else "bad") for i, w in enumerate(["clean", "dark"] * 10)]


def saved(path, **sheets):
    """A workbook with these rows on its sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def changed(path, part, change):
    """The same file with one of its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def pairs(data):
    return {(t, data.labels[i]) for s in data.values() for t, i in zip(s["text"], s["label"], strict=True)}


def test_the_first_sheet_is_read_and_the_others_are_named(tmp_path):
    path = saved(
        tmp_path / "mine.xlsx", Cover=[], Reviews=[("text", "label"), *REVIEWS], Codes=[("a", 1)], Notes=[("b",)]
    )
    data = wb.load(path)
    assert data.task == "classification" and pairs(data) == set(REVIEWS)
    assert data.notes[0] == "of mine.xlsx sheet 'Reviews' was read and not 'Codes', 'Notes'"


def test_sheets_called_after_splits_are_the_splits(tmp_path):
    head = ("text", "label")
    path = saved(tmp_path / "mine.xlsx", Test=[head, *REVIEWS[:4]], Train=[head, *REVIEWS[4:]], codes=[("a",)])
    data = wb.load(path)
    assert len(data["test"]) == 4 and len(data["train"]) + len(data["validation"]) == 16
    assert "the sheets 'Test', 'Train' of mine.xlsx were read as splits" in data.notes
    assert "of mine.xlsx these sheets were not read: 'codes'" in data.notes


def test_values_are_those_of_a_csv_file(tmp_path):
    day = datetime.datetime(2024, 5, 1)
    rows = [
        ("text", "label", "day", "stars", "kept"),
        *((f"word {i} here", float(i % 2), day, 1.5, True) for i in range(20)),
    ]
    data = wb.load(saved(tmp_path / "mine.xlsx", s=rows))
    assert data.labels == ["0", "1"]
    assert {k: data["train"][0][k] for k in ("day", "stars", "kept")} == {
        "day": "2024-05-01",
        "stars": "1.5",
        "kept": "TRUE",
    }


def test_a_title_above_the_table_and_gaps_around_it(tmp_path):
    rows = [
        [None, "Survey of May 2024"],
        [],
        [None, "text", "label"],
        *([None, *r] for r in REVIEWS[:10]),
        [],
        *([None, *r] for r in REVIEWS[10:]),
    ]
    data = wb.load(saved(tmp_path / "mine.xlsx", s=rows))
    assert pairs(data) == set(REVIEWS)
    assert "above the table of mine.xlsx 1 line was passed over: 'Survey of May 2024'" in data.notes


def test_a_column_of_texts_with_a_few_remarks_beside_it_loses_no_text(tmp_path):
    rows = [("text",), *((t,) if i != 3 else (t, "look again") for i, (t, _) in enumerate(REVIEWS))]
    data = wb.load(saved(tmp_path / "mine.xlsx", s=rows))
    assert data.task == "language-modeling" and sum(map(len, data.values())) == 20


def test_a_first_line_that_is_a_row_is_one(tmp_path):
    data = wb.load(saved(tmp_path / "mine.xlsx", s=[(y, t) for t, y in REVIEWS]))
    assert pairs(data) == set(REVIEWS) and any("holds no names of columns" in n for n in data.notes)


def test_formulas_are_their_values(tmp_path):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *((t, "=1") for t, _ in REVIEWS)])
    numbers = iter(range(99))
    value = lambda m: f"<f>1</f><v>{next(numbers) % 2}</v>".encode()  # noqa: E731
    changed(path, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb"<f>1</f><v ?/>|<f>1</f><v></v>", value, xml))
    assert wb.load(path).labels == ["0", "1"]


def test_formulas_without_a_value_are_named(tmp_path):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *((t, '=IF(1>0,"a","b")') for t, _ in REVIEWS)])
    with pytest.raises(wb.WorkbenchError, match=r"20 cells of mine\.xlsx hold formulas without a value") as e:
        wb.load(path)
    assert "saving it again" in e.value.try_


def test_a_stray_cell_at_the_far_end_costs_nothing(tmp_path):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *REVIEWS])
    stray = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    changed(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", stray))
    with pytest.raises(wb.WorkbenchError, match=r"\(rows 21\)"):
        wb.load(path)


def test_more_rows_than_excel_has_are_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *REVIEWS])
    stray = b'<row r="99999999999"><c><v>1</v></c></row></sheetData>'
    changed(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", stray))
    with pytest.raises(wb.WorkbenchError, match="more than 1,048,576 rows"):
        wb.load(path)
    monkeypatch.setattr(spreadsheets, "CELLS", 10)
    with pytest.raises(wb.WorkbenchError, match="or 10 cells"):
        wb.load(path)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path):
    path = saved(tmp_path / "bomb.xlsx", s=[("text", "label"), *REVIEWS])
    changed(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"</sheetData>", b" " * (spreadsheets.MOST + 1) + b"</sheetData>"),
    )
    assert path.stat().st_size < 1 << 20
    with pytest.raises(wb.WorkbenchError, match=r"bomb\.xlsx holds more than 256 MB"):
        wb.load(path)


def test_entities_that_multiply_are_refused(tmp_path):
    path = saved(tmp_path / "laughs.xlsx", s=[("text", "label"), *REVIEWS])
    kinds = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    start = f'<!DOCTYPE x [<!ENTITY a0 "ha">{kinds}]><worksheet'.encode()
    end = b"<row><c><v>&a11;</v></c></row></sheetData>"
    changed(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<worksheet", start, 1).replace(b"</sheetData>", end)
    )
    with pytest.raises(wb.WorkbenchError, match="cannot be read"):
        wb.load(path)


@pytest.mark.parametrize(("content", "said"), [
    (b"", "is no xlsx file"),
    (b"text,label\na,b\n", "is no xlsx file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "has a password or is an old .xls file"),
    (b"PK\x05\x06" + b"\0" * 18, "cannot be read"),
    ("cut", "is no xlsx file"),
    ("empty", "no cell of it is filled"),
])  # fmt: skip
def test_files_that_are_none_are_said(tmp_path, content, said):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *REVIEWS] if content == "cut" else [])
    if content != "empty":
        path.write_bytes(path.read_bytes()[:-400] if content == "cut" else content)
    with pytest.raises(wb.WorkbenchError, match=said):
        wb.load(path)


@pytest.mark.parametrize("ending", ["xls", "ods", "numbers"])
def test_other_spreadsheets_are_refused_with_a_way_out(tmp_path, ending):
    (tmp_path / f"mine.{ending}").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(range(256)))
    with pytest.raises(wb.WorkbenchError, match="Try: saving it as xlsx or csv"):
        wb.load(tmp_path / f"mine.{ending}")
    (tmp_path / f"mine.{ending}").rename(tmp_path / f"train.{ending}")
    with pytest.raises(wb.WorkbenchError, match="Try: saving it as xlsx or csv"):
        wb.load(tmp_path)


def test_without_the_package_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    path = saved(tmp_path / "mine.xlsx", s=[("text", "label"), *REVIEWS])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(wb.WorkbenchError, match="Try: pip install openpyxl"):
        wb.load(path)


def test_packed_in_folders_and_uploaded_it_is_read_too(tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    saved(folder / "train.xlsx", s=[("text", "label"), *REVIEWS])
    saved(folder / "test.xlsx", s=[("text", "label"), *REVIEWS[:4]])
    assert len(wb.load(folder)["test"]) == 4
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.write(folder / "train.xlsx", "train.xlsx")
    assert pairs(wb.load(tmp_path / "packed.zip")) == set(REVIEWS)


# --- files that nobody would write ------------------------------------------------------------------------------------

VALUES = [None, "", " ", "text", "label", "labels", "split", "train", "test", "tokens", "B-PER", "O", "a good day for all", "yes", "no",
          0, 1, -1.5, 1e300, True, "=1/0", "#N/A", "_x000D_", "🙂", datetime.date(1999, 1, 1), datetime.time(3), "['a']", "a|b"]  # fmt: skip
TITLES = ["Sheet1", "train", "test", "dev", "Training", "x"]
PIECES = [b"<row>", b"</row>", b"<c/>", b'<c t="s"><v>99</v></c>', b'<c t="d"><v>x</v></c>', b'<c t="b"><v></v></c>', b'<c r="ZZZZ1"/>', b'<c r="A0"/>',
          b'<row r="-1">', b'<row r="x">', b"<v>", b"&lt;", b"\xff", b"\x00", b"1e999", b't="e"', b"</sheetData>", b"<f/>", b'<c t="n"><v>a</v></c>']  # fmt: skip


def _row(draw, number, columns, wild):
    some = draw.choices(VALUES, k=columns)
    return some if wild else (f"some text {number}", draw.choice("ab"), *some)


def odd_workbook(draw):
    """The bytes of a workbook of odd cells, now and then with noise in the parts inside it."""
    out = io.BytesIO()
    titles = draw.sample(TITLES, k=draw.randrange(1, 4))
    columns = draw.randrange(1, 4)
    head = draw.choice([(), ("text", "label"), ("tokens", "tags"), ("en", "fr")])
    wild = draw.random() < 0.5
    rows = {t: [head, *(_row(draw, i, columns, wild) for i in range(draw.randrange(15)))] for t in titles}
    saved(out, **rows)
    if draw.random() < 0.5:
        with zipfile.ZipFile(out) as archive:
            part = draw.choice(archive.namelist())
            content = archive.read(part)
        at = draw.randrange(len(content) + 1)
        noise = draw.choice(PIECES) if draw.random() < 0.7 else draw.randbytes(draw.randrange(5))
        changed(out, part, lambda old: draw.choice([old[:at] + noise + old[at:], old[:at], b"", old[at:]]))
    raw = out.getvalue()
    if draw.random() < 0.2:
        at = draw.randrange(len(raw))
        raw = raw[:at] + draw.randbytes(draw.randrange(4)) + raw[at + draw.randrange(4) :]
    return raw


def read_odd(path, seeds):
    good = 0
    for seed in seeds:
        path.write_bytes(odd_workbook(random.Random(seed)))
        good += data_or_a_sentence(path, seed)
    return good


def test_odd_workbooks_are_data_or_a_sentence(tmp_path):
    assert read_odd(tmp_path / "odd.xlsx", range(150)) > 5


@pytest.mark.benchmark
@pytest.mark.parametrize("start", range(0, 4000, 1000))
def test_thousands_of_odd_workbooks_are_data_or_a_sentence(tmp_path, start):
    read_odd(tmp_path / "odd.xlsx", range(start, start + 1000))
