"""Families of the Hub that none of the tables names: what each does differently, on models of two layers."""

import importlib.util
from functools import partial

import numpy as np
import pytest
import torch
import transformers as hf
from families import DECODER, SIZES, TOKENIZERS, begun, byte_pairs, make, wrapped
from tiny import data as labelled_data
from tiny import parallel_data, tagged_data
from tokenizers import processors
from transformers.models.mbart.modeling_mbart import shift_tokens_right

import workbench as wb
from workbench.data import load
from workbench.models import contexts, hub, objectives, pairing, sound, zoo
from workbench.tasks import TASKS
from workbench.tasks.forward import forward
from workbench.techniques import TECHNIQUES
from workbench.training import events as ev
from workbench.training.predictor import Predictor

BERT_LIKE = {**SIZES, "pad_token_id": 0}
SEQ2SEQ = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
           "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 96, "pad_token_id": 1, "bos_token_id": 0,
           "eos_token_id": 2}  # fmt: skip
WITHOUT_INNER = {k: v for k, v in SIZES.items() if k not in ("intermediate_size", "max_position_embeddings")}
FEW = {"hidden_size": 32, "num_hidden_layers": 2, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
MORE = {  # family -> (kind of tokenizer, class that is saved, its configuration)
    "big_bird": ("wordpiece", hf.BigBirdModel, hf.BigBirdConfig(**BERT_LIKE, attention_type="original_full")),
    "funnel": ("wordpiece", hf.FunnelModel, hf.FunnelConfig(d_model=32, block_sizes=[1, 1], n_head=2, d_head=16, d_inner=64, num_decoder_layers=1)),
    "squeezebert": ("wordpiece", hf.SqueezeBertModel, hf.SqueezeBertConfig(**BERT_LIKE, embedding_size=32)),
    "mobilebert": ("wordpiece", hf.MobileBertForMaskedLM,
                   hf.MobileBertConfig(**BERT_LIKE, embedding_size=16, intra_bottleneck_size=16, true_hidden_size=16)),
    "mpnet": ("bytes-masked", hf.MPNetModel, hf.MPNetConfig(**SIZES | {"pad_token_id": 1})),
    "falcon": ("bytes", hf.FalconForCausalLM, hf.FalconConfig(**WITHOUT_INNER, bos_token_id=0, eos_token_id=0)),
    "mamba": ("bytes", hf.MambaForCausalLM, hf.MambaConfig(**FEW, state_size=4)),
    "granite": ("bytes", hf.GraniteForCausalLM, hf.GraniteConfig(**DECODER)),
    "opt": ("bytes", hf.OPTForCausalLM,
            hf.OPTConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, ffn_dim=64, word_embed_proj_dim=16,
                         max_position_embeddings=96, pad_token_id=1, bos_token_id=0, eos_token_id=0)),
    "gemma3": ("bytes", hf.Gemma3ForCausalLM, hf.Gemma3TextConfig(**DECODER | {"pad_token_id": 0}, head_dim=16)),
    "mbart": ("bytes-masked", hf.MBartForConditionalGeneration, hf.MBartConfig(**SEQ2SEQ)),
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("more")
    for family, (kind, saved, config) in MORE.items():
        tokenizer = TOKENIZERS[kind]()
        tokenizer.save_pretrained(home / family)
        torch.manual_seed(0)
        config.vocab_size = len(tokenizer)
        saved(config).save_pretrained(home / family)
    return home


made = partial(begun, max_length=200)


def learns(model, batch):
    """Whether twelve steps on four examples take a third off their loss."""
    optimizer = torch.optim.AdamW([p for p in model.train().parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(12):
        loss = model(**batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses[-1] < losses[0] * 2 / 3


@pytest.mark.parametrize("family", ["mamba", "granite"])
def test_a_writer_without_a_head_for_labels_gets_the_mean_over_its_tokens(family, folders):
    model, batch, prepared = made(folders / family, "classification", load(labelled_data(16, 8)))
    assert model.pooling == "mean" and learns(model, batch)
    collate = TASKS["classification"].collate(prepared.tokenizer)
    six, one = (forward(model, prepared.train.take(np.arange(n)), collate, lambda: True) for n in (6, 1))
    np.testing.assert_allclose(six[:1], one, atol=1e-4)  # padding counts for nothing


@pytest.mark.parametrize("family", ["opt", "gemma3", "mamba"])
def test_a_writer_without_a_head_for_tags_gets_a_linear_layer_of_our_own(family, folders, home, tmp_path, monkeypatch):
    run = wb.fit(tagged_data(24, 8), model=str(folders / family), learning_rate=1e-2, epochs=2, evaluations=1).join()
    losses, asked = run.frame()["train_loss"], [["Ann", "left"], ["Ann", "met", "Ben", "in", "Rome", "again"]]
    assert run.status == "finished" and losses.iloc[-1] < losses.iloc[0]
    assert any("a linear layer of our own" in e.text for e in run.store.events if isinstance(e, ev.Note))
    tags = [run.predict([words])["tags"].iloc[0] for words in asked]
    assert run.predict(asked)["tags"].tolist() == tags  # padding counts for nothing
    assert Predictor.from_store(run.store).predict(asked)["tags"].tolist() == tags
    saved = run.save(tmp_path / "saved")
    code = (saved / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(saved)
    names = {}
    exec(code, names)
    assert names["tags"] == run.predict([names["words"]])["tags"].iloc[0]
    with pytest.raises(wb.WorkbenchError, match="no head for tags in the family"):
        run.export(tmp_path / "script")


@pytest.mark.parametrize("family", ["falcon", "mamba"])
def test_lora_finds_the_linear_layers_of_families_with_kinds_of_their_own(family, folders):
    model, batch, _ = made(folders / family, "classification", load(labelled_data(16, 8)), technique="lora")
    assert any("lora_A" in name for name, _ in model.named_parameters()) and learns(model, batch)


def test_lora_beside_no_linear_layer_is_refused(folders):
    with pytest.raises(wb.WorkbenchError, match="without linear layers"):
        made(folders / "squeezebert", "classification", load(labelled_data(16, 8)), technique="lora")


def test_a_pooled_head_is_as_wide_as_the_vectors_that_it_reads(folders):
    """OPT's are brought back to the width of its words' vectors, which is not that of its layers."""
    model, batch, _ = made(folders / "opt", "classification", load(labelled_data(16, 8)), pooling="mean")
    assert model.classifier.in_features == 16 and learns(model, batch)


def test_feature_extraction_gives_the_answers_of_the_frozen_model(folders):
    model, batch, _ = made(
        folders / "big_bird", "classification", load(labelled_data(16, 8)), technique="feature-extraction"
    )
    found = model.eval()(**batch)["logits"]
    plain = TECHNIQUES["feature-extraction"].finish(model)
    torch.testing.assert_close(plain.eval()(**batch)["logits"], found)


def test_feature_extraction_of_fewer_vectors_than_pieces_is_refused(folders):
    model, batch, _ = made(
        folders / "funnel", "classification", load(labelled_data(16, 8)), technique="feature-extraction"
    )
    with pytest.raises(wb.WorkbenchError, match="fewer vectors than pieces"):
        model(**batch)


def test_mobilebert_learns_hidden_words(folders):
    """It multiplies by its output layer's weights and never calls the layer."""
    model, batch, _ = made(folders / "mobilebert", "language-modeling", load(labelled_data(16, 8)).unlabelled())
    assert learns(model, batch)


@pytest.mark.parametrize("task", ["classification", "multi-label"])
def test_a_text_of_any_length_has_room_in_positions_behind_the_padding(task, folders):
    import pandas as pd

    texts = ["the room was warm and the meal was cold " * n for n in (1, 2, 30, 31)]
    labels = {"label": [0, 1, 0, 1]} if task == "classification" else {"labels": [["a"], ["b"], ["a", "b"], ["a"]]}
    split = {"split": ["train"] * 4 + ["validation"] * 4}
    data = load(
        pd.DataFrame({"text": texts + [t + "today" for t in texts], **{k: v * 2 for k, v in labels.items()}, **split})
    )
    model, batch, _ = made(folders / "mpnet", task, data)
    assert batch["input_ids"].shape[1] == 94 and torch.isfinite(model(**batch)["loss"])


@pytest.mark.parametrize(
    "family", ["Longformer", "IBert", "Data2VecText", "RobertaPreLayerNorm", "Xmod", "Luke", "MPNet", "XLMRobertaXL"]
)
def test_robertas_relatives_have_as_many_positions_fewer(family):
    assert zoo._positions(getattr(hf, f"{family}Config")(max_position_embeddings=96, pad_token_id=1)) == 94


def test_an_encoders_own_number_of_positions_counts():
    assert zoo._positions(hf.LEDConfig(max_encoder_position_embeddings=80)) == 80


@pytest.mark.parametrize(("labels", "problem"), [(1, "regression"), (3, "multi_label_classification")])
def test_what_a_checkpoint_was_tuned_for_before_does_not_choose_the_loss(labels, problem, tmp_path):
    """As in models for toxicity (several labels) and for similarity (a number)."""
    TOKENIZERS["wordpiece"]().save_pretrained(tmp_path)
    config = hf.DistilBertConfig(
        dim=32, n_layers=1, n_heads=2, hidden_dim=32, vocab_size=300, num_labels=labels, problem_type=problem
    )
    hf.DistilBertForSequenceClassification(config).save_pretrained(tmp_path)
    model, batch, _ = made(tmp_path, "classification", load(labelled_data(16, 8)))
    out = model(**batch)
    want = torch.nn.functional.cross_entropy(out["logits"], batch["labels"])
    torch.testing.assert_close(out["loss"], want)


def test_a_translator_writes_from_the_token_that_it_has_learned_to_begin_with(folders):
    """mBART's configuration names none; `generate` would take the token for the beginning of a text, training shows padding."""
    model, batch, prepared = made(folders / "mbart", "translation", load(parallel_data(16, 8)))
    begin = {int(i) for i in batch["decoder_input_ids"][:, 0]}
    written = model.eval().generate(
        batch["input_ids"], attention_mask=batch["attention_mask"], max_length=4, do_sample=False
    )
    assert begin == {int(i) for i in written[:, 0]} == {prepared.tokenizer.pad_token_id}


def test_a_prompt_without_an_end_is_refused(tmp_path):
    tokenizer = hf.AutoTokenizer.from_pretrained(_bytes(tmp_path))
    tokenizer.eos_token, tokenizer.bos_token, tokenizer.pad_token = None, None, "a"
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(wb.WorkbenchError, match="no token for the end"):
        pairing.tokenizer(zoo.source(str(tmp_path)), "translation")


def _bytes(folder):
    TOKENIZERS["bytes"]().save_pretrained(folder)
    hf.GPT2Config(vocab_size=400, n_embd=32, n_layer=1, n_head=2).save_pretrained(folder)
    return folder


def test_a_tokenizer_written_in_python_cuts_long_texts_into_parts_as_well():
    tokenizer, task = hf.ByT5Tokenizer(model_max_length=11), TASKS["language-modeling"]
    parts = task.parts(["ab", "0123456789" * 2 + "x", ""], tokenizer, 64)
    assert [len(i) for i in parts.ids] == [3, 11, 11, 2] and parts.rows.tolist() == [0, 1, 1, 1]
    assert [tokenizer.decode(i[:-1]) for i in parts.ids] == ["ab", "0123456789", "0123456789", "x"]


PIECES_GONE = "its tokenizer needs the packages sentencepiece and protobuf"


@pytest.mark.parametrize(
    ("said", "why"),
    [("`tiktoken` is required to read a `tiktoken` file. Install it with `pip install tiktoken`.", PIECES_GONE),
     ("Unrecognized configuration class <class 'MarianConfig'> to build an AutoTokenizer.", PIECES_GONE),
     ("The repository x contains custom code which must be executed", "which is never run here"),
     ("Unrecognized configuration class <class 'X'> for this kind of AutoModel: AutoModelForTokenClassification.",
      "no AutoModelForTokenClassification for its family"),
     ("Should have a `model_type` key in its config.json.", "no config.json that names the family"),
     ("has model type `superbert` but Transformers does not recognize this", "knows no family 'superbert'"),
     ("Couldn't instantiate the backend tokenizer from one of:\n(1) a", "has no tokenizer")],
)  # fmt: skip
def test_what_transformers_says_in_many_words_is_said_in_few(said, why, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert why in str(hub.trouble("acme/x", ValueError(said), True))
    if why == PIECES_GONE:
        assert "pip install sentencepiece protobuf" in str(hub.trouble("acme/x", ValueError(said), True))


def test_a_text_begins_once_where_its_tokenizer_has_put_the_beginning_there(tmp_path):
    core = byte_pairs(["<s>", "</s>"])
    core.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 0)])
    wrapped(core, ["input_ids", "attention_mask"], bos_token="<s>", eos_token="</s>").save_pretrained(tmp_path)
    hf.LlamaForCausalLM(hf.LlamaConfig(**DECODER | {"vocab_size": 400})).save_pretrained(tmp_path)
    reader = objectives.Reader(str(tmp_path))
    ids = reader.tokenizer("the room was warm")["input_ids"]
    (found,) = reader.ask(ids, [1, 3])
    with torch.inference_mode():
        want = reader.model(input_ids=torch.tensor([ids])).logits[0, [0, 2]].softmax(-1)
    assert ids[0] == 0 and np.allclose(found.probabilities, want, atol=1e-6)


@pytest.mark.parametrize("ask", [objectives.Reader, contexts.Encoder])
def test_a_tokenizer_written_in_python_has_no_places_to_ask_for(ask, tmp_path):
    hf.ByT5Tokenizer().save_pretrained(tmp_path)
    hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=384, n_embd=32, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    with pytest.raises(wb.WorkbenchError, match="written in Python"):
        ask(str(tmp_path))


@pytest.mark.parametrize("config", [hf.ViTConfig, hf.Qwen2VLConfig, hf.CLIPConfig])
def test_what_reads_pictures_translates_nothing(config, tmp_path):
    config().save_pretrained(tmp_path)
    with pytest.raises(wb.WorkbenchError, match="no head for translation"):
        pairing.suits(zoo.source(str(tmp_path)), "translation")


@pytest.mark.parametrize("family", ["gpt2", "distilbert", "electra", "modernbert"])
@pytest.mark.parametrize("task", ["classification", "tagging"])
def test_an_answer_does_not_depend_on_the_longer_texts_beside_it(task, family, tmp_path):
    """A tokenizer saved with padding on the left: the head would read padding, or places would be counted from it."""
    folder = make(family, tmp_path)
    tokenizer = hf.AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.save_pretrained(folder)
    assert hf.AutoTokenizer.from_pretrained(folder).padding_side == "left"
    data = load(labelled_data(16, 8)) if task == "classification" else load(tagged_data(16, 8))
    model, batch, prepared = made(folder, task, data)
    assert learns(model, batch)
    collate = TASKS[task].collate(prepared.tokenizer)
    ask = partial(forward, model, collate=collate, keep_going=lambda: True, read=TASKS[task].read)
    for n, beside in enumerate(ask(prepared.train.take(np.arange(8)))):
        np.testing.assert_allclose(beside, ask(prepared.train.take(np.array([n])))[0], atol=1e-4)


@pytest.mark.parametrize("family", ["funnel", "canine"])
def test_a_family_that_reads_padding_gets_none_when_it_answers(family, folders, tmp_path):
    """They join neighbours before they look at the mask; [CLS] stands alone, and an answer for a whole text was the same before."""
    folder = canine(tmp_path) if family == "canine" else folders / family
    model, batch, prepared = made(folder, "tagging", load(tagged_data(16, 8)))
    assert learns(model, batch) and family in sound.padding_words(zoo.config(zoo.source(str(folder))))
    collate = TASKS["tagging"].collate(prepared.tokenizer)
    found = forward(model.eval(), prepared.train, collate, lambda: True, read=TASKS["tagging"].read)
    with torch.inference_mode():
        for ids, logits in zip(prepared.train.ids, found, strict=True):
            ids = torch.tensor(ids)[None]
            plain = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
            np.testing.assert_allclose(logits, plain, atol=1e-4)


def canine(folder):
    """It reads characters by their numbers, and has no vocabulary."""
    hf.CanineTokenizer(model_max_length=96).save_pretrained(folder)
    torch.manual_seed(0)
    hf.CanineModel(hf.CanineConfig(**SIZES, num_hash_buckets=64, local_transformer_stride=16)).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("choice", [("classification", {"pooling": "max"}), ("tagging", {"head": "bilstm"})])
def test_a_head_of_our_own_on_a_t5_is_refused(choice, tmp_path):
    task, how = choice
    data = load(labelled_data(16, 8)) if task == "classification" else load(tagged_data(16, 8))
    with pytest.raises(wb.WorkbenchError, match="reads with one half and writes with the other"):
        made(make("t5", tmp_path), task, data, **how)


def test_fewer_layers_are_counted_as_their_family_counts_them():
    long, mamba = (
        hf.LongformerConfig(num_hidden_layers=4, attention_window=[8, 16, 32, 64]),
        hf.MambaConfig(num_hidden_layers=4),
    )
    for cfg in (long, mamba):
        zoo.set_layers(cfg, 2)
    assert long.attention_window == [8, 16] and mamba.num_hidden_layers == 2


def nllb(folder, **languages):
    letters = {
        f"▁{w}": 4 + i
        for i, w in enumerate(["the", "cat", "dog", "sleeps", "eats", "here", "now", "le", "chat", "dort"])
    }
    tokenizer = hf.NllbTokenizer(vocab={"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, **letters}, merges=[], **languages)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    hf.M2M100ForConditionalGeneration(
        hf.M2M100Config(**SEQ2SEQ, decoder_start_token_id=2, vocab_size=len(tokenizer))
    ).save_pretrained(folder)
    return folder


def test_a_translator_of_many_languages_writes_the_one_that_its_tokenizer_names(tmp_path):
    """The names of both languages were English: what it was shown began with the wrong one."""
    data = load(parallel_data(16, 8))
    with pytest.raises(wb.WorkbenchError, match="which one it shall write"):
        made(nllb(tmp_path / "none"), "translation", data)
    model, batch, prepared = made(nllb(tmp_path / "two", src_lang="eng_Latn", tgt_lang="fra_Latn"), "translation", data)
    english, french = prepared.tokenizer.convert_tokens_to_ids(["eng_Latn", "fra_Latn"])
    assert set(batch["input_ids"][:, 0].tolist()) == {english} and set(batch["labels"][:, 0].tolist()) == {french}
    asked = {k: batch[k] for k in ("input_ids", "attention_mask")}
    assert set(model.eval().generate(**asked, max_length=4, do_sample=False)[:, 1].tolist()) == {french}


def cc25(folder, **languages):
    words = ["the", "cat", "dog", "sleeps", "eats", "here", "now", "le", "chat", "dort"]
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *(f"▁{w}" for w in words), "en_XX", "fr_XX", "<mask>"]
    tokenizer = hf.MBartTokenizer(vocab=[(w, -2.0 if w[0] == "▁" else 0.0) for w in vocabulary], **languages)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    hf.MBartForConditionalGeneration(hf.MBartConfig(**SEQ2SEQ, vocab_size=len(tokenizer))).save_pretrained(folder)
    return folder


def test_mbart_begins_with_the_language_that_it_writes(home, tmp_path):
    """Its texts end with the name of their language, and what it writes begins with it: not with padding, and not with English."""
    data = load(parallel_data(16, 8))
    with pytest.raises(wb.WorkbenchError, match=r"which one it shall write.*tgt_lang='fr_XX'"):
        made(cc25(tmp_path / "none"), "translation", data)
    folder = cc25(tmp_path / "two", tgt_lang="fr_XX")
    run = wb.fit(data, model=str(folder), max_length=16, epochs=1, evaluations=1).join()
    model, tokenizer = run.predictor().model, run.predictor().tokenizer
    batch = TASKS["translation"].collate(tokenizer)([(np.array([4, 2, 14]), np.array([11, 2, 15]))])
    french = tokenizer.convert_tokens_to_ids("fr_XX")
    want = shift_tokens_right(batch["labels"][:, :3], tokenizer.pad_token_id)  # what transformers itself would show it
    assert batch["decoder_input_ids"][:, :3].tolist() == want.tolist() == [[french, 11, 2]]
    saved = hf.AutoModelForSeq2SeqLM.from_pretrained(run.save(tmp_path / "saved"))
    for one in (model, saved):
        assert one.generate(batch["input_ids"], max_length=3)[0, 0] == french
    again = Predictor.from_store(run.store)
    assert again.predict(["the cat sleeps"]).equals(run.predict(["the cat sleeps"]))
