"""Language modelling: what is hidden, what is asked, and what a perplexity is."""

import copy

import numpy as np
import pytest
import torch
from tiny import BAD, FILLER, GOOD
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

import workbench as wb
from workbench.tasks.base import Encoded
from workbench.tasks.language_modeling import NOT_ASKED, LanguageModeling, hide, only_where_asked

TEXTS = [f"the {a} {b} was {c}" for a, b, c in zip(GOOD * 8, FILLER * 4, BAD * 8, strict=False)]


@pytest.fixture(scope="module")
def tokenizer(folder):
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def gpt(folder, tmp_path_factory):
    """A tiny GPT-2 whose tokenizer has no mask."""
    path = tmp_path_factory.mktemp("gpt")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=2,
                               eos_token_id=3, pad_token_id=0)).save_pretrained(path)  # fmt: skip
    return str(path)


def lines(tmp_path, texts=TEXTS):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(texts) + "\n\n", "utf-8")
    return str(path)


def test_a_text_file_is_data_for_language_modelling(tmp_path):
    data = wb.load(lines(tmp_path))
    assert data.task == "language-modeling" and data.labels == []
    assert len(data["train"]) + len(data["validation"]) == len(TEXTS)
    assert not set(data["train"]["text"]) & set(data["validation"]["text"])


def test_texts_with_labels_stay_labelled_and_their_texts_can_be_had_alone():
    reviews = wb.load("reviews")
    alone = reviews.unlabelled()
    assert reviews.task == "classification" and alone.task == "language-modeling"
    assert list(alone["test"]["text"]) == list(reviews["test"]["text"])


def test_an_empty_text_file_is_an_error(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="holds no text"):
        wb.load(lines(tmp_path, [" ", ""]))


def test_hiding_keeps_special_tokens_and_asks_for_what_it_hides(tokenizer):
    ids = np.array(tokenizer("the kind room was cruel and dim but warm")["input_ids"])
    for seed in range(50):
        shown, labels = hide(ids, tokenizer, np.random.default_rng(seed))
        places = np.flatnonzero(labels != NOT_ASKED)
        assert len(places) == round(0.15 * (len(ids) - 2)) == 1
        assert (labels[places] == ids[places]).all() and not set(places) & {0, len(ids) - 1}
        assert (np.delete(shown, places) == np.delete(ids, places)).all()


def test_of_the_hidden_four_fifths_are_masks_and_a_tenth_is_left(tokenizer):
    ids = np.array([2, *([40] * 4000), 3])
    shown, labels = hide(ids, tokenizer, np.random.default_rng(0))
    where = labels != NOT_ASKED
    assert where.sum() == 600
    assert (shown[where] == tokenizer.mask_token_id).mean() == pytest.approx(0.8, abs=0.05)
    assert (shown[where] == 40).mean() == pytest.approx(0.1, abs=0.05)


def test_what_is_asked_in_evaluations_never_changes_and_in_training_always_does(tokenizer, tmp_path):
    data, task = wb.load(lines(tmp_path)), LanguageModeling()
    one, two = (task.encode(data["validation"], tokenizer, 64) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one.labels, two.labels, strict=True))
    train, collate = task.parts(TEXTS, tokenizer, 64), task.collate(tokenizer)
    torch.manual_seed(0)
    first, second = (collate([train[i] for i in range(8)])["labels"] for _ in range(2))
    assert not torch.equal(first, second)


def test_a_long_text_becomes_several_parts_and_nothing_is_cut(tokenizer):
    parts = LanguageModeling().parts(["the kind room " * 30, "warm"], tokenizer, 20)
    pieces = [p for ids in parts.ids for p in ids if p > 4]
    assert parts.rows.tolist() == [0] * 5 + [1] and len(pieces) == 91 and max(parts.lengths) <= 20


def test_losses_accuracy_and_perplexity_by_hand():
    """Three pieces asked for with probabilities 1/2, 1/4 and 1/4, the first of them the likeliest: perplexity 2^(5/3)."""
    task = LanguageModeling()
    p = torch.tensor([[[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]], [[0.5, 0.25, 0.25]] * 3]).log()
    labels = torch.tensor([[0, NOT_ASKED, 1], [2, NOT_ASKED, NOT_ASKED]])
    answers = task.read({"logits": p}, {"labels": labels})
    assert [a.shape for a in answers] == [(2, 2), (2, 1)]
    found = task.metrics(answers, None)
    assert found["accuracy"] == pytest.approx(1 / 3) and found["perplexity"] == pytest.approx(2 ** (5 / 3), rel=1e-5)


