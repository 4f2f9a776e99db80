"""What each form of pretraining may look at: nothing leaks from what is hidden, and blanks are found in every kind of vocabulary."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import make
from tiny import tiny_bert, tiny_gpt

from workbench.errors import WorkbenchError
from workbench.models import objectives
from workbench.models.contexts import Encoder, cosines
from workbench.models.objectives import Reader, ask_two_way, lesson

TEXT = "the room was cold and the meal was warm"


def alike(some, others):
    """The same but for the last digits; weights this small move probabilities by little."""
    return np.abs(some - others).max() < 3e-8


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    home = tmp_path_factory.mktemp("readers")
    return {f: Reader(make(f, home / f)) for f in ("bert", "roberta", "gpt2", "xlnet", "qwen2")}


def test_forms_are_those_of_the_families(readers):
    assert {f: r.form.name for f, r in readers.items()} == {"bert": "masked", "roberta": "masked", "gpt2": "causal",
                                                            "xlnet": "permutation", "qwen2": "causal"}  # fmt: skip


def test_a_masked_model_says_what_it_says_of_the_text_with_the_mask(readers):
    reader = readers["bert"]
    ids, at = reader.blank("the room was ___ and the meal was warm")
    (answer,) = reader.ask(ids, [at])
    batch = reader.tokenizer("the room was [MASK] and the meal was warm", return_tensors="pt")
    place = int((batch["input_ids"][0] == reader.tokenizer.mask_token_id).nonzero())
    with torch.inference_mode():
        right = reader.model(**batch).logits[0, place].softmax(-1)
    assert at == place and np.allclose(answer.probabilities[0], right, atol=1e-6)
    assert answer.visible[0].tolist() == [n != place for n in range(len(ids))]


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "xlnet", "qwen2"])
def test_what_is_hidden_says_nothing(readers, family):
    reader = readers[family]
    ids, at = reader.blank("the room was ___ and the meal was warm")
    other = [*ids[:at], ids[0], *ids[at + 1 :]]
    before, after = (reader.ask(x, [at])[0].probabilities for x in (ids, other))
    assert np.array_equal(before, after)
    behind = [*ids[: at + 1], *[ids[1]] * (len(ids) - at - 1)]
    same = alike(reader.ask(behind, [at])[0].probabilities, before)
    assert same == (reader.form.name == "causal")  # who looks both ways sees what is behind


def test_a_permutation_model_sees_what_came_before_in_its_order(readers):
    reader = readers["xlnet"]
    ids, (answer,) = lesson(reader, TEXT, seed=3)
    first, *_, last = answer.places
    assert answer.visible.sum(1).tolist() == [len(ids) - len(answer.places) + k for k in range(len(answer.places))]
    changed = [*ids]
    changed[last] = ids[0] if ids[0] != ids[last] else ids[1]
    again = reader.ask(changed, answer.places)[0].probabilities
    assert alike(again[:-1], answer.probabilities[:-1])  # the last one is seen by none
    changed = [*ids]
    changed[first] = ids[0] if ids[0] != ids[first] else ids[1]
    again = reader.ask(changed, answer.places)[0].probabilities
    assert alike(again[0], answer.probabilities[0]) and not alike(again[1], answer.probabilities[1])


def test_a_causal_model_is_asked_everywhere_and_the_sum_is_its_loss(readers):
    reader = readers["gpt2"]
    ids, (answer,) = lesson(reader, TEXT)
    assert answer.places == tuple(range(len(ids))) and np.array_equal(
        answer.visible, np.tri(len(ids), k=-1, dtype=bool)
    )
    given = torch.tensor([[reader.tokenizer.bos_token_id, *ids]])
    with torch.inference_mode():
        loss = float(reader.model(input_ids=given, labels=given).loss)
    assert -np.log(answer.probabilities[np.arange(len(ids)), ids]).mean() == pytest.approx(loss, abs=1e-4)


def test_a_two_way_model_answers_once_from_each_side():
    logits = torch.tensor([[[[0.0, 1.0]], [[2.0, 0.0]]]])  # (1, 2, 1, 2)
    ahead, back = ask_two_way(lambda ids, positions: logits, None, [5, 6, 7], [1])
    assert ahead.visible.tolist() == [[True, False, False]] and back.visible.tolist() == [[False, False, True]]
    assert (
        np.allclose(ahead.probabilities[0], torch.tensor([0.0, 1.0]).softmax(-1))
        and back.probabilities[0].argmax() == 0
    )


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2"])
def test_a_blank_takes_one_place_and_leaves_the_rest_as_it_was(readers, family):
    reader = readers[family]
    ids, at = reader.blank("the room was ___.")
    whole = reader.tokenizer("the room was of.")["input_ids"]
    tail = len(whole) - len(reader.tokenizer("the room was of")["input_ids"])
    assert ids[-tail:] == whole[-tail:]  # the full stop is the one that follows a word
    assert reader.blank("the room was") == reader.blank("the room was ___")
    assert ids[:at] == whole[:at]


@pytest.mark.parametrize(("text", "words"), [("", "a sentence with a blank"), ("a ___ b ___", "one blank"), (7, "a sentence"), ("room___s", "between spaces")])  # fmt: skip
def test_a_text_without_one_blank_is_refused(readers, text, words):
    with pytest.raises(WorkbenchError, match=words):
        readers["bert"].blank(text)


@pytest.mark.parametrize(("family", "words"), [("t5", "not pretrained to guess"), ("marian", "not pretrained to guess"),
                                               ("distilbert", "without the head"), ("electra", "without the head")])  # fmt: skip
def test_who_guesses_no_words_is_refused(tmp_path, family, words):
    with pytest.raises(WorkbenchError, match=words):
        Reader(make(family, tmp_path / family))


def test_pieces_are_written_for_the_eye(tmp_path):
    reader = Reader(tiny_bert(tmp_path / "bert"))
    assert reader.words(reader.tokenizer("cold ab!")["input_ids"]) == ["[CLS]", "cold", "a", "-b", "!", "[SEP]"]
    assert Reader(tiny_gpt(tmp_path / "gpt")).blank("the room was")[1] == 3


def test_relatives_are_bundled_and_guess_words():
    assert {"bert-mini", "gpt-mini"} <= set(objectives.relatives()) and "en-fr-mini" not in objectives.relatives()


def test_vectors_of_a_word_are_the_mean_of_its_pieces_and_know_their_context(tmp_path):
    folder = tiny_bert(tmp_path / "bert")
    encoder = Encoder(str(folder))
    found = encoder.vectors("ab", "the AB was cold")
    batch = encoder.tokenizer("the ab was cold", return_tensors="pt")  # [CLS] the a ##b was cold [SEP]
    with torch.inference_mode():
        last = encoder.model(**batch).last_hidden_state[0, [2, 3]].mean(0)
    assert found.shape == (3, 32) and np.allclose(found[-1], last, atol=1e-6)
    other = encoder.vectors("ab", "the ab was warm")
    cosine = cosines([found, other])[:, 0, 1]
    assert cosine[0] == pytest.approx(1, abs=1e-9) and cosine[-1] < 1 - 1e-8
    with pytest.raises(WorkbenchError, match="no word 'cat'"):
        encoder.vectors("cat", "the concatenation")


def test_a_causal_vector_knows_nothing_of_what_follows(tmp_path):
    encoder = Encoder(str(tiny_gpt(tmp_path / "gpt")))
    a, b = encoder.vectors("room", "the room was cold"), encoder.vectors("room", "the room felt warm and merry")
    assert np.allclose(a, b, atol=1e-5)


def test_a_finished_run_counts_as_a_model(tmp_path):
    folder = tiny_bert(tmp_path / "bert")
    run = SimpleNamespace(id="a-run", model_folder=lambda: folder)
    assert Reader(run).name == "a-run" and Encoder(run).name == "a-run"
