"""Questions and passages: every form in which they come, what is wrong with rows, and a validation split without leaks."""

import json

import pandas as pd
import pytest
from datasets import Dataset, DatasetDict

import workbench as wb
from workbench.data import questions
from workbench.data.load import Data, fingerprint, load
from workbench.errors import WorkbenchError

TEXT = "Ann left the mill. Ben stayed at the mill."


def qa(question="Who left?", answers=(("Ann", 0),), **more):
    return {"question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}


def squad(tmp_path, articles, name="mine.json"):
    """SQuAD's nested file: {title: [(context, [qa, ...]), ...]}."""
    data = [{"title": title, "paragraphs": [{"context": c, "qas": qas} for c, qas in paragraphs]}
            for title, paragraphs in articles.items()]  # fmt: skip
    path = tmp_path / name
    path.write_text(json.dumps({"version": "v2.0", "data": data}), "utf-8")
    return path


def rows(n=8, **changed):
    """`n` questions on `n` passages as a DataFrame."""
    frame = pd.DataFrame({"question": [f"Who left {i}?" for i in range(n)], "context": [f"Ann left {i}." for i in range(n)],
                          "answers": [{"text": ["Ann"], "answer_start": [0]} for _ in range(n)]})  # fmt: skip
    return frame.assign(**changed)


def first(**row):
    """The first answers of rows that all look like this one."""
    return load(pd.DataFrame([{"question": "Who?", "context": f"{TEXT} {i}", **row} for i in range(8)]))["train"][0][
        "answers"
    ]


def problem(frame):
    with pytest.raises(WorkbenchError) as found:
        load(frame)
    return str(found.value)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_squads_nested_file_becomes_one_row_per_question(tmp_path):
    path = squad(tmp_path, {"Mill": [(TEXT, [qa(id="a"), qa("Who stayed?", [("Ben", 19)], id="b")])],
                            "Ford": [("Cal rode.", [qa("Who rode?", [("Cal", 0)], id="c")])] * 3})  # fmt: skip
    data = load(path)
    assert isinstance(data, Data) and data.task == "answering" and data.labels == []
    every = [r for split in data.values() for r in split]
    assert len(every) == 5 and {r["title"] for r in every} == {"Mill", "Ford"}
    (ben,) = [r for r in every if r["id"] == "b"]
    assert ben["context"] == TEXT and ben["answers"] == {"text": ["Ben"], "answer_start": [19]}


def test_version_2_says_which_questions_have_no_answer(tmp_path):
    impossible = {
        **qa("Who sang?", ()),
        "is_impossible": True,
        "plausible_answers": [{"text": "Ann", "answer_start": 0}],
    }
    path = squad(tmp_path, {t: [(TEXT + t, [qa(), impossible])] for t in "abcd"})
    every = [r for split in load(path).values() for r in split]
    assert [r["answers"]["text"] for r in every if r["question"] == "Who sang?"] == [[]] * 4


def test_several_references_are_kept_in_their_order():
    answers = {"text": ["the mill", "mill"], "answer_start": [9, 13]}
    assert first(answers=answers) == answers


def test_the_layout_of_the_hub_stays_as_it_is():
    part = Dataset.from_pandas(rows(6).assign(id="x", title="Mill"))
    data = load(DatasetDict(train=part, validation=part))
    assert data["train"][2] == {**part[2], "question": "Who left 2?"} and set(data) == {"train", "validation"}
    assert data["train"].features["answers"] == questions.FEATURES


@pytest.mark.parametrize("columns", [("question", "passage", "answer"), ("Query", "Paragraph", "ANSWERS")])
def test_columns_may_have_other_usual_names(columns):
    frame = rows().set_axis(columns, axis=1)
    assert set(load(frame)["train"].column_names) == {"question", "context", "answers"}


@pytest.mark.parametrize(
    "given",
    [
        {"answers": {"text": ["Ben"], "answer_start": [19]}},
        {"answers": {"text": "Ben", "answer_start": 19}},
        {"answers": [{"text": "Ben", "start": 19}]},
        {"answers": [{"text": "Ben"}]},
        {"answer": "Ben"},
        {"answer": "Ben", "start": 19},
        {"answer": "Ben", "start": -1},
    ],
)
def test_every_usual_form_of_an_answer(given):
    assert first(**given) == {"text": ["Ben"], "answer_start": [19]}


@pytest.mark.parametrize("nothing", [None, [], {"text": [], "answer_start": []}, ""])
def test_every_usual_form_of_no_answer(nothing):
    frame = rows()
    frame["answers"] = [*frame["answers"][:7], nothing]
    data = load(frame)
    every = [r for split in data.values() for r in split]
    assert sum(r["answers"]["text"] == [] for r in every) == 1


def test_rows_as_json_lines_and_as_one_list(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in rows().to_dict("records")), "utf-8")
    (tmp_path / "b.json").write_text(json.dumps(rows().to_dict("records")), "utf-8")
    a, b = load(tmp_path / "a.jsonl"), load(tmp_path / "b.json")
    assert fingerprint(a) == fingerprint(b) and len(a["train"]) + len(a["validation"]) == 8


