"""Pairing: the table of families and tasks, encoders joined to a decoder, prompts to be completed, shuffled guessing; by hand."""

import json

import numpy as np
import pytest
import torch
from families import make
from tiny import data as labelled_data
from tiny import parallel_data, tiny_bert, tiny_marian

import workbench as wb
from workbench import catalog, families
from workbench.config import RunConfig
from workbench.data import load
from workbench.models import pairing, sides, zoo
from workbench.tasks import TASKS
from workbench.tasks.forward import forward
from workbench.tasks.language_modeling import NOT_ASKED
from workbench.tasks.permutation import order, views
from workbench.tasks.translation import SILENT, translate
from workbench.views import fits
from workbench.views.panel import Panel

TASK = TASKS["translation"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("pairing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "DECODER", str(tiny_marian(home / "decoder", seed=3)))
        names = {"bert": tiny_bert(home / "bert"), "wide": tiny_bert(home / "wide", hidden=48)}
        names |= {family: make(family, home / family) for family in ("gpt2", "xlnet")}
        yield {name: str(folder) for name, folder in names.items()} | {"decoder": pairing.DECODER}


@pytest.fixture(scope="module")
def pairs():
    return load(parallel_data(16, 8))


def prepared(folder, data, task="translation", **choices):
    """(source, what is prepared, model in eval mode)."""
    source, config = zoo.source(folder), RunConfig(model=folder, **choices)
    ready = TASKS[task].prepare(data, pairing.tokenizer(source, task), config)
    torch.manual_seed(0)
    return source, ready, TASKS[task].build(source, ready, config).eval()


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_family_of_the_table_is_of_one_kind_and_does_known_tasks():
    names = [family for known in families.KINDS.values() for family in known]
    assert len(names) == len(set(names))
    assert {task for ways in families.WAYS.values() for task in ways} == set(TASKS)
    assert families.tasks("xlnet") == families.tasks("gpt2") == families.tasks("elmo") == tuple(TASKS)
    assert families.tasks("marian") == ("translation",) and "language-modeling" not in families.tasks("t5")


def test_what_the_list_of_models_says_is_the_table():
    rows = {line.split()[0]: line for line in repr(catalog.models()).splitlines()}
    assert "new decoder" in rows["bert-mini"] and "prompt" in rows["gpt-mini"] and "as it is" in rows["en-fr-mini"]
    assert "new head" not in rows["en-fr-mini"] and "–" in rows["en-fr-mini"]


@pytest.mark.parametrize(("folder", "kind"), [("bert", "reader"), ("gpt2", "writer"), ("decoder", "translator")])
def test_the_kind_is_found_without_the_table_too(folder, kind, folders, monkeypatch):
    cfg = zoo.config(zoo.source(folders[folder]))
    assert pairing.kind(cfg) == kind
    monkeypatch.setattr(families, "KINDS", {})
    assert pairing.kind(cfg) == {"translator": "reader and writer"}.get(kind, kind)


# --- an encoder and a decoder -----------------------------------------------------------------------------------------


def test_both_halves_are_as_they_were_pretrained(folders, pairs):
    from safetensors.torch import load_file

    _, _, model = prepared(folders["bert"], pairs)
    encoder, decoder = model.encoder.state_dict(), model.decoder.state_dict()
    bert = {k.removeprefix("bert."): v for k, v in load_file(f"{folders['bert']}/model.safetensors").items()}
    assert set(encoder) <= set(bert) and all(torch.equal(v, bert[k]) for k, v in encoder.items())
    marian = load_file(f"{folders['decoder']}/model.safetensors")
    known = [k for k in decoder if k in marian]
    assert any("encoder_attn" in k for k in known) and all(torch.equal(decoder[k], marian[k]) for k in known)
    assert torch.equal(decoder["lm_head.weight"], marian["model.shared.weight"])
    assert not hasattr(model, "enc_to_dec_proj")


def test_of_a_random_twin_both_halves_are_fresh(folders, pairs):
    _, _, model = prepared(folders["bert"], pairs)
    _, _, twin = prepared(folders["bert"] + ":random", pairs)
    pick = lambda m: (m.encoder.embeddings.word_embeddings.weight, m.decoder.lm_head.weight)  # noqa: E731
    assert all(a.shape == b.shape and not torch.equal(a, b) for a, b in zip(pick(model), pick(twin), strict=True))


def test_halves_of_different_width_get_a_layer_between_them(folders, pairs):
    _, ready, model = prepared(folders["wide"], pairs)
    assert tuple(model.enc_to_dec_proj.weight.shape) == (32, 48)
    assert len(translate(model, ["the cat"], ready.tokenizer)) == 1


def test_each_side_is_cut_by_its_own_tokenizer(folders):
    tokenizer = pairing.tokenizer(zoo.source(folders["bert"]), "translation")
    encoded = TASK.encode({"source": ["the room"], "target": ["le chat"]}, tokenizer, 64)
    assert tokenizer.source.convert_ids_to_tokens(encoded.ids[0].tolist()) == ["[CLS]", "the", "room", "[SEP]"]
    assert tokenizer.target.convert_ids_to_tokens(encoded.labels[0].tolist()) == ["le", "chat", "</s>"]
    assert tokenizer.model_max_length == 64 and len(tokenizer) == len(tokenizer.source)


# --- a prompt that is completed ---------------------------------------------------------------------------------------


def test_a_prompt_ends_with_the_separator_and_a_completion_with_the_end(folders):
    tokenizer = pairing.tokenizer(zoo.source(folders["gpt2"]), "translation")
    encoded = TASK.encode({"source": ["the cat"], "target": ["le chat"]}, tokenizer, 64)
    assert (
        tokenizer.decode(encoded.ids[0]) == "the cat ="
        and tokenizer.decode(encoded.labels[0]) == " le chat<|endoftext|>"
    )
    cut = TASK.encode({"source": ["the cat " * 40], "target": ["le chat " * 40]}, tokenizer, 9)
    assert len(cut.ids[0]) == len(cut.labels[0]) == 9
    assert cut.ids[0][-len(tokenizer.separator) :].tolist() == tokenizer.separator and cut.labels[0][-1] == 0
    assert tokenizer.model_max_length == 48  # of 96 positions


def test_accents_survive_the_byte_pieces(folders):
    tokenizer = pairing.tokenizer(zoo.source(folders["gpt2"]), "translation")
    target = "Où est l'hôtel, à gauche ? Ça coûte 5 €, cœur."
    assert tokenizer.batch_decode([tokenizer(text_target=target)["input_ids"]], skip_special_tokens=True) == [
        f" {target}"
    ]


def test_a_batch_of_prompts_by_hand(folders):
    tokenizer = pairing.tokenizer(zoo.source(folders["gpt2"]), "translation")
    collate = TASK.collate(tokenizer)
    assert collate.limit == 2 * tokenizer.model_max_length
    collate.limit = 5
    batch = collate([(np.array([5, 6, 7]), np.array([8, 0])), (np.array([9]), np.array([3]))])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 0], [9, 3, 0, 0, 0]]
    assert batch["labels"].tolist() == [[SILENT, SILENT, SILENT, 8, 0], [SILENT, 3, SILENT, SILENT, SILENT]]
    assert batch["attention_mask"].tolist() == [[1] * 5, [1, 1, 0, 0, 0]]


