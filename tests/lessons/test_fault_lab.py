"""The fault lab with nothing trained: what each fault does to a set-up, which numbers give it away, the learner's order, the judges."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons import fault_desk, fault_lab, fault_order
from workbench.lessons.evidence import repeated, rise, shared, sound, words_read
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED
from workbench.lessons.fault_lab import Case, cause_of, home
from workbench.lessons.faults import CAUSES, FAULTS, NOTES, TEXTS, Evidence, plain

FAULT = {fault.name: fault for fault in FAULTS}
SOUND = Evidence(n_valid=237, leaks=0.0, repeated=0.0, majority=0.12, words=0.64, words_new=0.66, words_held=0.62, train=0.97, valid=0.70, served=0.75, whole=0.75,
                 asked_rate=1e-3, peak_rate=1e-3, first_rate=0.08, start_rate=8e-5, rise=0.05, moved=0.1, read=0.97, near=0.0, leaked=0, different=640, top_loss=2.1)  # fmt: skip
SIGNS = {
    "leaked split": {"leaks": 1.0, "valid": 0.97},
    "shuffled labels": {
        "words": 0.14,
        "words_new": 0.14,
        "words_held": 0.12,
        "valid": 0.13,
        "train": 0.15,
        "served": 0.13,
        "whole": 0.13,
    },
    "wrong tokeniser": {"read": 0.1, "valid": 0.3, "served": 0.3, "whole": 0.3},
    "rate × 100": {"peak_rate": 0.1, "valid": 0.12, "train": 0.12, "served": 0.12, "whole": 0.12, "rise": 2.0},
    "frozen encoder": {"moved": 0.0, "train": 0.6, "valid": 0.6},
    "label noise": {"words_new": 0.5, "words_held": 0.3, "valid": 0.62},
    "tiny validation set": {"n_valid": 10},
    "duplicates in training": {"repeated": 0.87, "valid": 0.4, "served": 0.4, "whole": 0.4},
    "no warm-up": {"first_rate": 0.99, "rise": 0.6, "valid": 0.12, "train": 0.12, "served": 0.12, "whole": 0.12},
    "train/serve mismatch": {"served": 0.35},
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return sound(dict(NOTES), tmp_path_factory.mktemp("lab"))


def spoiled(name, clean):
    return FAULT[name].spoil(clean, np.random.default_rng(0))


def test_every_fault_is_known_by_its_own_sign_and_by_no_other():
    assert set(SIGNS) == set(CAUSES) and len(CAUSES) == 10
    for name, changes in SIGNS.items():
        numbers = replace(SOUND, **changes)
        assert [f.name for f in FAULTS if f.tell(numbers)[0]] == [name]
    assert [f.name for f in FAULTS if f.tell(SOUND)[0]] == []


@pytest.mark.parametrize("name", CAUSES)
def test_a_fault_changes_one_thing(name, clean):
    broken = spoiled(name, clean)
    differ = [k for k in ("train", "validation", "choices", "serve") if getattr(broken, k) != getattr(clean, k)]
    assert len(differ) == 1
    if differ == ["choices"]:
        assert len([k for k in clean.choices if clean.choices[k] != broken.choices.get(k)]) + len(
            set(broken.choices) - set(clean.choices)
        ) == 1  # fmt: skip
    assert len(broken.train["text"]) == len(broken.train["label"])


def test_what_the_faults_do_by_their_numbers(clean):
    assert len(clean.train["text"]) == TEXTS and repeated(clean.train["text"]) == 0
    assert shared(clean.validation["text"], spoiled("leaked split", clean).train["text"]) == 1
    assert shared(clean.validation["text"], clean.train["text"]) == 0
    shuffled = spoiled("shuffled labels", clean).train["label"]
    assert (
        sorted(shuffled) == sorted(clean.train["label"]) and np.mean(np.array(shuffled) == clean.train["label"]) < 0.25
    )
    noisy = spoiled("label noise", clean).train["label"]
    assert 0.4 < np.mean(np.array(noisy) != clean.train["label"]) < 0.5
    assert len(spoiled("tiny validation set", clean).validation["text"]) == 10
    assert repeated(spoiled("duplicates in training", clean).train["text"]) == pytest.approx(600 / 640)
    assert spoiled("rate × 100", clean).choices["learning_rate"] == pytest.approx(0.1)
    assert spoiled("train/serve mismatch", clean).serve("x" * 30) == "x" * 24


def test_the_other_tokenizer_reads_other_words(clean):
    some = clean.validation["text"][:10]
    broken = spoiled("wrong tokeniser", clean)
    assert words_read(some, broken.choices["model"]) < 0.3 < 0.9 < words_read(some, "bert-tiny")
    shown = fault_desk.reading(some[:1], "bert-tiny")
    assert shown["written"].tolist() == some[:1] and shown["read"].iloc[0].split()[0] == some[0].lower().split()[0]


def test_a_climb_counts_from_the_first_batch_and_not_a_single_spike():
    flat = [2.0] * 17
    assert (
        rise(pd.Series([2.0, 2.0, 5.0, *flat])) == pytest.approx(1.0) and rise(pd.Series([2.0, 1.0, 1.0, *flat])) == 0
    )


def test_the_order_is_the_learners_own_and_stays(home):
    names = [row["case"] for row in wb.fault_lab().rows()]
    first = fault_order.order()
    assert names == list(range(1, 11)) and sorted(first) == sorted(CAUSES) and fault_order.order() == first
    assert first.index("leaked split") >= 4  # the one that the lesson solves is not among the first
    assert len({tuple(wb.fault_lab(shuffle=True).order) for _ in range(5)}) > 1
    number = fault_order.order().index("label noise") + 1
    assert wb.fault(number)._fault is wb.fault("Label noise")._fault and wb.fault("label noise").number == number


@pytest.mark.parametrize(
    ("said", "meant"),
    [("rate x 100", "rate × 100"), ("Wrong Tokenizer", "wrong tokeniser"), ("no warm up", "no warm-up"), ("leaked splits", "leaked split")],
)  # fmt: skip
def test_a_cause_may_be_spelled_as_one_likes(said, meant):
    assert cause_of(said).name == meant


def test_what_is_no_case_or_cause_lists_what_there_is():
    with pytest.raises(wb.WorkbenchError, match=r"no case 11.*1 to 10"):
        wb.fault(11)
    with pytest.raises(wb.WorkbenchError, match=r"no fault is called 'gremlins'.*label noise"):
        wb.fault("gremlins")
    with pytest.raises(wb.WorkbenchError, match="has not been trained"):
        wb.fault(1).look("audit")
    with pytest.raises(wb.WorkbenchError, match="no evidence is called 'code'"):
        fault_desk.look(made("label noise"), "code")


def made(name, number=1):
    """A case of which only the numbers exist, and a picture in place of the two runs."""
    case = Case(number, FAULT[name])
    case._evidence = replace(SOUND, **SIGNS[name])
    case._setup, case._data = SimpleNamespace(serve=plain), None
    frame = pd.DataFrame({"step": [0, 1], "valid_loss": [2.0, 1.0], "accuracy": [0.1, 0.7]})
    run = SimpleNamespace(frame=lambda: frame, data=lambda: {"test": None},
                          predictor=lambda: SimpleNamespace(evaluate=lambda split: {"accuracy": 0.75}))  # fmt: skip
    case._runs = (run, run)
    return case


def test_a_right_diagnosis_shows_the_code_and_is_remembered():
    case = made("label noise")
    assert case.diagnose(None).state == NOT_ATTEMPTED == case.reveal().state and not wb.fault_lab().found
    outcome = case.diagnose("label noise", because="<b>50%</b> on training")
    shown = outcome._repr_html_()
    assert outcome.state == PASSED and "30%" in outcome.text and wb.fault_lab().found == {"label noise"}
    assert "rng.random" in shown and "&lt;b&gt;50%" in shown and 'alt="Line chart' in shown and "repaired 1.00" in shown


@pytest.mark.parametrize("name", [name for name in CAUSES if name != "label noise"])
def test_a_wrong_diagnosis_says_what_it_would_have_looked_like(name):
    outcome = made("label noise").diagnose(name)
    assert outcome.state == FAILED and FAULT[name].shows in outcome.text and not wb.fault_lab().found
    assert "label noise" not in outcome.text


def test_nothing_that_is_shown_before_the_answer_names_the_fault(home):
    for name in CAUSES:
        case = Case(3, FAULT[name])
        said = f"{case.story} {case!r} {case.noted.to_code()} {fault_lab.AsNoted(None, case.noted).to_code()}"
        assert name not in said and "freeze" not in said and not any(hint in said for hint in FAULT[name].hints)
    assert fault_lab.home() == home / "runs" / "faults" and wb.runs() == []


def test_hints_go_on_and_stay():
    case = made("no warm-up")
    assert [case.hint() for _ in range(3)] == [*FAULT["no warm-up"].hints, FAULT["no warm-up"].hints[-1]]
    assert all(len(fault.hints) == 2 and fault.mend for fault in FAULTS)


def test_the_desk_is_labelled_and_judges_what_is_chosen():
    desk = fault_desk.Desk(made("label noise"))
    for widget in (desk.what, desk.cause, desk.because):
        assert widget.description and len(widget.tooltip) > 15
    desk.answer.click()
    assert "Not attempted" in desk.judged.value
    desk.cause.value = "no warm-up"
    desk.answer.click()
    assert "Not yet" in desk.judged.value
    desk.help.click()
    assert FAULT["label noise"].hints[0] in desk.judged.value
    desk.cause.value = "label noise"
    desk.answer.click()
    assert "Passed" in desk.judged.value and "<pre" in desk.judged.value


def scored(valid, test):
    return SimpleNamespace(
        config=RunConfig(), evaluate=lambda split: {"accuracy": {"validation": valid, "test": test}[split]}
    )


LAB = SimpleNamespace(found={"a", "b", "c", "d"})


class TestExercises(Judges):
    RIGHT = {  # noqa: RUF012
        "16.1": [made("label noise"), "label noise"],
        "16.2": [made("tiny validation set"), "tiny validation set", "only 10 texts"],
        "16.3": [scored(0.95, 0.7)],
        "16.4": [LAB],
    }
    WRONG = {  # noqa: RUF012
        "16.1": ([made("label noise"), "no warm-up"], "you would see"),
        "16.2": ([made("tiny validation set"), "tiny validation set", "it looks rough"], "names none of the numbers"),
        "16.3": ([scored(0.75, 0.7)], "by 5 points"),
        "16.4": ([SimpleNamespace(found={"a"})], "1 causes found"),
    }


def test_the_cause_matters_and_not_only_the_grounds():
    outcome = wb.exercise("16.2").check(made("tiny validation set"), "label noise", "10 texts, 97%")
    assert outcome.state == FAILED and "you would see" in outcome.text


SEEN = {  # what a learner may write down from one of the looks, with the numbers of SIGNS
    "leaked split": "validation 97%, in service 75%",
    "shuffled labels": "TF-IDF has 14% from the same labels",
    "wrong tokeniser": "10% of the words are the same",
    "rate × 100": "the log's highest rate is 0.1",
    "frozen encoder": "layer 2 is 0.0% from its start",
    "label noise": "accuracy on the 640 training texts 97%",
    "tiny validation set": "each step of the curve is 10%",
    "duplicates in training": "near-duplicates 73.0%",
    "no warm-up": "the first step has the rate 1e-2 already",
    "train/serve mismatch": "35% in service, 75% as written",
}


@pytest.mark.parametrize("name", CAUSES)
def test_every_number_that_shows_the_cause_counts_as_evidence(name):
    case = made(name)
    shown = {"near": 0.73, "different": 40} if name == "duplicates in training" else {}
    case._evidence = replace(case._evidence, start_rate=1e-2 if name == "no warm-up" else 8e-5, **shown)
    if name == "leaked split":
        case._evidence = replace(case._evidence, leaked=240)
        assert wb.exercise("16.2").check(case, name, "the audit finds 240 leaks").state == PASSED
    assert wb.exercise("16.2").check(case, name, SEEN[name]).state == PASSED
    assert wb.exercise("16.2").check(case, name, f"{case.noted.epochs} epochs, 61 and 43% of nothing").state == FAILED


def test_small_numbers_agree_only_when_they_are_near():
    case = made("no warm-up")
    case._evidence = replace(case._evidence, start_rate=1e-2)
    assert wb.exercise("16.2").check(case, "no warm-up", "the rate begins at 0.005").state == FAILED


def test_where_the_disk_cannot_be_written_the_lab_goes_on(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(fault_order, "_unsaved", {})
    assert fault_order.order() == fault_order.order()
    fault_order.remember("label noise")
    assert wb.fault_lab().found == {"label noise"} and not home().exists()
