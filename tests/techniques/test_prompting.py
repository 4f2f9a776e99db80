"""In-context learning: the quick way to score labels equals the slow one, calibration by hand, the picture, the errors."""

import numpy as np
import pytest
import tiny
import torch

import workbench as wb
from workbench.techniques.prompting import Prompter, Template, choose

SHOTS = [("the room was warm", "good"), ("a meal felt cold", "very bad")]
TEXTS = ["our train was swift", "that shop looked grim and dirty", "neat"]


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    return str(tiny.tiny_gpt(tmp_path_factory.mktemp("gpt")))


@pytest.fixture(scope="module")
def prompter(gpt):
    return Prompter(gpt, ["good", "very bad"], Template())


def slow(prompter, shots, text):
    """One whole sequence per label, no cache."""
    found = []
    for label in prompter.labels:
        before = "".join(prompter.template.example(*s) + " " for s in shots) + prompter.template.query(text)
        ids = prompter._ids("".join(prompter.template.example(*s) + " " for s in shots)) + prompter._ids(
            prompter.template.query(text)
        )
        answer = prompter._ids(" " + label)
        assert before  # the same words as a person would write them
        with torch.inference_mode():
            p = torch.log_softmax(prompter.model(torch.tensor([ids + answer])).logits[0].float(), -1)
        found.append(sum(float(p[len(ids) - 1 + k, piece]) for k, piece in enumerate(answer)))
    return found


@pytest.mark.parametrize("shots", [[], SHOTS[:1], SHOTS])
def test_the_remembered_prompt_gives_what_whole_sequences_give(prompter, shots):
    quick = prompter.scores(shots, TEXTS)
    assert quick == pytest.approx(np.array([slow(prompter, shots, t) for t in TEXTS]), abs=1e-4)


def test_texts_do_not_see_each_other(prompter):
    both = prompter.scores(SHOTS, TEXTS)
    assert prompter.scores(SHOTS, TEXTS[::-1]) == pytest.approx(both[::-1], abs=1e-5)


def test_calibration_takes_off_what_is_said_of_nothing(prompter, monkeypatch):
    scores = np.log([[0.2, 0.1], [0.1, 0.3]])
    monkeypatch.setattr(prompter, "scores", lambda shots, texts: np.log([[0.3, 0.1]] * len(texts)))
    # among the labels 2/3, 1/3 and 1/4, 3/4; of nothing 3/4, 1/4: divided 8/9, 4/3 and 1/3, 3
    assert np.exp(prompter.calibrated([], scores)) == pytest.approx(np.array([[8 / 9, 4 / 3], [1 / 3, 3.0]]))


def test_a_text_that_does_not_fit_loses_its_end(prompter):
    long = "warm " * 500
    assert np.isfinite(prompter.scores(SHOTS, [long])).all()
    query = prompter._query(long, 60)
    assert 40 < len(query) <= 60 and query[-1] == prompter._ids(Template().query(""))[-1]


def test_examples_that_fill_the_prompt_are_an_error(prompter):
    with pytest.raises(wb.WorkbenchError, match="leaves room"):
        prompter.scores([("warm " * 60, "good")] * 2, ["calm"])


def test_labels_take_turns_in_the_prompt():
    labels = ["a"] * 8 + ["b"] * 2 + ["c"]
    for seed in range(5):
        rows = choose([""] * 11, labels, 3, seed)
        assert {labels[i] for i in rows} == {"a", "b", "c"}
    assert choose([""] * 11, labels, 4, 1) == choose([""] * 11, labels, 4, 1) != choose([""] * 11, labels, 4, 2)


def test_braces_in_a_text_mean_nothing():
    assert Template().query("{label} {0}") == "{label} {0} Topic:"


@pytest.fixture(scope="module")
def asked(gpt):
    return wb.prompt(tiny.data(32, 16), model=gpt, shots=(0, 2, 4), seeds=2, texts=12, words={"0": "bad"}).join()


def test_every_way_and_number_is_asked(asked):
    frame = asked.summary()
    assert set(frame["way"]) == {"prompt", "prompt, calibrated"}
    assert frame.set_index(["way", "examples"])["seeds"].to_dict() == {
        (w, n): 2 if n else 1 for w in set(frame["way"]) for n in (0, 2, 4)
    }
    assert frame["accuracy"].between(0, 1).all()


def test_the_picture_has_names_units_and_words(asked):
    ax = asked.figure().axes[0]
    assert "examples" in ax.get_xlabel() and "share of 12 texts" in ax.get_ylabel()
    assert 'alt="Line chart of accuracy' in asked._repr_html_() and "majority" in asked.alt()


def test_predict_and_the_prompt_in_words(asked):
    frame = asked.predict(["the room was warm", "the room was grim"], shots=2)
    assert list(frame.columns) == ["text", "label", "probability"] and frame["probability"].between(0.5, 1).all()
    shown = asked.prompt("Is it calm?", shots=2)
    assert (
        shown.endswith("Is it calm? Topic:")
        and shown.count("Topic:") == 3
        and ("Topic: bad" in shown or "Topic: 1" in shown)
    )


@pytest.mark.slow
def test_fine_tuning_stands_beside_it(gpt):
    found = wb.prompt(
        tiny.data(32, 16), model=gpt, shots=(4,), seeds=1, texts=12, beside={"epochs": 2, "learning_rate": 1e-3}
    ).join()
    assert set(found.frame()["way"]) == {"prompt", "prompt, calibrated", "fine-tuned"}


@pytest.mark.parametrize(("choices", "words"), [
    ({"shots": (-1,)}, "numbers from 0"),
    ({"shots": ()}, "numbers from 0"),
    ({"template": "no place"}, "text"),
    ({"words": {"nobody": "x"}}, "nobody"),
    ({"beside": {"learning_rat": 1}}, "learning_rat"),
])  # fmt: skip
def test_errors_are_sentences(gpt, choices, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.prompt(tiny.data(16, 8), model=gpt, **choices)


def test_a_model_that_reads_both_ways_is_refused(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="left to right"):
        wb.prompt(tiny.data(16, 8), model=str(tiny.tiny_bert(tmp_path)), shots=(0,), seeds=1).join()
