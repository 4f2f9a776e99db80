"""Pretraining on a made-up text with a tiny model: answers by hand, or two ways to the same answer."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import windows
from scipy import sparse

from workbench.catalog import bundled_home
from workbench.errors import WorkbenchError
from workbench.models import checkpoints, embeddings, pretrain, pretrain_card, pretrain_text, recipes
from workbench.models.pretrain_batches import Blocks, Plan
from workbench.models.pretrain_loop import Loop
from workbench.models.recipes import bert_mini

WORDS = ["the", "cat", "sat", "on", "a", "mat", "while", "one", "dog", "ran", "to", "its", "red", "house", "and", "ate"]


@pytest.fixture(scope="module")
def tiny() -> recipes.Recipe:
    """bert-mini's recipe with a model that trains in milliseconds."""

    def build(vocabulary: int) -> Any:
        from transformers import BertConfig, BertForMaskedLM

        sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        dropout: dict[str, Any] = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        return BertForMaskedLM(BertConfig(vocab_size=vocabulary, max_position_embeddings=128, **sizes, **dropout))

    sizes: dict[str, Any] = {"hidden": 16, "tokens": 128 * 12, "batch": 128, "vocabulary": 400}
    corrupt = functools.partial(bert_mini.corrupt, vocabulary=400)
    phases = ((16, 0.5), (32, 0.5))
    return dataclasses.replace(recipes.find("bert-mini"), build=build, corrupt=corrupt, phases=phases, **sizes)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of random sentences, two blank lines between them."""
    generator = np.random.default_rng(0)
    lines = [" ".join(generator.choice(WORDS, 12)) + "." for _ in range(600)]
    path = tmp_path_factory.mktemp("corpus") / "made_up.txt"
    path.write_text("\n\n\n".join("\n".join(lines[i : i + 6]) for i in range(0, 600, 6)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def encoded(tiny: recipes.Recipe, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("work")
    pretrain.encode(tiny, corpus, corpus, work)
    return work


def loop_of(tiny: recipes.Recipe, encoded: Path, work: Path) -> Loop:
    plan = Plan(tiny.tokens, tiny.batch, 1e-2, 0, tiny.phases)
    ids = pretrain_text.load_ids(encoded)
    model = pretrain.fresh_model(tiny, encoded, 0)
    return Loop(tiny, model, plan, ids, ids, work, bf16=False)


# --- counting ---------------------------------------------------------------------------------------------------------


def test_co_occurrences_by_hand() -> None:
    counts = embeddings.co_occurrences(np.array([2, 3, 2], dtype=np.uint16), 4, window=2).toarray()
    assert counts[2, 3] == counts[3, 2] == 2.0  # twice side by side
    assert counts[2, 2] == 1.0  # once two apart: a half, counted from both ends


def test_special_tokens_keep_their_place_but_do_not_count() -> None:
    counts = embeddings.co_occurrences(np.array([2, 0, 3]), 4, window=2, first_word=1).toarray()
    assert counts[2, 3] == 0.5
    assert counts[0].sum() == 0


def test_counting_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.random.default_rng(0).integers(0, 6, 50)
    whole = embeddings.co_occurrences(ids, 6).toarray()
    monkeypatch.setattr(embeddings, "CHUNK", 7)
    assert np.allclose(embeddings.co_occurrences(ids, 6).toarray(), whole)


def test_positive_pmi_by_hand() -> None:
    counts = sparse.csr_matrix([[0.0, 3.0], [3.0, 1.0]])
    ppmi = embeddings.positive_pmi(counts, smoothing=1.0).toarray()
    # P(0,1) = 3/7, P(0) = 3/7, P(1) = 4/7: log(3/7 / (3/7 * 4/7)) = log(7/4); the pair (1,1) is rarer than chance
    assert ppmi == pytest.approx(np.array([[0, math.log(7 / 4)], [math.log(7 / 4), 0]]), abs=1e-6)


def test_embeddings_are_centred_and_scaled() -> None:
    ids = np.random.default_rng(0).zipf(1.5, 5000).clip(max=39).astype(np.uint16)
    vectors = embeddings.from_counts(ids, 40, 8, first_word=2)
    assert vectors.shape == (40, 8)
    assert vectors[2:].std() == pytest.approx(0.05, rel=0.01)
    assert abs(vectors[2:].mean()) < 1e-3


def test_log_unigram_by_hand() -> None:
    log_p = embeddings.log_unigram(np.array([0, 2, 2, 3]), 4, first_word=1)
    assert np.exp(log_p) == pytest.approx([1 / 7, 1 / 7, 3 / 7, 2 / 7])


# --- the objective ----------------------------------------------------------------------------------------------------


def test_masking_shares() -> None:
    blocks = torch.randint(5, 8192, (400, 62), generator=torch.Generator().manual_seed(1))
    inputs, positions, labels = bert_mini.corrupt(blocks, torch.Generator().manual_seed(0))
    assert inputs.shape == (400, 64)
    assert positions.shape == labels.shape == (400, 19)  # 30% of 62
    assert (inputs[:, 0] == bert_mini.CLS).all() and (inputs[:, -1] == bert_mini.SEP).all()
    shown = inputs.gather(1, positions)
    assert (shown == bert_mini.MASK).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (shown == labels).float().mean().item() == pytest.approx(0.1, abs=0.02)
    rest = torch.ones_like(inputs, dtype=torch.bool).scatter(1, positions, False)[:, 1:-1]
    assert (inputs[:, 1:-1][rest] == blocks[rest]).all()  # what is not hidden is as it was


def test_special_tokens_are_never_asked_for() -> None:
    blocks = torch.full((4, 20), bert_mini.SEP)
    blocks[:, 3] = 77
    inputs, _, labels = bert_mini.corrupt(blocks, torch.Generator().manual_seed(0))
    assert (labels == 77).sum() == 4
    assert (labels == -100).sum() == labels.numel() - 4
    assert (inputs[:, 5:] == bert_mini.SEP).all()


def test_blocks_are_consecutive_and_cover_the_text_once() -> None:
    plan = Plan(tokens=400, batch=40, rate=1.0, seed=0, phases=((10, 1.0),))
    blocks = Blocks(np.arange(100, dtype=np.uint16), plan, added=2, device=torch.device("cpu"))
    seen = torch.cat([blocks(step) for step in range(2)])
    assert (seen.diff(dim=1) == 1).all()
    assert len(set(seen[:, 0].tolist())) == len(seen) == 8


def test_plan_lengthens_and_the_rate_decays() -> None:
    plan = Plan(tokens=1000, batch=10, rate=1.0, seed=0, phases=((5, 0.8), (10, 0.2)))
    assert [plan.phase(step) for step in (0, 79, 80, 99)] == [(0, 5, 0), (0, 5, 79), (1, 10, 0), (1, 10, 19)]
    assert [round(plan.learning_rate(step), 3) for step in (0, 4, 5, 52, 99)] == [0.2, 1.0, 1.0, 0.505, 0.011]


def test_new_positions_start_as_learned_ones() -> None:
    model = bert_mini.build(300)
    before = model.bert.embeddings.position_embeddings.weight.detach().clone()
    bert_mini.lengthen(model, 8, 16)
    after = model.bert.embeddings.position_embeddings.weight.detach()
    assert torch.equal(after[:7], before[:7])
    assert [int(torch.cdist(row[None], before[:8]).argmin()) for row in after[7:16]] == [1, 2, 3, 4, 5, 6, 1, 2, 3]
    assert torch.equal(after[16:], before[16:])


# --- the run ----------------------------------------------------------------------------------------------------------


def test_encoding_keeps_text_and_documents(encoded: Path, corpus: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoded / "tokenizer")
    ids = pretrain_text.load_ids(encoded)
    assert (ids == bert_mini.SEP).sum() == 100
    first = " ".join(next(pretrain_text.documents(corpus)))
    assert ids[: list(ids).index(bert_mini.SEP) + 1].tolist() == tokenizer(first)["input_ids"][1:]


def test_resumed_run_is_the_uninterrupted_run(
    tiny: recipes.Recipe, encoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    windows.refuse(monkeypatch, refused)
    whole = loop_of(tiny, encoded, tmp_path / "whole")
    assert whole.train(every=3)
    for _ in range(12):  # minutes=0: one step at a time, also off the report boundary and over the change of phase
        part = loop_of(tiny, encoded, tmp_path / "part")
        if checkpoints.newest(tmp_path / "part" / "checkpoint"):
            part.resume()
        finished = part.train(minutes=0, every=3)
    assert finished
    columns = ("step", "train_loss", "valid_loss", "valid_accuracy")
    curves = [[[line[c] for c in columns] for line in run.state["curve"]] for run in (whole, part)]
    assert curves[0] == curves[1]
    assert len(curves[0]) == 5
    for a, b in zip(whole.model.parameters(), part.model.parameters(), strict=True):
        assert torch.equal(a, b)
    written = [json.loads(line) for line in (tmp_path / "part" / "curve.jsonl").read_text().splitlines()]
    assert written == part.state["curve"]
    assert refused == []  # no moments lie in the files that the next checkpoint replaces


def test_another_plan_is_refused(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    loop_of(tiny, encoded, tmp_path).train(minutes=0)
    with pytest.raises(WorkbenchError, match="batch"):
        loop_of(dataclasses.replace(tiny, batch=64), encoded, tmp_path).resume()


def test_checkpoint_is_data_in_small_parts(
    tiny: recipes.Recipe, encoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "PART_BYTES", 40_000)
    loop_of(tiny, encoded, tmp_path).train(minutes=0)
    files = sorted(p.name for p in (tmp_path / "checkpoint").iterdir())
    assert {p.rsplit(".", 1)[1] for p in files} == {"safetensors", "json"}
    assert len(files) > 3
    assert not list(tmp_path.glob("checkpoint-*"))


def test_checkpoint_survives_a_cut_during_the_swap(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    loop_of(tiny, encoded, tmp_path).train(minutes=0)
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint-old")
    again = loop_of(tiny, encoded, tmp_path)
    again.resume()
    assert again.state["step"] == 1


def test_a_diverged_run_says_so(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    loop = loop_of(tiny, encoded, tmp_path)
    with torch.no_grad():
        loop.model.cls.predictions.bias.fill_(math.nan)
    with pytest.raises(WorkbenchError, match="The loss is nan"):
        loop.train(every=1)


def test_shipped_folder_loads_everywhere(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

    work, out = tmp_path / "work", tmp_path / "out"
    loop = loop_of(tiny, encoded, work)
    loop.note_hardware("CPU, 1 thread")
    assert loop.train()
    shutil.copytree(encoded, work, dirs_exist_ok=True)
    card = pretrain_card.write(tiny, work, out)
    _, info = AutoModelForMaskedLM.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    model, info = AutoModelForSequenceClassification.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    assert all(key.startswith(("bert.pooler", "classifier")) for key in info["missing_keys"])
    assert model.config.hidden_dropout_prob == 0.1
    segments = model.bert.embeddings.token_type_embeddings.weight
    assert torch.equal(segments[0], segments[1])
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert tokenizer("The CAT sat.")["input_ids"] == tokenizer("the cat sat.")["input_ids"]
    assert card["tokens_seen"] == tiny.tokens and card["curve"][-1]["step"] == 12
    assert card["validation_loss"] == pytest.approx(card["curve"][-1]["valid_loss"], abs=0.01)
    text = (out / "README.md").read_text() + (out / "card.json").read_text()
    assert str(tmp_path) not in text and str(encoded) not in text
    assert card["command"].endswith(" --corpus made_up.txt") and card["limits"][0] == pretrain_card.ANOTHER
    assert "Licence of the weights: not stated" in text and "Apache" not in text  # it is not ours to give


def test_a_finished_model_is_gone_on_from(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    plan = Plan(tiny.tokens, tiny.batch, 1e-3, 1, ((32, 1.0),))
    cards, ids = [], pretrain_text.load_ids(encoded)
    for name in ("first", "second"):
        work = tmp_path / name
        loop = loop_of(tiny, encoded, work)
        if cards:
            model, begin = pretrain.begun_model(tiny, tmp_path / "first-out"), pretrain.begun(tmp_path / "first-out")
            assert model.config.hidden_dropout_prob == 0
            loop = Loop(tiny, model, plan, ids, ids, work, bf16=False, begin=begin)
        assert loop.train()
        shutil.copytree(encoded, work, dirs_exist_ok=True)
        cards.append(pretrain_card.write(tiny, work, tmp_path / f"{name}-out"))
    first, second = cards
    assert [p["tokens"] for p in second["curve"]][:: len(second["curve"]) - 1] == [tiny.tokens, 2 * tiny.tokens]
    assert second["curve"][0]["valid_loss"] == pytest.approx(first["validation_loss"], abs=0.01)  # not from nothing
    assert second["tokens_seen"] == 2 * tiny.tokens
    assert second["command"].startswith(first["command"]) and second["command"].endswith(
        "--lengths 32:100 --begin FOLDER --corpus made_up.txt"
    )
    assert first["sha256"]["model.safetensors"][:16] in second["initialisation"]
    with pytest.raises(WorkbenchError, match="begin"):
        Loop(tiny, model, plan, ids, ids, tmp_path / "second", bf16=False).resume()


def test_positions_that_a_finished_model_has_learned_stay(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    """Longer blocks later in the run: fresh positions start as copies of the first ones, those of a finished model stay."""
    ids, plan = pretrain_text.load_ids(encoded), Plan(2 * tiny.batch, tiny.batch, 0.0, 1, ((8, 0.5), (16, 0.5)))
    for begin, copied in ((None, True), ({"tokens_seen": 1}, False)):
        model = tiny.fresh(encoded / "tokenizer")
        assert Loop(tiny, model, plan, ids, ids, tmp_path / str(copied), bf16=False, begin=begin).train()
        positions = model.bert.embeddings.position_embeddings.weight
        assert torch.allclose(positions[7:13], positions[1:7], atol=1e-6) is copied


def test_under_torchrun_every_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA T4 16GB")
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda precision: None)
    for key, value in {"LOCAL_RANK": "1", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(key, value)
    device = pretrain.pick_device("auto")
    assert (device, taken) == (torch.device("cuda", 1), [torch.device("cuda", 1)])
    assert pretrain.hardware(device, 4) == "2 NVIDIA T4"
    assert pretrain.pick_device("cpu") == torch.device("cpu")


def test_lengths_are_written_with_their_shares(capsys: pytest.CaptureFixture[str]) -> None:
    assert pretrain.lengths("64:60,128:20") == ((64, 0.75), (128, 0.25))
    for words in ("64", "64:", "-1:2", "64:0", ""):
        with pytest.raises(SystemExit):
            pretrain.main(["bert-mini", f"--lengths={words}"])
        assert "as 64:60,128:40" in capsys.readouterr().err


def test_an_unfinished_run_is_not_shipped(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    loop_of(tiny, encoded, tmp_path).train(minutes=0)
    with pytest.raises(WorkbenchError, match="stands at step 1 of 12"):
        pretrain_card.write(tiny, tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bert-mega"], "no recipe called 'bert-mega'"),
        (["bert-mini", "--corpus", "nowhere.txt"], "no corpus at nowhere.txt"),
        (["bert-mini", "--stage", "train"], "--stage encode"),
        (["bert-mini", "--stage", "card"], "no checkpoint"),
        (["bert-mini", "--begin", "nowhere"], "nowhere cannot be gone on from"),
    ],
)
def test_user_errors_are_sentences(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pretrain.main([*arguments, "--work", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_the_real_model_is_the_size_it_says() -> None:
    parameters = sum(p.numel() for p in bert_mini.build().parameters())
    assert 5.3e6 < parameters < 5.5e6


@pytest.mark.parametrize("name", ["gpt-mini", "bert-mini", "xlnet-mini"])
def test_a_finished_model_is_gone_on_from_without_dropout(name: str) -> None:
    """Shipped with the dropout of fine-tuning, which GPT-2 spells otherwise than BERT."""
    folder = bundled_home() / "models" / name
    shipped = json.loads((folder / "config.json").read_text("utf-8"))
    rates = [key for key in shipped if "drop" in key and shipped[key]]
    begun = pretrain.begun_model(recipes.find(name), folder).config
    fresh = recipes.find(name).fresh(folder).config
    assert rates and [getattr(begun, key) for key in rates] == [getattr(fresh, key) for key in rates]
    assert any(getattr(begun, key) == 0 for key in rates)
