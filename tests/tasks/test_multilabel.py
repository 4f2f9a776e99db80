"""Several labels per text: loading, the loss, F1 against scikit-learn, the table of predictions, errors, and a run from end to end."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from tiny import BAD, FILLER, GOOD, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import fingerprint
from workbench.metrics import f1_labels
from workbench.models import zoo
from workbench.models.heads import PooledClassifier
from workbench.tasks import TASKS
from workbench.tasks.classification import Classification
from workbench.tasks.multilabel import THRESHOLD, MultiLabel, controls, indicators, spread

TASK = TASKS["multi-label"]


def rows(n=80, sign="|", seed=0):
    """Texts with a GOOD word are `kind`, with a BAD word `cold`, with both both, with neither neither."""
    draw = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        some = [s for s, on in (("kind", i % 2), ("cold", i // 2 % 2)) if on]
        words = (
            list(draw.choice(FILLER, 5))
            + [draw.choice(GOOD)] * ("kind" in some)
            + [draw.choice(BAD)] * ("cold" in some)
        )
        texts.append(" ".join(draw.permutation(words)) + f" {i}")
        labels.append(sign.join(some) if sign else some)
    return pd.DataFrame({"text": texts, "labels": labels})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["|", "; ", None])
def test_lists_and_signs_between_labels_give_the_same_data(sign):
    data = wb.load(rows(sign=sign))
    assert data.task == "multi-label" and data.labels == ["cold", "kind"]
    assert fingerprint(data) == fingerprint(wb.load(rows()))


def test_labels_survive_a_csv(tmp_path):
    rows().to_csv(tmp_path / "mine.csv", index=False)
    assert fingerprint(wb.load(tmp_path / "mine.csv")) == fingerprint(wb.load(rows()))


def test_a_text_may_have_no_label_and_a_label_counts_once():
    frame = pd.DataFrame(
        {
            "text": list("abcdefgh"),
            "labels": ["x|y|x", "", "y", "x", "x|y", "y", "x", ""],
            "split": ["train"] * 6 + ["test"] * 2,
        }
    )
    data = wb.load(pd.concat([frame, frame[:2].assign(split="validation")]))
    assert [list(v) for v in data["train"]["labels"]][:3] == [[0, 1], [], [1]]


def test_a_single_label_with_a_bar_in_its_name_stays_a_single_label():
    data = wb.load(pd.DataFrame({"text": [f"t {i}" for i in range(20)], "label": ["a|b", "c|d"] * 10}))
    assert data.task == "classification" and data.labels == ["a|b", "c|d"]


def test_numbered_labels_of_a_dataset_keep_their_names():
    import datasets as hf

    features = hf.Features({"text": hf.Value("string"), "labels": hf.List(hf.ClassLabel(names=["joy", "anger"]))})
    made = hf.Dataset.from_dict({"text": list("abcdefgh"), "labels": [[0], [1], [0, 1], []] * 2}, features)
    data = wb.load(hf.DatasetDict(train=made, validation=made))
    assert data.labels == ["joy", "anger"] and [list(v) for v in data["train"]["labels"]][:4] == [[0], [1], [0, 1], []]


def test_every_label_stays_in_training_when_a_validation_split_is_cut_off():
    frame = rows(60).assign(labels=lambda f: [v + ("|rare" if i < 2 else "") for i, v in enumerate(f.labels)])
    data = wb.load(frame)
    seen = {data.labels[i] for v in data["train"]["labels"] for i in v}
    assert seen == {"cold", "kind", "rare"} and 7 <= len(data["validation"]) <= 11


def test_labels_that_cannot_be_read_are_named_with_their_rows():
    frame = pd.DataFrame({"text": list("abcd"), "labels": [["x"], [["y"]], ["x", "y"], [None]]})
    with pytest.raises(wb.WorkbenchError, match=r"2 rows of train whose labels cannot be read \(rows 2, 4\)"):
        wb.load(frame)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_f1_agrees_with_scikit_learn():
    draw = np.random.default_rng(0)
    guess, right = draw.random((50, 4)) > 0.6, draw.random((50, 4)) > 0.5
    assert f1_labels(guess, right) == pytest.approx(f1_score(right, guess, average="micro"))
    assert f1_labels(guess, right, "macro") == pytest.approx(f1_score(right, guess, average="macro"))


def test_the_loss_is_the_mean_over_labels_in_nats():
    logits, right = np.array([[0.0, 2.0]]), np.array([[1.0, 0.0]])
    expected = (math.log(2) + math.log(1 + math.exp(2))) / 2
    assert TASK.losses(logits, right) == pytest.approx([expected])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(logits), torch.tensor(right))
    assert float(loss) == pytest.approx(expected)


def test_counts_per_label_by_hand():
    logits, right = np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]]), np.array([[1, 1], [0, 1], [1, 0]])
    counts = TASK.label_counts(logits, right, ["a", "b"])
    assert counts.iloc[0].tolist() == [1, 1, 1, 0, 0.5] and counts.iloc[1].tolist() == [
        1,
        0,
        1,
        1,
        pytest.approx(2 / 3),
    ]
    assert TASK.metrics(logits, right)["exact"] == 0.0


def test_the_controls_by_hand_and_on_words_that_tell():
    y, valid = indicators([[0], [0], [1], []], 2), indicators([[0], [1]], 2)
    commonest, _ = controls(["a b", "a c", "b d", "e f"], y, ["a", "b"], valid)
    assert commonest == pytest.approx(0.5)  # label 0 for both: one right, one wrong, one missed
    texts, sets = ["sun", "rain", "sun rain", "fog"] * 5, indicators([[0], [1], [0, 1], []] * 5, 2)
    assert controls(texts, sets, ["sun", "rain sun"], indicators([[0], [0, 1]], 2))[1] == 1.0


def test_a_subset_shows_every_label():
    labels = indicators([[0]] * 50 + [[1]] + [[2]], 3)
    assert labels[spread(labels, 5, 0)].any(0).all() and len(spread(labels, 5, 0)) == 5


def test_label_smoothing_is_refused_in_a_sentence(model):
    with pytest.raises(wb.WorkbenchError, match=r"label_smoothing=0\.1 with several labels"):
        wb.fit(rows(), model=model, epochs=1, label_smoothing=0.1).join()


@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_the_head_learns_by_the_same_loss_that_is_reported(model, pooling):
    source, data = zoo.source(model), wb.load(rows())
    config = RunConfig(pooling=pooling, dropout=0.0)
    prepared = TASK.prepare(data, zoo.tokenizer(source), config)
    head = TASK.build(source, prepared, config).eval()
    batch = TASK.collate(prepared.tokenizer)([prepared.train[i] for i in range(8)])
    output = head(**batch)
    logits = output["logits"].detach().numpy()
    assert float(output["loss"].detach()) == pytest.approx(
        TASK.losses(logits, prepared.train.labels[:8]).mean(), rel=1e-5
    )
    assert isinstance(head, PooledClassifier) is (pooling == "mean")


# --- a run ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(model, tmp_path_factory):
    import os

    before = os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(tmp_path_factory.mktemp("home"))
    made = wb.fit(wb.load(rows(320)), model=model, pooling="mean", epochs=20, learning_rate=5e-3, evaluations=4).join()
    yield made
    if before is not None:
        os.environ["WORKBENCH_HOME"] = before


def test_it_learns_and_every_answer_has_all_its_labels(run):
    assert run.best["f1"] > 0.85 > run.store.facts["majority"]
    table = run.predict(["the kind room 7", "the cruel kind room", "the room was on"])
    assert list(table.columns) == ["text", "labels", "p(cold)", "p(kind)"]
    for _, row in table.iterrows():
        assert row["labels"] == [n for n in ("cold", "kind") if row[f"p({n})"] >= THRESHOLD]
    assert run.predict([]).empty


@pytest.mark.parametrize("technique", ["feature-extraction", "unfreezing", "lora", "ia3"])
def test_every_technique_trains_it(model, technique):
    made = wb.fit(wb.load(rows(24)), model=model, pooling="mean", technique=technique, epochs=1, evaluations=1).join()
    assert made.status == "finished" and made.predict("the kind room")["labels"][0] is not None


def test_distillation_says_that_it_is_for_one_label(model):
    with pytest.raises(wb.WorkbenchError, match="on data for multi-label"):
        wb.fit(wb.load(rows(24)), model=model, technique="distillation", teacher=model, epochs=1).join()


def test_errors_are_those_that_it_is_surest_of(run):
    wrong = run.errors(50)
    assert (wrong["right"] != wrong["answer"]).all() and wrong["p_right"].is_monotonic_increasing
    assert (wrong["p_right"] < 0.5).all()


def test_counts_stand_in_for_the_matrix_and_have_a_picture(run):
    from workbench.views.labelsets import label_counts_html

    counts = run.confusion()
    assert (
        list(counts.index) == ["cold", "kind"]
        and (counts.iloc[:, :4].sum(axis=1) == len(run.data()["validation"])).all()
    )
    assert 'alt="Bars of 2 labels' in label_counts_html(counts)
    assert set(run.evaluate("validation")) == {"loss", "f1", "f1_macro", "exact"}


def test_the_panel_shows_it_and_a_saved_model_answers_again(run, tmp_path):
    from workbench.views.panel import Panel

    panel = Panel(RunConfig(model=run.config.model, data="data"), run.data())
    panel.run = run
    panel.predictions.refresh()
    panel.data.open()
    panel.predictions.text.value = "the kind room"
    panel.predictions.predict()
    assert panel.predictions.answer.value.count("%</td>") == 2 and "F1" in panel.predictions.errors.value
    assert "kind" in panel.data.words.value
    folder = run.save(tmp_path / "saved")
    assert "logits.sigmoid()" in (folder / "README.md").read_text()
    again = wb.fit(run.data(), model=str(folder), epochs=1, evaluations=1).join()
    assert again.best["f1"] > 0.85


@pytest.mark.filterwarnings("error::pandas.errors.PerformanceWarning")
@pytest.mark.parametrize("task", [Classification(), MultiLabel()], ids=lambda task: task.name)
def test_a_thousand_labels_are_answered_without_a_warning_for_each(task, monkeypatch):
    monkeypatch.setattr(type(task), "tokens", lambda self, texts, tokenizer, length: [[1]] * len(texts))
    names = [f"c{i}" for i in range(1000)]
    table = task.predict(lambda encoded: np.eye(2, 1000), ["a", "b"], None, names, RunConfig())
    assert table.shape[1] in (1002, 1003) and list(table["p(c0)"] > table["p(c1)"]) == [True, False]
