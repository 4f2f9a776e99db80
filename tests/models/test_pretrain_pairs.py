"""Pretraining on pairs: what is held out, how batches are made, and a run that is resumed, with a Marian that trains in milliseconds."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import pairs as made_up

from workbench.errors import WorkbenchError
from workbench.models import checkpoints, pretrain, pretrain_card, pretrain_text, recipes
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_loop import Loop
from workbench.models.pretrain_pairs import Pairs, bounds, held_out, padded, pairs, part_of, sentences
from workbench.models.recipes import en_fr_mini


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = made_up(1500)
    path = tmp_path_factory.mktemp("corpus") / "made_up.tsv"
    lines = [
        f"{s[:-1]} {i}.\t{t[:-1]} {i}." for i, (s, t) in enumerate(zip(rows["source"], rows["target"], strict=True))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tiny() -> recipes.Recipe:
    """en-fr-mini's recipe, small."""
    sizes: dict[str, Any] = {"hidden": 16, "tokens": 512 * 12, "batch": 512, "vocabulary": 500, "phases": ((16, 1.0),)}
    return dataclasses.replace(recipes.find("en-fr-mini"), score=None, **sizes,
                               build=lambda vocabulary: en_fr_mini.build(vocabulary, hidden=16, layers=1, heads=2))  # fmt: skip


@pytest.fixture(scope="module")
def encoded(tiny: recipes.Recipe, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("work")
    pretrain.encode(tiny, corpus, corpus, work)
    return work


def loop_of(tiny: recipes.Recipe, encoded: Path, work: Path) -> Loop:
    plan = Plan(tiny.tokens, tiny.batch, 1e-2, 0, tiny.phases)
    ids, valid = pretrain_text.load_ids(encoded), pretrain_text.load_ids(encoded, "valid-*.npy.xz")
    return Loop(tiny, pretrain.fresh_model(tiny, encoded, 0), plan, ids, valid, work, bf16=False)


# --- what is held out -------------------------------------------------------------------------------------------------


def test_parts_are_disjoint_and_hold_what_they_should(corpus: Path) -> None:
    parts = {name: list(pairs(corpus, name)) for name in ("train", "valid", "test")}
    assert sum(map(len, parts.values())) == 1500
    assert 0.003 < len(parts["valid"]) / 1500 < 0.02 and 0.01 < len(parts["test"]) / 1500 < 0.035
    sources = [{s for s, _ in some} for some in parts.values()]
    assert not sources[0] & sources[1] and not sources[0] & sources[2] and not sources[1] & sources[2]


@pytest.mark.parametrize(
    "other", ["WHERE is the station", "Where is the station!?", "where's".replace("'s", " is the station")]
)
def test_case_and_signs_do_not_change_the_part(other: str) -> None:
    assert part_of(other) == part_of("Where is the station?")


def test_a_line_that_is_no_pair_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text("a\tb\nc\n", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"Line 2 of bad\.tsv is not a pair"):
        list(pairs(path, "train"))


def test_source_and_target_come_in_turn(corpus: Path) -> None:
    flat = [line for document in sentences(corpus, "train") for line in document]
    both = list(pairs(corpus, "train"))
    assert flat[::2] == [s for s, _ in both] and flat[1::2] == [t for _, t in both]


# --- batches ----------------------------------------------------------------------------------------------------------

FLAT = np.array([5, 1, 6, 7, 1, 8, 9, 1, 4, 1, 3, 3, 3, 1, 2, 1], dtype=np.uint16)  # (5 | 6 7), (8 9 | 4), (3 3 3 | 2)


def pairs_of(ids: np.ndarray, batch: int, longest: int = 8, seed: int = 0) -> Pairs:
    return Pairs(
        ids, Plan(1000, batch, 1.0, seed, ((longest, 1.0),)), separator=1, padding=0, device=torch.device("cpu")
    )


def test_bounds_and_padding_by_hand() -> None:
    found = bounds(FLAT, 1)
    assert found.tolist() == [[[0, 2], [2, 5]], [[5, 8], [8, 10]], [[10, 14], [14, 16]]]
    rows = padded(torch.from_numpy(FLAT.astype(np.int64)), found[:2], 0)
    assert rows.tolist() == [[[5, 1, 0], [6, 7, 1]], [[8, 9, 1], [4, 1, 0]]]


def test_a_sentence_that_is_too_long_is_left_out() -> None:
    found = pairs_of(FLAT, 100, longest=3)
    assert len(found.kept) == 2 and (found(0) != 3).all()
    assert held_out(FLAT, 1, 0, length=3, rows=9).shape == (2, 2, 3)


def random_pairs(n: int = 200) -> np.ndarray:
    draw = np.random.default_rng(1)
    return np.concatenate([np.append(draw.integers(3, 90, draw.integers(1, 9)), 1) for _ in range(2 * n)])


def test_every_pair_once_in_each_pass_and_no_batch_over_the_plan() -> None:
    ids = random_pairs()
    feed = pairs_of(ids, 120, longest=10)
    passes = [[feed(step) for step in range(i * len(feed.cuts), (i + 1) * len(feed.cuts))] for i in range(2)]
    for batches in passes:
        seen = sorted(str([side[side != 0].tolist() for side in pair]) for batch in batches for pair in batch)
        right = sorted(str([ids[a:b].tolist() for a, b in pair]) for pair in bounds(ids, 1))
        assert seen == right
        assert all(len(b) * sum(int((b[:, i] != 0).sum(1).max()) for i in (0, 1)) <= 120 for b in batches)
    assert [len(b) for b in passes[0]] != [len(b) for b in passes[1]]  # another order
    assert sum(int((b != 0).sum()) for b in passes[0]) / sum(b.numel() for b in passes[0]) > 0.6


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    ids = random_pairs()
    one, other = pairs_of(ids, 120), pairs_of(ids, 120)
    for _ in range(5):
        one(0)
    step = len(one.cuts) + 3
    assert torch.equal(one(step), other(step)) and one(0).shape == other(0).shape
    third = pairs_of(ids, 120, seed=1)
    assert any(one(i).shape != third(i).shape or not torch.equal(one(i), third(i)) for i in range(5))


def test_the_loss_is_smoothed_while_learning_only() -> None:
    logits, labels = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]]), torch.tensor([[0, -100]])
    plain = -torch.log_softmax(logits[0], 0)
    smoothed = 0.9 * plain[0] + 0.1 * plain.mean()
    assert float(en_fr_mini.loss(logits, labels)) == pytest.approx(float(smoothed))
    with torch.no_grad():
        assert float(en_fr_mini.loss(logits, labels)) == pytest.approx(float(plain[0]))


