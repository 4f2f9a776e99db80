"""`python -m workbench effects`: each way is trained on the same seeds, once, and the page says no more than the numbers do."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tiny import data, tiny_bert, tiny_gpt

import workbench as wb
from workbench.models import journal
from workbench.training import effects, effects_data
from workbench.training.effects import Setting
from workbench.training.run import fit

ROOT = Path(__file__).resolve().parents[2]
SHARED = {"epochs": 1, "evaluations": 1, "restore_best": False, "learning_rate": 1e-2}


@pytest.fixture
def folder(tmp_path):
    return str(tiny_bert(tmp_path / "tiny"))


@pytest.fixture
def measured(tmp_path, folder, monkeypatch):
    """What `main` leaves on disk for two settings with the same control, with a page; how often a run was made."""
    place = tmp_path / "practice"
    place.mkdir()
    rows = [frame.assign(split=name) for name, frame in ((k, part.to_pandas()) for k, part in data(48, 24).items())]
    pd.concat(rows).to_csv(place / "rows.csv", index=False)
    for where in (effects, effects_data):
        monkeypatch.setattr(where, "PRACTICE", {"rows": "rows.csv", "gone": "gone.csv"})
    some = [Setting(name, "instead", where, 16, {"technique": name}, {}, SHARED, model=folder)
            for name, where in (("feature-extraction", "rows"), ("lora", "rows"), ("ia3", "gone"))]  # fmt: skip
    monkeypatch.setattr(effects, "SETTINGS", tuple(some))
    made: list[dict] = []
    monkeypatch.setattr("workbench.training.run.fit", lambda *a, **k: made.append(k) or fit(*a, **k))
    arguments = ["--seeds", "2", "--practice", str(place), "--results", str(tmp_path / "runs" / "e.jsonl"),
                 "--write", str(tmp_path / "page.md")]  # fmt: skip
    return arguments, made


def test_both_ways_get_the_same_seeds_a_control_is_trained_once_and_what_is_there_is_not_made_again(
    measured, tmp_path, capsys
):
    arguments, made = measured
    effects.main(arguments)
    rows = journal.read(tmp_path / "runs" / "e.jsonl")
    assert [(r["name"], r["way"], r["seed"]) for r in rows] == [
        (name, way, seed)
        for name in ("feature-extraction", "lora")
        for seed in (0, 1)
        for way in ("control", "technique")
    ]
    assert len(made) == 6  # two controls, and two of each technique
    controls = [
        [r["score"] for r in rows if r["name"] == name and r["way"] == "control"]
        for name in ("feature-extraction", "lora")
    ]
    assert controls[0] == controls[1]
    assert {r["trained"] for r in rows if r["way"] == "control"} != {
        r["trained"] for r in rows if r["way"] == "technique"
    }
    effects.main(arguments)
    assert len(made) == 6
    assert "left out: ia3 on gone" in capsys.readouterr().out
    page = (tmp_path / "page.md").read_text("utf-8")
    assert (
        page.count("| feature-extraction | rows (accuracy) | 16 |")
        == page.count("| lora | rows (accuracy) | 16 |")
        == 1
    )


def test_a_run_before_is_made_once_and_handed_on(measured, folder, monkeypatch, tmp_path):
    arguments, made = measured
    before = ("teacher", {"model": folder, **SHARED})
    one = Setting("distillation", "taught", "rows", 16, {"technique": "distillation"}, {}, SHARED, folder, before)
    monkeypatch.setattr(effects, "SETTINGS", (one,))
    effects.main(arguments)
    assert len(made) == 5 and [("teacher" in k) for k in made].count(True) == 2
    assert len({id(k["teacher"]) for k in made if "teacher" in k}) == 1
    effects.main([*arguments, "--seeds", "3"])  # continued: the teacher is found again
    assert len(made) == 7 and [("teacher" in k) for k in made].count(True) == 3


def test_a_run_that_others_begin_with_has_a_seed_that_none_of_them_has(measured, folder, monkeypatch):
    arguments, made = measured
    before = ("model", {"model": folder, **SHARED})
    monkeypatch.setattr(
        effects, "SETTINGS", (Setting("sequential", "after", "rows", 16, {}, {}, SHARED, folder, before),)
    )
    effects.main(arguments)
    first = next(k for k in made if k["model"] == folder and "train_examples" not in k)
    assert len(made) == 5 and made.count(first) == 1
    assert first["seed"] not in {k["seed"] for k in made if k is not first}


def test_a_hosted_job_is_trained_by_the_service_of_this_machine_and_answers_through_it(measured, monkeypatch, tmp_path):
    arguments, made = measured
    model = str(tiny_gpt(tmp_path / "gpt"))
    one = Setting(
        "hosted job", "with words", "rows", 16, {"technique": "hosted"}, {}, {**SHARED, "batch_size": 8}, model=model
    )
    monkeypatch.setattr(effects, "SETTINGS", (one,))
    effects.main(arguments)
    found = journal.read(tmp_path / "runs" / "e.jsonl")
    assert [r["way"] for r in found] == ["control", "technique"] * 2 and len(
        made
    ) == 2  # what is made here are the controls
    for control, technique in zip(found[::2], found[1::2], strict=True):
        assert 0 <= technique["score"] <= 1 and 0 < technique["trained"] < control["trained"]  # no head for labels


def test_copies_are_made_of_the_labelled_texts_alone_and_the_control_has_none(measured, folder, monkeypatch, tmp_path):
    arguments, _ = measured
    way = {"augment": {"methods": ("swap",), "copies": 2}}
    setting = Setting("augmentation", "copies", "headlines", 32, way, {}, SHARED, model=folder)
    monkeypatch.setattr(effects, "SETTINGS", (setting,))
    trained = []
    monkeypatch.setattr("workbench.training.run.fit", lambda *a, **k: trained.append(fit(*a, **k)) or trained[-1])
    effects.main(["--seeds", "1", *arguments[2:]])
    control, more = (run.store.facts["n_train"] for run in trained)
    assert control == 32 and 64 < more <= 96  # where nothing can be swapped there is no copy
    assert [r["way"] for r in journal.read(tmp_path / "runs" / "e.jsonl")] == ["control", "technique"]


def test_asking_trains_nothing(measured, monkeypatch, tmp_path):
    arguments, made = measured
    words = {"good": "this is great", "bad": "this is bad"}
    (tmp_path / "practice" / "rows.csv").write_text(
        "text,label,split\n" + "".join(f"{t},{k},{s}\n" for s in ("train", "validation") for k, t in words.items()),
        "utf-8",
    )
    way = {"template": "{text} This is"}
    one = Setting("in-context learning", "asked", "rows", 2, way, {}, SHARED, model=str(tiny_gpt(tmp_path / "gpt")))
    monkeypatch.setattr(effects, "SETTINGS", (one,))
    effects.main(arguments)
    asked = [r for r in journal.read(tmp_path / "runs" / "e.jsonl") if r["way"] == "technique"]
    assert (
        len(made) == len(asked) == 2 and {r["trained"] for r in asked} == {0} and asked[0]["score"] == asked[1]["score"]
    )


def test_an_effect_is_of_the_differences_seed_by_seed():
    """1, 2 and 3: mean 2, deviation 1, and t(0.975, 2) = 4.303 over the root of 3."""
    assert effects.effect([1.0, 2.0, 3.0]) == pytest.approx((2.0, 1.0, 4.303 / 3**0.5), abs=1e-3)
    with pytest.raises(wb.WorkbenchError, match="two or more"):
        effects.effect([1.0])


def rows(control, technique):
    common = {
        "name": "lora",
        "words": "instead",
        "data": "d",
        "labels": 64,
        "model": "m",
        "metric": "f1",
        "trained": 7,
        "seconds": 3.0,
    }
    return [{**common, "way": way, "seed": seed, "score": score} for way, scores in (("control", control), ("technique", technique))
            for seed, score in enumerate(scores)]  # fmt: skip


@pytest.mark.parametrize(
    ("technique", "verdict"),
    [([0.6, 0.71, 0.8], "helps"), ([0.4, 0.49, 0.6], "harms"), ([0.6, 0.5, 0.71], "no detectable difference")],
)
def test_a_verdict_needs_an_interval_that_leaves_out_zero(technique, verdict):
    line = effects.page(rows([0.5, 0.6, 0.7], technique)).splitlines()[-1]
    assert line.startswith("| lora | d (F1) | 64 | m instead | 60.0 ± 10.0 |") and line.endswith(
        f"| 7 → 7 | 3 → 3 | {verdict} |"
    )


def test_a_seed_that_only_one_way_has_does_not_count():
    assert effects.page(rows([0.5, 0.6, 0.7], [0.6, 0.71])).splitlines()[-1].count("2 of 2") == 1
    assert effects.page(rows([0.5], [0.6])).splitlines()[-1].startswith("|---")  # one seed has no spread


def test_the_page_has_the_order_of_the_settings():
    first, last = effects.SETTINGS[0], effects.SETTINGS[-1]
    found = [
        {**row, **{k: getattr(s, k) for k in effects.KEY}}
        for s in (last, first)
        for row in rows([0.5, 0.6], [0.6, 0.71])
    ]
    names = [line.split(" | ")[0].strip("| ") for line in effects.page(found).splitlines()[-2:]]
    assert names == [first.name, last.name] == ["feature-extraction", "multi-task"]


def test_a_corpus_is_read_in_paragraphs_after_our_own_sentences(tmp_path):
    import lzma

    long = [f"paragraph {i} " + "word " * 14 for i in range(50)]
    with lzma.open(tmp_path / "legal_en.txt.xz", "wt", encoding="utf-8") as file:
        file.write("\n".join(["a title", *long]))
    lines = effects_data.paragraphs(tmp_path, "legal_en", tmp_path / "out").read_text("utf-8").splitlines()
    own = list(wb.load("legal-sentences")["train"]["text"])
    assert lines[: 2 * len(own)] == 2 * own
    assert sorted(lines[2 * len(own) :]) == sorted(p.strip() for p in long) and lines[2 * len(own) :] != [
        p.strip() for p in long
    ]


def test_answers_are_told_by_their_questions_and_are_not_read(tmp_path):
    import lzma

    tail = "and so on at length"
    asked = {"What causes gout?": "causes", "How is gout diagnosed?": "diagnosis", "Is gout inherited?": "inheritance",
             "What are the symptoms of gout?": "symptoms", "How might gout be treated?": "treatment"}  # fmt: skip
    body = lambda i: " ".join(f"word{i}and{n}" for n in range(12))  # noqa: E731
    lines = [f"{q} {body(f'{i}{kind}')} {tail}" for i in range(8) for q, kind in asked.items()]
    table = f"What are the signs and symptoms of gout? The Human Phenotype Ontology has {body('table')}"
    again = f"What causes gout? {body('0causes')} {tail}, once more"
    others = [f"Gout {i} hurts {body(i)}" for i in range(5)]
    with lzma.open(tmp_path / "medical_en.txt.xz", "wt", encoding="utf-8") as file:
        file.write("\n".join([*lines, table, again, "What causes it? Nobody knows.", *others]))
    rows, rest = effects_data.answers(tmp_path / "medical_en.txt.xz")
    assert len(rows) == 40 and set(rows["label"]) == set(asked.values()) and rest == others
    assert all(row["label"] == list(asked.values())[i % 5] and "?" not in row["text"] for i, row in rows.iterrows())
    assert list(rows["split"]) == ["train"] * 20 + ["validation"] * 20
    data = effects_data.dataset("medical_en:answers", tmp_path, tmp_path)
    assert len(data["train"]) == len(data["test"]) == 20 and data.labels == sorted(asked.values())
    own = len(wb.load("clinic-sentences")["train"])
    assert effects_data.paragraphs(tmp_path, "medical_en", tmp_path).read_text("utf-8").count("\n") == 2 * own + 5


def test_some_sources_of_a_set_are_a_set(tmp_path):
    news, others = (effects_data.dataset(f"reviews:{some}", tmp_path) for some in ("news", "review+social"))
    whole = wb.load("reviews")
    assert set(news["train"]["source"]) == {"news"} and set(others["test"]["source"]) == {"review", "social"}
    assert all(len(news[k]) + len(others[k]) == len(whole[k]) for k in whole) and news.labels == whole.labels


def test_every_setting_names_what_exists():
    from workbench import catalog

    bundled = {c.name for c in catalog.datasets() if c.source == "bundled"}
    for setting in effects.SETTINGS:
        assert setting.data.partition(":")[0] in bundled | set(effects.PRACTICE) | set(effects.CORPORA)
        assert setting.way.get("reads") in {None, *effects.CORPORA, *bundled}
        wb.RunConfig(**{**setting.shared, **setting.control})
        way = {k: v for k, v in setting.way.items() if k != "augment"}
        assert "template" in way or wb.RunConfig(**{**setting.shared, **way})
    assert len({effects._key(vars(s)) for s in effects.SETTINGS}) == len(effects.SETTINGS)


def test_results_of_another_number_of_seeds_are_gone_on_with(measured, tmp_path):
    arguments, made = measured
    effects.main(["lora", *arguments[2:], "--seeds", "1"])
    assert len(made) == 2
    effects.main(["lora", *arguments])
    assert len(made) == 4
    assert all(json.loads(line) for line in (tmp_path / "runs" / "e.jsonl").read_text("utf-8").splitlines())


def test_lesson_09_quotes_the_page():
    page, lesson = (
        (ROOT / name).read_text("utf-8") for name in ("docs/techniques.md", "notebooks/src/09-little-data.py")
    )
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith("| augmentation | headlines")]
    assert [line[2] for line in lines] == ["32", "128", "512"]
    assert all(line[6] in lesson and line[10] == "no detectable difference |" for line in lines)
