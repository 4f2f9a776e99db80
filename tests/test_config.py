"""RunConfig: frozen, checked, and the same choices as code, as a recipe and as arguments of transformers."""

import dataclasses
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.config import _RULES, BY_HAND, ELSEWHERE, RunConfig, check_names, name_of
from workbench.errors import WorkbenchError

ANOTHER = {
    "data": 'a "quoted" C:\\path\nÄrger 🙂',
    "model": "google-bert/bert-base-uncased",
    "technique": "lora",
    "task": "tagging",
    "learning_rate": 1e-5,
    "batch_size": 4,
    "epochs": 2.5,
    "train_examples": 64,
    "dropout": 0.25,
    "weight_decay": 0.0,
    "label_smoothing": 0.1,
    "mixup": 0.4,
    "freeze": 2,
    "warmup": 0.0,
    "schedule": "cosine",
    "patience": 3,
    "stopping": "GL 5",
    "min_delta": 1e-4,
    "seconds": 30.0,
    "watch": True,
    "noise": 0.2,
    "ghost": True,
    "evaluations": 5,
    "restore_best": False,
    "keep_states": 4,
    "max_length": 64,
    "pooling": "cls",
    "head": "mlp",
    "decoding": "constrained",
    "add_tokens": ("ECG", "#tbt", "😀"),
    "layers": 2,
    "lora_rank": 4,
    "rate_decay": 2.0,
    "teacher": "runs/a teacher",
    "temperature": 4.0,
    "alpha": 0.5,
    "reads": "legal-sentences",
    "reads_epochs": 0.5,
    "also": ("reviews", 'my data/"clinic".csv'),
    "sampling": 0.25,
    "mistake": "no-mask:serving",
    "precision": "bf16",
    "seed": 7,
}
WRONG = [
    *[(name, value) for name in ("data", "model", "technique", "task") for value in ("", "  ", None, 3)],
    *[("learning_rate", value) for value in (0, -1e-3, 10.1, float("nan"), "3e-4", None, True, 1j)],
    *[("batch_size", value) for value in (0, 1025, 16.0, "16", None, True)],
    *[("epochs", value) for value in (0, -1, 10_001, float("inf"), float("nan"), None, True, "8")],
    *[("train_examples", value) for value in (1, 0, 2.5, "all", True)],
    *[("dropout", value) for value in (-0.1, 0.91, "no", True, float("nan"))],
    *[("weight_decay", value) for value in (-0.01, 11, None, False)],
    *[("label_smoothing", value) for value in (-0.1, 1, None)],
    *[("mixup", value) for value in (-0.1, 101, None, True, "no")],
    *[("freeze", value) for value in (-1, 1.5, None, True)],
    *[("warmup", value) for value in (-0.1, 1, 100, None)],
    *[("schedule", value) for value in ("polynomial", None, [])],
    *[("patience", value) for value in (0, 1.5, True)],
    *[("stopping", value) for value in ("", "GL", "GL 0", "PQ 0.0", "UP 0", "UP 1.5", "gl 5", "patience 3", 5)],
    *[("min_delta", value) for value in (-1e-6, float("nan"), None)],
    *[("seconds", value) for value in (0, -1, True, "60")],
    *[("watch", value) for value in (None, 1, "yes")],
    *[("noise", value) for value in (-0.1, 0.91, True, None)],
    *[("ghost", value) for value in (None, 1, "no")],
    *[("evaluations", value) for value in (0, 1001, None)],
    *[("restore_best", value) for value in (None, 1, "no")],
    *[("keep_states", value) for value in (-1, 1001, 1.5, None)],
    *[("max_length", value) for value in (3, 8193, None)],
    *[("pooling", value) for value in ("sum", None)],
    *[("head", value) for value in ("deep", None)],
    *[("decoding", value) for value in ("crf", None, True)],
    *[("add_tokens", value) for value in (("",), ("two words",), ("twice", "twice"), None, 3, ("a" * 101,))],
    *[("layers", value) for value in (0, 1.5, True)],
    *[("lora_rank", value) for value in (0, 1025, None)],
    *[("rate_decay", value) for value in (0.9, 101, None)],
    *[("teacher", value) for value in ("", 5)],
    *[("temperature", value) for value in (0, 101, None)],
    *[("alpha", value) for value in (-0.1, 1.1, None)],
    *[("reads", value) for value in ("", " ", 3)],
    *[("reads_epochs", value) for value in (0, -1, True, 1001)],
    *[("also", value) for value in (("",), None, 3, ("reviews", 5))],
    *[("sampling", value) for value in (-0.1, 1.1, True, None)],
    *[("mistake", value) for value in ("", "No mask", "no-mask:later", 3)],
    *[("precision", value) for value in ("int8", 16)],
    *[("seed", value) for value in (-1, 1.0, None)],
]