@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_the_loss_is_that_of_the_target_alone_whatever_the_batch(name, folders, pairs):
    _, ready, model = prepared(folders[name], pairs)
    collate = TASK.collate(ready.tokenizer)
    parts = forward(model, ready.validation, collate, lambda: True, batch_size=3, read=TASK.read)
    assert [len(p) for p in parts] == [len(labels) for labels in ready.validation.labels]
    total = 0.0
    with torch.no_grad():
        for item in ready.validation:
            total += float(model(**collate([item]))["loss"]) * len(item[1])
    losses = TASK.losses(parts, None)
    assert losses.mean() == pytest.approx(total / len(losses), rel=1e-4)


def test_greedy_is_the_likeliest_next_piece_one_after_the_other(folders, pairs):
    _, ready, model = prepared(folders["gpt2"], pairs)
    texts = ["the cat sleeps.", "the old dog eats here now!"]
    ids = torch.tensor([ready.tokenizer(text=texts[0])["input_ids"]])
    begun, end = ids.shape[1], ready.tokenizer.eos_token_id
    limit = 2 * begun + 16
    with torch.no_grad():
        while ids.shape[1] < begun + limit and ids[0, -1] != end:
            ids = torch.cat([ids, model(ids).logits[:, -1].argmax(-1, keepdim=True)], 1)
    want = ready.tokenizer.decode(ids[0, begun:], skip_special_tokens=True).strip()
    alone = translate(model, texts[:1], ready.tokenizer, max_length=96, beams=1)[0]
    assert alone[: len(want)] == want[: len(alone)]


# --- guesses in a shuffled order --------------------------------------------------------------------------------------


