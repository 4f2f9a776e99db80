"""Documentation of installed packages as data: what is prose, what is hidden, and that nothing of one split stands in another."""

import sys

import pandas as pd
import pytest

import workbench as wb
from workbench.data import docstrings
from workbench.data.docstrings import hidden, sentences

SOURCE = '''"""{about} modules are described here in one plain sentence. They are described once more in a second one."""
raise SystemExit("a module that is read must never run")


class Thing{n}:
    """Keep the {about} of number {word} in a place where nobody looks. See `other` for the {about} that were kept {word} years before.

    Parameters
    ----------
    given : int
        How many of the things are kept, or none at all if it is zero.

    >>> Thing{n}()
    """


def broken_{n}():
    """Shared words of documentation that stand in every module of all packages."""
'''
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Two small packages of ten modules each, which must never be imported."""
    for package, about in (("wbfruit", "Apples"), ("wbmetal", "Irons")):
        (tmp_path / package / "tests").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('imported')", "utf-8")
        (tmp_path / package / "old.py").write_text("print 'of another Python'", "utf-8")
        for n, word in enumerate(WORDS):
            (tmp_path / package / f"part{n}.py").write_text(SOURCE.format(n=n, word=word, about=about), "utf-8")
        (tmp_path / package / "tests" / "part.py").write_text(SOURCE.format(n=99, word="hundred", about=about), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(docstrings, "AREAS", {"fruit": ("wbfruit",), "metal": ("wbmetal", "wbmissing")})
    docstrings.gathered.cache_clear()
    yield
    docstrings.gathered.cache_clear()


def test_prose_is_kept_and_code_tables_and_names_are_not():
    doc = """Return a new and longer frame whose `index` is sorted in place by :class:`pandas.Index` and by my_key.

    Parameters
    ----------
    by : str
        A name.

    >>> frame.sort_index()
    The output of this example should not be read as prose.

    Too short to keep. The second sentence of this paragraph has enough words to be kept."""
    assert sentences(doc) == [
        "Return a new and longer frame whose X is sorted in place by X and by X.",
        "The second sentence of this paragraph has enough words to be kept.",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a DataFrame of Pandas", "a X of X"),
        ("use np.array or to_csv() here", "use X or X here"),
        ("**bold** and ``code``", "bold and X"),
        ("a plain word, twice: plain", "a plain word, twice: plain"),
    ],
)
def test_names_that_would_give_the_answer_away_are_hidden(text, shown):
    assert hidden(text, {"pandas"}) == shown


def test_packages_are_read_without_being_imported_and_splits_share_nothing(installed):
    data, texts = wb.load("docstrings"), wb.load("docstrings-sentences")
    assert data.task == "classification" and data.labels == ["fruit", "metal"] and texts.task == "language-modeling"
    assert not {"wbfruit", "wbmetal"} & set(sys.modules)
    frame = data.frame()
    assert frame.groupby("module")["split"].nunique().max() == 1 and not frame["text"].duplicated().any()
    assert frame.groupby(["split", "label"]).size().groupby("split").nunique().eq(1).all()  # as many of each
    assert not frame["text"].str.contains("Shared words|hundred|Thing").any()  # of both areas, of tests, of names
    read = {split: set(texts[split]["text"]) for split in texts}
    held_out = [t for split in ("validation", "test") for t in data[split]["text"]]
    assert read["train"] and not read["train"] & read["validation"]
    assert not any(sentence in text for sentence in read["train"] for text in held_out)


def test_the_same_packages_give_the_same_data_in_the_same_order(installed):
    first = docstrings.tables("docstrings")
    docstrings.gathered.cache_clear()
    for split, table in docstrings.tables("docstrings").items():
        pd.testing.assert_frame_equal(table, first[split])


def test_without_the_packages_the_error_says_what_to_load_instead(installed, monkeypatch):
    monkeypatch.setattr(docstrings, "AREAS", {"fruit": ("wbmissing",), "metal": ("wbmissing",)})
    with pytest.raises(wb.WorkbenchError, match=r"packages of at least two areas.*clinic"):
        wb.load("docstrings")
