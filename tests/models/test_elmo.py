"""ELMo: words put together from pieces, two directions that see only their own side, a mix, heads, Auto classes, whole runs."""

import dataclasses

import numpy as np
import pytest
import torch
import transformers as hf
from tiny import data, tagged_data, tiny_elmo

import workbench as wb
from workbench.config import RunConfig
from workbench.models import anatomy, zoo
from workbench.models.elmo import ElmoForPreTraining
from workbench.models.elmo_words import written_bytes
from workbench.models.recipes import elmo_mini, find
from workbench.training.predictor import Predictor

TEXT = "the room was unhappily café in Ulaanbaatar"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_elmo(tmp_path_factory.mktemp("elmo"))


@pytest.fixture(scope="module")
def model(folder):
    zoo.config(zoo.source(str(folder)))
    return ElmoForPreTraining.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def tokenizer(folder):
    return zoo.tokenizer(zoo.source(str(folder)))


def written(row):
    signs = {256: "{", 257: "}", 258: "^", 259: "$", 260: ""}
    return b"".join(signs[c].encode() if c in signs else bytes([c]) for c in row).decode("utf-8", "replace")


def test_pieces_become_words_again_whatever_the_vocabulary_knows(model, tokenizer):
    batch = tokenizer([TEXT, "the"], padding=True, return_tensors="pt")
    spelt, word, count = model.elmo.reader.spell(batch["input_ids"], batch["attention_mask"])
    assert [written(r) for r in spelt[0].tolist()] == ["^{$", *(f"^{w}$" for w in TEXT.split()), "^}$"]
    assert count.tolist() == [9, 3] and [written(r) for r in spelt[1, :3].tolist()] == ["^{$", "^the$", "^}$"]
    own = [-1 if w is None else w + 1 for w in batch.word_ids(0)]
    assert [w for w, o in zip(word[0].tolist(), own, strict=True) if o >= 0] == [o for o in own if o >= 0]
    assert len(own) > count[0]  # some words are several pieces


def test_a_long_word_is_read_by_its_first_eighteen_bytes_and_a_rare_one_is_not_unknown(model, tokenizer):
    with torch.no_grad():
        vectors = [model.elmo(**tokenizer(t, return_tensors="pt")).last_hidden_state[0, 1] for t in
                   ("x" * 18, "x" * 30, "qwzat", "qwzet")]  # fmt: skip
    assert torch.equal(vectors[0], vectors[1]) and (vectors[2] - vectors[3]).abs().max() > 1e-3
    assert tokenizer.unk_token_id not in tokenizer("日本 🙂 qwzat")["input_ids"]


def test_every_piece_of_a_word_has_its_vector_and_padding_changes_nothing(model, tokenizer):
    one = tokenizer(TEXT, return_tensors="pt")
    both = tokenizer([TEXT, TEXT + " and some more of it"], padding=True, return_tensors="pt")
    tokenizer.padding_side = "left"
    left = tokenizer([TEXT, TEXT + " and some more of it"], padding=True, return_tensors="pt")
    tokenizer.padding_side = "right"
    with torch.no_grad():
        alone, right, turned = (model.elmo(**b).last_hidden_state[0] for b in (one, both, left))
    n, words = len(alone), one.word_ids(0)
    assert torch.allclose(alone, right[:n], atol=1e-5) and torch.allclose(alone, turned[-n:], atol=1e-5)
    assert right[n:].abs().max() == 0
    at = words.index(3)
    assert words[at + 1] == 3 and torch.equal(alone[at], alone[at + 1]) and not torch.equal(alone[at], alone[at - 1])


def test_neither_direction_sees_the_word_that_it_guesses(model):
    blocks = torch.randint(4, elmo_mini.words_of(780), (2, 12), generator=torch.Generator().manual_seed(1))
    inputs, positions, labels = elmo_mini.corrupt(blocks, torch.Generator().manual_seed(2), elmo_mini.words_of(780))
    asked, stood = labels[:, 0], inputs.gather(1, positions)
    assert labels.shape == (2, 2, 9) and torch.equal(stood[asked >= 0], asked[asked >= 0])
    every = torch.arange(1, 13).expand(2, 12)
    with torch.no_grad():
        before = model(inputs, every)
        for place in range(12):
            other = inputs.clone()
            other[:, 1 + place] = 5 + (inputs[:, 1 + place] - 4) % 200
            moved = (model(other, every) - before).abs().amax(-1)
            assert max(moved[:, 0, : place + 1].max(), moved[:, 1, place:].max()) < 1e-6
            assert (moved[:, 0, place + 1 : place + 2] > 1e-4).all() and (
                moved[:, 1, max(0, place - 1) : place] > 1e-4
            ).all()


def test_words_of_several_pieces_are_not_asked_for():
    words = 100  # below: 11 goes on with 120, 2 is a special token, 15 may go on behind the block
    blocks = torch.tensor([[10, 11, 120, 12, 2, 13, 14, 15]])
    _, positions, labels = elmo_mini.corrupt(blocks, torch.Generator().manual_seed(0), words)
    asked = {int(p): int(x) for p, x in zip(positions[0], labels[0, 0], strict=True) if x >= 0}
    assert asked == {1: 10, 4: 12, 6: 13, 7: 14} and torch.equal(labels[:, 0], labels[:, 1])