def test_a_folder_of_splits(tmp_path):
    for name in ("train", "validation", "test"):
        squad(tmp_path, {name: [(TEXT, [qa()] * 4)]}, f"{name}.json")
    assert {k: len(v) for k, v in load(tmp_path).items()} == {"train": 4, "validation": 4, "test": 4}


@pytest.mark.parametrize("text", ["{", "5", '{"version": 1}', '["a"]', '{"data": []}', '{"data": [{"paragraphs": 3}]}'])
def test_a_file_of_another_shape_is_an_error_that_says_so(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text, "utf-8")
    with pytest.raises(WorkbenchError, match=r"odd\.json cannot be read"):
        load(path)


def test_true_and_false_beside_a_question_are_no_places():
    assert questions.columns(pd.DataFrame({"question": ["Is it?"], "passage": ["It is."], "answer": [True]})) is None


def test_other_columns_are_kept_as_text():
    data = load(rows(level=[1, 2, None, 4, 5, 6, 7, 8], answer_note="x"))
    assert set(data["train"].column_names) == {"question", "context", "answers", "level", "answer_note"}


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role, word", [("question", "question"), ("context", "passage")])
def test_an_empty_question_or_passage_is_named_by_its_row(role, word):
    frame = rows()
    frame.loc[[2, 5], role] = [" ", None]
    assert f"2 rows of train have no {word} (rows 3, 6)" in problem(frame)


@pytest.mark.parametrize(
    "answers, why",
    [
        ({"text": ["Zoe"], "answer_start": [0]}, "'Zoe' is not in the passage"),
        ({"text": ["ann"], "answer_start": [0]}, "'ann' is not in the passage"),
        ({"text": ["Ann"], "answer_start": []}, "neither texts nor texts with places"),
        ({"text": [" "], "answer_start": [3]}, "an empty text"),
        ({"text": ["Ann"], "answer_start": ["0"]}, "'0' is not a number"),
        (7, "neither texts nor texts with places"),
    ],
)
def test_a_wrong_answer_is_named_by_its_row_and_says_why(answers, why):
    frame = rows()
    frame["answers"] = [*frame["answers"][:3], answers, *frame["answers"][4:]]
    found = problem(frame)
    assert "1 row of train with a wrong answer (rows 4; row 4: " in found and why in found


def test_of_a_text_that_stands_there_twice_the_first_place_is_taken_and_said():
    passages = [f"{TEXT} {i}" for i in range(8)]
    frame = pd.DataFrame([{"question": "Where?", "context": c, "answer": "mill"} for c in passages])
    data = load(frame.assign(answer=["Ben", *frame["answer"][1:]]))
    places = [r["answers"]["answer_start"] for split in data.values() for r in split]
    assert sorted(places) == [[13]] * 7 + [[19]]
    said = [n for n in data.notes if "more than once" in n]
    assert said == ["the answer stands in its passage more than once in 7 rows of train (rows 2, 3, 4, 5, 6): its first place was taken"]  # fmt: skip
    assert "stands elsewhere, more than once" in problem(frame.assign(start=2))
    data = load(frame.assign(start=37))
    assert data["train"][0]["answers"]["answer_start"] == [37] and not any("more than once" in n for n in data.notes)


