"""Every family on every task: what makes sense takes a step of training, what does not is refused with what to choose instead."""

import numpy as np
import pytest
import torch
import transformers as hf
from families import FAMILIES, drop_weights, make, rename_class
from tiny import GOOD, parallel_data, tagged_data
from tiny import data as labelled_data

import workbench as wb
from workbench.config import RunConfig
from workbench.data import load
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.training.predictor import Predictor

TRANSLATORS, CAUSAL = {"t5", "marian"}, {"gpt2", "llama", "qwen2"}
NO_SENSE = {
    **{(family, "translation"): "model='en-fr-mini'" for family in FAMILIES if family not in TRANSLATORS},
    **{("marian", task): "model='bert-mini'" for task in TASKS if task != "translation"},
    ("xlnet", "language-modeling"): "model='bert-mini'",
    ("t5", "language-modeling"): "model='bert-mini'",
    ("elmo", "language-modeling"): "model='bert-mini'",
}
CASES = [(family, task) for family in FAMILIES for task in TASKS]


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
    return {family: make(family, home / family) for family in FAMILIES}


def step(folder, task_name, data, **choices):
    """Prepare, build, one step of AdamW; (loss, how many weights have moved)."""
    task, source = TASKS[task_name], zoo.source(str(folder))
    config = RunConfig(model=str(folder), max_length=48, dropout=0.0, **choices)
    zoo.suits(source, task_name)
    prepared = task.prepare(data, zoo.tokenizer(source), config)
    torch.manual_seed(0)
    model = task.build(source, prepared, config).train()
    batch = task.collate(prepared.tokenizer)([prepared.train[i] for i in range(4)])
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    before = {k: v.detach().clone() for k, v in model.named_parameters()}
    loss = model(**batch)["loss"]
    loss.backward()
    optimizer.step()
    moved = sum(not torch.equal(v, before[k]) for k, v in model.named_parameters())
    return float(loss.detach()), moved / len(before), model


@pytest.mark.parametrize(("family", "task"), [c for c in CASES if c not in NO_SENSE])
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
        zoo.suits(zoo.source(str(folders[family])), task)


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
