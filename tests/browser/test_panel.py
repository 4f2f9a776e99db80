"""The panel in real JupyterLab in Chromium, used as a learner uses it. The page fixture fails a test on console errors."""

import json
import re
import shutil

import nbformat
import pytest
from lab import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SETUP = "import workbench as wb\nfrom tiny import data"
PANEL = 'panel = wb.panel("reviews", model="bert-mini", train_examples=64, epochs=60, patience=None)'
LONG = 'run = wb.fit(data(), model="tiny-bert", epochs=10000, evaluations=1000)\nawait run'


def test_a_learner_trains_pauses_changes_the_rate_stops_and_asks(server, page):
    """The whole way of lesson 00, on the notebook that ships."""
    shutil.copy(ROOT / "notebooks" / "00-start-here.ipynb", server.folder / "lesson.ipynb")
    page.open("lesson.ipynb")
    cells = nbformat.read(ROOT / "notebooks" / "00-start-here.ipynb", 4).cells
    at = next(i for i, c in enumerate(cells) if "wb.panel(" in c.source)
    for i, cell in enumerate(cells[: at + 1]):
        if cell.cell_type == "code":
            page.run(i)
    page.button("Train").wait_for()
    page.idle()
    assert "MB" in page.cell(at).inner_text()  # what it will cost is said before Train is pressed
    page.shot("1-panel-before")
    page.button("Train").click()
    page.trained()
    page.wait(lambda: (page.picture().get_attribute("alt") or "").startswith("Line chart"), 30, "alt text")
    page.button("Pause").click()
    page.wait(lambda: page.status() == "paused")
    page.shot("2-panel-paused")
    page.button("Continue").click()
    page.wait(lambda: page.status() == "training")
    slider = page.page.get_by_role("slider", name="Learning rate")
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    for _ in range(6):
        page.page.keyboard.press("ArrowRight")
    page.wait(lambda: slider.get_attribute("aria-valuetext") != before, 10, "rate on the slider")
    page.wait(lambda: "step" in page.page.locator('[role="status"]').first.inner_text())
    page.page.wait_for_timeout(1500)
    page.button("Stop").click()
    page.wait(lambda: page.status() == "stopped", 20)
    page.wait(lambda: "Stopped by hand" in page.cell(at).inner_text(), 20, "verdict with its reason")
    page.wait(lambda: page.button("Train").is_enabled(), 20)
    page.shot("3-panel-stopped")
    page.page.get_by_role("textbox", name="Your text").fill("a lovely quiet room and a kind host")
    page.page.keyboard.press("Enter")
    page.wait(lambda: re.search(r"positive\s+\d+\.\d%", page.cell(at).inner_text()), 20, "answer")
    page.page.get_by_role("tab", name="Runs").click()
    page.wait(lambda: page.cell(at).locator("th", has_text="validation loss").count(), 20, "table of runs")
    page.shot("4-runs")
    page.page.get_by_role("tab", name="Data").click()
    page.wait(lambda: "Texts per split and label" in page.cell(at).inner_text(), 30, "data tab")
    page.shot("5-data")
    page.page.set_viewport_size({"width": 780, "height": 1000})
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    page.wait(
        lambda: page.page.locator(".wb-tabs .lm-TabBar-tabLabel").evaluate_all(cut) == [], 10, "whole titles of tabs"
    )
    lines = max((server.folder / "runs").glob("*/events.jsonl")).read_text().splitlines()
    changed = [json.loads(x) for x in lines if '"ratechanged"' in x]
    assert changed and changed[-1]["after"] > changed[0]["before"]


def test_a_reloaded_page_shows_the_run_again_and_can_stop_it(server, page):
    page.open(server.notebook("reload.ipynb", SETUP, PANEL, "print(panel.run.status)"))
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    page.button("Train").click()
    page.trained()
    page.reload()
    page.run(1)  # the cell again: the panel finds the run that is still training
    page.trained()
    page.wait(lambda: page.picture().is_visible(), 20, "live picture after reload")
    page.shot("6-reloaded")
    page.button("Stop").click()
    page.wait(lambda: page.status() == "stopped", 30)
    page.run(2)
    page.wait(lambda: "stopped" in page.output(2), 20)
    assert len(list((server.folder / "runs").glob("*reviews*"))) >= 1


def test_run_all_waits_at_await_and_stop_works_meanwhile(server, page):
    page.open(server.notebook("all.ipynb", SETUP, LONG, "print('after', run.status, len(run.frame()) >= 1)"))
    page.run_all()
    page.trained()
    assert "after" not in page.output(2)
    page.button("Stop").click()
    page.wait(lambda: "after stopped True" in page.output(2), 30, "the next cell")
    picture = page.cell(1).locator('img[alt^="Line chart"]')
    assert picture.count() == 1 and page.cell(1).locator(".jupyter-button").count() == 0


