"""A longer vocabulary: every new character is known, everything else is as it was, and what cannot be done says so."""

import pytest
import torch

from workbench.errors import WorkbenchError
from workbench.models import zoo
from workbench.models.letters import unknown, with_letters

TEXTS = ["¿Mañana? Sí.", "El niño está aquí.", "¿Qué?"]


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    return with_letters("en-fr-mini", TEXTS, tmp_path_factory.mktemp("models") / "longer")


def loaded(name):
    from transformers import AutoModelForSeq2SeqLM

    source = zoo.source(name)
    return zoo.build(AutoModelForSeq2SeqLM, source, zoo.config(source)), zoo.tokenizer(source)


def test_what_is_missing_comes_commonest_first():
    assert unknown("en-fr-mini", TEXTS) == ["¿", "ñ", "í", "á"] and unknown("en-fr-mini", ["Qué café."]) == []


def test_new_letters_are_known_and_the_rest_is_as_it_was(longer):
    (old, before), (new, after) = loaded("en-fr-mini"), loaded(longer)
    assert unknown(longer, TEXTS) == [] and len(after) == new.config.vocab_size == old.config.vocab_size + 4
    french = "Où est la gare ? Là-bas, à gauche."
    assert before(french)["input_ids"] == after(french)["input_ids"]
    assert [after.decode(after(t)["input_ids"], skip_special_tokens=True) for t in TEXTS] == TEXTS
    rows, first = new.get_input_embeddings().weight, old.get_input_embeddings().weight
    assert (
        torch.equal(rows[: len(first)], first) and new.lm_head.weight is rows
    )  # one matrix for both sides and the output
    assert torch.equal(rows[after.convert_tokens_to_ids("á")], first[before.convert_tokens_to_ids("a")])
    assert torch.allclose(rows[after.convert_tokens_to_ids("¿")], first.mean(0), atol=1e-6)
    ids = before("Good morning", return_tensors="pt")
    shown = torch.zeros(1, 1, dtype=torch.long)
    logits = [m.eval()(**ids, decoder_input_ids=shown).logits[0, 0, :8192] for m in (old, new)]
    assert torch.allclose(*logits, atol=1e-5)


def test_what_cannot_be_done_says_so(longer, tmp_path):
    with pytest.raises(WorkbenchError, match="no character of these texts is unknown"):
        with_letters(longer, TEXTS, tmp_path / "a")
    with pytest.raises(WorkbenchError, match="a tokenizer of type WordPiece"):
        with_letters("bert-mini", TEXTS, tmp_path / "b")
    with pytest.raises(WorkbenchError, match="is not empty"):
        with_letters("en-fr-mini", TEXTS, longer)
    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_that_is_not_made_of_characters_says_so(tmp_path):
    from workbench.models import letters

    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram"}}', "utf-8")
    with pytest.raises(WorkbenchError, match="a tokenizer of type Unigram"):
        letters._lengthen(tmp_path / "tokenizer.json", ["ñ"])
