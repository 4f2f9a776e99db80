"""Label Studio's exports, as its pages write them: choices, names in texts, skipped tasks, several annotators."""

import copy
import json
import random

import pytest
from odd_files import data_or_a_sentence

import workbench as wb


def task(number, content, *annotations, field="text", **data):
    """A task as the full export has it, with all that stands beside the answers."""
    return {
        "id": number, "annotations": list(annotations), "file_upload": "8f1c-reviews.csv", "drafts": [], "predictions": [],
        "data": {field: content, **data}, "meta": {}, "created_at": "2024-05-02T09:41:05.261840Z", "updated_at": "2024-05-02T09:44:12.118Z",
        "inner_id": number, "total_annotations": len(annotations), "cancelled_annotations": 0, "total_predictions": 0, "comment_count": 0,
        "unresolved_comment_count": 0, "last_comment_updated_at": None, "project": 4, "updated_by": 1, "comment_authors": [],
    }  # fmt: skip


def annotation(*result, skipped=False, by=1):
    return {"id": 31, "completed_by": by, "result": list(result), "was_cancelled": skipped, "ground_truth": False, "lead_time": 7.4,
            "created_at": "2024-05-02T09:44:12.061Z", "prediction": {}, "result_count": 0, "unique_id": "f0", "import_id": None}  # fmt: skip


def choice(*words, of="sentiment"):
    return {
        "value": {"choices": list(words)},
        "id": "k3",
        "from_name": of,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
    }


def name(start, end, text, *kinds, of="label"):
    value = {"start": start, "end": end, "text": text, "labels": list(kinds)}
    return {"value": value, "id": "q9", "from_name": of, "to_name": "text", "type": "labels", "origin": "manual"}


def saved(folder, tasks, ending="json"):
    path = folder / f"project-4-at-2024-05-02.{ending}"
    path.write_text(json.dumps(tasks) if ending == "json" else "".join(json.dumps(t) + "\n" for t in tasks), "utf-8")
    return path


def answers(data):
    column = {"classification": "label", "multi-label": "labels"}[data.task]
    word = lambda v: data.labels[v] if isinstance(v, int) else tuple(data.labels[i] for i in v)  # noqa: E731
    return {t: word(v) for s in data.values() for t, v in zip(s["text"], s[column], strict=True)}


def tags(data):
    return {t: [(w, data.labels[i]) for w, i in zip(ws, ts, strict=True) if data.labels[i] != "O"]
            for s in data.values() for t, ws, ts in zip(s["text"], s["tokens"], s["tags"], strict=True)}  # fmt: skip


REVIEWS = [
    task(i, f"The room was fine, number {i}.", annotation(choice("good" if i % 2 else "bad"))) for i in range(20)
]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_choice_is_the_label(tmp_path, ending):
    data = wb.load(saved(tmp_path, REVIEWS, ending))
    assert answers(data) == {f"The room was fine, number {i}.": "good" if i % 2 else "bad" for i in range(20)}
    assert data.notes == ()


def test_skipped_open_and_empty_tasks_are_left_out_and_counted(tmp_path):
    more = [
        task(20, "Skipped.", annotation(choice("good"), skipped=True)),
        task(21, "Not yet."),
        task(22, "Nothing.", annotation()),
    ]
    data = wb.load(saved(tmp_path, REVIEWS + more))
    assert len(answers(data)) == 20
    assert data.notes == (
        "2 tasks of project-4-at-2024-05-02.json without a completed annotation were left out",
        "1 task of project-4-at-2024-05-02.json with nothing chosen was left out",
    )


def test_of_several_annotators_the_first_who_completed_the_task_is_taken(tmp_path):
    both = (annotation(choice("bad"), skipped=True), annotation(choice("good"), by=2), annotation(choice("bad"), by=3))
    data = wb.load(saved(tmp_path, [*REVIEWS, task(20, "Two opinions.", *both)]))
    assert answers(data)["Two opinions."] == "good"
    assert (
        "1 task of project-4-at-2024-05-02.json has several annotations: the first completed one was taken"
        in data.notes
    )