def test_an_interrupt_of_the_kernel_counts_as_stop(server, page):
    page.open(server.notebook("interrupt.ipynb", SETUP, LONG, "print('now', run.status)"))
    page.run(0)
    page.run(1)
    page.trained()
    page.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.page.get_by_role("menuitem", name="Interrupt Kernel").click()
    page.idle()
    page.run(2)
    page.wait(lambda: "now stopped" in page.output(2), 30)
    assert "Traceback" not in page.output(1)


def test_a_cell_run_twice_starts_no_second_training_in_the_panel(server, page):
    page.open(server.notebook("twice.ipynb", SETUP, PANEL, "print(len(wb.runs()))"))
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    before = len(list((server.folder / "runs").glob("*")))
    page.button("Train").click()
    page.trained()
    page.run(1)
    page.trained()
    page.wait(lambda: page.button("Train").is_disabled() and page.button("Stop").is_enabled(), 20)
    assert len(list((server.folder / "runs").glob("*"))) == before + 1
    page.button("Stop").click()
    page.wait(lambda: page.status() == "stopped", 30)


def test_keyboard_alone_is_enough_and_every_control_has_a_name(server, page):
    page.open(
        server.notebook("keys.ipynb", SETUP, 'panel = wb.panel(data(), model="tiny-bert", epochs=10000, patience=None)')
    )
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    for title in ("Early stopping", "Regularisation and schedule", "Architecture and seed"):
        page.fold(title).focus()
        page.page.keyboard.press("Enter")
        page.wait(lambda title=title: page.fold(title).get_attribute("aria-expanded") == "true", 10, "the open fold")
        page.page.wait_for_timeout(300)
    page.page.wait_for_timeout(800)
    assert _nameless(page) == []
    page.cell(1).locator("input").first.focus()
    names = _tab_until(page, "Train")
    assert {"Model", "Data", "Learning rate", "Batch size", "Epochs", "Training texts"} - set(names) <= {"Model"}
    page.page.keyboard.press("Enter")
    page.trained()
    page.wait(lambda: _focused(page) == "Stop", 30)
    page.page.keyboard.press("Enter")
    page.wait(lambda: page.status() == "stopped", 30)
    _a_duel_by_keyboard(page)


def test_the_focus_goes_on_to_what_is_wanted_next_and_is_never_taken_away(server, page):
    page.open(
        server.notebook(
            "focus.ipynb", SETUP, 'panel = wb.panel(data(), model="tiny-bert", epochs=10000, patience=None)'
        )
    )
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    page.button("Train").focus()
    for name in ("Stop", "Train", "Stop"):
        page.page.keyboard.press("Enter")
        page.wait(lambda name=name: _focused(page) == name, 60, f"the focus on {name}")
    page.wait(lambda: page.button("Pause").is_enabled(), 60)  # not before the training itself
    _tab_until(page, "Pause", backwards=True)
    for name in ("Continue", "Pause"):
        page.page.keyboard.press("Enter")
        page.wait(lambda name=name: _focused(page) == name, 30, f"the focus on {name}")
    rate = page.page.get_by_role("slider", name="Learning rate")
    page.button("Stop").click()
    rate.focus()  # the user goes elsewhere while the run is ending
    page.wait(lambda: page.status() == "stopped", 30)
    page.wait(lambda: page.button("Train").is_enabled(), 30)
    page.page.wait_for_timeout(1000)
    assert rate.evaluate("e => e === document.activeElement")


def _a_duel_by_keyboard(page) -> None:
    """Two techniques, two seeds, a second each; the tab is opened and everything in it has a name."""
    page.page.get_by_role("tab", name="Duel").click()
    page.page.get_by_role("checkbox", name="LoRA").focus()
    page.page.keyboard.press("Space")
    page.wait(lambda: '["full", "feature-extraction", "lora"]' in page.cell(1).inner_text(), 20, "the line of code")
    page.page.keyboard.press("Space")
    assert _nameless(page) == []
    for name, value in (("Seeds", "2"), ("Time budget (s)", "1")):
        page.page.get_by_role("spinbutton", name=name, exact=True).last.fill(value)
        page.page.keyboard.press("Tab")
    page.wait(lambda: "each for at most 1 s of training: 4 s at most" in page.cell(1).inner_text(), 20, "its terms")
    page.page.keyboard.press("Shift+Tab")
    _tab_until(page, "Start duel")
    page.page.keyboard.press("Enter")
    page.wait(lambda: "Run 2 of 4" in page.cell(1).inner_text(), 60, "the second run")
    page.shot("17-duel-going-on")
    page.wait(lambda: "4 of 4 runs" in page.cell(1).inner_text(), 60, "the end")
    picture = page.cell(1).locator('img[alt^="Chart of validation accuracy against training time"]')
    page.wait(lambda: picture.count() == 1, 20, "its words")
    assert re.search("No detectable difference between|points above", page.cell(1).inner_text())
    picture.scroll_into_view_if_needed()
    page.shot("18-duel")