def test_no_place_knows_its_own_piece_or_a_later_one(folders):
    data = load(labelled_data(16, 8)).unlabelled()
    _, ready, model = prepared(folders["xlnet"], data, "language-modeling")
    ids, labels = ready.validation[0]
    labels = np.where(np.arange(len(ids)) < 4, ids, NOT_ASKED)  # the first four are asked for
    turns = order(ids, labels, NOT_ASKED)
    assert sorted(turns[:4].tolist()) == [0, 1, 2, 3] and (turns[4:] == -1).all()

    def logits(shown):
        batch = {"input_ids": torch.from_numpy(shown)[None], **views(torch.from_numpy(turns)[None])}
        with torch.no_grad():
            return model(**batch).logits[0]

    before = logits(ids)
    for turn in range(4):
        place = int(np.flatnonzero(turns == turn)[0])
        other = ids.copy()
        other[place] = 5 + (ids[place] + 7) % 40
        after = logits(other)
        for later in range(4):
            where = int(np.flatnonzero(turns == later)[0])
            assert torch.allclose(before[where], after[where], atol=1e-6) == (later <= turn)


def test_the_loss_of_shuffled_guesses_is_the_models_own(folders):
    data = load(labelled_data(16, 8)).unlabelled()
    _, ready, model = prepared(folders["xlnet"], data, "language-modeling")
    task = TASKS["language-modeling"]
    collate = task.collate(ready.tokenizer)
    items = [ready.validation[i] for i in range(5)]
    assert all((shown == plain).all() for (shown, _), plain in zip(items, task.parts(
        list(data["validation"]["text"]), ready.tokenizer, 128).ids, strict=False))  # nothing is masked  # fmt: skip
    batch = collate(items)
    with torch.no_grad():
        output = model(**batch)
    read = task.read(output, batch)
    assert float(output.loss) == pytest.approx(float(np.concatenate([r[0] for r in read]).mean()), rel=1e-5)


def test_label_smoothing_of_shuffled_guesses_is_refused(folders):
    data = load(labelled_data(16, 8)).unlabelled()
    with pytest.raises(wb.WorkbenchError, match="label_smoothing=0"):
        prepared(folders["xlnet"], data, "language-modeling", label_smoothing=0.1)


# --- said before Train ------------------------------------------------------------------------------------------------


def test_the_panel_leaves_out_what_does_not_fit_and_says_why(home):
    panel = Panel(RunConfig())
    assert "en-fr-mini" not in panel.controls.widgets["model"].options
    assert "<summary>1 choice does not fit" in panel.fits.value and "translates" in panel.fits.value
    panel.controls.widgets["data"].value = "phrases-en-fr"
    assert {"en-fr-mini", "bert-mini", "gpt-mini"} <= set(panel.controls.widgets["model"].options)
    assert "distillation" in panel.fits.value and "a technique for classification" in panel.fits.value
    assert "LSTM" not in panel.fits.value
    panel.controls.widgets["model"].value, panel.controls.widgets["data"].value = "elmo-mini", "reviews"
    assert "lora beside the LSTMs of &#x27;elmo-mini&#x27;; try technique=&#x27;full&#x27;" in panel.fits.value
    assert panel.problem.value == ""
    panel.controls.widgets["technique"].value = "lora"
    assert "lora beside the LSTMs" in panel.problem.value


def test_what_peft_cannot_change_is_what_peft_has_no_list_for():
    from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as known

    every = {family for group in families.KINDS.values() for family in group}
    assert set(families.UNFIT["ia3"]) == every - set(known)


def test_train_refuses_with_the_reason_and_leaves_no_run_behind(home, folders):
    panel = Panel(RunConfig(model="en-fr-mini"))
    assert (
        "translates; this is data for classification" in panel.problem.value and 'role="alert"' in panel.problem.value
    )
    panel.start()
    assert panel.run is None and not list(home.glob("2*")) and "translates" in panel.problem.value
    panel.controls.widgets["model"].value = folders["decoder"]
    assert "translates" in panel.problem.value
    panel.controls.widgets["model"].value = "bert-mini"
    assert panel.problem.value == ""
    panel.controls.widgets["technique"].value = "distillation"
    panel.controls.widgets["data"].value = "people-places"
    assert "data for tagging" in panel.problem.value


def test_what_only_loading_would_tell_is_left_open(tmp_path):
    assert fits.task_of(RunConfig(data=str(tmp_path / "my.csv"))) == "" and fits.left_out_html("") == ""
    assert fits.family_of("owner/unknown") == "" and fits.refusal(RunConfig(model="owner/unknown")) is None
    (tmp_path / "config.json").write_text("[", "utf-8")
    assert fits.family_of(str(tmp_path)) == ""


def test_the_second_tokenizer_is_found_where_it_was_saved(folders, tmp_path):
    tokenizer = pairing.tokenizer(zoo.source(folders["bert"]), "translation")
    tokenizer.save_pretrained(tmp_path)
    assert (tmp_path / sides.TARGET / "tokenizer.json").is_file()
    assert json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))["model_max_length"] == 64
