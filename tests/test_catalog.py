"""Cards: the lists, how they show themselves, and what a broken card may not do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import catalog
from workbench.catalog import Card, Cards, find
from workbench.errors import WorkbenchError

CHECKOUT = Path(catalog.__file__).resolve().parents[1]
EVIL = Card("<b>", "model", "<script>alert('x')</script> & more", source='"hub"')


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A bundled home of the test's own; call it with kind, name and the text of a card."""
    monkeypatch.setattr(catalog, "bundled_home", lambda: tmp_path)
    catalog._bundled.cache_clear()

    def add(kind, name, card):
        (tmp_path / kind / name).mkdir(parents=True)
        text = card if isinstance(card, bytes) else json.dumps(card).encode()
        (tmp_path / kind / name / "card.json").write_bytes(text)

    yield add
    catalog._bundled.cache_clear()


def bundled_names(cards):
    return [c.name for c in cards if c.source == "bundled"]


def python(code):
    """The output of `code` in a Python of its own."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_card_beside_a_model_is_listed(bundle):
    bundle("models", "mine", {"title": "My model", "family": "bert", "tasks": ["classification"], "more": 1})
    card = catalog.models()[0]
    assert (card.name, card.kind, card.title) == ("mine", "model", "My model")
    assert (card.family, card.tasks, card.facts["more"]) == ("bert", ("classification",), 1)


def test_a_card_without_a_title_is_called_as_its_folder(bundle):
    bundle("datasets", "texts", {})
    assert catalog.datasets()[0].title == "texts"


def test_models_and_datasets_are_kept_apart(bundle):
    bundle("models", "m", {})
    bundle("datasets", "d", {})
    assert (bundled_names(catalog.models()), bundled_names(catalog.datasets())) == (["m"], ["d"])


def test_every_bundled_model_has_a_random_twin(bundle):
    bundle("models", "m", {"family": "bert"})
    twin = find(catalog.models(), "m:random", "model")
    assert (twin.source, twin.family) == ("control", "bert")


def test_bundled_things_come_first_and_the_hub_last(bundle):
    bundle("models", "m", {})
    assert [c.source for c in catalog.models()][:3] == ["bundled", "control", "hub"]
    assert catalog.models()[-1].source == "hub"


def test_what_is_bundled_here_has_its_folder():
    cards = [c for c in [*catalog.models(), *catalog.datasets()] if c.source == "bundled"]
    assert cards
    assert all((c.folder / "card.json").is_file() for c in cards)


def test_hub_datasets_name_their_columns():
    hub = [c for c in catalog.datasets() if c.source == "hub"]
    assert hub
    assert all(c.facts["columns"] and c.tasks[0] in {t.name for t in catalog.TASKS} for c in hub)


def test_every_technique_of_the_catalogue_can_be_applied():
    from workbench.techniques import TECHNIQUES

    assert [c.name for c in catalog.techniques()] == list(TECHNIQUES)


BROKEN = {"half": b'{"title": "ha', "list": b"[1, 2]", "number": b"5", "no utf-8": b'{"title": "\xff"}', "empty": b""}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_card_does_not_hide_the_others(bundle, text):
    bundle("models", "a-broken", text)
    bundle("models", "b-sound", {})
    assert bundled_names(catalog.models()) == ["b-sound"]


def test_a_card_that_is_a_folder_does_not_hide_the_others(bundle, tmp_path):
    (tmp_path / "models" / "a-broken" / "card.json").mkdir(parents=True)
    bundle("models", "b-sound", {})
    assert bundled_names(catalog.models()) == ["b-sound"]


def test_a_card_with_tasks_null_does_not_hide_the_others(bundle):
    bundle("models", "a-broken", {"tasks": None})
    bundle("models", "b-sound", {})
    assert "b-sound" in bundled_names(catalog.models())


def test_a_card_with_a_number_for_a_title_does_not_break_the_table(bundle):
    bundle("models", "m", {"title": 5})
    assert ">m</span></code>" in catalog.models()._repr_html_()


def test_one_task_as_text_is_one_task(bundle):
    bundle("models", "m", {"tasks": "classification"})
    assert catalog.models()[0].tasks == ("classification",)


def test_html_is_escaped():
    html = Cards([EVIL])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; more" in html
    assert ">&lt;b&gt;</span></code>" in html
    assert "&quot;hub&quot;" in html


def test_html_has_one_row_per_card_and_a_head():
    assert Cards([EVIL, EVIL])._repr_html_().count("<tr>") == 3


def test_in_a_terminal_the_names_stand_in_one_column():
    cards = Cards([Card("a", "dataset", "First"), Card("long-name", "dataset", "Second")])
    assert repr(cards).splitlines() == [
        "name       from     what it is", "a          bundled  First", "long-name  bundled  Second"]  # fmt: skip


def test_models_are_shown_with_what_their_cards_say():
    facts = {"parameters": 5_400_000, "tokens_seen": 50_000_000, "objective": "masked language model: 30% hidden"}
    shown = repr(
        Cards(
            [
                Card("b", "model", "B", "bert", ("tagging",), facts=facts),
                Card("b:random", "model", "twin", source="control"),
            ]
        )
    )
    head, model, twin = shown.splitlines()
    assert head.split("  ")[0] == "name" and "tokens seen" in head
    for words in ("bert", "5.4 M", "50 M", "masked language model", "new head", "new decoder", "hidden words"):
        assert words in model
    assert "30%" not in model and "nothing: fresh weights" in twin


def row_of(cards, name):
    """One card's cells by the heads of the table, as a terminal shows them."""
    from workbench.card_tables import table

    head, *rows = table(cards)
    return next(dict(zip(head, row, strict=True)) for row in rows if row[0] == name)


