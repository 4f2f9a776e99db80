"""Answering: windows, spans, scores, errors and four families of models, each against a value worked out another way."""

import math
import random
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import BAD, FILLER, GOOD, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import load
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.tasks.answering import ANSWER, NONE, best_threshold, places
from workbench.tasks.base import Encoded
from workbench.tasks.forward import forward
from workbench.tasks.windows import LONGEST, Question, Window, best, cut, pieces_of

TASK = TASKS["answering"]
BOTH = [ANSWER, NONE]


def asked(n, seed=0, empty=0.0):
    """`n` made-up rows: "this room" asks for the only GOOD word of the passage, "that shop" for the only BAD one."""
    draw = random.Random(seed)
    rows = []
    for i in range(n):
        kind = draw.randrange(2)
        answer, other = draw.choice((GOOD, BAD)[kind]), draw.choice((BAD, GOOD)[kind])
        none = draw.random() < empty
        words = [*draw.sample(FILLER, 4), other, *([] if none else [answer])]
        draw.shuffle(words)
        context = " ".join(words) + f" {i}"
        answers = {
            "text": [] if none else [answer],
            "answer_start": [] if none else [f" {context}".index(f" {answer} ")],
        }
        rows.append({"question": ("this room", "that shop")[kind], "context": context, "answers": answers})
    return rows


def frame(train=64, validation=32, empty=0.0):
    sizes = {"train": train, "validation": validation, "test": validation}
    return pd.concat([pd.DataFrame(asked(n, i, empty)).assign(split=k) for i, (k, n) in enumerate(sizes.items())])


@pytest.fixture(scope="module")
def bundled():
    return zoo.tokenizer(zoo.source("bert-mini"))


def window(n, question=None, start=0, end=0, before=2):
    """A window of `n` pieces: [CLS] and the question's pieces, then pieces of three letters, then [SEP]."""
    question = question or Question("q", "abc" * n)
    offsets = np.full((n, 2), -1)
    inside = n - before - 1
    offsets[before : before + inside] = [[3 * i, 3 * i + 3] for i in range(inside)]
    return Window(question, offsets, np.zeros(n, dtype=int), 0, start, end)


def logits(n, start, end, null=(0.0, 0.0)):
    """(n, 2) with the given scores at the given pieces, zero elsewhere, and those of [CLS]."""
    out = np.zeros((n, 2))
    out[0] = null
    for piece, score in start.items():
        out[piece, 0] = score
    for piece, score in end.items():
        out[piece, 1] = score
    return out


# --- windows ----------------------------------------------------------------------------------------------------------


def test_a_short_passage_is_one_window_with_the_question_first(bundled):
    ids, (only,), rows = cut([Question("Who left?", "Ann left.", ((0, 3),))], bundled, 64)
    assert bundled.convert_ids_to_tokens(ids[0]) == ["[CLS]", "who", "left", "?", "[SEP]", "ann", "left", ".", "[SEP]"]
    assert only.offsets[:, 0].tolist() == [-1] * 5 + [0, 4, 8] + [-1] and rows.tolist() == [0]
    assert (only.start, only.end, only.null, only.whole) == (5, 5, 0, True)


def test_every_window_knows_its_answer_or_points_at_cls(bundled):
    context = " ".join(f"word{i} stood here." for i in range(40)) + " Then Ann Lee left. " + "More of it. " * 30
    start = context.index("Ann Lee")
    ids, windows, rows = cut([Question("Who left?", context, ((start, start + 7),))], bundled, 48)
    assert len(ids) > 5 and set(rows) == {0} and all(len(i) <= 48 for i in ids)
    for w in windows:
        if w.whole:
            assert context[w.offsets[w.start, 0] : w.offsets[w.end, 1]] == "Ann Lee"
        else:
            assert (w.start, w.end) == (0, 0)
    assert 1 <= sum(w.whole for w in windows) <= 2


def test_windows_overlap_and_leave_nothing_out(bundled):
    context = "one two three four five six seven eight nine ten " * 12
    _, windows, _ = cut([Question("what ?", context)], bundled, 40)
    covered = [set(w.offsets[w.offsets[:, 0] >= 0, 0].tolist()) for w in windows]
    assert set().union(*covered) == {
        at for at, _ in bundled(context, return_offsets_mapping=True)["offset_mapping"][1:-1]
    }
    assert all(len(a & b) == 10 for a, b in pairwise(covered))  # a quarter of 40


