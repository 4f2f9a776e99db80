"""Translation: pairs to tensors, scores per batch, what is written, controls, and models that do not fit; values worked out another way."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import PAIRS, pairs, parallel_data, texts, tiny_marian

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import load
from workbench.errors import WorkbenchError
from workbench.metrics import bleu, chrf
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.tasks.dictionary import NextPiece, WordByWord, ibm_model_1
from workbench.tasks.forward import forward
from workbench.tasks.translation import SILENT, PairCollate, translate

TASK = TASKS["translation"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_marian(tmp_path_factory.mktemp("marian")))


@pytest.fixture(scope="module")
def data():
    return load(parallel_data())


@pytest.fixture(scope="module")
def prepared(data, tokenizer, folder):
    return TASK.prepare(data, tokenizer, RunConfig(model=folder))


@pytest.fixture(scope="module")
def model(source, prepared):
    return TASK.build(source, prepared, RunConfig()).eval()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny Marian that knows a good part of 24 pairs by heart."""
    import os

    before = os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(tmp_path_factory.mktemp("home"))
    try:
        model = str(tiny_marian(tmp_path_factory.mktemp("wide"), hidden=64))
        yield wb.fit(load(parallel_data(24)), model=model, learning_rate=3e-3, epochs=60, evaluations=4, batch_size=8,
                     dropout=0.0, restore_best=False).join()  # fmt: skip
    finally:
        os.environ.pop("WORKBENCH_HOME") if before is None else os.environ.update(WORKBENCH_HOME=before)


# --- to tensors -------------------------------------------------------------------------------------------------------


def test_both_sides_are_cut_with_their_closing_token(tokenizer):
    encoded = TASK.encode({"source": ["The cat."], "target": ["Le chat dort."]}, tokenizer, 64)
    assert tokenizer.convert_ids_to_tokens(encoded.ids[0].tolist()) == ["the", "cat", ".", "</s>"]
    assert tokenizer.convert_ids_to_tokens(encoded.labels[0].tolist()) == ["le", "chat", "dort", ".", "</s>"]


def test_long_sentences_keep_their_closing_token(tokenizer):
    encoded = TASK.encode({"source": ["the " * 50], "target": ["le " * 50]}, tokenizer, 8)
    assert len(encoded.ids[0]) == len(encoded.labels[0]) == 8 and encoded.ids[0][-1] == encoded.labels[0][-1] == 1


def test_a_batch_by_hand(tokenizer, model):
    collate = PairCollate(tokenizer)
    collate.limit = 3
    batch = collate([(np.array([5, 6, 1]), np.array([7, 1])), (np.array([8, 1]), np.array([9, 10, 1]))])
    assert batch["input_ids"].tolist() == [[5, 6, 1], [8, 1, 0]] and batch["attention_mask"].tolist() == [
        [1, 1, 1],
        [1, 1, 0],
    ]
    assert batch["labels"].tolist() == [[7, 1, SILENT], [9, 10, 1]]
    assert batch["decoder_input_ids"].tolist() == [[0, 7, 1], [0, 9, 10]]  # moved one place to the right behind <pad>


def test_the_decoder_is_shown_what_transformers_would_show_it(prepared, model):
    batch = PairCollate(prepared.tokenizer)([prepared.train[i] for i in range(5)])
    theirs = model.prepare_decoder_input_ids_from_labels(batch["labels"])
    assert torch.equal(batch["decoder_input_ids"], theirs)


def test_the_start_token_is_the_models_own(source, prepared, model):  # building it is what tells the tokenizer
    assert prepared.tokenizer.decoder_start == zoo.config(source).decoder_start_token_id


def test_a_subset_and_its_facts(data, tokenizer, folder):
    some = TASK.prepare(data, tokenizer, RunConfig(model=folder, train_examples=10))
    assert len(some.train) == some.facts["n_train"] == 10 and some.facts["n_valid"] == 24 and some.facts["cut"] == 0
    ids = np.concatenate(some.train.labels)
    share = np.bincount(ids) / len(ids)
    assert some.facts["label_entropy"] == pytest.approx(-sum(p * math.log(p) for p in share if p))
    assert some.facts["tokens_per_epoch"] == sum(map(len, some.train.ids)) + len(ids)


def test_only_pairs_that_lost_something_count_as_cut(tokenizer, folder):
    rows = pd.DataFrame(
        {
            "source": ["the cat", "the big old cat", "the dog", "the old dog"],
            "target": ["le chat", "le chat", "le chien", "x"],
        }
    )
    data = load(pd.concat([rows.assign(split="train"), rows.assign(split="validation")]))
    assert (
        TASK.prepare(data, tokenizer, RunConfig(model=folder, max_length=4)).facts["cut"] == 1
    )  # five pieces; four fit


