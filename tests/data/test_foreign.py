"""Well-known data that no task learns from as they are: each is refused with a sentence on what to make of it, and none is read as
something else. The layouts are imitated with words of our own."""

import json

import pandas as pd
import pytest

import workbench as wb
from workbench.data import stream

NAMES = ["Ada", "Bob", "Cleo", "Dan"]
OPTIONS = [{"label": "A", "text": "a bank"}, {"label": "B", "text": "a mill"}]
ROWS = {  # by their place of origin: a row, and words of the advice
    "NQ-open": ({"question": "who saw mill {i}", "answer": ["{name}", "Ada L"]}, "columns question, context and answers"),
    "PopQA": ({"question": "Who saw mill {i}?", "prop": "{kind}", "possible_answers": '["{name}", "A"]'}, "context and answers"),
    "WebQuestions": ({"url": "http://x/{i}", "targetValue": "(list)", "utterance": "who saw mill {i}?"}, "context and answers"),
    "TriviaQA": ({"Question": "Who saw {i}?", "QuestionId": "tc_{i}", "Answer": {"Aliases": ["Ada"]}, "EntityPages": []},
                 "convert_to_squad_format.py"),
    "NewsQA": ({"story_id": "./cnn/{kind}.story", "question": "What was mill {i}?", "answer_char_ranges": "294:297|None"}, "MRQA"),
    "NewsQA in json": ({"storyId": "./cnn/{kind}.story", "text": "It rained {i} times.", "questions": [{"q": "When?"}]}, "MRQA"),
    "Natural Questions": ({"document_text": "<P> Rain {i}", "question_text": "who saw {i}", "annotations": []}, "MRQA"),
    "DROP": ({"passage": "It rained {i} times.", "qa_pairs": [{"question": "How many?", "answer": {"number": "2"}}]}, "one span"),
    "MS MARCO": ({"query": "who saw {i}", "passages": [{"passage_text": "Ada."}], "answers": ["Ada"]}, "selected passage"),
    "BioASQ": ({"body": "Which gene {i}?", "snippets": [{"text": "ABC1."}], "exact_answer": [["ABC1"]]}, "snippet as context"),
    "RACE": ({"article": "It rained {i} times.", "questions": ["Who?"], "options": [["a", "b"]], "answers": ["A"]}, "row per answer"),
    "ARC": ({"id": "{i}", "question": {"stem": "Which mill {i}?", "choices": OPTIONS}, "answerKey": "{kind}"}, "row per answer"),
    "Few-NERD's episodes": ({"support": {"word": [["Ada"]]}, "query": {"word": [["Bob"]]}, "types": ["person"]}, "supervised"),
    "CLUENER": ({"text": "Ada saw mill {i}.", "label": {"person": {"Ada": [[0, 2]]}}}, r"b \+ 1"),
}  # fmt: skip


def filled(value, i):
    """A row with its number, a name and one of two kinds in its texts."""
    if isinstance(value, str):
        return value.replace("{i}", str(i)).replace("{name}", NAMES[i % 4]).replace("{kind}", "AB"[i % 2])
    if isinstance(value, dict):
        return {k: filled(v, i) for k, v in value.items()}
    return [filled(v, i) for v in value] if isinstance(value, list) else value


def rows(name):
    return [filled(ROWS[name][0], i) for i in range(24)]


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_are_for_none_of_the_tasks_are_refused_with_what_to_make_of_them(tmp_path, name):
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows(name))))
    with pytest.raises(wb.WorkbenchError, match=ROWS[name][1]):
        wb.load(tmp_path / "train.jsonl")


@pytest.mark.parametrize(("name", "whole"), [("TriviaQA", lambda some: {"Data": some, "Domain": "Web"}), ("NewsQA in json", lambda some: {"data": some}),
                                             ("DROP", lambda some: {f"nfl_{i}": row for i, row in enumerate(some)})])  # fmt: skip
def test_their_files_of_json_are_refused_as_their_rows_are(tmp_path, name, whole):
    (tmp_path / "train.json").write_text(json.dumps(whole(rows(name))))
    with pytest.raises(wb.WorkbenchError, match=ROWS[name][1]):
        wb.load(tmp_path / "train.json")


def test_a_large_file_of_them_is_refused_too(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1)
    frame = pd.DataFrame(rows("NewsQA"))
    frame.to_csv(tmp_path / "newsqa.csv", index=False)
    with pytest.raises(wb.WorkbenchError, match="MRQA"):
        wb.load(tmp_path / "newsqa.csv")


def test_who_asks_for_the_labels_gets_them():
    frame = pd.DataFrame(rows("NQ-open"))
    assert wb.load(frame, label="answer").task == "multi-label"
    assert wb.load(frame.assign(answer=[row[0] for row in frame["answer"]])).task == "classification"


def test_questions_with_a_passage_are_none_of_them():
    passages = [{**row, "context": f"{row['answer'][0]} and Ada L saw it."} for row in rows("NQ-open")]
    assert wb.load(passages).task == "answering"