def test_logits_are_those_of_transformers() -> None:
    model = en_fr_mini.build(60, hidden=16, layers=1, heads=2).eval()
    source, shown, labels = en_fr_mini.corrupt(
        torch.tensor([[[5, 6, 1], [7, 1, 0]], [[8, 1, 0], [9, 10, 1]]]), torch.Generator()
    )
    with torch.no_grad():
        mine = en_fr_mini.predict(model, source, shown)
        theirs = model(input_ids=source, attention_mask=(source != 0).long(), labels=labels)
        assert torch.allclose(mine.view(2, 3, 60), theirs.logits, atol=1e-6)
        assert float(en_fr_mini.loss(mine, labels)) == pytest.approx(float(theirs.loss), rel=1e-5)


# --- tokenizer and run ------------------------------------------------------------------------------------------------


def test_the_tokenizer_keeps_case_and_accents_and_joins_what_it_cut(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    text = ["L'été coûte 25 €, n'est-ce pas ?", "Don't wait: I'm \"hungry\"!"] * 3
    core = en_fr_mini.train_tokenizer(text, 500)
    core.save(str(tmp_path / "tokenizer.json"))
    pretrain_text.write_json(tmp_path / "tokenizer_config.json", en_fr_mini.TOKENIZER_CONFIG)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    for line in text:
        ids = tokenizer(line)["input_ids"]
        assert ids[-1] == en_fr_mini.EOS and tokenizer.decode(ids, skip_special_tokens=True) == line
    same = tokenizer("L’été\u202fcoûte  25\xa0€")["input_ids"]  # other apostrophes and spaces
    assert same == tokenizer("L'été coûte 25 €")["input_ids"]
    assert tokenizer(text_target="L'été")["input_ids"] == tokenizer("L'été")["input_ids"]


def test_resumed_run_is_the_uninterrupted_run_with_dropout(tiny: recipes.Recipe, encoded: Path, tmp_path: Path) -> None:
    whole = loop_of(tiny, encoded, tmp_path / "whole")
    assert whole.model.config.dropout == 0.1 and whole.train(every=4)
    for _ in range(12):
        part = loop_of(tiny, encoded, tmp_path / "part")
        if checkpoints.newest(tmp_path / "part" / "checkpoint"):
            part.resume()
        finished = part.train(minutes=0, every=4)
    assert finished
    for a, b in zip(whole.model.parameters(), part.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert whole.state["curve"][-1]["valid_loss"] < whole.state["curve"][0]["valid_loss"]


def test_the_shipped_folder_translates_with_transformers_alone(
    tiny: recipes.Recipe, encoded: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    work, out = tmp_path / "work", tmp_path / "out"
    assert loop_of(tiny, encoded, work).train()
    shutil.copytree(encoded, work, dirs_exist_ok=True)
    card = pretrain_card.write(tiny, work, out)
    model, info = AutoModelForSeq2SeqLM.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert isinstance(tokenizer.decode(model.generate(**tokenizer("the cat", return_tensors="pt"))[0]), str)
    assert card["tasks"] == ["translation"] and card["validation_loss"] == pytest.approx(
        card["curve"][-1]["valid_loss"], abs=0.01
    )
    assert "nats per French token" in (out / "README.md").read_text() and "token_accuracy" in card


def test_the_real_model_is_the_size_it_says() -> None:
    parameters = sum(p.numel() for p in en_fr_mini.build().parameters() if p.requires_grad)
    assert 5.7e6 < parameters < 6.1e6