# --- scores -----------------------------------------------------------------------------------------------------------


def test_scores_are_taken_from_each_batch_by_hand():
    right = torch.tensor([[0, 1, SILENT], [1, SILENT, SILENT]])
    logits = torch.zeros(2, 3, 2)
    logits[0, 1, 1] = math.log(3)  # 3/4 for the right one
    logits[1, 0, 0] = math.log(3)  # 1/4 for it
    parts = TASK.read({"logits": logits}, {"labels": right})
    assert [p.shape for p in parts] == [(2, 2), (1, 2)]
    assert TASK.losses(parts, None) == pytest.approx([math.log(2), math.log(4 / 3), math.log(4)])
    assert TASK.metrics(parts, None)["token_accuracy"] == pytest.approx(2 / 3)  # a tie goes to the first


def test_the_loss_is_the_models_own_whatever_the_batches(prepared, model):
    collate = TASK.collate(prepared.tokenizer)
    parts = forward(model, prepared.validation, collate, lambda: True, batch_size=5, read=TASK.read)
    total = count = 0.0
    with torch.no_grad():
        for item in prepared.validation:
            batch = collate([item])
            total += float(model(**batch).loss) * len(item[1])
            count += len(item[1])
    losses = TASK.losses(parts, prepared.validation.labels)
    assert len(losses) == count and losses.mean() == pytest.approx(total / count, rel=1e-5)


def test_a_vocabulary_of_logits_is_never_kept(prepared, model):
    parts = forward(model, prepared.validation, TASK.collate(prepared.tokenizer), lambda: True, read=TASK.read)
    assert {p.shape[1] for p in parts} == {2}


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_learns_to_write(run):
    frame, split = run.frame(), run.data()["train"]
    assert frame["valid_loss"].iloc[0] == pytest.approx(
        math.log(len(PAIRS) * 2 + 6), abs=0.5
    )  # it knows nothing of 24 words
    assert (
        frame["train_loss"].iloc[-1] < 1.2 and frame["token_accuracy"].iloc[-1] > frame["token_accuracy"].iloc[0] + 0.2
    )
    said = [s.replace(" ", "") for s in run.predict(list(split["source"]))["translation"]]
    assert sum(s == t.replace(" ", "") for s, t in zip(said, split["target"], strict=True)) >= 4


def test_evaluate_writes_and_scores_what_it_writes(run):
    found, split = run.evaluate("test"), run.data()["test"]
    said = run.predict(list(split["source"]))["translation"].tolist()
    assert found["bleu"] == bleu(said, split["target"][:]) and found["chrf"] == chrf(said, split["target"][:])
    assert set(found) == {"loss", "token_accuracy", "bleu", "chrf"}


def test_errors_are_those_least_like_their_reference(run):
    wrong = run.errors(30)
    assert list(wrong.columns[:5]) == ["source", "reference", "output", "chrf", "loss"]
    assert wrong["chrf"].is_monotonic_increasing and (wrong["output"] != wrong["reference"]).all()
    split = run.data()["validation"]
    assert all(split["source"][int(i)] == s for i, s in wrong["source"].items())


def test_there_is_no_table_of_confusions(run):
    with pytest.raises(WorkbenchError, match="no table of confusions"):
        run.confusion()


def test_a_run_read_from_its_folder_writes_the_same(run):
    from workbench.training.predictor import Predictor
    from workbench.training.store import Store

    some = list(run.data()["test"]["source"][:6])
    again = Predictor.from_store(Store.open(run.folder))
    assert again.predict(some)["translation"].tolist() == run.predict(some)["translation"].tolist()