def test_a_wrong_place_of_a_text_that_stands_there_once_is_mended_and_said():
    frame = rows()
    frame["answers"] = [{"text": ["Ann"], "answer_start": [2]}, *frame["answers"][1:]]
    with pytest.warns(UserWarning, match=r"1 row of train had a wrong place .* \(rows 1\): the right place was taken"):
        data = load(frame)
    assert all(r["answers"]["answer_start"] == [0] for split in data.values() for r in split)


def test_spaces_around_an_answer_are_not_part_of_it():
    assert first(answers={"text": [" left "], "answer_start": [3]}) == {"text": ["left"], "answer_start": [4]}


def test_no_answer_anywhere_is_an_error():
    assert "no question of the training split has an answer" in problem(rows(answers=[None] * 8))


def test_lone_surrogates_do_not_break_a_place(tmp_path):
    lines = [{"question": "Who?", "context": f"\ud83d Ann left {i}.", "answer": "Ann"} for i in range(8)]
    (tmp_path / "odd.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    row = load(tmp_path / "odd.jsonl")["train"][0]
    assert row["answers"] == {"text": ["Ann"], "answer_start": [2]} and row["context"][2:5] == "Ann"


# --- splits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_no_title_is_in_two_splits(seed):
    data = load(rows(60, title=[f"t{i // 6}" for i in range(60)]), seed=seed)
    train, valid = set(data["train"]["title"]), set(data["validation"]["title"])
    assert not train & valid and len(train | valid) == 10
    assert len(data["validation"]) == 12  # two titles of six: the first that reach 15% of 60


def test_without_titles_no_passage_is_in_two_splits():
    frame = rows(60, context=[f"Ann left {i // 3}." for i in range(60)])
    data = load(frame)
    assert not set(data["train"]["context"]) & set(data["validation"]["context"]) and len(data["validation"]) == 9


def test_one_title_on_several_passages_is_cut_by_passage():
    assert len(load(rows(20, title="same"))["validation"]) == 3


def test_one_passage_cannot_be_cut():
    assert "one passage" in problem(rows(8, context="Ann left."))


# --- audit ------------------------------------------------------------------------------------------------------------


def test_the_audit_counts_questions_and_finds_a_passage_that_is_in_two_splits():
    frame = rows(12, split=["train"] * 9 + ["validation"] * 3, context=[f"Ann {w} the mill {w} today." for w in
                 ("left", "saw", "built", "sold", "burnt", "drew", "loved", "found", "hated", "left", "swept", "bought")])  # fmt: skip
    frame["answers"] = [None, *frame["answers"][1:]]
    found = wb.audit(frame)
    assert found.counts == {
        "train": {"with an answer": 8, "without": 1},
        "validation": {"with an answer": 3, "without": 0},
    }
    assert (0, 0, "train/validation") in found.leaks and found.majority == 0
    assert found.words == {"passage": 6.0, "answer": 1.0} and "F1 on validation" in str(found)


def test_the_same_question_on_another_passage_is_no_leak_and_a_real_one_is_removed():
    frame = rows(12, split=["train"] * 9 + ["validation"] * 3, question="Who left?")
    assert not any("flatter" in n for n in load(frame).notes)
    frame.loc[10, "context"] = frame.loc[2, "context"]
    data = load(frame)
    assert next(n for n in data.notes if "flatter" in n).startswith(
        "1 text of validation stands in train too (row 2 = row 3)"
    )
    mended = wb.audit(data).fixed()
    assert {k: len(v) for k, v in mended.items()} == {"train": 8, "validation": 3}
    assert "Ann left 2." not in set(mended["train"]["context"]) and not any("flatter" in n for n in load(mended).notes)