def test_several_choices_are_several_labels_and_none_are_none(tmp_path):
    some = [("bill", "refund"), ("bill",), (), ("refund",)]
    tasks = [task(i, f"About my case {i}.", annotation(*[choice(*some[i % 4])] * bool(some[i % 4]))) for i in range(20)]
    assert answers(wb.load(saved(tmp_path, tasks))) == {f"About my case {i}.": some[i % 4] for i in range(20)}


def test_a_text_under_another_name_is_found_and_an_older_label_stays_beside(tmp_path):
    tasks = [
        task(i, f"My case is number {i} of them.", annotation(choice("ab"[i % 2])), field="complaint", label="x")
        for i in range(20)
    ]
    data = wb.load(saved(tmp_path, tasks))
    assert (
        answers(data) == {f"My case is number {i} of them.": "ab"[i % 2] for i in range(20)}
        and data["train"][0]["data label"] == "x"
    )


def test_of_several_questions_one_is_asked_for(tmp_path):
    tasks = [
        task(
            i, f"My case, number {i}.", annotation(choice("ab"[i % 2], of="mood"), choice("xy"[i % 4 < 2], of="matter"))
        )
        for i in range(20)
    ]
    path = saved(tmp_path, tasks)
    with pytest.raises(wb.WorkbenchError, match=r"several could hold the labels.*label='mood' or 'matter'"):
        wb.load(path)
    data = wb.load(path, label="matter")
    assert set(answers(data).values()) == {"x", "y"} and "in columns 'mood', 'matter': label= says" in data.notes[0]


@pytest.mark.parametrize(("item", "label"), [
    ({"value": {"rating": 4}, "from_name": "stars", "type": "rating"}, "4"),
    ({"value": {"taxonomy": [["Animal", "Cat"]]}, "from_name": "kind", "type": "taxonomy"}, "Animal/Cat"),
])  # fmt: skip
def test_stars_and_trees_are_labels_too(tmp_path, item, label):
    other = {"value": {"rating": 1}, "from_name": item["from_name"], "type": "rating"}
    tasks = [task(i, f"My case, number {i}.", annotation(item if i % 2 else other)) for i in range(20)]
    assert set(answers(wb.load(saved(tmp_path, tasks))).values()) == {"1", label}


# --- names in texts ---------------------------------------------------------------------------------------------------

TEXT = "Ada Lovelace left Paris."
NAMES = [name(18, 23, "Paris", "LOC"), name(0, 12, "Ada Lovelace", "PER")]
FOUND = [("Ada", "B-PER"), ("Lovelace", "I-PER"), ("Paris", "B-LOC")]


def test_names_become_tags_and_a_text_without_names_stays(tmp_path):
    data = wb.load(
        saved(tmp_path, [task(i, TEXT, annotation(*NAMES)) for i in range(10)] + [task(11, "It rained.", annotation())])
    )
    assert data.task == "tagging" and tags(data) == {TEXT: FOUND, "It rained.": []}


@pytest.mark.parametrize(
    ("text", "start", "end"), [("🙂🙂 Ada left.", 5, 8), ("Ada left.", 0, 2), ("🙂 Ada left.", 2, 5)]
)
def test_places_that_are_counted_otherwise_are_mended_by_the_text(tmp_path, text, start, end):
    data = wb.load(saved(tmp_path, [task(i, text, annotation(name(start, end, "Ada", "PER"))) for i in range(8)]))
    assert tags(data) == {text: [("Ada", "B-PER")]} and not any("not what stands" in n for n in data.notes)


def test_names_that_do_not_stand_at_their_place_are_counted(tmp_path):
    data = wb.load(
        saved(tmp_path, [task(i, TEXT, annotation(name(0, 3, "Eve" if i == 2 else "Ada", "PER"))) for i in range(8)])
    )
    assert "1 name of project-4-at-2024-05-02.json is not what stands at its place" in data.notes


def test_names_stand_in_the_field_in_which_they_are_found(tmp_path):
    tasks = [task(i, TEXT, annotation(*NAMES), field="letter", text="of May") for i in range(8)]
    data = wb.load(saved(tmp_path, tasks))
    assert tags(data) == {TEXT: FOUND} and any(
        "stand in 'letter', which is also called 'text'" in n for n in data.notes
    )
    assert wb.load(saved(tmp_path, tasks), text="letter").task == "tagging"