def test_a_question_longer_than_half_a_window_is_cut(bundled):
    ids, windows, _ = cut([Question("very " * 100, "Ann left. " * 30, ((0, 3),))], bundled, 32)
    assert all(len(i) <= 32 for i in ids) and windows[0].whole
    assert all((w.offsets[:, 0] >= 0).sum() >= 12 for w in windows[:-1])


def test_no_questions_are_no_windows(bundled):
    assert cut([], bundled, 64)[:2] == ([], [])


def test_too_small_a_window_is_an_error(bundled):
    with pytest.raises(wb.WorkbenchError, match="windows of 16 word pieces"):
        cut([Question("a", "b")], bundled, 16)


def test_pieces_that_carry_the_space_before_them_are_found_too():
    offsets = np.array([[-1, -1], [0, 3], [3, 7], [7, 9]])  # "Ann", " Lee", " l"
    assert (
        pieces_of(offsets, 4, 7) == (2, 2) and pieces_of(offsets, 0, 7) == (1, 2) and pieces_of(offsets, 8, 12) is None
    )


def test_several_references_are_kept_and_the_first_is_learned():
    question = Question("q", "abcdef", places({"text": ["bc", "abc"], "answer_start": [1, 0]}))
    assert question.answers == ["bc", "abc"] and Question("q", "abc").answers == [""]


# --- the best span ----------------------------------------------------------------------------------------------------


def test_the_best_span_has_the_highest_sum_of_a_start_and_an_end_that_is_not_before_it():
    (found,) = best([logits(8, {5: 3.0, 2: 1.0}, {3: 4.0, 6: 1.0})], [window(8)], null=False)
    assert (found.start, found.end) == (0, 6)  # 2 to 3 scores 5; 5 to 3 would score 7 and goes backwards


def test_a_span_is_never_longer_than_the_limit_and_never_in_the_question():
    n = LONGEST + 10
    (found,) = best(
        [logits(n, {1: 9.0, 2: 5.0}, {1: 9.0, 2 + LONGEST: 5.0, 1 + LONGEST: 4.0})], [window(n)], null=False
    )
    assert (found.start, found.end) == (0, 3 * LONGEST)


def test_no_answer_wins_where_cls_scores_more_than_the_best_span_by_more_than_the_threshold():
    parts = [logits(5, {2: 1.0}, {3: 1.0}, null=(1.5, 1.5))], [window(5)]
    (found,) = best(*parts, null=True)
    assert found.null_odds == pytest.approx(1.0)
    assert [found.answer(t) for t in (0.0, 0.99, 1.0)] == ["", "", "abcabc"]


def test_over_several_windows_the_best_span_and_the_lowest_cls_count():
    question = Question("q", "abc" * 20)
    first, second = window(6, question), window(6, question)
    parts = [logits(6, {2: 1.0}, {2: 1.0}, null=(5.0, 5.0)), logits(6, {3: 2.0}, {4: 2.0}, null=(0.5, 0.5))]
    (found,) = best(parts, [first, second], null=True)
    assert (found.start, found.end, found.null_odds) == (3, 9, pytest.approx(-3.0))


def test_probabilities_are_a_softmax_over_all_spans_and_no_answer():
    # pieces 2 and 3 are the passage: spans (2,2) 2+0, (2,3) 2+1, (3,3) 0+1; no answer 1
    one = logits(5, {2: 2.0}, {3: 1.0}, null=(0.5, 0.5))
    total = math.exp(2) + math.exp(3) + math.exp(1)
    (found,) = best([one], [window(5, start=3, end=3)], null=True)
    assert found.p_span == pytest.approx(math.exp(3) / (total + math.e))
    assert found.p_null == pytest.approx(math.e / (total + math.e))
    assert found.p_right == pytest.approx(math.exp(1) / (total + math.e))
    (found,) = best([one], [window(5, start=3, end=3)], null=False)
    assert found.p_span == pytest.approx(math.exp(3) / total) and found.p_null == 0