def test_a_saved_model_goes_on_where_it_was_and_its_readme_works(run, tmp_path):
    folder = run.save(tmp_path / "mine")
    second = wb.fit(run.data(), model=str(folder), epochs=0.1, evaluations=1).join()
    assert second.frame()["valid_loss"].iloc[0] == pytest.approx(run.kept["valid_loss"], rel=1e-4)
    code = (folder / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    code = code.replace("Good morning", "The old dog sleeps here.")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(run.predict("The old dog sleeps here.")["translation"].tolist())


def test_the_untouched_checkpoint_is_where_the_curve_begins(run):
    from workbench.training.predictor import Predictor

    found = Predictor.untouched(run.config.model).evaluate(run.data()["validation"])
    assert found["loss"] == pytest.approx(run.frame()["valid_loss"].iloc[0], rel=1e-5) and {"bleu", "chrf"} < set(found)


def test_order_and_company_do_not_change_a_translation(run):
    predictor, some = run.predictor(), list(run.data()["test"]["source"][:8])
    alone = [translate(predictor.model, [s], predictor.tokenizer)[0] for s in some]
    assert translate(predictor.model, some, predictor.tokenizer) == alone
    assert translate(predictor.model, some[::-1], predictor.tokenizer) == alone[::-1]


def test_no_texts_and_odd_texts(run):
    assert run.predict([]).empty
    assert len(run.predict(["", "😀 \ud83d", "x" * 500])) == 3


def test_one_beam_is_greedy(run):
    predictor = run.predictor()
    ids = predictor.tokenizer("The cat eats now.", return_tensors="pt")["input_ids"]
    said = [0]
    for _ in range(8):
        with torch.no_grad():
            logits = predictor.model(input_ids=ids, decoder_input_ids=torch.tensor([said])).logits[0, -1]
        said.append(int(logits.argmax()))
        if said[-1] == 1:
            break
    theirs = translate(predictor.model, ["The cat eats now."], predictor.tokenizer, beams=1)
    assert theirs == [predictor.tokenizer.decode(said, skip_special_tokens=True)]


@pytest.mark.parametrize("kind", ["marian", "t5"])
def test_any_encoder_decoder_will_do(kind, data, tmp_path):
    model = str(tiny_marian(tmp_path / kind, kind=kind))
    done = wb.fit(data, model=model, learning_rate=1e-2, epochs=4, evaluations=2, label_smoothing=0.1).join()
    assert done.frame()["valid_loss"].iloc[-1] < done.frame()["valid_loss"].iloc[0] - 0.3
    assert isinstance(done.predict("The cat eats.")["translation"][0], str)


@pytest.mark.parametrize("technique", ["lora", "unfreezing"])
def test_other_techniques(technique, data, folder):
    done = wb.fit(data, model=folder, technique=technique, learning_rate=1e-2, epochs=2, evaluations=2).join()
    assert done.frame()["train_loss"].iloc[-1] < done.frame()["train_loss"].iloc[0]
    assert isinstance(done.predict("The cat eats.")["translation"][0], str)


# --- controls ---------------------------------------------------------------------------------------------------------


def test_ibm_model_1_by_hand_after_one_round():
    """Two pairs, no empty word to share with but the one in front: each target word is spread evenly in the first round."""
    table = ibm_model_1([(["a", "b"], ["x", "y"]), (["a"], ["x"])], rounds=1)
    # a: x gets 1/3 from the first pair and 1/2 from the second, y 1/3; the empty word the same; b: x and y 1/3 each
    assert table["a"]["x"] == pytest.approx((1 / 3 + 1 / 2) / (1 / 3 + 1 / 3 + 1 / 2))
    assert table["b"] == pytest.approx({"x": 0.5, "y": 0.5})


def test_the_dictionary_finds_word_by_word_translations():
    rows = pairs(200, seed=5)
    dictionary = WordByWord(list(zip(rows["source"], rows["target"], strict=True)))
    assert dictionary("The old cat eats now.") == "Le vieux chat mange maintenant."
    assert dictionary("The zebra sleeps.") == "Le zebra dort."  # an unknown word stays


def test_controls_of_the_data(data):
    copied, dictionary = TASK.baselines(data, np.arange(len(data["train"])), [])
    split = data["validation"]
    assert copied == chrf(split["source"][:], split["target"][:]) and dictionary > 0.9 > copied


def test_guesses_at_the_next_piece_by_hand():
    """The piece before decides alone: after nothing 1, after 1 either 2 or 3; the source says which."""
    learned = NextPiece([([8], [1, 2]), ([9], [1, 3]), ([8], [1, 2]), ([9], [1, 3]), ([8], [1, 2])])
    blind, seeing = learned.shares([([8], [1, 2]), ([9], [1, 3])])
    assert blind == 3 / 4 and seeing == 1.0


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_a_translator_does_not_classify(folder):
    rows = pd.DataFrame(texts(40))
    with pytest.raises(WorkbenchError, match=r"translates; this is data for classification.*model='bert-mini'"):
        wb.fit(rows, model=folder).join()


@pytest.mark.parametrize("choices", [{"layers": 1}, {"technique": "feature-extraction"}])
def test_choices_without_a_meaning_here(choices, data, folder):
    with pytest.raises(WorkbenchError):
        wb.fit(data, model=folder, **choices).join()