def test_names_beside_choices_are_tags_unless_the_choice_is_asked_for(tmp_path):
    path = saved(tmp_path, [task(i, f"{TEXT} {i}", annotation(*NAMES, choice("ab"[i % 2]))) for i in range(20)])
    assert wb.load(path).task == "tagging" and wb.load(path, label="label").task == "classification"


def test_answers_of_other_kinds_are_named(tmp_path):
    area = {"value": {"text": ["Bonjour"]}, "from_name": "fr", "to_name": "text", "type": "textarea"}
    data = wb.load(
        saved(
            tmp_path,
            [*REVIEWS, task(20, "Hello.", annotation(choice("good"), area, {"type": "relation", "from_id": "a"}))],
        )
    )
    assert any("answers were not read: textarea (1), relation (1)" in n for n in data.notes)
    with pytest.raises(wb.WorkbenchError, match="neither choices nor names in texts, but answers of the kind textarea"):
        wb.load(saved(tmp_path, [task(i, "Hello.", annotation(area)) for i in range(8)]))


def test_a_project_that_nobody_has_begun_is_said(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="8 tasks of Label Studio and no completed annotation"):
        wb.load(saved(tmp_path, [task(i, "Hello.") for i in range(8)]))


def test_the_short_export_is_read_too(tmp_path):
    beside = {"annotator": 1, "annotation_id": 7, "created_at": "2024-05-02T09:44:12.061Z", "lead_time": 7.4}
    some = [{"choices": ["bill", "refund"]}, "bill", "refund"]
    rows = [{"text": f"My case, number {i}.", "id": i, "topics": some[i % 3], **beside} for i in range(20)]
    assert answers(wb.load(saved(tmp_path, rows)))["My case, number 0."] == ("bill", "refund")
    rows = [{"text": TEXT, "id": i, "label": [n["value"] for n in NAMES], **beside} for i in range(8)]
    assert tags(wb.load(saved(tmp_path, rows))) == {TEXT: FOUND}


# --- exports that nobody would write ----------------------------------------------------------------------------------

ODD = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "text",
    "\ud83d",
    [],
    {},
    [[]],
    {"choices": [None]},
    {"choices": ["a"]},
    [1, 2, "X"],
    {"start": 0},
    "x" * 99,
]


def scrambled(draw, value, share):
    """The same value with some of what is in it replaced by something odd, doubled or left out."""
    if draw.random() < share:
        return copy.deepcopy(draw.choice(ODD))
    if isinstance(value, dict):
        return {draw.choice(["label", k]) if draw.random() < share / 4 else k: scrambled(draw, v, share) for k, v in value.items()
                if draw.random() > share / 2}  # fmt: skip
    if isinstance(value, list):
        return [
            scrambled(draw, v, share)
            for v in value
            for _ in range(draw.choice([1, 1, 2]) if draw.random() < share else 1)
        ]
    return value


def odd_tasks(draw):
    made = []
    kinds = draw.choice(
        [[choice("a"), choice("b")], NAMES, [choice("a", "b"), choice("b", of="topic")], [*NAMES, choice("a")]]
    )
    share = draw.choice([0, 0.005, 0.02, 0.1])
    for i in range(draw.randrange(1, 12)):
        one = task(
            i,
            TEXT,
            *(
                annotation(*draw.sample(kinds, k=draw.randrange(3) % (len(kinds) + 1)))
                for _ in range(draw.randrange(3))
            ),
        )
        row = scrambled(draw, one, share)
        made.append(row if isinstance(row, dict) or draw.random() < 0.1 else one)
    return made


def read_odd(folder, seeds):
    good = 0
    for seed in seeds:
        draw = random.Random(seed)
        path = saved(folder, odd_tasks(draw), draw.choice(["json", "jsonl"]))
        good += data_or_a_sentence(path, seed)
    return good


def test_odd_exports_are_data_or_a_sentence(tmp_path):
    assert read_odd(tmp_path, range(200)) > 5


@pytest.mark.benchmark
@pytest.mark.parametrize("start", range(0, 5000, 1000))
def test_thousands_of_odd_exports_are_data_or_a_sentence(tmp_path, start):
    read_odd(tmp_path, range(start, start + 1000))
