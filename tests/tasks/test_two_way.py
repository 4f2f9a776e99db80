"""ELMo as a language model: what is asked, from where, and what becomes of a blank."""

import numpy as np
import pytest
import torch
from tiny import tiny_elmo

import workbench as wb
from workbench.models import pairing, zoo
from workbench.models.elmo import ElmoForPreTraining
from workbench.models.elmo_words import whole_words
from workbench.tasks.language_modeling import NOT_ASKED, LanguageModeling
from workbench.tasks.two_way import in_blank

TEXTS = ["the kind room was dim", "the meal"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_elmo(tmp_path_factory.mktemp("elmo")))


@pytest.fixture(scope="module")
def tokenizer(folder):
    return pairing.tokenizer(zoo.source(folder), "language-modeling")


@pytest.fixture(scope="module")
def model(folder):
    from transformers import AutoModelForCausalLM

    zoo.config(zoo.source(folder))  # makes the Auto classes know the family
    return AutoModelForCausalLM.from_pretrained(folder).eval()


def test_a_word_in_pieces_is_not_asked_for_and_neither_is_a_special_token():
    ids = np.array([2, 7, 99, 98, 8, 3])  # word 7 goes on with two pieces
    assert whole_words(ids, 50, [0, 1, 2, 3], -1).tolist() == [-1, -1, -1, -1, 8, -1]


@torch.inference_mode()
def test_both_sides_are_asked_as_in_pretraining_and_the_loss_is_the_mean_of_their_guesses(model, folder, tokenizer):
    task = LanguageModeling()
    encoded = task.encode({"text": TEXTS}, tokenizer, 64)
    batch = task.collate(tokenizer)([encoded[0], encoded[1]])
    pretrained = ElmoForPreTraining.from_pretrained(folder).eval()
    logits, labels = [], []
    for row, mask, label in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
        places = (label != NOT_ASKED).nonzero().flatten()
        alone = pretrained(row[None, : mask.sum()], places[None])[0]  # (2, places, words), and no padding
        logits.append(alone.transpose(0, 1))
        labels.append(label[places].repeat_interleave(2))
    wanted = torch.nn.functional.cross_entropy(torch.cat(logits).flatten(0, 1), torch.cat(labels))
    found = model(**batch)
    assert sum(map(len, labels)) == 2 * 7  # five words and two
    torch.testing.assert_close(found["logits"][0], torch.cat(logits))
    torch.testing.assert_close(found["loss"], wanted)
    answers = task.read(found, batch)
    assert [a.shape for a in answers] == [(2, 10), (2, 4)]
    assert np.concatenate(answers, 1)[0].mean() == pytest.approx(wanted.item(), rel=1e-5)


@torch.inference_mode()
def test_a_blank_is_the_product_of_both_sides_and_no_filler_matters(model, tokenizer):
    p = in_blank(model, tokenizer, "the ___ was dim")
    ids = tokenizer("the meal was dim", return_tensors="pt")["input_ids"]
    sides = model(ids).logits[0, :, 2].softmax(-1)
    wanted = sides[0] * sides[1]
    torch.testing.assert_close(p, wanted / wanted.sum())


@pytest.mark.parametrize("text", ["no blank", "___ and ___"])
def test_one_blank_is_asked_for(model, tokenizer, text):
    with pytest.raises(wb.WorkbenchError, match="blanks in"):
        in_blank(model, tokenizer, text)


def test_a_text_of_rare_words_alone_is_left_out(tokenizer):
    parts = LanguageModeling().parts(["xqzvk", "the meal"], tokenizer, 64)
    assert parts.rows.tolist() == [1]


def test_label_smoothing_is_refused(folder, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(f"the meal was {n}" for n in range(40)), "utf-8")
    with pytest.raises(wb.WorkbenchError, match="with ELMo as a language model"):
        wb.fit(str(path), model=folder, label_smoothing=0.1).join()