def test_spaces_before_a_piece_are_not_part_of_the_answer():
    offsets = np.array([[-1, -1], [0, 3], [3, 7]])
    w = Window(Question("q", "Ann Lee"), offsets, np.zeros(3, dtype=int), 0, 0, 0)
    (found,) = best([logits(3, {2: 5.0}, {2: 5.0})], [w], null=False)
    assert (found.text, found.start) == ("Lee", 4)


@pytest.mark.parametrize(
    "odds, f1, has, expected",
    [
        ([-2.0, 1.0, 3.0], [1.0, 0.5, 0.0], [1, 1, 0], (1.0, 2.5 / 3)),
        ([1.0, 2.0], [0.0, 0.0], [0, 0], (0.0, 1.0)),  # answer nothing
        ([1.0, 2.0], [1.0, 1.0], [1, 1], (2.0, 1.0)),  # answer everything
        ([1.0, 1.0, 2.0], [1.0, 0.0, 0.4], [1, 0, 1], (0.0, 1 / 3)),  # equal odds cannot be told apart
    ],
)
def test_the_best_threshold(odds, f1, has, expected):
    threshold, score = best_threshold(odds, f1, has)
    if expected != (0.0, 1 / 3):
        assert (threshold, score) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
    said = [f if h else 0.0 for f, h, o in zip(f1, has, odds, strict=True) if o <= threshold]
    empty = sum(not h for h, o in zip(has, odds, strict=True) if o > threshold)
    assert score == pytest.approx((sum(said) + empty) / len(odds))  # the threshold gives the score that it promises


# --- losses and scores ------------------------------------------------------------------------------------------------


def test_knowing_nothing_costs_the_logarithm_of_the_number_of_pieces():
    assert TASK.losses([np.zeros((7, 2))], [window(7, start=2, end=3)]) == pytest.approx([math.log(7)])


def test_the_loss_is_the_mean_of_start_and_end_and_over_the_windows_of_a_question():
    question = Question("q", "abc")
    windows = [window(4, question, 1, 2), window(4, question), window(4)]
    out = [logits(4, {1: 2.0}, {}), np.zeros((4, 2)), np.zeros((4, 2))]
    start = -math.log(math.exp(2) / (math.exp(2) + 3))
    expected = [((start + math.log(4)) / 2 + math.log(4)) / 2, math.log(4)]
    assert TASK.losses(out, windows) == pytest.approx(expected)


def test_f1_and_exact_match_over_questions_with_and_without_an_answer():
    context = "abc def"
    offsets = np.array([[-1, -1], [0, 3], [4, 7]])
    make = lambda spans: Window(Question("q", context, spans), offsets, np.zeros(3, dtype=int), 0, 0, 0)  # noqa: E731
    windows = [make(((0, 3),)), make(()), make(())]
    both, first = logits(3, {1: 5.0}, {2: 5.0}), logits(3, {1: 5.0}, {1: 5.0})
    nothing = logits(3, {}, {}, null=(9.0, 9.0))
    found = TASK.metrics([both, first, nothing], windows, BOTH)  # "abc def" for "abc": 2/3; an answer to nothing; right
    assert found == {"f1": pytest.approx(5 / 9), "em": pytest.approx(1 / 3), "f1_answerable": pytest.approx(2 / 3),
                     "f1_unanswerable": 0.5}  # fmt: skip
    right, answer, names = TASK.pairs([both, first, nothing], windows, BOTH)
    assert (right.tolist(), answer.tolist(), names) == ([0, 1, 1], [0, 0, 1], BOTH)


def test_without_unanswerable_questions_in_training_there_is_always_an_answer():
    found = TASK.metrics([logits(4, {}, {}, null=(9.0, 9.0))], [window(4, Question("q", "abc", ((0, 3),)))], [ANSWER])
    assert found == {"f1": 1.0, "em": 1.0}


# --- prepare, build, collate ------------------------------------------------------------------------------------------


