"""A checkpoint is what its folder says, or one sentence says what is wrong: no training from noise, no text read as unknown."""

import json

import pytest
import torch
import transformers as hf
from families import make
from safetensors.torch import load_file, save_file
from tiny import tiny_bert, tiny_gpt

import workbench as wb
from workbench.models import zoo


def built(folder, auto=hf.AutoModel, **arguments):
    src = zoo.source(str(folder))
    return zoo.build(auto, src, zoo.config(src), **arguments)


def changed(folder, file="config.json", **facts):
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | facts), "utf-8")
    return folder


def renamed(folder, name):
    path = folder / "model.safetensors"
    save_file({name(k): v for k, v in load_file(path).items()}, path, {"format": "pt"})
    return folder


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_answers_of_a_causal_model_begin_with_its_own_weights(family, tmp_path):
    """transformers' class for answers looks for `transformer.`, the checkpoint says `model.`: everything was made anew."""
    folder = make(family, tmp_path / "base")
    own, answers = built(folder).state_dict(), built(folder, hf.AutoModelForQuestionAnswering)
    found = answers.transformer.state_dict()
    assert all(torch.equal(found[k], own[k]) for k in own)
    assert set(answers.fresh) == {"qa_outputs.weight", "qa_outputs.bias"}
    answers.save_pretrained(tmp_path / "answers")  # the next task finds them again
    back = built(tmp_path / "answers").state_dict()
    assert all(torch.equal(back[k], own[k]) for k in own)


@pytest.mark.parametrize("before", ["module.", "model.text_encoder."])
def test_what_stands_before_every_name_is_left_out(before, tmp_path):
    plain, other = tiny_bert(tmp_path / "plain"), renamed(tiny_bert(tmp_path / "other"), lambda k: before + k)
    own, found = (built(f, hf.AutoModelForMaskedLM).state_dict() for f in (plain, other))
    assert all(torch.equal(found[k], own[k]) for k in own)
    assert set(built(other, hf.AutoModelForTokenClassification).fresh) == {"classifier.weight", "classifier.bias"}


def test_two_encoders_under_one_roof_are_not_mistaken_for_one(tmp_path):
    folder = tiny_bert(tmp_path)
    weights = load_file(folder / "model.safetensors")
    both = {f"{tower}.{k}": v.clone() for k, v in weights.items() for tower in ("question", "passage")}
    save_file(both, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(wb.WorkbenchError, match="begin as noise"):
        built(folder)


def test_weights_of_another_family_are_refused(tmp_path):
    folder, other = tiny_bert(tmp_path / "bert"), tiny_gpt(tmp_path / "gpt")
    (other / "model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(wb.WorkbenchError, match="weights below its head") as caught:
        built(folder)
    assert ":random" in caught.value.try_


@pytest.mark.parametrize(
    ("facts", "lost"), [({"num_hidden_layers": 4}, r"encoder\.layer\.2"), ({"hidden_size": 64}, "35 of the 37")]
)
def test_a_configuration_that_asks_for_more_than_is_there_is_refused(facts, lost, tmp_path):
    folder = changed(tiny_bert(tmp_path), **facts)
    with pytest.raises(wb.WorkbenchError, match=lost):
        built(folder, hf.AutoModelForTokenClassification, ignore_mismatched_sizes=True)
    assert built(f"{folder}:random")  # noise where noise is asked for


def test_layers_on_top_are_no_loss(tmp_path):
    src = zoo.source(str(tiny_bert(tmp_path)))
    cfg = zoo.config(src)
    zoo.set_layers(cfg, 4)
    assert len(zoo.build(hf.AutoModel, src, cfg).encoder.layer) == 4


def test_a_model_that_cannot_leave_padding_out_is_refused(tmp_path):
    tiny_bert(tmp_path)
    cfg = hf.FNetConfig(vocab_size=300, hidden_size=32, num_hidden_layers=1, intermediate_size=32)
    hf.FNetModel(cfg).save_pretrained(tmp_path)
    with pytest.raises(wb.WorkbenchError, match="takes no mask"):
        built(tmp_path)
