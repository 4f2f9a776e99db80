"""A pretraining is followed through the files of its work folder, without torch and without the process that trains."""

import asyncio
import json

import pytest

import workbench as wb
from workbench.views import pretraining

PLAN = {"tokens": 1000, "batch": 100}


def line(step, loss):
    row = {"step": step, "tokens": step * 100, "train_loss": None if not step else loss - 0.1, "valid_loss": loss,
           "valid_accuracy": 0.25, "seconds": step / 2}  # fmt: skip
    return json.dumps(row) + "\n"


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / ".pretrain" / "m"
    folder.mkdir(parents=True)
    (folder / "curve.jsonl").write_text(line(0, 6.0) + line(4, 5.0) + '{"step": 5, "to', "utf-8")
    return folder


def plan(work, place="checkpoint"):
    (work / place).mkdir()
    (work / place / "state.json").write_text(json.dumps({"plan": PLAN}), "utf-8")


def test_a_work_folder_is_followed_and_says_where_it_stands(work):
    going = wb.follow(str(work))
    assert going.frame()["step"].tolist() == [0, 4] and going.planned is None and not going.done
    plan(work, "checkpoint-old")  # the swap was cut short
    assert "step 4 of 10, 0.0 M tokens, validation loss 5.000 (at the start 6.000), 25.0% guessed right" in str(going)


def test_its_picture_has_both_losses_and_says_so_in_words(work):
    going = wb.follow(work)
    above, below = going.figure().axes[:2]
    lines = {part.get_label(): list(part.get_ydata()) for part in above.get_lines()}
    assert lines["validation loss"] == [6.0, 5.0] and lines["training loss"][1] == 4.9 and below.get_lines()
    assert 'alt="Line chart of a pretraining. pretraining in' in going._repr_html_()


def test_awaiting_it_draws_every_new_measurement_and_ends_with_the_last_step(work, monkeypatch):
    plan(work)
    monkeypatch.setattr(pretraining, "LOOK", 0.01)
    shown = []

    class Handle:
        def update(self, page):
            shown.append(page.data)

    monkeypatch.setattr("IPython.display.display", lambda page, display_id: shown.append(page.data) or Handle())
    going = wb.follow(work)

    async def both():
        watching = asyncio.ensure_future(going.watch())
        await asyncio.sleep(0.05)
        (work / "curve.jsonl").write_text(line(0, 6.0) + line(4, 5.0) + line(10, 4.0), "utf-8")
        return await asyncio.wait_for(watching, 20)

    assert asyncio.run(both()) is going and going.done and going.join() is going
    assert [("step 4 of 10" in s, "step 10 of 10" in s) for s in shown] == [(True, False), (False, True)]


def test_its_file_is_read_once_for_each_look(work, monkeypatch):
    going, read, real = wb.follow(work), [], pretraining.Pretraining.frame
    monkeypatch.setattr(pretraining.Pretraining, "frame", lambda self: read.append(1) or real(self))
    assert "<img" in going._repr_html_() and len(read) == 1
    assert str(going) and going.figure() and not going.done and len(read) == 4
    monkeypatch.setattr(pretraining, "LOOK", 0.01)
    monkeypatch.setattr("IPython.display.display", lambda page, display_id: None)
    looks, sleep = [], asyncio.sleep

    async def watched():
        await going.watch()

    async def looked(seconds):
        looks.append(1)
        if len(looks) == 3:
            raise asyncio.CancelledError
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", looked)
    read.clear()
    asyncio.run(watched())
    assert len(read) == len(looks) == 3  # at the start and after each of two sleeps


def test_an_empty_curve_is_nothing_measured_and_another_folder_is_no_pretraining(work, tmp_path, home):
    (work / "curve.jsonl").write_text("", "utf-8")
    assert "nothing measured yet" in str(wb.follow(work)) and "<img" not in wb.follow(work)._repr_html_()
    with pytest.raises(wb.WorkbenchError, match="no run"):
        wb.follow(str(tmp_path))
    assert pretraining.found("\0") is None
