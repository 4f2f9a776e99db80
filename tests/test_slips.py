"""Slips that cost a run, gave a wrong number without a word, or ended in an error of another library: each is refused in a sentence now."""

import time

import datasets
import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.data.columns import _is_prose
from workbench.training.run import Run

FRAME = pd.DataFrame(
    {"text": [f"text number {i} of some" for i in range(40)], "label": 20 * ["a", "b"], "id": range(40)}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def run(folder):
    return wb.fit(data(32, 16), model=folder, learning_rate=1e-2, epochs=2, evaluations=2).join()


@pytest.fixture(scope="module")
def noisy(folder):
    return wb.fit(
        data(32, 16), model=folder, learning_rate=1e-2, epochs=2, evaluations=2, noise=0.25, watch=True
    ).join()


def other():
    """Data of the same columns and labels with fewer texts."""
    return data(24, 16)


# Runs -----------------------------------------------------------------------------------------------------------------


def test_a_run_begins_once(run):
    before = len(run.frame())
    with pytest.raises(wb.WorkbenchError, match=r"has begun already: it is finished.*run\.fork\(\)"):
        run.start()
    with pytest.raises(wb.WorkbenchError, match="has begun already"):
        Run(run.store).start()
    assert run.status == "finished" and len(run.frame()) == before


def test_a_wish_that_would_reach_nobody_is_refused(run):
    for wish in (run.pause, lambda: run.set_learning_rate(1e-3)):
        with pytest.raises(wb.WorkbenchError, match="which is finished"):
            wish()
    with pytest.raises(wb.WorkbenchError, match=r"join\('x'\)"):
        run.join("x")


def test_a_run_with_flipped_labels_knows_its_data(noisy):
    with pytest.raises(wb.WorkbenchError, match="other data than run"):
        noisy.data(other())
    for ask in (noisy.dynamics, lambda data: wb.scrub(noisy, data=data), lambda data: wb.datamap(noisy, data=data)):
        with pytest.raises(wb.WorkbenchError, match="other data than run"):
            ask(data=other())
    assert len(noisy.data(data(32, 16))["train"]) == 32 and len(noisy.dynamics(data=data(32, 16))) == 32


def test_choices_without_their_technique_are_told(folder, run):
    made = wb.fit(
        data(32, 16), model=folder, epochs=1, evaluations=1, train_examples=2, teacher=run, reads="clinic-sentences"
    ).join()
    said = " ".join(made.notes)
    assert (
        "teacher is for technique='distillation' alone" in said
        and "reads is for technique='domain-adaptation' alone" in said
    )


def test_fewer_texts_than_labels_are_told(folder):
    three = wb.load(FRAME.assign(label=[f"class {i % 3}" for i in range(len(FRAME))]))
    made = wb.fit(three, model=folder, epochs=1, evaluations=1, train_examples=2).join()
    assert "2 training texts for 3 labels" in " ".join(made.notes)


@pytest.mark.parametrize("ask", ["evaluate", "errors", "confusion"])
def test_a_predictor_wants_the_rows_of_a_split(run, ask):
    more = (3,) if ask == "errors" else ()
    for wrong, shown in (
        ("validation", "'validation' instead of the rows"),
        (FRAME, "a DataFrame instead"),
        (run.data(), "instead of the rows"),
    ):
        with pytest.raises(wb.WorkbenchError, match=shown):
            getattr(run.predictor(), ask)(wrong, *more)
    assert run.predictor().evaluate(run.data()["validation"])["loss"] > 0


def test_a_table_with_two_columns_of_texts_is_refused(run):
    twice = pd.concat([FRAME[["text"]], FRAME[["text"]]], axis=1)
    with pytest.raises(wb.WorkbenchError, match="2 columns called 'text'"):
        run.predict(twice)


# Comparisons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: wb.duel("headlines", ["full", "lora"], seed=7), "seed=7, which the comparison chooses itself"),
        (lambda: wb.duel("headlines", ["full", "lora"], technique="ia3"), "technique='ia3', which the comparison chooses itself"),
        (lambda: wb.duel("headlines", {"a": {}, "b": {"seed": 1}}), "seed=1, which the comparison chooses itself"),
        (lambda: wb.ablate("headlines", {"seed": 5}), "seed=5, which the comparison chooses itself"),
        (lambda: wb.ablate("headlines", {"dropout": 0.5}, seed=5), "seed=5, which the comparison chooses itself"),
        (lambda: wb.cost_of_mistakes("headlines", ["no-mask"], mistake="upper-case"), "mistake='upper-case', which the comparison chooses itself"),
        (lambda: wb.cost_of_mistakes("people-places", ["no-mask:serving"]), "on data for tagging"),
        (lambda: wb.cost_of_mistakes("headlines", None), "mistake None"),
        (lambda: wb.duel("headlines", ["full", "lora"]).figure(), "nothing has been trained yet"),
    ],
)  # fmt: skip
def test_a_comparison_that_would_not_be_what_was_asked_for_is_refused(ask, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        ask()


def test_contenders_with_other_labels_are_no_duel(folder):
    two = wb.load(data(24, 16)).frame()
    three = wb.load(two.assign(label=[f"class {i % 3}" for i in range(len(two))]))
    both = {"two": {}, "three": {"data": three}}
    with pytest.raises(wb.WorkbenchError, match="the same task and labels"):
        wb.duel(wb.load(data(24, 16)), both, seeds=1, model=folder)
    with pytest.raises(wb.WorkbenchError, match="the same task and labels"):
        wb.ablate("headlines", {"data": "reviews"})
    assert wb.duel(
        "headlines", {"all": {}, "copies": {"data": wb.augment("headlines", train_examples=16)}}, seeds=1
    ).contenders


def test_a_mistake_in_serving_is_one_that_the_task_has(run):
    with pytest.raises(wb.WorkbenchError, match="one that is made in serving"):
        wb.mistaken(run, "no-mask:training")


# Data -----------------------------------------------------------------------------------------------------------------


def test_paths_are_not_texts(tmp_path):
    paths = [str(tmp_path / f"part{i}.csv") for i in range(3)]
    for path in paths:
        FRAME.to_csv(path, index=False)
    with pytest.raises(wb.WorkbenchError, match=r"a list of 3 files.*pd\.concat"):
        wb.load(paths)
    for splits in (
        {"train": paths[0], "test": paths[1]},
        {"train": FRAME, "validation": None},
        {"a": FRAME, "b": FRAME},
    ):
        with pytest.raises(wb.WorkbenchError, match="a table for train, validation and test"):
            wb.load(splits)
    assert (
        "source"
        in wb.load({"text": list(FRAME["text"]), "label": list(FRAME["label"]), "source": "web"})["train"].column_names
    )
    assert wb.load(["the end of it.csv", *(f"text {i} is here" for i in range(30))]).task == "language-modeling"


@pytest.mark.parametrize("label", ["label", ["a", "b"]])
def test_of_two_columns_of_one_name_the_first_is_taken(label):
    table = FRAME if label == "label" else FRAME.assign(a=20 * [0, 1], b=20 * [1, 1]).drop(columns="label")
    loaded = wb.load(pd.concat([table, 100 + FRAME[["id"]]], axis=1), label=label)
    assert max(map(int, loaded["train"]["id"])) < 100 and "several columns called id" in " ".join(loaded.notes)


def test_a_split_that_was_taken_out_is_missed():
    loaded = wb.load(FRAME)
    loaded.pop("validation")
    for ask in (wb.audit, wb.fit, wb.augment):
        with pytest.raises(wb.WorkbenchError, match="without rows in validation"):
            ask(loaded)


def test_a_long_word_is_looked_at_in_no_time():
    begun = time.process_time()
    assert _is_prose(5 * ["a" * 1_000_000])
    assert time.process_time() - begun < 5  # minutes, were all of it read


def test_half_of_a_sign_in_a_list_of_texts_is_no_error():
    assert len(wb.load(["half \ud83d of a sign", *(f"text {i} is here" for i in range(30))])["train"]) > 10


def test_words_of_a_text_are_texts():
    from workbench.tasks.tagging import _words

    assert _words(["Ann", "left", 1996]) == ["Ann", "left", "1996"]
    for odd in (None, float("nan"), ["left"]):
        with pytest.raises(wb.WorkbenchError, match="among the words of a text"):
            _words(["Ann", odd])


def test_a_question_is_no_number():
    from workbench.tasks.answering import _listed

    for odd in (3, "", None):
        with pytest.raises(wb.WorkbenchError, match="instead of questions"):
            _listed(odd)


# What else is asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: wb.diagnose(pd.DataFrame(), majority=58.3), "majority is 58.3.*majority=0.583"),
        (lambda: wb.diagnose(pd.DataFrame(), finished="no"), "finished is 'no'"),
        (lambda: wb.tokens("a", {"x": "bert-tiny"}), "a tokenizer under each name"),
        (lambda: wb.hosted("headlines", base_url=3), "base_url is 3"),
        (lambda: wb.prompt("headlines", words={"sport": 1}), "a text for each label"),
        (lambda: wb.prompt("headlines", model=3), "the name of a causal model"),
        (lambda: wb.serve(models=("bert-mini",)), "does not write from left to right"),
        (lambda: wb.serve(models=("x",)), "no model is called 'x'"),
        (lambda: wb.fit("headlines", technique="LoRA"), "technique='lora'"),
        (lambda: wb.word_in_context("\U0001f600", ["\U0001f600 so", "such \U0001f600"], models=["xlnet-mini"]), "leaves no piece"),
    ],
)  # fmt: skip
def test_advice_is_what_can_be_done(ask, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        ask()


def test_a_folder_called_by_a_zero_byte_is_refused(run):
    for ask in (run.save, run.export):
        with pytest.raises(wb.WorkbenchError, match="zero byte"):
            ask("a\0")


def test_a_hosted_job_begins_once(home):
    job = wb.hosted("headlines", base_url="http://127.0.0.1:9/v1", train_examples=40, epochs=1)
    job.store.facts["job"] = "ftjob-1"
    with pytest.raises(wb.WorkbenchError, match="has begun already"):
        job.start()
    for said in (
        "wb.hosted('headlines', model='gpt-mini'",
        "base_url='http://127.0.0.1:9/v1'",
        "train_examples=40",
        "epochs=1",
    ):
        assert said in job.to_code()
    again = eval(job.to_code(), {"wb": wb})
    assert again.config == job.config and again.lines == job.lines
    with pytest.raises(wb.WorkbenchError, match="are with the service"):
        job.quantized()


def test_a_server_that_listens_already_may_stand_behind_with():
    with wb.serve() as server:
        thread = server._thread
        assert server.start() is server and server._thread is thread and thread.is_alive()
    assert not thread.is_alive()


def test_one_example_is_asked_and_not_learned_from():
    asked = wb.prompt("headlines", shots=(1, 2), seeds=1, texts=5, beside={})
    assert [asked._can_be_learned(count, 0) for count in (0, 1, 2)] == [False, False, True]


@pytest.mark.parametrize(("epochs", "asked"), [(2, 0.5), (12, 0.4)])
def test_the_advice_for_a_fork_leaves_steps_to_train(folder, epochs, asked):
    parent = wb.fit(data(32, 16), model=folder, epochs=epochs, evaluations=2, keep_states=2).join()
    with pytest.raises(wb.WorkbenchError, match=r"epochs=\d") as refused:
        parent.fork(parent.states[-1], epochs=asked).join()
    advised = float(str(refused.value).rsplit("epochs=", 1)[1].rstrip("."))
    assert parent.fork(parent.states[-1], epochs=advised).join().status == "finished"


def test_datasets_of_others_are_no_rows(run):
    with pytest.raises(wb.WorkbenchError, match="instead of the rows"):
        run.predictor().evaluate(datasets.DatasetDict(train=run.data()["train"]))
