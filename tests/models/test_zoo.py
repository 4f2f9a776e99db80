"""The zoo: which files a name means, and that loading them runs nobody's code."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_bert, tiny_gpt
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForSpeechSeq2Seq,
    AutoModelForTokenClassification,
)

import workbench as wb
from workbench import catalog
from workbench.config import RunConfig
from workbench.models import zoo
from workbench.tasks import TASKS

PACKAGE = Path(wb.__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("tiny"))


def weights(name, seed=0, auto=AutoModel):
    torch.manual_seed(seed)
    src = zoo.source(str(name))
    return zoo.build(auto, src, zoo.config(src)).state_dict()


def shapes(state):
    return {k: tuple(v.shape) for k, v in state.items()}


def weight_matrices(state):
    return [k for k, v in state.items() if v.ndim == 2]


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_bundled_name_is_its_folder_with_its_card():
    src = zoo.source("bert-mini")
    assert Path(src.location) == catalog.bundled_home() / "models" / "bert-mini" and not src.random
    assert src.card.facts["title"] and src.pooling == "mean"


def test_a_twin_has_the_place_and_the_pooling_of_its_original():
    twin, original = zoo.source("bert-mini:random"), zoo.source("bert-mini")
    assert twin.random and (twin.location, twin.pooling) == (original.location, original.pooling)


def test_a_local_folder_is_a_model(folder):
    src = zoo.source(str(folder))
    assert (src.location, src.random, src.card) == (str(folder), False, None)


def test_a_checkpoint_of_masked_words_alone_pools_the_mean(folder, tmp_path):
    """BERT's own head reads a layer over [CLS] that only pretraining with pairs of sentences trains; with it the head is BERT's."""
    assert zoo.source(str(folder)).pooling == zoo.source(f"{folder}:random").pooling == "mean"
    place = tiny_bert(tmp_path)
    AutoModel.from_pretrained(place).save_pretrained(place)  # transformers adds the layer
    assert zoo.source(str(place)).pooling == zoo.source(f"{place}:random").pooling == "native"


def test_a_family_whose_head_reads_no_pretrained_layer_keeps_its_head(tmp_path):
    assert zoo.source(str(tiny_gpt(tmp_path))).pooling == "native"


def test_what_a_pretraining_advises_holds_for_its_folder(tmp_path):
    """A folder that `pretrain --out` made is no worse than the same model under a bundled name."""
    place = tiny_bert(tmp_path)
    (place / "card.json").write_text(json.dumps({"title": "a model", "pooling": "max"}), "utf-8")
    assert zoo.source(str(place)).pooling == "max"


def test_a_local_folder_has_a_twin(folder):
    src = zoo.source(f"{folder}:random")
    assert (src.location, src.random) == (str(folder), True)


def test_a_name_with_an_owner_is_taken_for_the_hubs():
    assert zoo.source("google-bert/bert-base-uncased").location == "google-bert/bert-base-uncased"


@pytest.mark.parametrize("name", ["bert-maxi", "bert-maxi:random", "<b>bert<b>", "a\x00b", "x" * 5000, "🙂"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(wb.WorkbenchError, match="no model is called") as caught:
        zoo.source(name)
    assert "bert-mini" in caught.value.expected and caught.value.try_ == "model='bert-mini'"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "nobody/<img src=x onerror=alert(1)>", "../../nothing/x"]
)
def test_a_name_that_nothing_stands_behind_is_told_when_it_is_loaded(name):
    with pytest.raises(wb.WorkbenchError, match="could not be loaded") as caught:
        zoo.config(zoo.source(name))
    assert caught.value.expected and caught.value.try_


def test_a_hub_name_without_a_network_is_told_in_a_sentence():
    with pytest.raises(wb.WorkbenchError, match=r"'nobody/nothing' could not be loaded.*a network connection"):
        zoo.tokenizer(zoo.source("nobody/nothing"))


def test_the_list_of_models_escapes_what_cards_say():
    hostile = catalog.Card("<b>x</b>", "model", "<script>alert(1)</script>", source="<i>")
    html = catalog.Cards([hostile])._repr_html_()
    assert not re.search("<(script|b|i)>", html) and "&lt;script&gt;" in html


def test_a_folder_whose_name_is_html_is_a_folder(tmp_path):
    odd = tiny_bert(tmp_path / "<img src=x onerror=alert(1)>")
    assert shapes(weights(odd))


# --- weights ----------------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_loaded_as_it_was_saved(folder):
    saved, loaded = load_file(folder / "model.safetensors"), weights(folder)
    same = [k for k in loaded if f"bert.{k}" in saved]
    assert len(same) > 20 and all(torch.equal(loaded[k], saved[f"bert.{k}"]) for k in same)


def test_a_causal_model_takes_its_loss_without_a_warning_to_learners(tmp_path):
    """transformers finds the loss by the name of the class, and GPT2LMHeadModel names none."""
    src = zoo.source(str(tiny_gpt(tmp_path)))
    model = zoo.build(AutoModelForCausalLM, src, zoo.config(src)).eval()
    assert model.loss_type == "ForCausalLM"
    ids = torch.tensor([[5, 6, 7, 8]])
    out = model(input_ids=ids, labels=ids)
    want = torch.nn.functional.cross_entropy(out.logits[0, :-1], ids[0, 1:])
    torch.testing.assert_close(out.loss, want)


def test_a_twin_has_the_same_architecture_and_other_weights(folder):
    original, twin = weights(folder), weights(f"{folder}:random")
    assert shapes(original) == shapes(twin)
    assert all(not torch.equal(original[k], twin[k]) for k in weight_matrices(original))


def test_a_twins_weights_depend_on_the_seed_alone(folder):
    one, same, other = (weights(f"{folder}:random", seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert all(not torch.equal(one[k], other[k]) for k in weight_matrices(one))


def test_a_checkpoints_weights_do_not_depend_on_the_seed(folder):
    one, other = weights(folder, 1), weights(folder, 2)
    assert all(torch.equal(one[k], other[k]) for k in one if not k.startswith("pooler"))  # it has none: made anew


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_checkpoints_of_any_precision_load_as_float32(tmp_path, kind):
    made = tiny_bert(tmp_path)
    path = made / "model.safetensors"
    save_file({k: v.to(kind) for k, v in load_file(path).items()}, path, {"format": "pt"})
    facts = json.loads((made / "config.json").read_text()) | {"dtype": str(kind).removeprefix("torch.")}
    (made / "config.json").write_text(json.dumps(facts))
    for name in (made, f"{made}:random"):
        assert {v.dtype for v in weights(name).values() if v.is_floating_point()} == {torch.float32}


@pytest.mark.parametrize("name", ["bert-mini", "bert-mini:random"])
def test_a_bundled_model_loads_as_float32(name):
    assert {v.dtype for v in weights(name).values() if v.is_floating_point()} == {torch.float32}


def test_a_head_of_another_size_is_made_anew(folder):
    src = zoo.source(str(folder))
    cfg = zoo.config(src, num_labels=5)
    model = zoo.build(AutoModelForSequenceClassification, src, cfg, ignore_mismatched_sizes=True)
    assert model.classifier.out_features == 5


def answering_with(names, folder, kind=AutoModelForSequenceClassification):
    """A BERT whose own head was trained for these labels."""
    place = tiny_bert(folder)
    model = kind.from_pretrained(place, num_labels=len(names), id2label=dict(enumerate(names)))
    model.save_pretrained(place)
    return str(place)


@pytest.mark.parametrize(("there", "kept"), [(["NEGATIVE", "POSITIVE"], True), (["good", "bad"], False), (["LABEL_0", "LABEL_1"], False),
                                             (["positive", "negative"], False)])  # fmt: skip
@pytest.mark.parametrize("task", ["classification", "multi-label", "tagging"])
def test_a_head_is_kept_where_it_was_trained_for_the_same_labels_and_else_made_anew(tmp_path, task, there, kept):
    kind = AutoModelForTokenClassification if task == "tagging" else AutoModelForSequenceClassification
    place = answering_with(there, tmp_path, kind)
    before = load_file(tmp_path / "model.safetensors")["classifier.weight"]
    shell = SimpleNamespace(labels=["negative", "positive"], tokenizer=SimpleNamespace(pad_token_id=0))
    model = TASKS[task].build(zoo.source(place), shell, RunConfig(model=place, pooling="native"))
    assert torch.equal(model.classifier.weight, before) == kept
    assert model.fresh == ({} if kept else {"classifier.weight": 64, "classifier.bias": 2})


def test_a_blueprint_says_whether_the_head_is_new(tmp_path):
    texts = {"good": ["a warm room", "a neat room"] * 4, "bad": ["a cold room", "a grim room"] * 4}
    rows = pd.DataFrame([(text, label) for label, some in texts.items() for text in some], columns=["text", "label"])
    new = {}
    for names in (["negative", "positive"], ["BAD", "GOOD"]):
        place = answering_with(names, tmp_path / names[0])
        new[names[0]] = wb.blueprint(rows, model=place, pooling="native").frame["new"].sum()
    assert new == {"negative": 66, "BAD": 0}


def test_a_folder_with_broken_weights_is_told_in_a_sentence(tmp_path):
    made = tiny_bert(tmp_path)
    (made / "model.safetensors").write_bytes(b"no tensors here")
    with pytest.raises(wb.WorkbenchError, match="could not be loaded"):
        weights(made)


def test_an_empty_folder_is_told_in_a_sentence(tmp_path):
    with pytest.raises(wb.WorkbenchError, match=r"a folder with config\.json, safetensors and tokenizer"):
        zoo.config(zoo.source(str(tmp_path)))


# --- nobody's code ----------------------------------------------------------------------------------------------------


def test_no_source_turns_remote_code_on():
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.parent.glob("notebooks/**/*.py")]
    said = [re.findall(r"trust_remote_code[\"']?\s*[=:]\s*(\w+)", path.read_text("utf-8")) for path in sources]
    assert {word for words in said for word in words} == {"False"}


def test_a_pickle_is_not_read(tmp_path):
    made = tiny_bert(tmp_path)
    torch.save(load_file(made / "model.safetensors"), made / "pytorch_model.bin")
    (made / "model.safetensors").unlink()
    with pytest.raises(wb.WorkbenchError, match="could not be loaded"):
        weights(made)


@pytest.mark.parametrize("twin", ["", ":random"])
def test_code_beside_a_checkpoint_does_not_run(tmp_path, twin):
    made = tiny_bert(tmp_path / "model")
    (made / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Theirs: pass\n")
    for file in ("config.json", "tokenizer_config.json"):
        names = {"AutoConfig": "theirs.Theirs", "AutoModel": "theirs.Theirs", "AutoTokenizer": ["theirs.Theirs", None]}
        facts = json.loads((made / file).read_text()) | {"auto_map": names}
        (made / file).write_text(json.dumps(facts))
    zoo.tokenizer(zoo.source(f"{made}{twin}"))
    assert shapes(weights(f"{made}{twin}")) and not (tmp_path / "ran").exists()


def test_a_model_that_needs_its_own_code_is_refused(tmp_path):
    (tmp_path / "theirs.py").write_text("raise SystemExit('ran')\n")
    facts = {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Theirs"}}
    (tmp_path / "config.json").write_text(json.dumps(facts))
    with pytest.raises(wb.WorkbenchError, match="could not be loaded"):
        zoo.config(zoo.source(str(tmp_path)))


@pytest.mark.parametrize("twin", ["", ":random"])
def test_a_class_that_needs_its_own_code_is_refused_without_a_question(folder, twin, monkeypatch):
    """transformers asks at the keyboard where `trust_remote_code` was not said at all."""
    monkeypatch.setattr("builtins.input", lambda *a: pytest.fail("asked"))
    src = zoo.source(f"{folder}{twin}")
    cfg = zoo.config(src)
    cfg.auto_map = {"AutoModelForSpeechSeq2Seq": "theirs.Theirs"}
    with pytest.raises(ValueError, match=r"author's own code|AutoModelForSpeechSeq2Seq"):
        zoo.build(AutoModelForSpeechSeq2Seq, src, cfg)


@pytest.mark.parametrize("twin", ["", ":random"])
def test_a_model_that_cannot_do_the_task_is_told_in_a_sentence(folder, twin):
    src = zoo.source(f"{folder}{twin}")
    with pytest.raises(wb.WorkbenchError, match="could not be loaded"):
        zoo.build(AutoModelForSpeechSeq2Seq, src, zoo.config(src))


# --- tokenizer and configuration --------------------------------------------------------------------------------------


def test_a_tokenizer_cuts_where_the_positions_end(tmp_path):
    made = tiny_bert(tmp_path)
    facts = json.loads((made / "tokenizer_config.json").read_text()) | {"model_max_length": 10**30}
    (made / "tokenizer_config.json").write_text(json.dumps(facts))
    assert zoo.tokenizer(zoo.source(str(made))).model_max_length == 64


def test_a_tokenizer_that_cuts_earlier_is_left_alone(tmp_path):
    made = tiny_bert(tmp_path)
    facts = json.loads((made / "tokenizer_config.json").read_text()) | {"model_max_length": 20}
    (made / "tokenizer_config.json").write_text(json.dumps(facts))
    assert zoo.tokenizer(zoo.source(str(made))).model_max_length == 20


def test_robertas_positions_begin_behind_the_padding():
    from transformers import BertConfig, RobertaConfig

    assert zoo._positions(RobertaConfig(max_position_embeddings=514, pad_token_id=1)) == 512
    assert zoo._positions(BertConfig(max_position_embeddings=512)) == 512


def test_a_model_without_fixed_positions_has_room_for_any_text():
    from transformers import T5Config

    assert zoo._positions(T5Config()) == 10**9


def test_a_tokenizer_without_padding_pads_with_the_end(tmp_path):
    made = tiny_bert(tmp_path)
    facts = json.loads((made / "tokenizer_config.json").read_text())
    facts.pop("pad_token")
    (made / "tokenizer_config.json").write_text(json.dumps(facts | {"eos_token": "[SEP]"}))
    assert zoo.tokenizer(zoo.source(str(made))).pad_token == "[SEP]"


def test_changes_of_the_configuration_are_made(folder):
    assert zoo.config(zoo.source(str(folder)), num_labels=7).num_labels == 7


def test_names_that_a_configuration_does_not_have_are_left_out(folder):
    assert not hasattr(zoo.config(zoo.source(str(folder)), no_such_field=1), "no_such_field")


def test_dropout_is_set_under_every_familys_name():
    from transformers import BertConfig, DistilBertConfig, GPT2Config

    for cfg, names in ((BertConfig(), ["hidden_dropout_prob", "attention_probs_dropout_prob"]),
                       (DistilBertConfig(), ["dropout", "attention_dropout", "seq_classif_dropout"]),
                       (GPT2Config(), ["embd_pdrop", "resid_pdrop", "attn_pdrop"])):  # fmt: skip
        zoo.set_dropout(cfg, 0.3)
        assert [getattr(cfg, n) for n in names] == [0.3] * len(names)


def test_no_dropout_given_is_the_checkpoints_own():
    from transformers import BertConfig

    cfg = BertConfig(hidden_dropout_prob=0.17)
    zoo.set_dropout(cfg, None)
    assert cfg.hidden_dropout_prob == 0.17


def test_loading_leaves_transformers_as_talkative_as_it_was(folder):
    from transformers.utils import logging

    before = logging.get_verbosity()
    try:
        logging.set_verbosity(logging.INFO)
        zoo.config(zoo.source(str(folder)))
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(before)


def test_loading_prints_nothing(folder, capfd):
    weights(folder)
    out, err = capfd.readouterr()
    assert out == "" and err == ""
