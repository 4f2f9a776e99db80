"""Classification: from texts to batches, logits and scores, each against a value worked out another way."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import data
from transformers import AutoModel

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import load
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.tasks.base import Collate, Encoded, LengthGrouped
from workbench.tasks.classification import stratified
from workbench.tasks.forward import forward

TASK = TASKS["classification"]


@pytest.fixture(scope="module")
def loaded():
    return load(data())


@pytest.fixture(scope="module")
def prepared(loaded, tokenizer):
    return TASK.prepare(loaded, tokenizer, RunConfig())


def one_text_and_others(text):
    rows = [text, *[f"the room {i}" for i in range(19)]]
    return load(pd.DataFrame({"text": rows, "label": [0, 1] * 10, "split": ["train"] * 12 + ["validation"] * 8}))


def encoded(lengths):
    ids = [np.full(n, 7) for n in lengths]
    return Encoded(ids, np.arange(len(ids)) % 2, np.arange(len(ids)))


# --- prepare ----------------------------------------------------------------------------------------------------------


def test_prepare_keeps_every_text_in_order(prepared, loaded, tokenizer):
    assert len(prepared.train) == 64 and len(prepared.validation) == 32
    for text, ids in zip(loaded["train"]["text"], prepared.train.ids, strict=True):
        assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ##", "") == text


def test_prepare_keeps_every_label(prepared, loaded):
    assert prepared.train.labels.tolist() == list(loaded["train"]["label"])
    assert prepared.labels == ["0", "1"]


def test_every_text_begins_with_cls_and_ends_with_sep(prepared, tokenizer):
    ends = {(int(ids[0]), int(ids[-1])) for ids in prepared.train.ids}
    assert ends == {(tokenizer.cls_token_id, tokenizer.sep_token_id)}


@pytest.mark.parametrize(("words", "cut"), [(7, 1), (6, 0), (1, 0)])
def test_a_text_is_cut_when_it_is_longer_than_the_limit(tokenizer, words, cut):
    prepared = TASK.prepare(one_text_and_others("room " * words), tokenizer, RunConfig(max_length=8))
    assert prepared.train.lengths[0] == min(words + 2, 8)  # with [CLS] and [SEP]
    assert prepared.facts["cut"] == cut


def test_a_cut_text_still_ends_with_sep(tokenizer):
    prepared = TASK.prepare(one_text_and_others("room " * 50), tokenizer, RunConfig(max_length=8))
    assert prepared.train.ids[0][-1] == tokenizer.sep_token_id


def test_cut_texts_are_counted_among_the_chosen_ones_only(tokenizer):
    rows = [("room " * 50 if i % 2 else "a room") + f" {i}" for i in range(40)]
    frame = pd.DataFrame({"text": rows, "label": [0, 1] * 20, "split": ["train"] * 20 + ["validation"] * 20})
    prepared = TASK.prepare(load(frame), tokenizer, RunConfig(max_length=16, train_examples=8))
    assert prepared.facts["cut"] == int((prepared.train.labels == 1).sum()) > 0


def test_no_text_is_longer_than_the_models_positions(tokenizer):
    prepared = TASK.prepare(one_text_and_others("room " * 500), tokenizer, RunConfig(max_length=4000))
    assert prepared.train.lengths.max() == 64 and prepared.facts["cut"] == 1


@pytest.mark.parametrize("odd", ["🙂", "مرحبا", "\x00", "<script>", "a" * 10_000, "half \ud83d", ""])
def test_odd_texts_become_at_least_one_word_piece(tokenizer, odd):
    (ids,) = TASK.tokens([odd], tokenizer, 16)
    assert 1 <= len(ids) <= 16 and ids.dtype == np.int64


def test_the_label_entropy_is_worked_out_by_hand(tokenizer):
    frame = pd.DataFrame({"text": [f"a {i}" for i in range(16)], "label": ["x"] * 3 + ["y"] + ["x", "y"] * 6})
    prepared = TASK.prepare(load(frame.assign(split=["train"] * 4 + ["validation"] * 12)), tokenizer, RunConfig())
    assert prepared.facts["label_entropy"] == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_the_tokens_of_an_epoch_are_counted(prepared):
    assert prepared.facts["tokens_per_epoch"] == sum(len(x) for x in prepared.train.ids)


def test_the_probe_is_part_of_training_and_at_most_200_texts(tokenizer):
    prepared = TASK.prepare(load(data(300)), tokenizer, RunConfig())
    assert len(prepared.probe) == 200 and set(prepared.probe.rows) < set(prepared.train.rows)


def test_the_probe_of_few_texts_is_all_of_them(prepared):
    assert prepared.probe.rows.tolist() == prepared.train.rows.tolist()


# --- a subset of training ---------------------------------------------------------------------------------------------

SKEWED = np.array([0] * 60 + [1] * 30 + [2] * 10)


@pytest.mark.parametrize("n", [10, 20, 50])
def test_a_subset_has_the_shares_of_the_whole(n):
    counts = np.bincount(SKEWED[stratified(SKEWED, n, 0)])
    assert counts.sum() == n and np.abs(counts - n * np.array([0.6, 0.3, 0.1])).max() <= 1


def test_a_subset_holds_every_label_where_it_can():
    labels = np.array([0] * 97 + [1, 2, 3])
    assert all(set(labels[stratified(labels, 4, seed)]) == {0, 1, 2, 3} for seed in range(20))


def test_a_smaller_subset_lies_within_a_larger_one():
    sizes = [set(stratified(SKEWED, n, 5)) for n in (4, 10, 37, 100)]
    assert all(small < large for small, large in itertools.pairwise(sizes))


def test_a_subset_depends_on_the_seed_alone():
    one, same, other = (stratified(SKEWED, 10, seed).tolist() for seed in (1, 1, 2))
    assert one == same != other


def test_a_subset_of_everything_is_everything_in_order():
    assert stratified(SKEWED, 100, 3).tolist() == list(range(100))


def test_train_examples_takes_that_many_with_their_own_ids(loaded, prepared, tokenizer):
    some = TASK.prepare(loaded, tokenizer, RunConfig(train_examples=10))
    assert len(some.train) == 10 and np.bincount(some.train.labels).tolist() == [5, 5]
    for row, ids, label in zip(some.train.rows, some.train.ids, some.train.labels, strict=True):
        assert ids.tolist() == prepared.train.ids[row].tolist() and label == prepared.train.labels[row]


def test_train_examples_leaves_validation_whole(loaded, tokenizer):
    assert len(TASK.prepare(loaded, tokenizer, RunConfig(train_examples=10)).validation) == 32


def test_more_train_examples_than_there_are_is_all_of_them(loaded, tokenizer):
    assert len(TASK.prepare(loaded, tokenizer, RunConfig(train_examples=9999)).train) == 64


# --- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "ids", "mask"), [("right", [[5, 6, 9], [7, 9, 9]], [[1, 1, 0], [1, 0, 0]]),
                                                   ("left", [[9, 5, 6], [9, 9, 7]], [[0, 1, 1], [0, 0, 1]])])  # fmt: skip
def test_collate_pads_to_the_longest_on_the_tokenizers_side(side, ids, mask):
    long = (np.array([5, 6, 8]), 0)
    batch = Collate(9, side, limit=3)([(np.array([5, 6]), 1), (np.array([7]), 0), long])
    assert batch["input_ids"].tolist() == [*ids, [5, 6, 8]] and batch["attention_mask"].tolist() == [*mask, [1, 1, 1]]
    assert batch["labels"].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("longest", "limit", "width"), [(3, 512, 8), (8, 512, 8), (9, 512, 16), (98, 100, 100), (9, 4, 9)]
)
def test_widths_are_multiples_of_eight_that_the_model_takes(longest, limit, width):
    batch = Collate(9, limit=limit)([(np.arange(longest), 0), (np.array([7]), 1)])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, width)
    assert batch["attention_mask"].sum(1).tolist() == [longest, 1]


def test_collated_tensors_are_whole_numbers(prepared, tokenizer):
    batch = TASK.collate(tokenizer)([prepared.train[0], prepared.train[1]])
    assert {t.dtype for t in batch.values()} == {torch.int64}


@pytest.mark.parametrize(("n", "size"), [(1, 8), (7, 8), (8, 8), (64, 1), (300, 16), (257, 16)])
def test_each_example_comes_once_in_an_epoch(n, size):
    batches = list(LengthGrouped(np.arange(n) % 13, size, 0))
    assert sorted(i for b in batches for i in b) == list(range(n))
    assert len(batches) == len(LengthGrouped(np.arange(n), size, 0)) and max(map(len, batches)) <= size


def epoch(seed, number, lengths=np.arange(200) % 17):  # noqa: B008 (never changed)
    sampler = LengthGrouped(lengths, 8, seed)
    sampler.set_epoch(number)
    return list(sampler)


def test_the_order_is_the_same_for_the_same_seed_and_epoch():
    np.random.seed(7)  # the order does not depend on numpy's common state
    first = epoch(3, 2)
    np.random.seed(8)
    assert first == epoch(3, 2)


def test_the_order_differs_between_seeds_and_between_epochs():
    orders = [str(epoch(*choice)) for choice in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert len(set(orders)) == 4


def test_reading_an_epoch_twice_gives_the_same_order():
    sampler = LengthGrouped(np.arange(50), 8, 0)
    assert list(sampler) == list(sampler)


def test_batches_hold_texts_of_like_length():
    lengths = np.random.default_rng(0).integers(5, 100, 512)
    spread = np.mean([np.ptp(lengths[b]) for b in epoch(0, 0, lengths)])
    assert spread < 10 < np.mean([np.ptp(lengths[i : i + 8]) for i in range(0, 512, 8)])


def test_short_and_long_batches_are_mixed():
    lengths = np.arange(128)
    means = [np.mean(lengths[b]) for b in epoch(0, 0, lengths)]
    assert means != sorted(means)


def test_take_keeps_ids_labels_and_rows_together():
    some = encoded([3, 4, 5, 6]).take(np.array([3, 1])).take(np.array([0]))
    assert (some.lengths.tolist(), some.labels.tolist(), some.rows.tolist()) == ([6], [1], [3])


# --- forward ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls", "native"])
def test_logits_do_not_depend_on_the_batch_size(source, prepared, tokenizer, pooling):
    model = TASK.build(source, prepared, RunConfig(pooling=pooling))
    one, eight = (forward(model, prepared.train, TASK.collate(tokenizer), lambda: True, n) for n in (1, 8))
    assert one.shape == (64, 2) and np.ptp(one[:, 0]) > 0
    np.testing.assert_allclose(one, eight, atol=1e-6)


def test_logits_are_in_the_order_of_the_texts(source, prepared, tokenizer):
    model = TASK.build(source, prepared, RunConfig(pooling="mean")).eval()
    logits = forward(model, prepared.train, TASK.collate(tokenizer), lambda: True, 8)
    for i in (0, 17, 63):
        alone = model(torch.tensor(prepared.train.ids[i])[None], torch.ones(1, len(prepared.train.ids[i])))
        np.testing.assert_allclose(logits[i], alone["logits"][0].detach(), atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_forward_has_no_dropout_and_leaves_the_mode_as_it_was(source, prepared, tokenizer, training):
    model = TASK.build(source, prepared, RunConfig(pooling="mean", dropout=0.5)).train(training)
    one, two = (forward(model, prepared.train, TASK.collate(tokenizer), lambda: True) for _ in range(2))
    assert (one == two).all() and model.training is training


def test_forward_gives_up_when_told_and_leaves_the_mode_as_it_was(source, prepared, tokenizer):
    model = TASK.build(source, prepared, RunConfig(pooling="mean")).train()
    going = iter([True, True, False])
    assert forward(model, prepared.train, TASK.collate(tokenizer), lambda: next(going), 8) is None and model.training


# --- the model --------------------------------------------------------------------------------------------------------


def test_a_head_has_one_row_per_label_and_starts_at_zero_bias(source, tokenizer):
    three = SimpleNamespace(labels=["a", "b", "c"], tokenizer=tokenizer)
    model = TASK.build(source, three, RunConfig(pooling="mean"))
    assert model.classifier.weight.shape == (3, 32) and model.classifier.bias.tolist() == [0, 0, 0]


def test_the_configuration_knows_the_names_of_the_labels(source, tokenizer):
    three = SimpleNamespace(labels=["a", "b", "<i>"], tokenizer=tokenizer)
    config = TASK.build(source, three, RunConfig(pooling="native")).config
    assert config.id2label == {0: "a", 1: "b", 2: "<i>"} and config.label2id["<i>"] == 2


@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_dropout_is_set_everywhere(source, prepared, pooling):
    model = TASK.build(source, prepared, RunConfig(pooling=pooling, dropout=0.35))
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.35}


def test_without_a_card_the_head_is_transformers_own_where_the_checkpoint_has_what_it_reads(source, prepared, tmp_path):
    assert TASK.build(source, prepared, RunConfig()).pooling == "mean"  # it has learned from masked words alone
    AutoModel.from_pretrained(source.location).save_pretrained(tmp_path)
    whole = zoo.source(str(tmp_path))
    assert type(TASK.build(whole, prepared, RunConfig())).__name__ == "BertForSequenceClassification"


# --- scores -----------------------------------------------------------------------------------------------------------

LOGITS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [1.0, 3.0]])
LABELS = np.array([0, 0, 0, 1])


def test_losses_are_cross_entropy_by_hand():
    expected = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), math.log(1 + math.exp(-2))]
    np.testing.assert_allclose(TASK.losses(LOGITS, LABELS), expected, rtol=1e-12)


def test_losses_are_torchs_cross_entropy():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 5, (50, 7)).astype(np.float32), rng.integers(0, 7, 50)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(TASK.losses(logits, labels), expected, atol=1e-5)


def test_losses_of_huge_logits_are_finite():
    assert TASK.losses(np.array([[1e4, -1e4]], dtype=np.float32), np.array([1])).tolist() == [2e4]


def test_metrics_by_hand():
    found = TASK.metrics(LOGITS, LABELS)  # guesses 0 0 1 1
    assert found["accuracy"] == 0.75
    assert found["f1"] == pytest.approx((2 * 2 / (2 + 3) + 2 * 1 / (2 + 1)) / 2)  # per class 2·TP / (guessed + real)


def test_a_text_that_nothing_can_be_said_about_is_still_predicted(source, prepared, tokenizer):
    model = TASK.build(source, prepared, RunConfig(pooling="mean"))
    ids = TASK.tokens(["", " "], tokenizer, 16)
    empty = Encoded(ids, np.zeros(2, dtype=np.int64), np.arange(2))
    assert np.isfinite(forward(model, empty, TASK.collate(tokenizer), lambda: True)).all()


def test_an_unknown_task_is_refused():
    with pytest.raises(wb.WorkbenchError, match="parsing"):
        wb.fit("reviews", task="parsing")
