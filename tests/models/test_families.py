"""Every family on every task: what makes sense takes a step of training, what does not is refused with what to choose instead."""

import numpy as np
import pytest
import torch
import transformers as hf
from families import FAMILIES, begun, drop_weights, make, rename_class
from tiny import GOOD, parallel_data, tagged_data, tiny_marian
from tiny import data as labelled_data

import workbench as wb
from workbench.data import load
from workbench.models import pairing, zoo
from workbench.tasks import TASKS
from workbench.tasks.two_way import fills
from workbench.training.predictor import Predictor

NO_SENSE = {
    **{("marian", task): "model='bert-mini'" for task in TASKS if task != "translation"},
    ("t5", "language-modeling"): "model='bert-mini'",
}
CASES = [(family, task) for family in FAMILIES for task in TASKS if (family, task) not in NO_SENSE]
WHOLE = (
    "bert",
    "roberta",
    "xlnet",
    "elmo",
    "gpt2",
    "t5",
    "marian",
)  # through a run and its folders; the others take a step
ASKED = {"classification": ["the room was warm"], "multi-label": ["the room was warm"], "tagging": [["Ann", "left"]],
         "answering": ("Who was warm?", "the room was warm"), "translation": ["The cat sleeps."]}  # fmt: skip


def questions():
    import pandas as pd

    rows = [(f"Who was {w}?", f"the room was {w} and the meal was cold {i}", w) for i, w in enumerate(GOOD * 2)]
    return pd.DataFrame(
        [{"question": q, "context": c, "answers": {"text": [a], "answer_start": [c.index(a)]}} for q, c, a in rows]
    )


def reviews_of_several():
    import pandas as pd

    texts = [f"the room was {w} {i}" for i, w in enumerate(GOOD * 3)]
    return pd.DataFrame({"text": texts, "labels": [["warm", "calm"][: 1 + i % 2] for i in range(len(texts))]})


@pytest.fixture(scope="module")
def given():
    """One small dataset per task."""
    reviews = load(labelled_data(16, 8))
    return {"classification": reviews, "language-modeling": reviews.unlabelled(), "tagging": load(tagged_data(16, 8)),
            "multi-label": load(reviews_of_several()), "translation": load(parallel_data(16, 8)), "answering": load(questions())}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("families")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pairing, "DECODER", str(tiny_marian(home / "decoder"))
        )  # a small one in the place of en-fr-mini's
        yield {family: make(family, home / family) for family in FAMILIES}


def step(folder, task_name, data, **choices):
    """One step of AdamW; (loss, the share of the weights that have moved, the model)."""
    model, batch, _ = begun(folder, task_name, data, 48, **choices)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    before = {k: v.detach().clone() for k, v in model.named_parameters()}
    loss = model(**batch)["loss"]
    loss.backward()
    optimizer.step()
    moved = sum(not torch.equal(v, before[k]) for k, v in model.named_parameters())
    return float(loss.detach()), moved / len(before), model


def same(found, wanted):
    """Two tables of predictions: the same words, and the same numbers up to rounding."""
    for name in wanted.columns:
        if wanted[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], wanted[name], atol=1e-5)
        else:
            assert found[name].tolist() == wanted[name].tolist()
    return True


@pytest.mark.parametrize(("family", "task"), [c for c in CASES if c[0] in WHOLE])
def test_a_family_trains_on_a_task_is_kept_opened_again_saved_and_loaded(
    family, task, folders, given, home, tmp_path, monkeypatch
):
    """Every cell of the matrix: the same answers from the run, its folder, and its saved model in a further run."""
    writes = task in ("translation", "language-modeling")  # without a new head: nothing is fresh when it is loaded
    choices = {
        "epochs": 1,
        "batch_size": 4,
        "evaluations": 1,
        "max_length": 16 if writes else 48,
        "restore_best": False,
    }
    run = wb.fit(given[task], model=str(folders[family]), train_examples=8, learning_rate=1e-2, **choices).join()
    asked = ASKED.get(task) or ["the ___ was warm" if fills(run.predictor().tokenizer) else "the room"]
    answers = run.predict(asked)
    steps = run.frame()["train_loss"]
    assert run.status == "finished" and steps.iloc[0] != steps.iloc[-1]
    assert same(Predictor.from_store(run.store).predict(asked), answers)
    folder = run.save(tmp_path / "saved")
    if writes:
        assert same(Predictor.untouched(str(folder), task, max_length=16).predict(asked), answers)
        monkeypatch.chdir(folder)
        card = (folder / "README.md").read_text("utf-8")
        exec(card.split("```python\n")[1].split("```")[0].replace("=128", "=16"), {})  # what it says to do


WRITES = [
    ("bert", "unfreezing"),
    ("bert", "lora"),
    ("bert", "ia3"),
    ("gpt2", "lora"),
    ("gpt2", "unfreezing"),
    ("marian", "lora"),
    ("t5", "ia3"),
]


