"""Translations side by side: which words are marked, that marks do not depend on colour, and that everything is escaped."""

import asyncio
import re

import pandas as pd
import pytest
from tiny import parallel_data, tiny_marian

import workbench as wb
from workbench.config import RunConfig
from workbench.views.datatab import data_html
from workbench.views.panel import Panel
from workbench.views.translations import SideBySide, differences, marked_html

HOSTILE = "<script>alert('1')</script>"


def marked(parts):
    return [text for text, differs in parts if differs]


@pytest.mark.parametrize(
    ("reference", "output", "missing", "wrong"),
    [
        ("Le chat dort.", "Le chat dort.", [], []),
        ("Le chat dort.", "Le chien dort.", ["chat"], ["chien"]),
        ("Le chat dort.", "Le chat", ["dort."], []),
        ("Il pleut.", "Il ne pleut pas.", [], ["ne", "pas"]),
        (
            "L'hôtel est là.",
            "l’hôtel est ici.",
            ["L'", "là"],
            ["l’", "ici"],
        ),  # case counts, the kind of apostrophe does not
        ("a b", "", ["a b"], []),
        ("", "a", [], ["a"]),
    ],
)
def test_words_that_the_other_text_has_not_got(reference, output, missing, wrong):
    left, right = differences(reference, output)
    assert (marked(left), marked(right)) == (missing, wrong)
    assert "".join(t for t, _ in left) == reference and "".join(t for t, _ in right) == output


def test_marks_are_bold_and_underlined_and_escaped():
    page = marked_html([("a ", False), (HOSTILE, True)], "#FFF")
    assert "underline" in page and "font-weight:600" in page and "<script" not in page


def rows(**extra):
    return pd.DataFrame({"source": [HOSTILE, "Good night"], "reference": ["Oui", HOSTILE], "output": ["Non", "Bonne nuit"],
                         "chrf": [0.1, 0.25], **extra})  # fmt: skip


def test_one_letter_said_sixty_times_does_not_widen_the_table():
    cells = re.findall(r'<td style="([^"]*)"', SideBySide(rows(output=["¿" * 60, "a"]))._repr_html_())
    assert cells and all("overflow-wrap:anywhere" in style for style in cells)


def test_a_table_of_errors_is_escaped_and_says_its_scores():
    page = SideBySide(rows())._repr_html_()
    assert "<script" not in page and "25%" in page and page.count("<tr>") == 3
    assert re.findall(r"<th scope=\"col\"[^>]*>(\w+)", page) == ["source", "reference", "output", "chrF"]


def test_several_models_stand_beside_each_other_with_the_reference_plain():
    table = SideBySide.of(["Good night"], ["Bonne nuit"], {"before": ["Bon nuit"], "after": ["Bonne nuit"]})
    page = table._repr_html_()
    assert page.count("<mark") == 1 and page.index("before") < page.index("after")
    assert "before:" in repr(table) and "[Bon] nuit" in repr(table)


def test_nothing_to_show():
    assert SideBySide(rows().head(0))._repr_html_().count("<tr>") == 1


# --- in the panel -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_marian(tmp_path_factory.mktemp("marian")))


def test_the_data_tab_shows_pairs(model):
    data = wb.load(parallel_data(20, 10))
    page = data_html(data, RunConfig(model=model))
    assert "6 training pairs" in page and "source sentences" in page and data["train"]["target"][0].split()[0] in page


def test_a_run_of_the_panel_shows_errors_side_by_side_and_translates_a_typed_text(model):
    panel = Panel(RunConfig(model=model, data="data", epochs=1, learning_rate=1e-2), wb.load(parallel_data(32, 8)))
    run = asyncio.run(panel.train())
    assert run.status == "finished", run.error
    panel.predictions.open()
    page = panel.predictions.errors.value
    assert "reference" in page and "<mark" in page and "chrF" in page
    panel.predictions.text.value = HOSTILE + " the cat"
    assert "<script" not in panel.predictions.answer.value and "<p" in panel.predictions.answer.value
