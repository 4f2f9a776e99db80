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


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_adapter_alone_names_the_model_that_it_is_for(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "google-bert/bert-base-uncased"}')
    with pytest.raises(wb.WorkbenchError, match="an adapter for 'google-bert/bert-base-uncased'") as caught:
        zoo.config(zoo.source(str(tmp_path)))
    assert "bert-base-uncased" in caught.value.try_ and "merge_and_unload" in caught.value.expected


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_what_stands_for_a_file_that_git_keeps_elsewhere_is_called_so(file, tmp_path):
    folder = tiny_bert(tmp_path)
    (folder / file).write_text(POINTER)
    with pytest.raises(wb.WorkbenchError, match=f"{file} of model .* is a pointer of Git LFS.*git lfs pull"):
        zoo.tokenizer(zoo.source(str(folder)))
        built(folder)


def test_a_tokenizer_is_read_beside_weights_that_git_keeps_elsewhere(tmp_path):
    folder = tiny_bert(tmp_path)
    (folder / "model.safetensors").write_text(POINTER)
    assert len(zoo.tokenizer(zoo.source(str(folder)))) > 8


@pytest.mark.parametrize(
    ("gone", "said"),
    [("model.safetensors.index.json", r"are in \d+ parts, and model.safetensors.index.json, .* is missing"),
     ("model-00002-*", r"1 of the \d+ parts of the weights of model .* is missing: model-00002")],
)  # fmt: skip
def test_weights_in_parts_say_which_is_missing(gone, said, tmp_path):
    folder = tiny_bert(tmp_path)
    model = hf.AutoModelForMaskedLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="8KB")
    assert not built(folder, hf.AutoModelForMaskedLM).fresh
    next(folder.glob(gone)).unlink()
    with pytest.raises(wb.WorkbenchError, match=said):
        built(folder)


def test_gguf_is_called_gguf(tmp_path):
    folder = make("llama", tmp_path)
    (folder / "model.safetensors").rename(folder / "model-Q4_K_M.gguf")
    with pytest.raises(wb.WorkbenchError, match="GGUF"):
        built(folder)


@pytest.mark.parametrize("method", ["bitsandbytes", "gptq", "awq", "fp8"])
def test_quantised_weights_are_refused_before_a_package_for_them_is_asked_for(method, tmp_path):
    folder = changed(make("llama", tmp_path), quantization_config={"quant_method": method, "bits": 4})
    with pytest.raises(wb.WorkbenchError, match=rf"quantised \({method}\)"):
        zoo.config(zoo.source(str(folder)))


# --- tokenizers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "gpt2", "t5", "roberta"])
def test_a_folder_without_a_tokenizer_is_refused(family, tmp_path):
    """transformers makes one of a few special tokens, to which every word is unknown."""
    folder = make(family, tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(wb.WorkbenchError, match="no vocabulary"):
        zoo.tokenizer(zoo.source(str(folder)))


def enlarged(folder, **new):
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens(new) if new else tokenizer.add_tokens(["zymurgy"])
    tokenizer.save_pretrained(folder)
    return folder


def test_words_that_the_model_has_no_vectors_for_are_told(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="1 tokens that the model has no vectors for, such as 'zymurgy'"):
        zoo.tokenizer(zoo.source(str(enlarged(make("llama", tmp_path)))))


def test_padding_that_the_model_has_no_vector_for_is_the_end_of_a_text(tmp_path):
    """As in many a Llama to which somebody has given [PAD] and no row."""
    folder = enlarged(make("llama", tmp_path), pad_token="[PADDING]")
    assert hf.AutoTokenizer.from_pretrained(folder).pad_token == "[PADDING]"
    assert zoo.tokenizer(zoo.source(str(folder))).pad_token == "<|endoftext|>"


def bare(folder):
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    tokenizer.bos_token = tokenizer.eos_token = tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    return folder


def test_a_tokenizer_without_padding_and_end_is_refused(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="no token for padding"):
        zoo.tokenizer(zoo.source(str(bare(make("gpt2", tmp_path)))))