def test_a_model_is_shown_with_its_size_its_licence_and_its_seconds(bundle, tmp_path):
    facts = {"family": "bert", "licence": "MIT", "parameters": 2e6, "speed": {"training": 8.52, "answering": 3.9}}
    bundle("models", "m", facts)
    (tmp_path / "models" / "m" / "model.safetensors").write_bytes(bytes(4_100_000))
    row, twin = row_of(catalog.models(), "m"), row_of(catalog.models(), "m:random")
    assert (row["size"], row["licence"], row["training 1,000"], row["asking 1,000"]) == (
        "4 MB",
        "MIT",
        "8.5 s",
        "3.9 s",
    )
    assert (twin["size"], twin["parameters"], twin["training 1,000"]) == ("", "2.0 M", "8.5 s")


def test_every_model_that_is_listed_has_a_size_and_a_licence():
    for card in catalog.models():
        row = row_of(catalog.models(), card.name)
        assert row["licence"] and row["parameters"], card.name
        assert row["size"] or card.source == "control", card.name
        assert card.source == "hub" or (row["training 1,000"] and row["asking 1,000"]), card.name


def test_a_dataset_is_shown_with_its_task_its_examples_and_its_licence(bundle):
    bundle("datasets", "d", {"tasks": "tagging", "counts": {"train": 1000, "test": 234}, "licence": "CC BY 4.0"})
    bundle("datasets", "e", {"counts": "many"})
    row, odd = (row_of(catalog.datasets(), name) for name in "de")
    assert (row["task"], row["examples"], row["licence"]) == ("tagging", "1,234", "CC BY 4.0")
    assert (odd["task"], odd["examples"]) == ("", "")


def test_techniques_are_shown_with_where_they_come_from():
    assert row_of(catalog.techniques(), "lora")["after"] == "Hu et al. 2021"


def test_words_stand_on_the_left_and_numbers_on_the_right_in_one_line():
    """In every cell: JupyterLab gives each an alignment of its own, whatever the table says."""
    shown = catalog.models()._repr_html_()
    assert '<td style="text-align:left;white-space:nowrap">bundled</td>' in shown
    assert '<td style="text-align:right;white-space:nowrap">5.4 M</td>' in shown and shown.count("<td>") == 0
    assert "seconds that one core takes" in shown and "seconds" not in catalog.techniques()._repr_html_()


def test_a_long_name_breaks_behind_its_owner_alone_and_stays_in_view():
    """JupyterLab lets code break at every hyphen."""
    shown = catalog.models()._repr_html_()
    whole = '<span style="white-space:nowrap">'
    assert f"<code>{whole}google-bert/</span><wbr>{whole}bert-base-uncased</span></code>" in shown
    assert f"<code>{whole}bert-mini-spans:random</span></code>" in shown
    rows = shown.count("<tr>")
    assert shown.count("position:sticky;left:0;background:var(--jp-layout-color0") == rows > 8


def test_a_column_in_which_nothing_stands_is_left_out():
    assert "from" in repr(Cards([EVIL])) and "licence" not in repr(Cards([EVIL]))


def test_an_empty_list_shows_nothing():
    assert repr(Cards()) == "" and "<td" not in Cards()._repr_html_()


def test_find_by_name():
    assert find(catalog.TASKS, "classification", "task").name == "classification"


def test_find_by_hub_id():
    assert find(catalog.datasets(), "stanfordnlp/sst2", "data").name == "hub:stanfordnlp/sst2"


def test_what_is_not_found_is_an_error_that_lists_what_there_is():
    with pytest.raises(WorkbenchError) as caught:
        find([Card("one", "model", ""), Card("two", "model", "")], "three", "model")
    assert str(caught.value) == "no model is called 'three'. Expected: one of one, two. Try: model='one'."


def test_find_among_nothing_is_an_error_as_well():
    with pytest.raises(WorkbenchError, match="no model is called 'x'"):
        find([], "x", "model")


def test_an_empty_name_finds_nothing():
    with pytest.raises(WorkbenchError):
        find(catalog.TASKS, "", "task")


COUNT = "print(len(wb.models()), len(wb.techniques()));"
COUNTED = [str(len(catalog.models())), str(len(catalog.techniques()))]


def test_the_lists_answer_before_the_packages_of_their_names_are_imported():
    code = f"import sys, workbench as wb; {COUNT} print('workbench.models' in sys.modules)"
    assert python(code) == [*COUNTED, "False"]


def test_the_lists_answer_after_the_packages_of_their_names_have_been_imported():
    code = f"import workbench.models.zoo, workbench.techniques, workbench as wb; {COUNT} print(wb.models.zoo.__name__)"
    assert python(code) == [*COUNTED, "workbench.models.zoo"]


def test_the_lists_answer_when_they_have_been_asked_before_and_the_packages_come_later():
    code = f"import workbench as wb; {COUNT} import workbench.models, workbench.techniques; {COUNT}"
    assert python(code) == COUNTED * 2


@pytest.mark.parametrize("listing", [catalog.models, catalog.datasets, catalog.techniques])
def test_a_card_is_found_by_its_name(listing):
    cards = listing()
    assert cards[cards[-1].name] == cards[-1] and cards[:2][cards[0].name] == cards[0]
    near = f"{cards[0].name}x"
    with pytest.raises(WorkbenchError, match=rf"no {cards[0].kind} is called '{near}'.*Try: .*'{cards[0].name}'"):
        cards[near]