def fit(data, **choices):
    return RunConfig(data=data, **choices)


def run_code(config):
    return eval(config.to_code(), {"wb": SimpleNamespace(fit=fit), "data": BY_HAND})


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().epochs = 3


def test_every_field_has_a_rule():
    assert set(_RULES) == {f.name for f in dataclasses.fields(RunConfig)}


def test_every_rule_is_tried_by_a_wrong_value():
    assert {name for name, _ in WRONG} == set(_RULES)


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda x: repr(x))
def test_a_wrong_value_is_named_with_what_is_expected_and_what_to_try(name, value):
    with pytest.raises(WorkbenchError) as caught:
        RunConfig(**{name: value})
    assert caught.value.found == f"{name} is {value!r}"
    assert caught.value.expected
    assert caught.value.try_.startswith(f"{name}=")


@pytest.mark.parametrize("name", _RULES)
def test_what_the_error_says_to_try_is_accepted(name):
    tried = eval(_RULES[name][2])
    assert getattr(RunConfig(**{name: tried}), name) == tried


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("batch_size", 1, 1024),
        ("learning_rate", 1e-12, 10),
        ("dropout", 0, 0.9),
        ("label_smoothing", 0, 0.9),
        ("warmup", 0, 0.99),
        ("train_examples", 2, 10**9),
        ("seed", 0, 2**31),
    ],
)
def test_both_ends_are_allowed(name, lowest, highest):
    assert [getattr(RunConfig(**{name: v}), name) for v in (lowest, highest)] == [lowest, highest]


@pytest.mark.parametrize("name", ["train_examples", "dropout", "patience"])
def test_none_is_a_choice_where_it_has_a_meaning(name):
    assert getattr(RunConfig(**{name: None}), name) is None


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("epochs", 10_001, "10"),
        ("max_length", 8193, "8192"),
        ("evaluations", 1001, "1000"),
        ("seed", 2**31 + 1, "2147483648"),
        ("min_delta", 101, "100"),
    ],
)
def test_the_error_names_the_bound_that_was_crossed(name, value, bound):
    with pytest.raises(WorkbenchError) as caught:
        RunConfig(**{name: value})
    assert bound in caught.value.expected


def test_an_array_is_refused_with_a_sentence():
    with pytest.raises(WorkbenchError):
        RunConfig(learning_rate=np.array([1e-3, 1e-4]))


def test_numbers_of_numpy_become_python_numbers():
    config = RunConfig(batch_size=np.int64(8), learning_rate=np.float64(0.001))
    assert (type(config.batch_size), type(config.learning_rate)) == (int, float)


def test_paths_become_text():
    assert RunConfig(data=Path("my") / "texts.csv").data == str(Path("my") / "texts.csv")


def test_replace_changes_a_copy():
    config = RunConfig()
    assert config.replace(epochs=2).epochs == 2
    assert config.epochs == RunConfig().epochs


def test_replace_checks_the_new_value():
    with pytest.raises(WorkbenchError, match="epochs is 0"):
        RunConfig().replace(epochs=0)


