"""Only the models of the last few runs are held in memory, and nobody who asks an older one can tell."""

import gc

from tiny import tiny_bert

import workbench as wb
from workbench.training import recent


class Owner:
    def __init__(self):
        self.model = "here"

    def forget_model(self):
        self.model = None


def test_the_least_recently_asked_is_forgotten_first():
    owners = [Owner() for _ in range(recent.MOST + 1)]
    for one in owners[:-1]:
        recent.use(one)
    recent.use(owners[0])  # asked again
    recent.use(owners[-1])
    assert [one.model for one in owners] == ["here", None, *["here"] * (recent.MOST - 1)]


def test_owners_that_are_gone_take_no_place():
    owners = [Owner() for _ in range(recent.MOST - 1)]
    for one in owners:
        recent.use(one)
    for _ in range(5):
        recent.use(Owner())
        gc.collect()
    assert [one.model for one in owners] == ["here"] * len(owners)


TEXTS = ["It broke at once.", "I love it."]


def test_an_older_run_is_read_again_and_answers_the_same(home, tmp_path):
    tiny_bert(tmp_path / "model")
    small = {
        "model": str(tmp_path / "model"),
        "train_examples": 16,
        "epochs": 1,
        "evaluations": 1,
        "learning_rate": 1e-2,
    }
    runs, said = [], []
    for seed in range(recent.MOST + 2):
        runs.append(wb.fit("reviews", seed=seed, **small).join())
        said.append(runs[-1].predict(TEXTS))
    assert [run._worker.predictor is not None for run in runs] == [False, False, *[True] * recent.MOST]
    for run, before in zip(runs, said, strict=True):
        assert run.predict(TEXTS).equals(before)
    assert sum(run._worker.predictor is not None or run._loaded is not None for run in runs) == recent.MOST
    assert not said[0].equals(said[1])  # each its own


def test_a_run_that_is_not_on_disk_for_sure_keeps_its_model(home, tmp_path):
    tiny_bert(tmp_path / "model")
    small = {"model": str(tmp_path / "model"), "train_examples": 16, "epochs": 1, "evaluations": 1}
    run = wb.fit("reviews", **small).join()
    run.store.trouble = "this run is kept in memory only"
    run._worker.forget_model()
    assert run._worker.predictor is not None
    run.store.trouble = None
    run._worker.forget_model()
    assert run._worker.predictor is None and len(run.predict(TEXTS)) == 2