def test_prepare_takes_whole_questions(tokenizer, folder):
    data = load(frame(empty=0.3))
    prepared = TASK.prepare(data, tokenizer, RunConfig(model=folder, train_examples=20))
    assert prepared.labels == BOTH and prepared.facts["n_train"] == 20 == len(set(prepared.train.rows))
    assert set(prepared.probe.rows) <= set(prepared.train.rows) and prepared.facts["n_valid"] == 32
    assert prepared.facts["label_entropy"] == pytest.approx(np.mean(np.log(prepared.train.lengths)))
    assert TASK.prepare(load(frame()), tokenizer, RunConfig(model=folder)).labels == [ANSWER]


def test_a_batch_has_positions_masks_and_segments(bundled):
    encoded = TASK.windows([Question("Who left?", "Ann left.", ((0, 3),)), Question("a", "b")], bundled, 64)
    batch = TASK.collate(bundled)([encoded[0], encoded[1]])
    assert set(batch) == {"input_ids", "attention_mask", "token_type_ids", "start_positions", "end_positions"}
    assert batch["token_type_ids"].tolist()[0] == [0] * 5 + [1] * 4 + [0] * 7 and batch["start_positions"].tolist() == [
        5,
        0,
    ]
    assert batch["attention_mask"].sum(1).tolist() == [9, 5]


def test_padding_in_front_moves_the_positions(bundled):
    encoded = TASK.windows([Question("Who left?", "Ann left.", ((0, 3),)), Question("a", "b", ((0, 1),))], bundled, 64)
    left = SimpleNamespace(pad_token_id=0, padding_side="left", model_input_names=["input_ids"], model_max_length=64)
    batch = TASK.collate(left)([encoded[0], encoded[1]])
    assert batch["input_ids"].shape == (2, 16)  # of 9 and 5 pieces
    assert batch["start_positions"].tolist() == [5 + 7, 3 + 11] and "token_type_ids" not in batch


@pytest.mark.parametrize(
    "choices, words",
    [({"label_smoothing": 0.1}, "label_smoothing=0.1"), ({"max_length": 16}, "windows of 16")],
)
def test_choices_that_mean_nothing_here_are_an_error(choices, words, tokenizer, folder):
    with pytest.raises(wb.WorkbenchError, match=words):
        TASK.prepare(load(frame(8, 4)), tokenizer, RunConfig(model=folder, **choices))


def test_a_translator_is_an_error_that_says_what_to_choose(tmp_path, tokenizer):
    from transformers import MarianConfig

    MarianConfig(vocab_size=50, pad_token_id=0, decoder_start_token_id=0).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    data = load(frame(8, 4))
    with pytest.raises(wb.WorkbenchError, match=r"\(marian\) cannot point at an answer.*BERT.*model='bert-mini'"):
        TASK.prepare(data, tokenizer, RunConfig(model=str(tmp_path)))
    with pytest.raises(wb.WorkbenchError, match="bert-mini"):
        wb.fit(data, model=str(tmp_path)).join()


def family(name, folder):
    """A tiny model of another family with a tokenizer of its kind, written to `folder`."""
    import transformers as t
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if name == "roberta":
        core = Tokenizer(models.BPE())
        core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        core.train_from_iterator([" ".join(GOOD + BAD + FILLER)] * 9,
                                 trainers.BpeTrainer(special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                                     show_progress=False, vocab_size=500))  # fmt: skip
        core.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
        tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", cls_token="<s>", eos_token="</s>",
                                              sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
                                              model_input_names=["input_ids", "attention_mask"])  # fmt: skip
        config = t.RobertaConfig(
            vocab_size=len(tokenizer), type_vocab_size=1, max_position_embeddings=70, pad_token_id=1, **small
        )
    else:
        tiny_bert(folder)
        tokenizer = t.AutoTokenizer.from_pretrained(folder)
        size = {"vocab_size": len(tokenizer), "max_position_embeddings": 64}
        config = {"bert": lambda: t.BertConfig(**size, **small),
                  "electra": lambda: t.ElectraConfig(embedding_size=16, **size, **small),
                  "distilbert": lambda: t.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, **size)}[name]()  # fmt: skip
    torch.manual_seed(0)
    t.AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def unpadded(batch):
    """A batch of one without its padding, all on the right."""
    length = int(batch["attention_mask"].sum())
    return {k: v[:, :length] if v.ndim == 2 else v for k, v in batch.items()}


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta", "electra"])
def test_a_folder_of_any_reading_family_works_and_its_loss_is_ours(name, tmp_path):
    folder = family(name, tmp_path)
    source, data = zoo.source(folder), load(frame(12, 6, empty=0.3))
    config = RunConfig(model=folder, dropout=0.0)
    prepared = TASK.prepare(data, zoo.tokenizer(source), config)
    model = TASK.build(source, prepared, config).eval()
    collate = TASK.collate(prepared.tokenizer)
    wanted = name in ("bert", "electra")
    assert ("token_type_ids" in collate([prepared.train[0]])) == wanted
    out = forward(model, prepared.train, collate, lambda: True, read=TASK.read)
    ours = TASK.losses(out, prepared.train.labels)
    with torch.no_grad():
        theirs = [float(model(**unpadded(collate([prepared.train[i]])))["loss"]) for i in range(12)]
        batch = collate([prepared.train[i] for i in range(12)])  # of different lengths
        trained = float(TASK.loss(model(**batch), batch))
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert trained == pytest.approx(np.mean(theirs), abs=1e-5)  # no answer may begin in the padding
    for row, label in zip(data["train"], prepared.train.labels, strict=True):
        if label.whole:
            found = row["context"][label.offsets[label.start, 0] : label.offsets[label.end, 1]].strip()
            assert found == row["answers"]["text"][0]


