"""Changed architectures: new layers that pass on what they get, new tokens that begin as their pieces, heads for tags, and encoders
that keep their weights through a change of task."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import make
from safetensors.torch import load_file
from tiny import data, tagged_data, tiny_bert
from torch import nn
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

import workbench as wb
from workbench.config import RunConfig
from workbench.models import growing, vocabulary, zoo
from workbench.models.tagger import WordTagger
from workbench.tasks import TASKS, choices
from workbench.training.predictor import Predictor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


# More layers ------------------------------------------------------------------------------------------------------------


def hidden(name, layers, auto=AutoModel):
    src = zoo.source(str(name))
    cfg = zoo.config(src)
    zoo.set_layers(cfg, layers)
    model = zoo.build(auto, src, cfg).eval()
    ids = torch.arange(5, 17).reshape(2, 6)
    with torch.no_grad():
        return model, model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state


@pytest.mark.parametrize("family", ["gpt2", "llama", "modernbert", "bert", "xlnet", "distilbert", "electra", "roberta"])
def test_added_layers_pass_on_what_they_get(family, tmp_path):
    made = make(family, tmp_path / family)
    (_, before), (model, after) = hidden(made, None), hidden(made, 4)
    assert torch.allclose(before, after, atol=1e-4)  # fresh norms have the usual size exactly
    fresh = {name for name in model.fresh if "pooler" not in name}
    assert fresh and all(".2." in f".{name}" or ".3." in f".{name}" for name in fresh)


def test_added_layers_of_a_trained_bert_change_its_vectors_by_a_few_percent():
    (_, before), (_, after) = hidden("bert-tiny", None), hidden("bert-tiny", 4)
    assert 0 < (after - before).norm() / before.norm() < 0.08


def test_a_norm_lets_pass_what_has_the_size_of_the_norm_below():
    below, norm = nn.LayerNorm(4), nn.LayerNorm(4)
    with torch.no_grad():
        below.weight.fill_(2.0)
        below.bias.fill_(3.0)
        growing.let_pass(norm, below)
        vector = below(torch.tensor([[1.0, -1.0, 5.0, 2.0]]))
        assert torch.allclose(norm(vector), vector, atol=1e-4)


def test_a_model_with_more_layers_learns_is_stored_and_says_what_cannot_be(folder, tmp_path):
    run = wb.fit(data(32, 16), model=folder, layers=3, learning_rate=1e-2, epochs=2, evaluations=1).join()
    moves = run.moves().iloc[-1]
    assert moves["layer 3"] > 0
    texts = run.data()["validation"]["text"][:4]
    saved = run.save(tmp_path / "saved")
    assert zoo.config(zoo.source(str(saved))).num_hidden_layers == 3
    again = Predictor.from_store(run.store).predict(texts)
    np.testing.assert_allclose(again["probability"], run.predict(texts)["probability"], atol=1e-6)
    with pytest.raises(wb.WorkbenchError, match=r"layers=3, more than .* has, cannot be written"):
        run.export(tmp_path / "out")
    cfg = SimpleNamespace(num_hidden_layers=2, model_type="albert")
    with pytest.raises(wb.WorkbenchError, match="albert, to which layers cannot be added"):
        zoo.set_layers(cfg, 3)


# New tokens -------------------------------------------------------------------------------------------------------------

WORDS = ("Warmth", "#tbt", "😀", "kind")  # the last one is a piece already


def test_new_tokens_are_one_piece_and_begin_as_the_mean_of_their_pieces(folder):
    plain, src = zoo.source(folder), zoo.source(folder, WORDS)
    before, after = zoo.tokenizer(plain), zoo.tokenizer(src)
    number = {w: after.convert_tokens_to_ids(w) for w in WORDS}
    assert len(after) == len(before) + 3 and number["kind"] == before.convert_tokens_to_ids("kind")
    found = after("warmth, #tbt 😀😀 kind WARMTH", add_special_tokens=False)["input_ids"]
    assert [found[i] for i in (0, 2, 3, 4, 5, 6)] == [
        number[w] for w in ("Warmth", "#tbt", "😀", "😀", "kind", "Warmth")
    ]
    assert after.tokenize("warmths") == before.tokenize("warmths")
    old, new = (zoo.build(AutoModelForMaskedLM, s, zoo.config(s)) for s in (plain, src))
    table = new.get_input_embeddings().weight
    pieces = before("warmth", add_special_tokens=False)["input_ids"]
    assert len(pieces) > 1 and len(table) == len(after) == new.config.vocab_size
    assert torch.allclose(table[number["Warmth"]], old.get_input_embeddings().weight[pieces].mean(0))
    assert torch.equal(table[number["😀"]], table[before.unk_token_id])
    assert torch.equal(table[: len(before)], old.get_input_embeddings().weight)
    assert new.get_output_embeddings().weight is table and len(new.get_output_embeddings().bias) == len(after)
    assert new.fresh["bert.embeddings.word_embeddings.weight"] == 3 * 32


def test_new_tokens_are_trained_stored_and_read_again(folder, tmp_path):
    words = data(32, 16)
    run = wb.fit(words, model=folder, add_tokens=["warmth", "😀"], learning_rate=1e-2, epochs=1, evaluations=1).join()
    texts = ["the warmth of this room 😀", "a cruel meal"]
    again = Predictor.from_store(run.store).predict(texts)
    np.testing.assert_allclose(again["probability"], run.predict(texts)["probability"], atol=1e-6)
    saved = run.save(tmp_path / "saved")
    known = AutoTokenizer.from_pretrained(saved)
    assert known.tokenize("warmth 😀") == ["warmth", "😀"]
    assert len(AutoModel.from_pretrained(saved).get_input_embeddings().weight) == len(known)
    next_one = wb.fit(tagged_data(16, 8), model=run, epochs=1, evaluations=1).join()
    assert len(next_one.predictor().tokenizer) == len(known)
    with pytest.raises(wb.WorkbenchError, match="add_tokens cannot be written"):
        run.export(tmp_path / "out")


def test_a_byte_level_word_takes_the_space_before_it(tmp_path):
    src = zoo.source(str(make("roberta", tmp_path / "r")), ("zylophane",))
    tokenizer = zoo.tokenizer(src)
    shorter, longer = (
        len(t("a zylophane here")["input_ids"]) for t in (tokenizer, zoo.tokenizer(zoo.source(src.name)))
    )
    assert (
        shorter < longer and tokenizer.convert_tokens_to_ids("zylophane") in tokenizer("a zylophane here")["input_ids"]
    )
    assert vocabulary.missing(tokenizer, ["zylophane"]) == []


# Heads for tags ---------------------------------------------------------------------------------------------------------


class Fixed(nn.Module):
    """An encoder whose vectors say which token stands where."""

    config = SimpleNamespace(hidden_size=4)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=torch.nn.functional.one_hot(input_ids, 4).float())


@pytest.mark.parametrize("head", ["mlp", "bilstm"])
def test_padding_on_either_side_changes_no_tag(head):
    torch.manual_seed(0)
    tagger = WordTagger(Fixed(), 3, 0.0, head).eval()
    tagger.classifier.weight.data.normal_()
    alone = tagger(torch.tensor([[1, 2, 3]]), torch.tensor([[1, 1, 1]]))["logits"][0]
    right = tagger(torch.tensor([[1, 2, 3, 0], [1, 1, 1, 1]]), torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]))["logits"][
        0, :3
    ]
    left = tagger(torch.tensor([[0, 0, 1, 2, 3], [1, 1, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 1], [1] * 5]))["logits"][
        0, 2:
    ]
    assert torch.allclose(alone, right, atol=1e-6) and torch.allclose(alone, left, atol=1e-6)
    other = tagger(torch.tensor([[1, 2, 1]]), torch.tensor([[1, 1, 1]]))["logits"][0]
    assert torch.allclose(alone[0], other[0]) is (head == "mlp")  # a BiLSTM's first tag depends on the last word
    masked = tagger(torch.tensor([[1, 2, 3]]), torch.tensor([[1, 1, 1]]), labels=torch.tensor([[-100, 1, -100]]))[
        "loss"
    ]
    assert masked.item() == pytest.approx(
        torch.nn.functional.cross_entropy(alone[1:2], torch.tensor([1])).item(), abs=1e-6
    )


@pytest.mark.parametrize("head", ["mlp", "bilstm"])
def test_the_saved_readme_gives_the_taggers_own_answers(folder, head, tmp_path, monkeypatch):
    run = wb.fit(tagged_data(24, 8), model=folder, head=head, learning_rate=1e-2, epochs=1, evaluations=1).join()
    saved = run.save(tmp_path / "saved")
    code = (saved / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(saved)
    names = {}
    exec(code, names)
    assert names["tags"] == run.predict([names["words"]])["tags"].iloc[0]


# What goes with what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "task", "words"),
    [
        ({"head": "bilstm"}, "classification", "head='bilstm' on data for classification.*tagging"),
        ({"head": "mlp"}, "translation", "head='mlp' on data for translation"),
        ({"decoding": "constrained"}, "answering", "decoding='constrained' on data for answering"),
        ({"add_tokens": ("a",)}, "translation", "add_tokens on data for translation"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(changes, task, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        choices.check(RunConfig(**changes), task)


def test_a_head_on_the_models_own_head_is_refused_and_pooling_of_tags_is_noted(folder):
    with pytest.raises(wb.WorkbenchError, match="pooling='native'"):
        wb.fit(data(16, 8), model=folder, pooling="native", head="mlp", epochs=1).join()
    assert "leaves it out" in choices.left_out(RunConfig(pooling="cls"), "tagging")
    assert choices.left_out(RunConfig(pooling="cls"), "classification") == ""


# From one task to another -----------------------------------------------------------------------------------------------


def encoder_of(model):
    """The weights of an encoder, poolers left out, under the names that `AutoModel` gives them."""
    inner = model.encoder if hasattr(model, "head_state") else model.bert
    return {k: v for k, v in inner.state_dict().items() if "pooler" not in k}


def test_a_classifier_becomes_a_language_model_and_back_with_its_encoders_weights(folder):
    """Where nothing of the encoder learns, it comes out of both changes bit by bit; where it learns, the next run begins there."""
    few = {"epochs": 1, "evaluations": 1, "learning_rate": 1e-2}
    texts = data(24, 12)
    judge = wb.fit(texts, model=folder, pooling="mean", **few).join()
    reader = wb.fit(wb.load(texts).unlabelled(), model=judge, freeze=3, **few).join()
    again = wb.fit(texts, model=reader, technique="feature-extraction", **few).join()
    start, middle, end = (encoder_of(r.predictor().model) for r in (judge, reader, again))
    assert start.keys() == middle.keys() == end.keys()
    assert all(torch.equal(start[k], middle[k]) and torch.equal(start[k], end[k]) for k in start)
    before = load_file(f"{folder}/model.safetensors")
    assert any(not torch.equal(v, before[f"bert.{k}"]) for k, v in start.items())  # the first run did learn
    head = {k: v for k, v in reader.predictor().model.state_dict().items() if k.startswith("cls.predictions.transform")}
    assert head and all(k in before for k in head)  # the checkpoint had a language model's head ...
    assert wb.blueprint(wb.load(texts).unlabelled(), model=folder).frame["new"].sum() == 0
    fresh = wb.blueprint(wb.load(texts).unlabelled(), model=judge).frame
    assert fresh["state"].iloc[0] == "new" and fresh["new"].iloc[1:].sum() == 0  # ... which a classifier does not keep


def test_a_blueprint_says_what_is_new_and_kept_and_two_stand_side_by_side(folder):
    tags = tagged_data(16, 8)
    plain = wb.blueprint(tags, model=folder)
    changed = wb.blueprint(tags, model=folder, head="bilstm", layers=3, add_tokens=["warmth"], freeze=1)
    assert plain.frame["new"].tolist() == [5 * 32 + 5, 0, 0, 0]
    lstm = 2 * (4 * 16 * (32 + 16) + 2 * 4 * 16)
    block = int(plain.frame.set_index("block")["weights"]["layer 2"])
    assert changed.frame["new"].tolist() == [lstm + 5 * 32 + 5, block, 0, 0, 32]
    assert changed.frame["state"].tolist() == ["new", "new", "learns", "learns", "frozen"]
    both = wb.blueprint(plain, changed)
    assert both.blocks == ["head", "layer 3", "layer 2", "layer 1", "embeddings"]
    shown = both._repr_html_()
    assert shown.count('role="list"') == 2 and "not here" in shown and shown.count("Blueprint of") == 2
    assert both.frame().loc["layer 3"].isna().sum() == 2
    assert wb.blueprint(tags, model=folder + ":random").frame["new"].equals(plain.frame["weights"])
    assert (
        "random, frozen"
        in wb.blueprint(data(16, 8), model=folder + ":random", technique="feature-extraction")._repr_html_()
    )
    with pytest.raises(wb.WorkbenchError, match="beside blueprints"):
        wb.blueprint(plain, changed, layers=1)
    with pytest.raises(wb.WorkbenchError, match="something of type int between blueprints"):
        wb.blueprint(plain, 3)


def test_every_task_has_a_place_in_the_table_of_choices():
    for task in TASKS:
        choices.check(RunConfig(), task)