@pytest.mark.parametrize(
    ("name", "nearest"), [("learningrate", "learning_rate"), ("epoch", "epochs"), ("batchsize", "batch_size")]
)
def test_an_unknown_name_suggests_the_nearest(name, nearest):
    with pytest.raises(WorkbenchError) as caught:
        RunConfig().replace(**{name: 1})
    assert caught.value.found == f"unknown argument {name!r}"
    assert caught.value.try_.startswith(f"{nearest}=")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(WorkbenchError) as caught:
        check_names(["zzz"])
    assert all(f.name in caught.value.expected for f in dataclasses.fields(RunConfig))
    assert caught.value.try_ == ""


def test_known_names_pass():
    assert check_names(ANOTHER) is None


def test_changed_holds_what_differs_from_the_defaults():
    assert RunConfig(epochs=2, seed=0).changed() == {"epochs": 2}


def test_another_differs_in_every_field():
    assert list(RunConfig(**ANOTHER).changed()) == [f.name for f in dataclasses.fields(RunConfig)]


@pytest.mark.parametrize("choices", [{}, {"model": "x"}, {"epochs": 2}, ANOTHER], ids=["none", "model", "one", "all"])
def test_the_code_makes_the_same_run(choices):
    assert run_code(RunConfig(**choices)) == RunConfig(**choices)


def test_the_code_of_data_that_were_passed_as_an_object_names_a_variable():
    assert RunConfig(data=BY_HAND).to_code() == 'wb.fit(data, model="bert-mini")'


def test_the_code_is_one_line():
    assert "\n" not in RunConfig(**ANOTHER).to_code()


@pytest.mark.parametrize("choices", [{}, ANOTHER, {"data": 'an odd\x7f "name".csv'}], ids=["none", "all", "odd name"])
def test_the_recipe_holds_the_same_choices(choices):
    assert RunConfig(**tomllib.loads(RunConfig(**choices).to_recipe())) == RunConfig(**choices)


def test_the_recipe_leaves_none_out():
    assert "patience" not in tomllib.loads(RunConfig().to_recipe())


def test_the_recipe_writes_small_rates_as_numbers():
    assert tomllib.loads(RunConfig(learning_rate=1e-7).to_recipe())["learning_rate"] == 1e-7


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_transformers_takes_the_training_arguments(schedule, tmp_path):
    from transformers import TrainingArguments

    config = RunConfig(**{**ANOTHER, "schedule": schedule, "warmup": 0.2})
    taken = TrainingArguments(output_dir=str(tmp_path), **config.to_training_arguments())
    assert taken.learning_rate == 1e-5
    assert taken.per_device_train_batch_size == 4
    assert taken.num_train_epochs == 2.5
    assert taken.label_smoothing_factor == 0.1
    assert taken.seed == 7


@pytest.mark.parametrize(("warmup", "steps"), [(0.0, 0), (0.1, 10), (0.99, 99)])
def test_warmup_is_a_share_of_all_steps(warmup, steps, tmp_path):
    from transformers import TrainingArguments

    taken = TrainingArguments(output_dir=str(tmp_path), **RunConfig(warmup=warmup).to_training_arguments())
    assert taken.get_warmup_steps(100) == steps


def test_a_constant_schedule_is_warmed_up_as_well():
    assert RunConfig(schedule="constant").to_training_arguments()["lr_scheduler_type"] == "constant_with_warmup"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("reviews", "reviews"),
        (Path("mine", "reviews"), str(Path("mine", "reviews"))),
        (SimpleNamespace(name="clinic"), "clinic"),
        ({"train": []}, BY_HAND),
        (pd.DataFrame({"name": ["Ada"], "text": ["a"]}), BY_HAND),
    ],
)
def test_data_are_called_so_that_they_are_found_again_or_not_at_all(data, name):
    assert name_of(data) == name


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("lr", "learning_rate"), ("num_train_epochs", "epochs"), ("bs", "batch_size"), ("epoch", "epochs")],
)
def test_what_other_libraries_call_a_choice_leads_to_ours(theirs, ours):
    with pytest.raises(WorkbenchError) as caught:
        check_names({theirs: 1})
    assert caught.value.try_ == f"{ours}=..."
    assert set(ELSEWHERE.values()) <= set(ANOTHER)
