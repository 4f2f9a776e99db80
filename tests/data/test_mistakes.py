"""Deliberate mistakes: each spoils what it says and nothing else, where it says, and a run with one can be made again."""

import numpy as np
import pytest
from tiny import data, sentences, tagged_data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.data import mistakes
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.training.predictor import Predictor

EVERY = [m.name for m in mistakes.MISTAKES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def spoilt(folder, mistake, phase="serving", task="classification"):
    config = RunConfig(model=folder, mistake=mistake, max_length=32)
    return config, *mistakes.spoil(config, phase, TASKS[task], zoo.tokenizer(zoo.source(folder)))


def pieces(folder, mistake, text, task="classification"):
    config, task, tokenizer = spoilt(folder, mistake, task=task)
    return tokenizer.convert_ids_to_tokens(task.tokens([text], tokenizer, config.max_length)[0].tolist())


# --- names and places -------------------------------------------------------------------------------------------------


def test_every_mistake_is_listed_with_what_it_does():
    assert [c.name for c in wb.mistakes()] == EVERY and all(c.title and c.tasks for c in wb.mistakes())


@pytest.mark.parametrize("said", ["no-such-thing", "no-mask:nowhere", "", "NO-MASK", 3])
def test_an_unknown_mistake_is_told(said, folder):
    with pytest.raises(wb.WorkbenchError):
        wb.fit(data(8, 8), model=folder, mistake=said)


def test_what_is_only_learned_cannot_be_done_in_serving():
    with pytest.raises(wb.WorkbenchError, match="nothing is learned while serving"):
        mistakes.find("padding-in-loss:serving")


def test_a_mistake_that_a_task_does_not_know_is_told():
    with pytest.raises(wb.WorkbenchError, match="data for classification"):
        mistakes.check("no-punctuation", "tagging")
    mistakes.check(None, "answering")


@pytest.mark.parametrize(
    ("said", "holds"),
    [("no-mask", (True, True)), ("no-mask:training", (True, False)), ("no-mask:serving", (False, True))],
)
def test_a_mistake_holds_where_its_name_says(folder, said, holds):
    for phase, wanted in zip(("training", "serving"), holds, strict=True):
        _, task, _ = spoilt(folder, said, phase)
        assert (task is not TASKS["classification"]) == wanted


def test_without_a_mistake_nothing_is_wrapped(folder):
    tokenizer = object()
    assert mistakes.spoil(RunConfig(model=folder), "serving", TASKS["tagging"], tokenizer) == (
        TASKS["tagging"],
        tokenizer,
    )


def test_a_run_with_a_mistake_is_a_line_of_code():
    assert (
        RunConfig(mistake="no-mask:serving").to_code()
        == 'wb.fit("reviews", model="bert-mini", mistake="no-mask:serving")'
    )


# --- what each one does -----------------------------------------------------------------------------------------------

TEXT = "The room isn't kind & warm, it was cold!"


@pytest.mark.parametrize(
    ("mistake", "wanted"),
    [
        ("upper-case", ["[CLS]", "the", "room"]),
        ("no-special-tokens", ["the", "room"]),
        ("no-stop-words", ["[CLS]", "room", "kind", "warm"]),
    ],
)
def test_texts_and_special_tokens(folder, mistake, wanted):
    found = [p for p in pieces(folder, mistake, "The room was kind and warm") if not p.startswith("##")]
    assert found[: len(wanted)] == wanted


def test_texts_are_changed_before_they_are_cut():
    change = {m.name: m.texts for m in mistakes.MISTAKES if m.texts}
    assert change["no-punctuation"](TEXT) == "The room isnt kind  warm it was cold"
    assert change["html-entities"](TEXT) == "The room isn&#x27;t kind &amp; warm, it was cold!"
    assert change["no-stop-words"](TEXT) == "room isn't kind & warm, cold!"
    assert change["upper-case"]("aß") == "ASS" and change["lower-case"]("AB") == "ab"
    assert change["no-stop-words"]("it was not") == "it was not"  # nothing would be left


def test_early_truncation_cuts_after_eight_pieces(folder):
    assert len(pieces(folder, "early-truncation", "the room was warm and the meal was cold")) == mistakes.EARLY


def test_no_truncation_lets_long_texts_through(folder):
    assert len(pieces(folder, "no-truncation", "the room " * 60)) == 122


def test_another_models_tokenizer_gives_numbers_that_this_model_has(folder):
    _, task, tokenizer = spoilt(folder, "wrong-tokenizer")
    rows = len(zoo.tokenizer(zoo.source(folder)))
    own, other = zoo.tokenizer(zoo.source(folder)), zoo.tokenizer(zoo.source("en-fr-mini"))
    ids = task.tokens(["the room was warm"], tokenizer, 32)[0].tolist()
    assert (
        ids == [i % rows for i in other("the room was warm")["input_ids"]]
        and ids != own("the room was warm")["input_ids"]
    )
    assert tokenizer.model_max_length == own.model_max_length


def test_between_the_bundled_models_not_one_number_is_changed():
    _, _, tokenizer = spoilt("bert-mini", "wrong-tokenizer")
    other = zoo.tokenizer(zoo.source("en-fr-mini"))
    texts = ["Not bad at all", "désolé 😀"]
    assert tokenizer(texts)["input_ids"] == other(texts)["input_ids"] and len(other) == 8192


def batch(folder, mistake, task="classification", learning=False):
    _, spoilt_task, tokenizer = spoilt(folder, mistake, "training", task)
    collate = spoilt_task.training_collate(tokenizer) if learning else spoilt_task.collate(tokenizer)
    ids = [np.array([2, 9, 3]), np.array([2, 9, 9, 9, 3])]
    labels = [1, 0] if task == "classification" else [np.array([-100, 2, -100]), np.array([-100, 1, 1, -100, -100])]
    return collate(list(zip(ids, labels, strict=True)))


def test_without_a_mask_every_place_counts(folder):
    assert batch(folder, "no-mask")["attention_mask"].tolist() == [[1] * 8] * 2  # a multiple of eight


def test_padding_to_the_limit_makes_every_batch_as_long(folder):
    made = batch(folder, "pad-to-limit")
    assert made["input_ids"].shape == made["attention_mask"].shape == (2, 32)
    assert made["attention_mask"].sum().item() == 8 and made["labels"].tolist() == [1, 0]
    tagged = batch(folder, "pad-to-limit", "tagging")
    assert tagged["labels"].shape == (2, 32) and (tagged["labels"][:, 5:] == -100).all()


def test_padding_is_counted_while_learning_and_only_there(folder):
    learned, asked = (batch(folder, "padding-in-loss", "tagging", learning) for learning in (True, False))
    assert asked["labels"].tolist() == [[-100, 2, *[-100] * 6], [-100, 1, 1, *[-100] * 5]]
    assert learned["labels"].tolist() == [[-100, 2, -100, *[0] * 5], [-100, 1, 1, -100, -100, *[0] * 3]]


def test_a_translators_targets_stay_as_they_are():
    config = RunConfig(model="en-fr-mini", mistake="upper-case")
    _, tokenizer = mistakes.spoil(config, "training", TASKS["translation"], zoo.tokenizer(zoo.source("en-fr-mini")))
    plain = zoo.tokenizer(zoo.source("en-fr-mini"))
    assert tokenizer(text=["Hello"])["input_ids"] == plain(["HELLO"])["input_ids"]
    assert tokenizer(text_target=["Bonjour"])["input_ids"] == plain(text_target=["Bonjour"])["input_ids"]


def test_padding_of_a_translation_becomes_a_target():
    tokenizer = zoo.tokenizer(zoo.source("en-fr-mini"))
    config = RunConfig(model="en-fr-mini", mistake="padding-in-loss")
    task, tokenizer = mistakes.spoil(config, "training", TASKS["translation"], tokenizer)
    made = task.training_collate(tokenizer)(
        [(np.array([5, 1]), np.array([7, 1])), (np.array([5, 1]), np.array([7, 8, 9, 1]))]
    )
    assert made["labels"].tolist() == [[7, 1, *[0] * 6], [7, 8, 9, 1, *[0] * 4]]


def test_a_spoilt_tokenizer_is_the_one_inside_in_all_else(folder):
    inside = zoo.tokenizer(zoo.source(folder))
    outside = mistakes.Spoilt(inside, str.upper, model_max_length=5)
    outside.decoder_start = 7
    assert (outside.pad_token_id, len(outside), inside.decoder_start, outside.model_max_length) == (
        inside.pad_token_id,
        len(inside),
        7,
        5,
    )
    assert inside.model_max_length == 64


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    import os

    home, os.environ["WORKBENCH_HOME"] = os.environ.get("WORKBENCH_HOME"), str(tmp_path_factory.mktemp("runs"))
    try:
        yield wb.fit(
            data(64, 32), model=folder, epochs=3, evaluations=2, learning_rate=3e-3, mistake="no-special-tokens"
        ).join()
    finally:
        os.environ.pop("WORKBENCH_HOME") if home is None else os.environ.update(WORKBENCH_HOME=home)


def test_a_run_says_that_its_mistake_was_made_on_purpose(run):
    assert any("deliberate mistake" in note for note in run.notes)


def test_it_is_opened_again_with_its_mistake(run):
    again = Predictor.from_store(run.store)
    texts = ["the room was kind", "our meal felt cold and grim"]
    assert np.allclose(again.predict(texts)["probability"], run.predict(texts)["probability"], atol=1e-6)
    assert isinstance(again.tokenizer, mistakes.Spoilt)


def test_a_mistake_in_serving_leaves_training_alone(folder, home):
    same = {"model": folder, "epochs": 2, "evaluations": 2, "learning_rate": 3e-3}
    plain, late = (wb.fit(data(32, 16), mistake=m, **same).join() for m in (None, "no-stop-words:serving"))
    assert plain.frame()["valid_loss"].tolist() == late.frame()["valid_loss"].tolist()
    text = ["the was and but on at in kind"]
    assert plain.predict(text)["probability"][0] != late.predict(text)["probability"][0]
    assert wb.mistaken(plain, "no-stop-words").predict(text).equals(late.predict(text))


def test_a_mistake_in_training_serves_well(folder, home):
    run = wb.fit(data(32, 16), model=folder, epochs=1, evaluations=1, mistake="early-truncation:training").join()
    assert not isinstance(run.predictor().tokenizer, mistakes.Spoilt)
    assert run.evaluate("validation")["loss"] != pytest.approx(run.kept["valid_loss"], abs=1e-6)


@pytest.mark.parametrize(
    "mistake",
    ["wrong-tokenizer", "padding-in-loss", "no-special-tokens", "upper-case", "pad-to-limit", "early-truncation"],
)
def test_tagging_can_be_spoilt_as_well(folder, home, mistake):
    run = wb.fit(tagged_data(16, 8), model=folder, epochs=1, evaluations=1, mistake=mistake, max_length=48).join()
    assert run.status == "finished" and len(run.predict(sentences(2)["tokens"])) == 2


def test_the_same_text_has_another_answer_beside_a_longer_one_without_a_mask(folder, home):
    run = wb.fit(data(32, 16), model=folder, epochs=4, evaluations=1, learning_rate=1e-2, pooling="mean").join()
    short, long = "the room was kind", "the meal was cold " * 8
    alone, beside = (wb.mistaken(run, "no-mask").predict(t)["probability"][0] for t in ([short], [short, long]))
    right, same = (run.predict(t)["probability"][0] for t in ([short], [short, long]))
    assert abs(alone - beside) > 1e-3 and right == pytest.approx(same, abs=1e-5)


def test_a_run_that_serves_with_a_mistake_takes_no_second_one(run):
    with pytest.raises(wb.WorkbenchError, match="serves with"):
        wb.mistaken(run, "no-mask")