@pytest.mark.parametrize(("family", "technique"), WRITES)
def test_a_technique_on_a_translator_trains_and_answers_the_same_when_it_is_opened_again(
    family, technique, folders, given, home
):
    """With full fine-tuning above; techniques on readers: `tests/techniques/test_training.py`."""
    choices = {
        "epochs": 1,
        "batch_size": 4,
        "evaluations": 1,
        "max_length": 16,
        "restore_best": False,
        "train_examples": 8,
    }
    run = wb.fit(
        given["translation"], model=str(folders[family]), technique=technique, learning_rate=1e-2, **choices
    ).join()
    facts, losses = run.store.facts, run.frame()["train_loss"]
    assert losses.iloc[0] != losses.iloc[-1] and 0 < facts["trained"] < facts["parameters"]
    assert same(Predictor.from_store(run.store).predict(ASKED["translation"]), run.predict(ASKED["translation"]))


@pytest.mark.parametrize(
    ("family", "technique"),
    [("bert", "feature-extraction"), ("gpt2", "distillation"), ("t5", "multi-task"), ("marian", "ia3")],
)
def test_a_technique_that_makes_no_sense_on_a_translator_is_refused(family, technique, folders, given):
    with pytest.raises(wb.WorkbenchError) as caught:
        wb.fit(given["translation"], model=str(folders[family]), technique=technique, epochs=1, evaluations=1).join()
    assert technique in str(caught.value) and "technique=" in caught.value.try_


@pytest.mark.parametrize(("family", "task"), [c for c in CASES if c[0] not in WHOLE])
def test_a_family_takes_a_step_on_a_task(family, task, folders, given):
    loss, moved, model = step(folders[family], task, given[task])
    assert 0 < loss < 15 and moved > 0.5
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(("family", "task"), NO_SENSE)
def test_what_makes_no_sense_is_refused_with_what_to_choose(family, task, folders, given):
    with pytest.raises(wb.WorkbenchError) as caught:
        step(folders[family], task, given[task])
    error = caught.value
    assert NO_SENSE[family, task] in error.try_ and family in str(error).lower() and error.expected


@pytest.mark.parametrize(("family", "task"), NO_SENSE)
def test_it_is_refused_before_anything_is_prepared(family, task, folders):
    with pytest.raises(wb.WorkbenchError):
        pairing.suits(zoo.source(str(folders[family])), task)


@pytest.mark.parametrize(
    ("family", "gone"), [("bert", "predictions"), ("gpt2", "lm_head"), ("roberta", "lm_head"), ("llama", "lm_head")]
)
def test_a_missing_language_models_head_is_made_anew(family, gone, given, tmp_path):
    folder = make(family, tmp_path / family)
    drop_weights(folder, gone)
    loss, moved, _ = step(folder, "language-modeling", given["language-modeling"])
    assert 0 < loss < 15 and moved > 0.5


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("family", ["bert", "xlnet", "modernbert", "gpt2", "electra", "elmo"])
def test_a_pooled_head_stands_on_any_reader(family, pooling, folders, given):
    loss, moved, _ = step(folders[family], "classification", given["classification"], pooling=pooling)
    assert 0 < loss < 5 and moved > 0.5


@pytest.mark.parametrize(
    ("family", "name"), [("bert", "BertTokenizer"), ("roberta", "RobertaTokenizer"), ("gpt2", "GPT2Tokenizer")]
)
def test_a_tokenizer_of_a_class_of_its_own_cuts_as_its_file_says(family, name, folders, tmp_path):
    folder = make(family, tmp_path / family)
    rename_class(folder, name)
    plain, own = (zoo.tokenizer(zoo.source(str(f))) for f in (folders[family], folder))
    text = "the room was warm and the meal was cold"
    assert own(text)["input_ids"] == plain(text)["input_ids"]


def test_a_run_on_a_family_nobody_here_made_trains_is_opened_again_and_saved(folders, tmp_path, home):
    run = wb.fit(labelled_data(16, 8), model=str(folders["distilbert"]), epochs=1, evaluations=1, max_length=32).join()
    texts = ["the room was warm", "a grim meal"]
    answers = run.predict(texts)
    assert np.allclose(Predictor.from_store(run.store).predict(texts)["probability"], answers["probability"], atol=1e-6)
    folder = run.save(tmp_path / "saved")
    model, tokenizer = (
        hf.AutoModelForSequenceClassification.from_pretrained(folder),
        hf.AutoTokenizer.from_pretrained(folder),
    )
    p = [
        model(**tokenizer(t, return_tensors="pt", return_token_type_ids=False)).logits.softmax(-1).max().item()
        for t in texts
    ]
    assert np.allclose(p, answers["probability"], atol=1e-5)