# --- predict, errors --------------------------------------------------------------------------------------------------


def oracle(**scores):
    """A model that gives 9 to the pieces of each window's right answer, or to [CLS]; or what `scores` says of its question."""

    def ask(encoded: Encoded):
        out = []
        for w in encoded.labels:
            start, end = scores.get(w.question.text, (w.start, w.end))
            out.append(logits(len(w.offsets), {start: 9.0}, {end: 9.0}))
        return out

    return ask


def test_predict_takes_a_pair_a_dict_a_table_and_lists(tokenizer):
    pair = ("this room", "the kind meal")
    row = dict(zip(("question", "context"), pair, strict=True))
    ask = oracle(**{"this room": (5, 5)})
    for given in (
        pair,
        [pair],
        row,
        [row],
        pd.DataFrame([row]),
        load(frame(4, 4))["train"].select([0]).from_list([row]),
    ):
        found = TASK.predict(ask, given, tokenizer, BOTH, RunConfig())
        assert list(found.columns) == ["question", "answer", "probability", "start", "context", "span", "null_odds"]
        assert found.iloc[0].tolist()[:2] == ["this room", "kind"] and found["start"][0] == 4 and len(found) == 1
    assert len(TASK.predict(ask, [], tokenizer, BOTH, RunConfig())) == 0


def test_predict_says_nothing_and_still_names_the_best_span(tokenizer):
    found = TASK.predict(oracle(), ("this room", "the kind meal"), tokenizer, BOTH, RunConfig()).iloc[0]
    assert (found["answer"], found["start"]) == ("", -1) and found["span"] and found["null_odds"] > 0
    always = TASK.predict(oracle(), ("this room", "the kind meal"), tokenizer, [ANSWER], RunConfig()).iloc[0]
    assert always["answer"] == always["span"] == found["span"]


@pytest.mark.parametrize("given", ["this room", [("a",)], [("a", " ")], [{"question": "a"}], [("a", None)], [3]])
def test_predict_without_a_question_and_a_passage_is_an_error(given, tokenizer):
    with pytest.raises(wb.WorkbenchError, match="a question and its passage"):
        TASK.predict(oracle(), given, tokenizer, BOTH, RunConfig())


