"""Names marked in a text: what is said in letters, what is escaped, what the panel shows of it."""

import asyncio
import re

import datasets as hf
import pandas as pd
import pytest
from tiny import tagged_data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.views.datatab import data_html, label_counts, plain_texts
from workbench.views.panel import Panel
from workbench.views.spans import OTHERS, TINTS, Spans, spans_html, tint

HOSTILE = "<script>alert('1')</script>"
WORDS, TAGS = ["Ada", "Lovelace", "left", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]


def seen(page):
    """The words of a page without its marks."""
    return re.sub(r"<[^>]*>", "", page)


def marked(page):
    """What stands inside each mark, as words."""
    return [seen(m) for m in re.findall(r"<mark.*?</mark>", page)]


def test_names_are_marked_with_their_type_in_letters():
    page = spans_html(WORDS, TAGS)
    assert seen(page) == "Ada Lovelace PER left Paris LOC" and marked(page) == ["Ada Lovelace PER", "Paris LOC"]


@pytest.mark.parametrize(
    ("words", "tags", "expected"),
    [
        ([], [], ""),
        (["left"], ["O"], "left"),
        (["Ada", "Bo"], ["B-PER", "B-PER"], "Ada PER Bo PER"),
        (["Ada", "left"], ["I-PER", "O"], "Ada PER left"),
        (["left", "Ada"], ["O", "S-PER"], "left Ada PER"),
    ],
)
def test_no_word_is_lost_or_said_twice(words, tags, expected):
    assert seen(spans_html(words, tags)) == expected


def test_words_and_types_are_escaped():
    page = spans_html(["a", HOSTILE, HOSTILE], ["O", "O", f"B-{HOSTILE}"])
    assert "<script" not in page and "'1'" not in page and page.count("&lt;script&gt;") == 3


def test_hostile_types_cannot_leave_their_attribute():
    page = spans_html(["a"], ['B-"><img src=x onerror=alert(1)>'])
    assert "<img" not in page and len(re.findall(r"<mark[^>]*>", page)) == 1


def brightness(colour):
    """Relative luminance (WCAG 2) of #RRGGBB."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", [*TINTS.values(), *OTHERS])
def test_black_can_be_read_on_every_tint(colour):
    assert (brightness(colour) + 0.05) / 0.05 > 7


@pytest.mark.parametrize(("kind", "like"), [("person", "PER"), ("PERS", "PER"), ("Location", "LOC"), ("LOC", "LOC"), ("organization", "ORG"),
                                            ("MISC", "MISC")])  # fmt: skip
def test_usual_types_have_their_own_colour_however_they_are_spelt(kind, like):
    assert tint(kind) == TINTS[like]


def test_other_types_keep_one_colour():
    assert tint("EVENT") == tint("EVENT") and {tint(k) for k in ("EVENT", "", "🙂", "x" * 999)} <= set(OTHERS)


def test_the_html_says_black_on_the_tint():
    assert f"background:{TINTS['PER']};color:#000" in spans_html(WORDS, TAGS)


# --- Spans ------------------------------------------------------------------------------------------------------------


def predicted():
    return pd.DataFrame({"tokens": [WORDS, ["left"]], "tags": [TAGS, ["O"]]})


def test_spans_of_predictions_are_lines_with_the_names_behind():
    assert repr(Spans(predicted())) == "Ada Lovelace left Paris  [Ada Lovelace = PER, Paris = LOC]\nleft  [no names]"


def test_spans_of_predictions_are_marked_lines_in_a_notebook():
    page = Spans(predicted())._repr_html_()
    assert page.count("<div") == 2 and marked(page) == ["Ada Lovelace PER", "Paris LOC"]


def test_spans_of_a_notebook_are_escaped():
    assert "<script" not in Spans(pd.DataFrame({"tokens": [[HOSTILE]], "tags": [[f"B-{HOSTILE}"]]}))._repr_html_()


def numbered():
    labels = ["O", "B-LOC", "B-PER", "I-PER"]
    features = hf.Features({"tokens": hf.List(hf.Value("string")), "tags": hf.List(hf.ClassLabel(names=labels))})
    return hf.Dataset.from_dict({"tokens": [WORDS], "tags": [[2, 3, 0, 1]]}, features), labels


def test_spans_of_a_split_take_its_names_or_those_that_are_given():
    split, labels = numbered()
    expected = "Ada Lovelace left Paris  [Ada Lovelace = PER, Paris = LOC]"
    assert repr(Spans(split)) == repr(Spans(split, labels)) == repr(Spans(split[:1], labels)) == expected
    assert repr(Spans(predicted()[:1], labels)) == expected


def test_spans_of_nothing_are_nothing():
    assert repr(Spans(predicted()[:0])) == Spans(predicted()[:0])._repr_html_() == ""


# --- in the panel -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def test_the_data_tab_counts_names_and_marks_them(model):
    data = wb.load(tagged_data(20, 10))
    assert label_counts(data, "train") == {"LOC": 20, "PER": 20} and label_counts(data, "test") == {
        "LOC": 10,
        "PER": 10,
    }
    assert plain_texts(data, 1) == [" ".join(data["train"]["tokens"][0])]
    page = data_html(data, RunConfig(model=model))
    assert page.count("<mark") == 12 and "PER</small>" in page  # six sentences with two names each


def test_the_data_tab_names_twelve_types_at_most():
    rows = pd.DataFrame({"tokens": [["a"]] * 60, "tags": [[f"B-T{i % 15:02}"] for i in range(60)]})
    assert list(label_counts(wb.load(rows), "train")) == [f"T{i:02}" for i in range(12)]


def test_a_classification_with_a_column_of_words_shows_its_texts(model):
    rows = pd.DataFrame({"text": ["the room", "a train"] * 10, "label": [0, 1] * 10, "tokens": 2, "tags": [["x"]] * 20})
    data = wb.load(rows)
    assert set(plain_texts(data, 9)) == {"the room", "a train"} and "a train" in data_html(data, RunConfig(model=model))


def test_a_run_of_the_panel_shows_errors_and_marks_a_typed_text(model):
    data = wb.load(tagged_data(32, 16))
    panel = Panel(RunConfig(model=model, data="data", epochs=1, learning_rate=1e-2), data)
    run = asyncio.run(panel.train())
    assert run.status == "finished"
    panel.predictions.open()
    assert "names" in panel.predictions.errors.value or "words" in panel.predictions.errors.value
    panel.predictions.text.value = HOSTILE + " the kind room"
    page = panel.predictions.answer.value
    assert "<script" not in page and "the kind room" in seen(page).replace(" PER", "").replace(" LOC", "")
