"""Early stopping slid over a finished curve, and names in the panel, in real JupyterLab in Chromium."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

CURVE = ("import pandas as pd\nimport workbench as wb\nframe = pd.DataFrame({'step': range(10, 110, 10), 'train_loss': "
         "[1 - i / 12 for i in range(10)], 'valid_loss': [1, .8, .84, .9, .6, .65, .7, .75, .8, .85]})")  # fmt: skip


def test_a_slider_moves_the_stop_by_keyboard(server, page):
    page.open(
        server.notebook("replay.ipynb", CURVE, "replay = wb.replay(frame, patience=1)", "print(replay.stop.rule)")
    )
    page.run(0)
    page.run(1)
    words = page.cell(1).locator('p[role="status"]')
    page.wait(lambda: words.count() == 1 and "stops at step 30" in words.inner_text(), 60, "the first sentence")
    page.wait(lambda: "stops at step 30" in (page.picture().get_attribute("alt") or ""), 20, "the words of the picture")
    page.shot("8-replay")
    slider = page.page.get_by_role("slider", name="Patience")
    slider.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowRight")
    page.wait(lambda: "Patience 3 stops at step 80" in words.inner_text(), 20, "the new sentence")
    page.run(2)
    page.wait(lambda: "patience 3" in page.output(2), 20)
    page.shot("9-replay-moved")


def test_names_are_marked_in_predictions_and_in_data(server, page):
    panel = 'panel = wb.panel("people-places", model="tiny-bert", epochs=1, evaluations=2, train_examples=40, patience=None)'
    page.open(server.notebook("names.ipynb", "import workbench as wb", panel))
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    page.button("Train").click()
    page.wait(lambda: page.status() == "finished", 120)
    page.wait(lambda: "F1" in page.cell(1).inner_text(), 20, "the metric of names")
    page.page.get_by_role("textbox", name="Your text").fill("Anna <b>flew</b> to Lisbon")
    page.page.keyboard.press("Enter")
    page.wait(lambda: "Lisbon" in page.cell(1).inner_text(), 30, "the words, answered")
    assert page.cell(1).locator(".jupyter-widgets b", has_text="flew").count() == 0  # shown as text, not as HTML
    page.page.get_by_role("tab", name="Data").click()
    page.wait(lambda: "Texts and names per split" in page.cell(1).inner_text(), 60, "the data")
    page.wait(lambda: page.cell(1).locator("mark:visible").count() >= 3, 20, "names marked in the examples")
    page.shot("10-names")