def test_errors_are_the_wrong_answers_worst_first_with_their_row(tokenizer):
    rows = [{"question": q, "context": c, "answers": a} for q, c, a in [
        ("room a", "the kind meal", {"text": ["kind"], "answer_start": [4]}),  # right
        ("room b", "the kind meal", {"text": ["kind"], "answer_start": [4]}),  # "kind meal": F1 2/3
        ("room c", "the kind meal", {"text": ["kind"], "answer_start": [4]}),  # "meal": 0
        ("room d", "the kind meal", {"text": [], "answer_start": []}),  # "kind": 0
    ]]  # fmt: skip
    split = load(pd.DataFrame(rows * 2).assign(split=["train"] * 4 + ["validation"] * 4, note="n"))["validation"]
    ask = oracle(**{"room b": (5, 6), "room c": (6, 6), "room d": (5, 5)})
    found = TASK.errors(ask, split, 10, tokenizer, BOTH, RunConfig())
    assert sorted(found.index[:2]) == [2, 3] and found.index[2] == 1 and len(found) == 3
    assert found.loc[1, "f1"] == pytest.approx(2 / 3) and found.loc[1, "answer"] == "kind meal"
    assert found.loc[3, ["right", "answer", "note"]].tolist() == [NONE, "kind", "n"] and found.loc[2, "p_right"] < 0.01
    assert len(TASK.errors(ask, split, 1, tokenizer, BOTH, RunConfig())) == 1


# --- a whole run ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        data = load(frame(400, 60, empty=0.25))
        return wb.fit(data, model=folder, learning_rate=5e-3, epochs=30, evaluations=3, dropout=0.0, batch_size=32, seed=0,
                      precision="fp32").join()  # so few weights need more passes in bf16  # fmt: skip


def test_a_tiny_model_learns_what_is_asked_and_when_to_say_nothing(run):
    kept = run.kept
    assert kept["f1"] > 0.8 and kept["f1_answerable"] > 0.7 and kept["f1_unanswerable"] > 0.6, kept
    assert run.store.facts["unit"] == "question" and run.store.facts["controls"] == ("no answer", "matching words")
    assert kept["f1"] > run.store.facts["majority"] + 0.3
    counts = run.confusion()
    assert counts.to_numpy().sum() == 60 and list(counts.index) == BOTH
    assert set(run.errors(5).columns) >= {"question", "right", "answer", "p_right", "p_answer", "text", "f1"}


def test_the_model_read_from_its_run_and_from_its_saved_folder_predicts_the_same(run, folder, tmp_path):
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    from workbench.training.predictor import Predictor

    rows = [(r["question"], r["context"]) for r in asked(12, 7, 0.3)]
    ours = run.predict(rows)
    again = Predictor.from_store(run.store).predict(rows)
    pd.testing.assert_frame_equal(ours, again)
    run.save(tmp_path / "mine")
    source = zoo.source(str(tmp_path / "mine"))
    tokenizer = zoo.tokenizer(source)
    loaded = TASK.build(source, SimpleNamespace(tokenizer=tokenizer, labels=BOTH), RunConfig(model=source.name)).eval()
    saved = Predictor(TASK, loaded, tokenizer, BOTH, run.config).predict(rows)
    pd.testing.assert_frame_equal(ours, saved, check_exact=False, atol=1e-5)
    model = AutoModelForQuestionAnswering.from_pretrained(tmp_path / "mine").eval()
    batch = AutoTokenizer.from_pretrained(tmp_path / "mine")(*rows[0], return_tensors="pt")
    assert model(**batch).start_logits.shape == batch["input_ids"].shape


@pytest.mark.parametrize("technique", ["feature-extraction", "unfreezing", "lora", "ia3"])
def test_every_technique_for_all_tasks_works_here_and_comes_back_from_its_folder(technique, folder):
    from workbench.training.predictor import Predictor

    done = wb.fit(load(frame(32, 8, empty=0.3)), model=folder, technique=technique, epochs=1, evaluations=1).join()
    rows = [(r["question"], r["context"]) for r in asked(4, 7)]
    ours, again = done.predict(rows), Predictor.from_store(done.store).predict(rows)
    pd.testing.assert_frame_equal(ours, again, check_exact=False, atol=1e-4)


def test_what_the_saved_readme_says_runs_and_answers(run, tmp_path):
    import os
    import re
    import subprocess
    import sys

    folder = run.save(tmp_path / "mine")
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.S)[1]
    code = code.replace("Who left London?", "this room").replace(
        "Ada Lovelace left London in 1835.", "the kind meal was cold"
    )
    done = subprocess.run([sys.executable, "-c", code + "\nprint(answer)"], cwd=folder, capture_output=True, text=True,
                          env={**os.environ}, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == run.predict(("this room", "the kind meal was cold"))["span"][0]
