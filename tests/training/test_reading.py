"""Domain adaptation as a technique: the reading before it is a run of its own, shared by seeds, and changes only where training begins."""

import pytest
from families import make
from tiny import data, texts, tiny_bert, tiny_elmo

import workbench as wb
from workbench.training import events as ev

CHOICES = {"technique": "domain-adaptation", "reads_epochs": 1, "learning_rate": 1e-2, "epochs": 1, "evaluations": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def field(tmp_path):
    path = tmp_path / "field.txt"
    path.write_text("\n".join(texts(160)["text"]), "utf-8")
    return str(path)


def notes(run):
    return [event.text for event in run.store.events if isinstance(event, ev.Note)]


def test_it_is_the_same_as_reading_first_and_fine_tuning_that_model(folder, field):
    run = wb.fit(data(32, 8), model=folder, reads=field, **CHOICES).join()
    reader = next(r for r in wb.runs() if r.id == run.store.facts["reader"])
    assert (
        reader.config.data == field
        and reader.status == "finished"
        and reader.store.facts["task"] == "language-modeling"
    )
    assert reader.config.learning_rate == CHOICES["learning_rate"]  # a large model's readings need a small rate, too
    plain = {k: v for k, v in CHOICES.items() if k not in ("technique", "reads_epochs")}
    by_hand = wb.fit(data(32, 8), model=reader, **plain).join()
    control = wb.fit(data(32, 8), model=folder, **plain).join()
    assert (
        run.frame()["valid_loss"].tolist()
        == by_hand.frame()["valid_loss"].tolist()
        != control.frame()["valid_loss"].tolist()
    )
    assert len([text for text in notes(run) if "perplexity" in text]) == 5  # before, and at four evaluations
    assert (
        len([text for text in run.notes if "perplexity" in text and "after 1.0 epochs" in text])
        == len(run.notes) - 1
        == 1
    )
    assert run.store.facts["reading_seconds"] > 0


def test_seeds_share_one_reading(folder, field):
    first, second = (wb.fit(data(32, 8), model=folder, reads=field, seed=seed, **CHOICES).join() for seed in (0, 1))
    assert first.store.facts["reader"] == second.store.facts["reader"] and len(wb.runs()) == 3


def test_without_texts_it_reads_those_of_the_data(folder):
    run = wb.fit("messages", model=folder, train_examples=16, seconds=5, **{**CHOICES, "reads_epochs": 0.01}).join()
    assert next(r for r in wb.runs() if r.id == run.store.facts["reader"]).config.data == "messages"


def test_stop_while_it_reads_ends_both_and_the_next_run_reads_anew(folder, field):
    run = wb.fit(data(32, 8), model=folder, reads=field, **{**CHOICES, "reads_epochs": 1000})
    while not any("perplexity" in text for text in notes(run)):
        assert not run.done
    run.stop()
    assert run.join().status == "stopped" and run.frame().empty
    again = wb.fit(data(32, 8), model=folder, reads=field, **CHOICES).join()
    assert again.store.facts["reader"] and again.status == "finished"


def test_what_cannot_read_is_refused_in_a_sentence(folder, field, tmp_path):
    with pytest.raises(wb.WorkbenchError, match="which has read nothing yet"):
        wb.fit("reviews", model="bert-mini:random", technique="domain-adaptation").join()
    with pytest.raises(wb.WorkbenchError, match="without texts to read"):
        wb.fit("people-places", model=folder, technique="domain-adaptation").join()
    with pytest.raises(wb.WorkbenchError, match="neither fills in blanks nor goes on"):
        wb.fit(data(16, 8), model=str(make("t5", tmp_path / "t5")), technique="domain-adaptation", reads=field).join()
    with pytest.raises(wb.WorkbenchError, match="nowhere"):
        wb.fit(data(16, 8), model=folder, technique="domain-adaptation", reads="nowhere").join()


def test_elmos_two_language_models_read_on_and_the_labels_start_from_what_they_have_learned(field, tmp_path):
    elmo = str(tiny_elmo(tmp_path / "elmo"))
    run = wb.fit(data(32, 8), model=elmo, reads=field, **CHOICES).join()
    read = next(r for r in wb.runs() if r.id == run.store.facts["reader"])
    losses = read.frame()["valid_loss"]
    assert run.status == "finished" and losses.iloc[-1] < losses.iloc[0]
    assert read.predict("the kind ___ was dim")["probability"].iloc[0] > 0.01
