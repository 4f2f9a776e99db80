"""Tagging: words to pieces, pieces to batches, answers to scores and errors, each against a value worked out another way."""

import math
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import sentences, tagged_data

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import load
from workbench.tasks import TASKS
from workbench.tasks.forward import forward
from workbench.tasks.tagging import SILENT, NameLookup, TagCollate, split_words

TASK = TASKS["tagging"]
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
LARGE = 30.0  # a logit beside which the others do not count


@pytest.fixture(scope="module")
def loaded():
    return load(tagged_data())


@pytest.fixture(scope="module")
def prepared(loaded, tokenizer):
    return TASK.prepare(loaded, tokenizer, RunConfig())


@pytest.fixture(scope="module")
def model(source, prepared):
    return TASK.build(source, prepared, RunConfig()).eval()


def split_of(*pairs, **extra):
    """A split of these (words, tags), both written with spaces."""
    rows = {"tokens": [w.split() for w, _ in pairs], "tags": [t.split() for _, t in pairs]}
    part = pd.DataFrame({**rows, **extra})
    known = pd.DataFrame({"tokens": [["a"] * 4] * 2, "tags": [["B-LOC", "I-LOC", "B-PER", "I-PER"]] * 2})
    return load(pd.concat([known.assign(split="train"), part.assign(split="validation")]))["validation"]


def answering(*rows, sure=LARGE):
    """What a model would say that gives these tags (written with spaces) to the words of each sentence, piece by piece."""

    def ask(encoded):
        found = []
        for tags, right in zip(rows, encoded.labels, strict=True):
            given, logits = iter(tags.split()), np.zeros((len(right), len(LABELS)))
            for piece in np.flatnonzero(right != SILENT):
                logits[piece, LABELS.index(next(given))] = sure
            found.append(logits)
        return found

    return ask


# --- words and pieces -------------------------------------------------------------------------------------------------


def test_each_word_is_marked_at_its_first_piece(tokenizer):
    (ids,), (first,) = TASK.pieces([["the", "zoo", "room", "<a>"]], tokenizer, 64)
    assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "the", "z", "##o", "##o", "room", "<", "a", ">", "[SEP]"]
    assert first.tolist() == [-1, 0, 1, -1, -1, 2, 3, -1, -1, -1]
    assert ids.dtype == first.dtype == np.int64


def test_words_do_not_melt_into_each_other(tokenizer):
    (one,), _ = TASK.pieces([["the", "room"]], tokenizer, 64)
    (other,), _ = TASK.pieces([["theroom"]], tokenizer, 64)
    assert one.tolist() == tokenizer("the room")["input_ids"] != other.tolist()


@pytest.mark.parametrize("odd", ["", " ", "\u200b", "\x00", "\x07"])
def test_a_word_without_pieces_becomes_unknown(tokenizer, odd):
    (ids,), (first,) = TASK.pieces([["the", odd, "room"]], tokenizer, 64)
    assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "the", "[UNK]", "room", "[SEP]"]
    assert first.tolist() == [-1, 0, 1, 2, -1]


@pytest.mark.parametrize("odd", ["🙂", "👩‍👩‍👧‍👦", "مرحبا", "half \ud83d", "a" * 5000, "$x$", "new york"])
def test_odd_words_are_still_one_word_each(tokenizer, odd):
    (ids,), (first,) = TASK.pieces([["the", odd, "room"]], tokenizer, 64)
    assert [w for w in first if w >= 0] == [0, 1, 2] and len(ids) == len(first) <= 64


@pytest.mark.parametrize(("limit", "kept", "length"), [(4, [0, 1], 4), (5, [0, 1], 5), (6, [0, 1], 6), (7, [0, 1, 2], 7),
                                                       (8, [0, 1, 2, 3], 8), (9, [0, 1, 2, 3], 8)])  # fmt: skip