def test_a_fresh_model_of_the_recipe_knows_how_the_tokenizer_spells(folder, model):
    fresh = dataclasses.replace(find("elmo-mini"), vocabulary=780).fresh(folder)
    assert torch.equal(fresh.elmo.reader.spelling, model.elmo.reader.spelling)
    assert fresh.config.pieces == model.config.pieces and fresh.lm_head.out_features == elmo_mini.words_of(780)


def test_the_recipe_is_of_its_siblings_size_and_starts_from_what_was_counted():
    recipe = find("elmo-mini")
    model = recipe.build(recipe.vocabulary)
    size, sibling = (sum(p.numel() for p in m.parameters()) for m in (model, find("bert-mini").build(8192)))
    assert abs(size / sibling - 1) < 0.15
    vectors, bias = torch.randn(recipe.vocabulary, recipe.hidden), torch.randn(recipe.vocabulary)
    recipe.start(model, vectors, bias)
    assert torch.equal(model.lm_head.weight, vectors[:8192, :128]) and torch.equal(model.lm_head.bias, bias[:8192])


def test_the_mix_begins_equal_and_its_layers_can_be_fewer(folder, model, tokenizer):
    batch = tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        out = model.elmo(**batch, output_hidden_states=True)
        mean = sum(out.hidden_states) / 3
        assert len(out.hidden_states) == 3 and torch.allclose(out.last_hidden_state, mean, atol=1e-6)
        assert torch.equal(*out.hidden_states[0].chunk(2, -1))  # the character reader, once for each direction
        source = zoo.source(str(folder))
        config = zoo.config(source)
        zoo.set_layers(config, 1)
        fewer = zoo.build(hf.AutoModel, source, config).eval()(**batch).last_hidden_state
    assert torch.allclose(fewer, sum(out.hidden_states[:2]) / 2, atol=1e-6)


def test_a_twin_has_the_same_words_and_other_weights(folder, model):
    source = zoo.source(f"{folder}:random")
    twin = zoo.build(hf.AutoModel, source, zoo.config(source))
    assert torch.equal(twin.reader.spelling, model.elmo.reader.spelling)
    assert sorted(written_bytes().values()) == list(range(256))
    assert not torch.equal(twin.layers[0].input, model.elmo.layers[0].input)
    assert twin.layers[0].bias[:, 24:48].eq(1).all()  # cells begin by remembering


def test_its_parts_are_named_from_input_to_output(folder):
    source = zoo.source(str(folder))
    found = anatomy.blocks(zoo.build(hf.AutoModelForTokenClassification, source, zoo.config(source)))
    assert [b.name for b in found] == ["embeddings", "layer 1", "layer 2", "head"]
    assert "elmo.scalar_mix.gamma" in found[2].parameters and "elmo.reader.projection.weight" in found[0].parameters


@pytest.mark.parametrize("technique", ["lora", "ia3"])
def test_adapters_are_refused_in_one_sentence(folder, technique):
    from workbench.techniques import TECHNIQUES

    source = zoo.source(str(folder))
    built = zoo.build(hf.AutoModelForSequenceClassification, source, zoo.config(source))
    with pytest.raises(wb.WorkbenchError, match=r"(?i)lstm|elmo") as caught:
        TECHNIQUES[technique].apply(built, RunConfig(model=str(folder), technique=technique))
    assert caught.value.try_ == "technique='full'"


WAYS = [{"pooling": "attention"}, {"technique": "feature-extraction"}]


@pytest.mark.parametrize("choices", WAYS)
def test_a_run_trains_is_opened_again_and_saved(folder, tmp_path, home, choices):
    run = wb.fit(data(32, 16), model=str(folder), epochs=2, evaluations=2, max_length=32, **choices).join()
    some = ["the room was warm", "a grim meal at the Überfahrt"]
    answers = run.predict(some)
    assert np.allclose(Predictor.from_store(run.store).predict(some)["probability"], answers["probability"], atol=1e-6)
    saved = run.save(tmp_path / "saved")
    again = wb.fit(data(32, 16), model=str(saved), epochs=1, max_length=32, train_examples=8).join()
    assert len(again.predict(some)) == 2
    assert "import workbench.models.elmo_heads" in (saved / "README.md").read_text("utf-8")


def test_it_learns_the_tags_of_words_it_can_spell(folder, home):
    run = wb.fit(tagged_data(96, 32), model=str(folder), epochs=12, evaluations=2, learning_rate=1e-2).join()
    assert run.evaluate("validation")["f1"] > 0.6


def test_its_tokens_and_parts_can_be_looked_at(folder):
    from workbench.data import tokens

    rows = tokens.cut("the café was unhappily warm", [str(folder)])
    assert rows["kind"].tolist()[0] == "special" and not (rows["kind"] == "unknown").any()
    assert "".join(rows["piece"][rows["kind"] == "piece"]).replace("##", "").startswith("thecaf")