@pytest.mark.parametrize("kind", ["folder", "gpt"])
def test_it_trains_predicts_saves_and_is_the_start_of_the_next_run(kind, request, tmp_path):
    run = wb.fit(
        lines(tmp_path), model=request.getfixturevalue(kind), learning_rate=1e-2, epochs=6, evaluations=6
    ).join()
    frame = run.frame()
    assert frame["valid_loss"].iloc[-1] < frame["valid_loss"].iloc[0] - 0.3
    assert frame["perplexity"].iloc[-1] == pytest.approx(np.exp(frame["valid_loss"].iloc[-1]), rel=1e-4)
    assert run.predict("the kind ___ was dim" if kind == "folder" else "the kind")["answer"].iloc[0]
    assert run.errors(3)["perplexity"].is_monotonic_decreasing
    assert run.evaluate("validation")["loss"] == pytest.approx(run.kept["valid_loss"], rel=1e-3)
    from tiny import data

    after = wb.fit(data(16, 8), model=run, epochs=1, evaluations=1).join()
    assert after.status == "finished" and after.store.facts["task"] == "classification"


def test_the_loss_it_trains_on_is_the_loss_it_reports(gpt, tmp_path):
    """A causal model shifts its own labels; what is asked in an evaluation is shifted already: both must mean the same."""
    run = wb.fit(lines(tmp_path), model=gpt, epochs=1, evaluations=1, dropout=0.0, learning_rate=1e-9).join()
    prepared, task = run._worker.prepared, LanguageModeling()
    model, collate = run.predictor().model, task.collate(prepared.tokenizer)
    batch = collate([prepared.train[i] for i in range(4)])
    asked = collate([(ids, np.append(ids[1:], NOT_ASKED)) for ids in (prepared.train.ids[i] for i in range(4))])
    with torch.no_grad():
        batch["labels"][batch["attention_mask"] == 0] = NOT_ASKED
        own = model(**batch).loss.item()
        read = task.read(model(input_ids=asked["input_ids"], attention_mask=asked["attention_mask"]), asked)
    assert np.concatenate([r[0] for r in read]).mean() == pytest.approx(own, rel=1e-4)


@pytest.mark.parametrize("text", ["no blank at all", "two ___ blanks ___"])
def test_a_text_without_exactly_one_blank_is_refused(folder, tmp_path, text):
    run = wb.fit(lines(tmp_path), model=folder, epochs=1, evaluations=1).join()
    with pytest.raises(wb.WorkbenchError, match="one blank, written ___"):
        run.predict(text)


def test_the_baselines_by_hand():
    from datasets import Dataset

    data = {
        "train": Dataset.from_dict({"text": ["a b a b", "a c"]}),
        "validation": Dataset.from_dict({"text": ["x a b c"]}),
    }
    commonest, before = LanguageModeling().baselines(data, np.arange(2), [])
    assert (commonest, before) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    )  # a is commonest; b follows a, a follows all else


def test_encoded_parts_can_be_taken(tokenizer):
    parts = LanguageModeling().encode({"text": TEXTS[:4]}, tokenizer, 64)
    assert isinstance(parts, Encoded) and len(parts.take(np.array([1, 3]))) == 2


@pytest.mark.parametrize("kind", ["folder", "gpt"])
def test_the_saved_readme_says_how_a_language_model_is_used(kind, request, tmp_path, monkeypatch):
    model = request.getfixturevalue(kind)
    run = wb.fit(lines(tmp_path), model=model, learning_rate=1e-2, epochs=1, evaluations=1).join()
    code = (run.save(tmp_path / "saved") / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path / "saved")
    names = {}
    exec(code, names)
    want = run.predict("The ___ was cold." if kind == "folder" else "The room")["answer"].iloc[0]
    assert names["answer"] == want if kind == "folder" else names["answer"].startswith("the room")


@pytest.mark.parametrize("kind", ["albert", "bert", "deberta-v2", "distilbert", "electra", "modernbert", "roberta"])
def test_looking_at_the_hidden_places_alone_changes_neither_loss_nor_gradients(kind):
    """The plain model of transformers is the measure; logits are those of the hidden places, in their order."""
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 60,
             "embedding_size": 32, "dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "pad_token_id": 0}  # fmt: skip
    if kind == "modernbert":
        shape |= dict.fromkeys(("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"), 1)
    plain = AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **shape)).eval()
    narrow = only_where_asked(copy.deepcopy(plain))
    ids = torch.randint(5, 60, (3, 9))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    labels = torch.full_like(ids, NOT_ASKED)
    for row, place in ((0, 1), (0, 4), (2, 8)):
        labels[row, place] = 7 + place
    theirs, ours = plain(**batch, labels=labels), narrow(**batch, labels=labels)
    assert ours.logits.shape == (1, 3, 60)
    torch.testing.assert_close(ours.logits[0], theirs.logits[labels != NOT_ASKED])
    torch.testing.assert_close(ours.loss, theirs.loss)
    theirs.loss.backward(), ours.loss.backward()
    for (name, a), b in zip(plain.named_parameters(), narrow.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None), name
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad)
    assert narrow(**batch).logits.shape == (3, 9, 60)  # without labels it is the model that it was