def test_a_sentence_is_cut_at_the_limit_and_still_ends_with_sep(tokenizer, limit, kept, length):
    words = ["the", "zoo", "room", "a"]  # 1 + 3 + 1 + 1 pieces and two ends
    (ids,), (first,) = TASK.pieces([words], tokenizer, limit)
    assert [w for w in first if w >= 0] == kept and len(ids) == len(first) == length
    assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)


def test_no_sentence_is_longer_than_the_models_positions(tokenizer):
    (ids,), _ = TASK.pieces([["a"] * 500], tokenizer, 4000)
    assert len(ids) == 64
    (ids,), _ = TASK.pieces([["a"] * 500], tokenizer, None)
    assert len(ids) == 502


def test_no_words_are_two_ends(tokenizer):
    (ids,), (first,) = TASK.pieces([[]], tokenizer, 64)
    assert ids.tolist() == [tokenizer.cls_token_id, tokenizer.sep_token_id] and first.tolist() == [-1, -1]
    assert TASK.pieces([], tokenizer, 64) == ([], [])


def byte_level():
    """A tokenizer that marks the space before a word, has no ends, and knows single bytes only (as GPT-2's begins)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate([*letters, "<end>"])}, merges=[]))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<end>", pad_token="<end>", model_max_length=32)


def test_a_tokenizer_that_marks_spaces_sees_one_before_every_word():
    (ids,), (first,) = TASK.pieces([["ab", "é"]], byte_level(), 64)
    assert byte_level().decode(ids) == " ab é" and first.tolist() == [0, -1, -1, 1, -1, -1]


def test_no_words_and_no_ends_are_still_one_piece():
    (ids,), (first,) = TASK.pieces([[]], byte_level(), 64)
    assert len(ids) == 1 and first.tolist() == [-1]


# --- prepare ----------------------------------------------------------------------------------------------------------


def test_prepare_keeps_every_sentence_with_its_tags_in_order(prepared, loaded):
    assert prepared.labels == loaded.labels == LABELS
    for part, split in ((prepared.train, "train"), (prepared.validation, "validation")):
        assert [x[x != SILENT].tolist() for x in part.labels] == list(loaded[split]["tags"])
        assert part.rows.tolist() == list(range(len(loaded[split])))


def test_pieces_that_do_not_begin_a_word_are_silent(tokenizer):
    encoded = TASK.encode(split_of(("the zoo room", "O B-LOC I-LOC")), tokenizer, 64, LABELS)
    assert encoded.labels[0].tolist() == [SILENT, 0, 1, SILENT, SILENT, 2, SILENT]


def test_words_beyond_the_limit_have_no_label(tokenizer):
    encoded = TASK.encode(split_of(("the zoo room", "O B-LOC I-LOC")), tokenizer, 5, LABELS)
    assert encoded.labels[0].tolist() == [SILENT, 0, 1, SILENT, SILENT]


def one_long(words, **config):
    rows = {"tokens": [words, *[["kind", "room"]] * 7], "tags": [["O"] * len(words), *[["B-PER", "O"]] * 7]}
    return load(pd.DataFrame(rows).assign(split=["train"] * 4 + ["validation"] * 4)), RunConfig(**config)


@pytest.mark.parametrize(
    ("words", "cut"), [(["room"] * 6, 0), (["room"] * 7, 1), (["room"] * 4 + ["zoo"], 1), (["room"] * 3 + ["zoo"], 0)]
)
def test_sentences_longer_than_the_limit_are_counted(tokenizer, words, cut):
    data, config = one_long(words, max_length=8)
    assert TASK.prepare(data, tokenizer, config).facts["cut"] == cut


def test_sentences_beyond_the_models_positions_are_counted(tokenizer):
    data, config = one_long(["room"] * 100, max_length=4000)
    assert TASK.prepare(data, tokenizer, config).facts["cut"] == 1


def test_facts_are_counted_by_hand(tokenizer):
    rows = {
        "tokens": [["the", "room"], ["kind", "room"], ["zoo"], ["a"]],
        "tags": [["O", "O"], ["B-PER", "O"], ["B-PER"], ["O"]],
    }
    data = load(pd.DataFrame(rows).assign(split=["train", "train", "train", "validation"]))
    facts = TASK.prepare(data, tokenizer, RunConfig()).facts
    assert (facts["n_train"], facts["n_valid"], facts["tokens_per_epoch"], facts["cut"]) == (3, 1, 4 + 4 + 5, 0)
    assert facts["label_entropy"] == pytest.approx(-0.6 * math.log(0.6) - 0.4 * math.log(0.4))  # 3 of 5 words are O


def test_train_examples_takes_that_many_with_their_own_pieces_and_tags(loaded, prepared, tokenizer):
    some, same, other = (TASK.prepare(loaded, tokenizer, RunConfig(train_examples=10, seed=s)) for s in (1, 1, 2))
    assert len(some.train) == 10 and len(some.validation) == 32
    assert some.train.rows.tolist() == same.train.rows.tolist() == sorted(some.train.rows)
    assert some.train.rows.tolist() != other.train.rows.tolist()
    for row, ids, tags in zip(some.train.rows, some.train.ids, some.train.labels, strict=True):
        assert ids.tolist() == prepared.train.ids[row].tolist() and tags.tolist() == prepared.train.labels[row].tolist()


def test_the_probe_is_part_of_training_and_at_most_200_sentences(tokenizer, prepared):
    large = TASK.prepare(load(tagged_data(300)), tokenizer, RunConfig())
    assert len(large.probe) == 200 and set(large.probe.rows) < set(large.train.rows)
    assert prepared.probe.rows.tolist() == prepared.train.rows.tolist()


# --- batches and answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "ids", "labels", "mask"), [
    ("right", [[5, 6, 9], [7, 8, 3]], [[-100, 1, -100], [0, -100, 2]], [[1, 1, 0], [1, 1, 1]]),
    ("left", [[9, 5, 6], [7, 8, 3]], [[-100, -100, 1], [0, -100, 2]], [[0, 1, 1], [1, 1, 1]]),
])  # fmt: skip
def test_labels_are_padded_with_silence_on_the_side_of_the_ids(side, ids, labels, mask):
    items = [(np.array([5, 6]), np.array([-100, 1])), (np.array([7, 8, 3]), np.array([0, -100, 2]))]
    batch = TagCollate(9, side, limit=3)(items)
    assert batch["input_ids"].tolist() == ids and batch["labels"].tolist() == labels
    assert batch["attention_mask"].tolist() == mask and {t.dtype for t in batch.values()} == {torch.int64}


@pytest.mark.parametrize(
    ("mask", "kept"), [([[1, 1, 0], [1, 1, 1]], [[0, 1], [3, 4, 5]]), ([[0, 1, 1], [0, 0, 1]], [[1, 2], [5]])]
)
def test_answers_are_read_without_padding(mask, kept):
    logits = torch.arange(6.0).reshape(2, 3, 1)
    assert [row[:, 0].tolist() for row in TASK.read({"logits": logits}, {"attention_mask": torch.tensor(mask)})] == kept


@pytest.mark.parametrize("side", ["right", "left"])
def test_answers_do_not_depend_on_the_batch_and_come_in_order(model, prepared, tokenizer, side):
    collate = TagCollate(tokenizer.pad_token_id, side)
    one, eight = (forward(model, prepared.train, collate, lambda: True, n, TASK.read) for n in (1, 8))
    assert len(one) == len(eight) == 64
    for ids, a, b in zip(prepared.train.ids, one, eight, strict=True):
        assert a.shape == b.shape == (len(ids), 5)
        if side == "right":  # where a piece stands counts for BERT
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_answers_stop_when_told(model, prepared, tokenizer):
    going = iter([True, False])
    assert forward(model, prepared.train, TASK.collate(tokenizer), lambda: next(going), 8, TASK.read) is None


def test_the_model_has_a_row_for_every_tag_and_knows_their_names(source, tokenizer):
    shell = SimpleNamespace(labels=["O", "B-<i>", "I-<i>"], tokenizer=tokenizer)
    built = TASK.build(source, shell, RunConfig(dropout=0.35))
    assert built.classifier.weight.shape == (3, 32) and built.config.id2label == {0: "O", 1: "B-<i>", 2: "I-<i>"}
    assert {m.p for m in built.modules() if isinstance(m, torch.nn.Dropout)} == {0.35}


# --- scores -----------------------------------------------------------------------------------------------------------


def test_losses_are_torchs_cross_entropy_word_by_word():
    rng = np.random.default_rng(0)
    logits = [rng.normal(0, 5, (n, 5)).astype(np.float32) for n in (3, 7, 1)]
    labels = [rng.integers(-1, 5, len(x)) for x in logits]
    labels = [np.where(x < 0, SILENT, x) for x in labels]
    flat, right = torch.tensor(np.concatenate(logits)), torch.tensor(np.concatenate(labels))
    loss = torch.nn.functional.cross_entropy
    found = TASK.losses(logits, labels)
    np.testing.assert_allclose(found, loss(flat, right, reduction="none")[right != SILENT], atol=1e-5)
    assert found.mean() == pytest.approx(loss(flat, right).item(), abs=1e-5)


def test_the_mean_loss_is_the_one_that_training_lowers(model, prepared, tokenizer):
    items = [prepared.train[i] for i in range(64)]
    own = model(**TASK.collate(tokenizer)(items))["loss"].item()
    answers = forward(model, prepared.train, TASK.collate(tokenizer), lambda: True, 8, TASK.read)
    assert TASK.losses(answers, prepared.train.labels).mean() == pytest.approx(own, abs=1e-5)


def scored(tokenizer, *given):
    """The metrics of (words, right tags, answers)."""
    encoded = TASK.encode(split_of(*((w, r) for w, r, _ in given)), tokenizer, 64, LABELS)
    return TASK.metrics(answering(*(a for _, _, a in given))(encoded), encoded.labels, LABELS)


def test_metrics_by_hand(tokenizer):
    found = scored(tokenizer, ("kind zoo left grim", "B-PER I-PER O B-LOC", "B-PER I-PER O B-PER"),
                   ("the grim zoo", "O B-LOC O", "O B-LOC B-LOC"))  # fmt: skip
    assert found == {"precision": 0.5, "recall": 2 / 3, "f1": 4 / 7, "accuracy": 5 / 7}


def test_perfect_answers_and_no_answers(tokenizer):
    right = ("kind zoo left", "B-PER I-PER O")
    assert scored(tokenizer, (*right, right[1])) == {"precision": 1, "recall": 1, "f1": 1, "accuracy": 1}
    assert scored(tokenizer, (*right, "O O O")) == {"precision": 0, "recall": 0, "f1": 0, "accuracy": 1 / 3}


def test_a_name_that_begins_with_i_counts(tokenizer):
    assert scored(tokenizer, ("kind left", "B-PER O", "I-PER O"))["f1"] == 1


def test_the_confusion_counts_words_by_type(tokenizer):
    encoded = TASK.encode(split_of(("kind zoo left grim", "B-PER I-PER O B-LOC")), tokenizer, 64, LABELS)
    right, answer, names = TASK.pairs(answering("I-PER B-LOC O O")(encoded), encoded.labels, LABELS)
    assert names == ["O", "LOC", "PER"]
    assert [(names[r], names[a]) for r, a in zip(right, answer, strict=True)] == [
        ("PER", "PER"), ("PER", "LOC"), ("O", "O"), ("LOC", "O")]  # fmt: skip


# --- the control ------------------------------------------------------------------------------------------------------

SEEN = [(["New", "York", "and", "York"], ["B-LOC", "I-LOC", "O", "B-LOC"]),
        (["May", "left", "May"], ["B-PER", "O", "B-PER"]), (["May", "Day"], ["B-MISC", "I-MISC"]), (["May"], ["B-MISC"])]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("in New York", "O B-LOC I-LOC"),  # the longest match
        ("in York York", "O B-LOC B-LOC"),
        ("New England", "O O"),
        ("May left", "B-PER O"),  # twice a person, once a month
        ("May Day May", "B-MISC I-MISC B-PER"),
        ("may", "O"),
        ("", ""),
    ],
)
def test_the_lookup_knows_the_names_of_training(text, tags):
    assert NameLookup(SEEN)(text.split()) == tags.split()


def test_a_lookup_without_names_marks_nothing():
    assert NameLookup([(["a"], ["O"])])(["a", "b"]) == ["O", "O"]


def test_baselines_by_hand():
    rows = {"tokens": [["Ada", "left"], ["Rome", "fell"], ["Ada", "and", "Rome"], ["Oslo"]],
            "tags": [["B-PER", "O"], ["B-LOC", "O"], ["B-PER", "O", "B-LOC"], ["B-LOC"]]}  # fmt: skip
    data = load(pd.DataFrame(rows).assign(split=["train", "train", "validation", "validation"]))
    assert TASK.baselines(data, np.arange(2), data.labels) == (0.0, pytest.approx(2 * 2 / (2 + 3)))
    assert TASK.baselines(data, np.array([0]), data.labels) == (0.0, pytest.approx(2 * 1 / (1 + 3)))


# --- words of a plain text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t ", []),
        ("Ada left.", ["Ada", "left", "."]),
        ("Ada's, ADA'S, Ada’s; dogs'", ["Ada", "'s", ",", "ADA", "'S", ",", "Ada", "’s", ";", "dogs", "'"]),
        ("O'Neil doesn't re-read", ["O'Neil", "doesn't", "re-read"]),
        ("Mr. A. B. of the U.S. at 3.5 or 10:30, 1,000", ["Mr.", "A", ".", "B", ".", "of", "the", "U.S.", "at", "3.5", "or", "10:30",
                                                         ",", "1,000"]),
        ("#Berlin @ada_b (x)", ["#", "Berlin", "@", "ada_b", "(", "x", ")"]),
        ("🙂👍🏽!❤️ 👩‍👩‍👧‍👦", ["🙂", "👍🏽", "!", "❤️", "👩‍👩‍👧‍👦"]),
        ("Zürich cafe\u0301", ["Zürich", "cafe\u0301"]),
        ("दिल्ली में", ["दिल्ली", "में"]),
        ("مرحبا بِكَ، می\u200cخواهم", ["مرحبا", "بِكَ", "،", "می\u200cخواهم"]),
    ],
)  # fmt: skip
def test_words_of_a_text(text, words):
    assert split_words(text) == words


def test_the_bundled_sentences_are_split_as_they_are_written():
    data = load("people-places")
    assert all(split_words(" ".join(words)) == list(words) for split in data.values() for words in split["tokens"])


# --- errors -----------------------------------------------------------------------------------------------------------


def wrong(tokenizer, right, answer, n=10, words="kind zoo left grim", **how):
    split = split_of((words, right))
    return TASK.errors(answering(answer, **how), split, n, tokenizer, LABELS, RunConfig())


def told(frame):
    return list(frame[["words", "right", "answer"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("right", "answer", "expected"),
    [
        ("B-PER I-PER O O", "B-PER I-PER O O", []),
        ("B-PER I-PER O O", "I-PER I-PER O O", []),
        ("B-PER I-PER O B-LOC", "O O O B-LOC", [("kind zoo", "PER", "O")]),  # missed
        ("O O O B-LOC", "B-PER I-PER O B-LOC", [("kind zoo", "O", "PER")]),  # invented
        ("B-PER I-PER O O", "B-LOC I-LOC O O", [("kind zoo", "PER", "LOC")]),  # another type
        ("B-PER I-PER O O", "B-PER O O O", [("kind zoo", "PER", "PER")]),  # another cut
        ("O B-PER I-PER O", "B-PER I-PER I-PER O", [("zoo left", "PER", "PER")]),
        ("B-PER I-PER O O", "B-LOC B-PER O O", [("kind zoo", "PER", "LOC")]),  # two for one: the first of them
        ("B-PER B-LOC O O", "B-PER I-PER O O", [("zoo", "LOC", "PER"), ("kind", "PER", "PER")]),  # one for two
        ("B-PER O O B-LOC", "O O B-LOC O", [("kind", "PER", "O"), ("grim", "LOC", "O"), ("left", "O", "LOC")]),
    ],
)
def test_errors_are_missed_invented_of_another_type_or_of_another_cut(tokenizer, right, answer, expected):
    assert told(wrong(tokenizer, right, answer)) == expected


def test_errors_have_the_mean_probability_of_right_and_answered_tags(tokenizer):
    frame = wrong(tokenizer, "B-PER I-PER O O", "O I-PER O O", sure=2.0)
    e, others = math.exp(2), 4  # five tags, four of them with logit 0
    high, low = e / (e + others), 1 / (e + others)
    row = frame.iloc[0]
    assert (row["words"], row["right"], row["answer"]) == ("kind zoo", "PER", "PER")
    assert row["p_right"] == pytest.approx((low + high) / 2) and row["p_answer"] == pytest.approx(high)


def test_the_surest_errors_come_first_with_their_rows_and_other_columns(tokenizer):
    split = split_of(("kind left", "B-PER O"), ("the room", "O O"), ("grim left", "B-LOC O"), genre=["news", "diary", "letter"],
                     words=["x", "y", "z"], p_right=["1", "2", "3"])  # fmt: skip

    def ask(encoded):
        one, two, three = answering("O O", "O O", "O O", sure=1.0)(encoded)
        return [one, two, three * 5]

    frame = TASK.errors(ask, split, 10, tokenizer, LABELS, RunConfig())
    assert frame.index.tolist() == [2, 0] and frame["genre"].tolist() == ["letter", "news"]
    assert frame["text"].tolist() == ["grim left", "kind left"] and frame["words"].tolist() == ["grim", "kind"]
    assert frame["p_right"].is_monotonic_increasing and frame["p_right"].iloc[0] < 0.01
    assert TASK.errors(ask, split, 1, tokenizer, LABELS, RunConfig()).index.tolist() == [2]


def test_names_beyond_the_limit_are_missed_for_certain(tokenizer):
    split = split_of(("the room left grim", "O O O B-LOC"), ("kind grim zoo", "B-PER I-PER I-PER"))
    frame = TASK.errors(answering("O O", "B-PER I-PER"), split, 10, tokenizer, LABELS, RunConfig(max_length=4))
    assert told(frame) == [("grim", "LOC", "O"), ("kind grim zoo", "PER", "PER")]
    assert frame[["p_right", "p_answer"]].iloc[0].tolist() == [0.0, 1.0]


def test_no_errors_are_an_empty_frame_with_the_columns(tokenizer):
    frame = wrong(tokenizer, "O O O O", "O O O O")
    assert frame.empty and list(frame.columns) == ["text", "words", "right", "answer", "p_right", "p_answer"]


# --- predict ----------------------------------------------------------------------------------------------------------


def test_predictions_are_rows_of_words_tags_and_names(tokenizer):
    def ask(encoded):  # [CLS] Kind Zoo left Grim . [SEP] in their pieces: kind, z ##o ##o, left = 4 pieces, grim, .
        assert all((tags == SILENT).all() for tags in encoded.labels)
        logits = np.zeros((len(encoded.ids[0]), 5))
        logits[[1, 2, 9], [3, 4, 1]] = LARGE
        return [logits]

    frame = TASK.predict(ask, "Kind Zoo left Grim.", tokenizer, LABELS, RunConfig())
    assert list(frame.columns) == ["text", "tokens", "tags", "entities"] and len(frame) == 1
    row = frame.iloc[0]
    assert row["tokens"] == ["Kind", "Zoo", "left", "Grim", "."] and row["tags"] == [
        "B-PER",
        "I-PER",
        "O",
        "B-LOC",
        "O",
    ]
    assert row["entities"] == [("PER", "Kind Zoo"), ("LOC", "Grim")] and row["text"] == "Kind Zoo left Grim."


def test_half_of_a_sign_in_a_sentence_does_not_stop_the_table(tokenizer):
    def ask(encoded):
        return [np.zeros((len(ids), 5)) for ids in encoded.ids]

    frame = TASK.predict(ask, ["half \ud83d", ["zoo", "\ud83d"]], tokenizer, LABELS, RunConfig())
    assert frame["text"].tolist() == ["half \ufffd", "zoo \ufffd"] and frame["tokens"][1] == ["zoo", "\ufffd"]


def test_later_pieces_of_a_word_have_no_say(tokenizer):
    def ask(encoded):
        logits = np.zeros((len(encoded.ids[0]), 5))
        logits[[1, 2, 3], [0, 3, 3]] = LARGE  # z, ##o, ##o
        return [logits]

    assert TASK.predict(ask, ["zoo"], tokenizer, LABELS, RunConfig())["tags"].tolist() == [["O"]]


def test_lists_of_words_are_taken_as_they_are(model, tokenizer):
    def ask(encoded):
        return forward(model, encoded, TASK.collate(tokenizer), lambda: True, read=TASK.read)

    given = [["New York", "is", ""], ("a", 5), [], "plain text", "", " "]
    frame = TASK.predict(ask, given, tokenizer, LABELS, RunConfig())
    assert frame["tokens"].tolist() == [["New York", "is", ""], ["a", "5"], [], ["plain", "text"], [], []]
    assert [len(t) for t in frame["tags"]] == [3, 2, 0, 2, 0, 0]
    assert frame["text"].tolist() == ["New York is ", "a 5", "", "plain text", "", " "]
    assert TASK.predict(ask, [], tokenizer, LABELS, RunConfig()).columns.tolist() == [
        "text",
        "tokens",
        "tags",
        "entities",
    ]


def test_words_beyond_the_limit_are_outside(tokenizer):
    def ask(encoded):
        return [np.eye(5)[[3] * len(ids)] for ids in encoded.ids]

    frame = TASK.predict(ask, "a a a a", tokenizer, LABELS, RunConfig(max_length=4))
    assert frame["tags"].tolist() == [["B-PER", "B-PER", "O", "O"]]


# --- a whole run ------------------------------------------------------------------------------------------------------

TRY = ["the kind room", ["grim", "and", "warm", "swift"], "🙂", "", "zoo " * 100]


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        return wb.fit(
            load(tagged_data(200)), model=folder, learning_rate=2e-3, epochs=30, evaluations=6, precision="fp32"
        ).join()


def test_a_run_learns_the_names_and_says_so(run):
    assert run.status == "finished" and run.best["f1"] > 0.9 and run.best["valid_loss"] < 0.2
    facts = run.store.facts
    assert (facts["task"], facts["metric"], facts["unit"]) == ("tagging", "f1", "word") and facts["labels"] == LABELS
    assert {"precision", "recall", "f1", "accuracy"} <= set(run.frame().columns)
    assert "f1 0.9" in repr(run) or "f1 1.0" in repr(run)


def test_the_first_loss_is_that_of_knowing_nothing(run):
    assert run.frame()["valid_loss"].iloc[0] == pytest.approx(math.log(5), abs=0.3)


def test_evaluate_is_what_the_curve_says(run):
    found = run.evaluate("validation")
    assert found["loss"] == pytest.approx(run.best["valid_loss"], abs=1e-5) and found["f1"] == run.best["f1"]


def test_the_confusion_of_a_run_counts_every_word_of_a_split(run):
    counts = run.confusion("test")
    rows = pd.DataFrame(sentences(32, 2))
    assert counts.attrs["unit"] == "word" and counts.index.tolist() == counts.columns.tolist() == ["O", "LOC", "PER"]
    assert counts.to_numpy().sum() == sum(map(len, rows["tokens"]))
    assert counts.loc["LOC"].sum() == 32 and counts.loc["PER"].sum() == 16 + 2 * 16


def test_a_run_is_reopened_from_its_folder_and_answers_the_same(run):
    from workbench.training.run import Run, runs
    from workbench.training.store import Store

    assert run in runs(run.folder.parent)
    again = Run(Store.open(run.folder), run.data())
    pd.testing.assert_frame_equal(again.predict(TRY), run.predict(TRY))
    assert again.evaluate("test") == pytest.approx(run.evaluate("test"), abs=1e-6)
    assert told(again.errors()) == told(run.errors())


REOPENED = """
import json, sys
import workbench as wb
(run,) = wb.runs()
print(json.dumps(run.predict(json.loads(sys.argv[1]))["tags"].tolist()))
"""


def test_another_process_finds_the_run_by_wb_runs_and_predicts_the_same(run):
    import json
    import os

    environ = {**os.environ, "WORKBENCH_HOME": str(run.folder.parent.parent)}
    found = subprocess.run(
        [sys.executable, "-c", REOPENED, json.dumps(TRY)], env=environ, capture_output=True, text=True, timeout=200
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert json.loads(found.stdout.strip().splitlines()[-1]) == run.predict(TRY)["tags"].tolist()


def test_a_saved_model_loads_by_its_readme_without_the_workbench(run, tmp_path):
    folder = run.save(tmp_path / "saved")
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.S).group(1)
    code += "\nimport sys; assert 'workbench' not in sys.modules; print(' '.join(tags))"
    words = re.search(r"words = (\[.*\])", code).group(1)
    code = code.replace(words, '["zoo", "grim", "the", "kind", "room"]')
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr[-2000:]
    expected = run.predict([["zoo", "grim", "the", "kind", "room"]])["tags"].iloc[0]
    assert result.stdout.strip().splitlines()[-1].split() == expected and {t[2:] for t in expected} == {
        "",
        "LOC",
        "PER",
    }


def test_odd_sentences_train_with_smoothing_and_are_told_when_cut(folder):
    rows = tagged_data().reset_index(drop=True)
    odd = ["🙂", "مرحبا", "a" * 3000, "<script>", "\x00", "", "half \ud83d", "$x$"]
    rows["tokens"] = [[w] * len(t) for w, t in zip(odd, rows["tokens"], strict=False)] + rows["tokens"].tolist()[
        len(odd) :
    ]
    run = wb.fit(rows, model=folder, epochs=1, max_length=16, label_smoothing=0.1, train_examples=64).join()
    assert run.status == "finished" and np.isfinite(run.frame()["valid_loss"]).all()
    assert any("longer than max_length=16" in n for n in run.notes)


def test_sentences_can_be_trained_one_by_one(folder):
    run = wb.fit(tagged_data(16, 8), model=folder, epochs=1, batch_size=1).join()
    assert run.status == "finished" and int(run.steps()["step"].max()) == 16


@pytest.mark.parametrize(("task", "found"), [("classification", "tagging")])
def test_a_task_that_the_data_are_not_for_is_refused(folder, task, found):
    with pytest.raises(wb.WorkbenchError, match=f"task '{task}' on data for {found}"):
        wb.fit(tagged_data(), model=folder, task=task).join()


def test_the_task_may_be_named(folder):
    assert wb.fit(tagged_data(8, 8), model=folder, epochs=1, task="tagging").join().store.facts["task"] == "tagging"
