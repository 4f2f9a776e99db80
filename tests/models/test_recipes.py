"""The families' own ideas, each on blocks of made-up ids: what is asked, who sees what, and a tokenizer that loads anywhere."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoTokenizer

from workbench.models import pretrain_text
from workbench.models.recipes import find, gpt_mini, roberta_mini, xlnet_mini

NEW = ("roberta-mini", "gpt-mini", "xlnet-mini")
TEXT = "The Ünited cats sat on 3 mats, didn't they? Über £5 – “quoted” naïve café."
SENTENCES = [
    f"The {a} cat of {b} sat on the {c} mat." for a in ("old", "red") for b in ("Paris", "Rome") for c in ("big", "new")
] * 30


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@pytest.fixture(scope="module")
def blocks() -> torch.Tensor:
    return torch.randint(9, 300, (3, 20), generator=seeded(1))


@pytest.mark.parametrize("name", NEW)
def test_what_is_asked_is_what_stood_there(name: str, blocks: torch.Tensor) -> None:
    recipe = find(name)
    inputs, positions, labels = recipe.corrupt(blocks, seeded(2))
    assert positions.shape == labels.shape
    logits = recipe.predict(recipe.build(300).eval(), inputs, positions)
    assert logits.shape == (labels.numel(), 300)
    assert torch.isfinite(recipe.loss(logits, labels))
    padded = (
        blocks if name == "gpt-mini" else torch.nn.functional.pad(blocks, (1, 1) if name == "roberta-mini" else (0, 2))
    )
    assert (padded.gather(1, positions) == labels).all()


def test_xlnet_never_sees_what_it_has_yet_to_guess(blocks: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = xlnet_mini.build(300).eval()
    inputs, positions, _ = xlnet_mini.corrupt(blocks, seeded(2))
    with torch.no_grad():
        before = xlnet_mini.predict(model, inputs, positions).view(3, -1, 300)
        for turn in range(positions.shape[1]):
            other = inputs.clone()
            other[torch.arange(3), 0, positions[:, turn]] = 8
            moved = (xlnet_mini.predict(model, other, positions).view(3, -1, 300) - before).abs().amax(-1)
            assert moved[:, : turn + 1].max() == 0  # not even through <sep> and <cls>
            assert (moved[:, turn + 1 :] > 1e-4).all()


def test_who_sees_whom_in_xlnet_by_hand() -> None:
    # given, second, first, given: rows are who looks, columns at whom
    hidden = xlnet_mini.hidden_from(torch.tensor([[-1, 1, 0, -1]]))[0]
    assert hidden.tolist() == [[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]]


def test_gpt_does_not_look_ahead(blocks: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = gpt_mini.build(300).eval()
    inputs, positions, labels = gpt_mini.corrupt(blocks, seeded(2))
    assert (inputs[:, 1:] == labels[:, :-1]).all() and (inputs[:, 0] == gpt_mini.END).all()
    other = inputs.clone()
    other[:, 10] = 8
    with torch.no_grad():
        both = [gpt_mini.predict(model, i, positions).view(3, 20, 300) for i in (inputs, other)]
    moved = (both[0] - both[1]).abs().amax(-1)
    assert moved[:, :10].max() < 1e-6 < 1e-4 < moved[:, 10:].min()


@pytest.mark.parametrize("name", NEW)
def test_the_start_is_the_counted_one(name: str) -> None:
    recipe = find(name)
    model = recipe.build(300)
    vectors = torch.randn(300, recipe.hidden, generator=seeded(0)) * 0.05
    recipe.start(model, vectors, torch.log_softmax(torch.randn(300, generator=seeded(1)), 0))
    assert torch.equal(model.get_input_embeddings().weight, vectors)
    assert torch.equal(model.get_output_embeddings().weight, vectors)  # tied


@pytest.mark.parametrize("module", [roberta_mini, gpt_mini])
def test_new_positions_go_on_as_the_learned_ones(module) -> None:  # type: ignore[no-untyped-def]
    model = module.build(300)
    table = (
        model.roberta.embeddings.position_embeddings.weight[2:]
        if module is roberta_mini
        else model.transformer.wpe.weight
    )
    module.lengthen(model, 8, 16)
    body = (1, 7) if module is roberta_mini else (1, 8)  # the first, and RoBERTa's last, stand for special tokens
    learned = {tuple(row.tolist()) for row in table[slice(*body)]}
    assert all(tuple(row.tolist()) in learned for row in table[8:16])
    assert tuple(table[8].tolist()) != tuple(table[0].tolist())


@pytest.mark.parametrize("name", NEW)
def test_the_tokenizer_loads_as_transformers_loads_it(name: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    recipe = find(name)
    ours = recipe.train_tokenizer([*SENTENCES, TEXT] * 12, 400)
    ours.save(str(tmp_path / "tokenizer.json"))
    pretrain_text.write_json(tmp_path / "tokenizer_config.json", recipe.tokenizer_config)
    recipe.build(400).config.save_pretrained(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.is_fast and len(theirs) == ours.get_vocab_size()
    for text in (TEXT, SENTENCES[0], "", "日本 🙂", "two  blanks"):
        assert theirs(text)["input_ids"] == ours.encode(text).ids
        if text:
            assert theirs("a", text)["input_ids"] == ours.encode("a", text).ids
    for special in ("unk", "pad", "sep", "cls", "mask", "eos"):
        wanted = recipe.tokenizer_config.get(f"{special}_token")
        assert getattr(theirs, f"{special}_token") == wanted
    if name != "xlnet-mini":  # bytes: nothing is lost
        assert theirs.decode(theirs("日本 🙂")["input_ids"], skip_special_tokens=True).strip() == "日本 🙂"


def test_the_families_are_of_one_size() -> None:
    sizes = {name: sum(p.numel() for p in find(name).build(8192).parameters()) for name in ("bert-mini", *NEW)}
    assert max(sizes.values()) / min(sizes.values()) < 1.15, sizes