def _nameless(page) -> list[str]:
    """The controls in sight that a screen reader could only call by their kind."""
    return (
        page.cell(1)
        .locator(".jupyter-widgets")
        .first.evaluate(
            """top => [...top.querySelectorAll('input, select, button, textarea, [role=slider], [role=tab]')]
            .filter(e => e.offsetParent !== null)
            .filter(e => !((e.getAttribute('aria-label') || e.textContent || '').trim() || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 120))"""
        )
    )


def _focused(page) -> str:
    """The name of the control that has the focus."""
    return page.page.evaluate(
        """() => { const e = document.activeElement;
            return (e.getAttribute('aria-label') || (e.labels && e.labels[0] && e.labels[0].textContent) || e.textContent).trim().slice(0, 80) }"""
    )


def _tab_until(page, name: str, backwards: bool = False) -> list[str]:
    """Press Tab until the focus is on the control called `name`; the names on the way."""
    seen = []
    for _ in range(60):
        page.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        focused = _focused(page)
        if focused == name:
            return seen
        seen.append(focused)
    raise AssertionError(f"{name} was not reached by Tab: {seen}")


def test_script_in_texts_labels_and_names_is_shown_and_never_run(server, page):
    evil = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    shutil.copytree(server.folder / "tiny-bert", server.folder / "<img src=x onerror=window.hacked=1>")
    rows = f"evil = {evil!r}\nrows = [(('kind ' if i % 2 else 'cruel ') + evil + str(i), (evil + 'a', evil + 'b')[i % 2]) for i in range(60)]"
    make = "import pandas as pd\nframe = pd.DataFrame(rows, columns=['text', 'label'])"
    panel = 'panel = wb.panel(wb.load(frame), model="<img src=x onerror=window.hacked=1>", epochs=1, patience=None)'
    page.open(server.notebook("evil.ipynb", SETUP, rows, make, panel, "wb.audit(wb.load(frame))", "wb.runs()"))
    for i in range(4):
        page.run(i)
    page.button("Train").wait_for()
    page.idle()
    page.button("Train").click()
    page.wait(lambda: page.status() == "finished", 90)
    page.wait(lambda: "Worst errors" in page.cell(3).inner_text() or "No errors" in page.cell(3).inner_text(), 20)
    page.page.get_by_role("textbox", name="Your text").fill(evil)
    page.page.keyboard.press("Enter")
    for name in ("Runs", "Data"):
        page.page.get_by_role("tab", name=name).click()
        page.page.wait_for_timeout(1500)
    page.run(4)
    page.run(5)
    page.idle()
    page.page.wait_for_timeout(1000)
    assert "<script>" in page.cell(3).inner_text() and "<img src=x" in page.output(5)
    assert page.page.evaluate("window.hacked") is None


def test_a_saved_notebook_shows_the_picture_without_a_kernel(server, page):
    name = server.notebook("kept.ipynb", SETUP, 'panel = wb.panel(data(), model="tiny-bert", epochs=4)',
                           'await wb.fit(data(), model="tiny-bert", epochs=4)')  # fmt: skip
    page.open(name)
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    page.button("Train").click()
    page.wait(lambda: page.status() == "finished", 60)
    page.run(2)
    still = 'img[alt^="Line chart"]:not(.widget-image)'
    page.wait(lambda: page.cell(1).locator(still).count() == 1 and page.cell(2).locator(still).count() == 1, 60)
    page.page.keyboard.press("Control+s")
    path = server.folder / name
    page.wait(lambda: page.saved(name, "Line chart over") >= 2, 20, "saved pictures")
    server.kernels_off()
    saved = nbformat.read(path, 4)
    saved.metadata.pop("widgets", None)  # as after nbconvert, a viewer without widgets, or a cleared state
    nbformat.write(saved, path)
    page.page.goto("about:blank")
    page.errors.clear()
    page.page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{name}?reset")
    page.page.wait_for_selector(".jp-Notebook .jp-Cell")
    for cell in (1, 2):
        picture = page.cell(cell).locator(still).first
        picture.wait_for(state="visible")
        assert picture.evaluate("i => i.naturalWidth") > 400
    page.shot("7-reopened-without-kernel")
    page.errors[:] = [e for e in page.errors if "widget" not in e.lower() and "model" not in e.lower()]
