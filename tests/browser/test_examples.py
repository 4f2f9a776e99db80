"""Single examples in real JupyterLab in Chromium: a click on the data map, the keyboard, the scrubber, live histograms."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SETUP = "import workbench as wb"
TRAIN = ('run = wb.fit("headlines", model="bert-tiny", noise=0.2, train_examples=96, epochs=8, evaluations=8, learning_rate=2e-3)\n'
         "await run")  # fmt: skip


def test_a_point_is_clicked_and_its_text_is_read(server, page):
    page.open(server.notebook("map.ipynb", SETUP, TRAIN, "datamap = wb.datamap(run)", "print('ROW', datamap.row)"))
    for i in range(3):
        page.run(i)
    words = page.cell(2).locator('.jupyter-widgets [role="status"]')
    page.wait(lambda: words.count() == 1 and "row" in words.inner_text(), 120, "the chosen text")
    picture = page.cell(2).locator(".wb-click img")
    picture.wait_for()
    page.wait(lambda: (picture.get_attribute("alt") or "").startswith("Scatter chart of 96"), 20, "the map in words")
    before, box = words.inner_text(), picture.bounding_box()
    picture.scroll_into_view_if_needed()
    page.shot("11-map")
    picture.click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.1})
    page.wait(lambda: words.inner_text() != before, 20, "another text after the click")
    clicked = words.inner_text()
    listed = page.page.get_by_role("listbox", name="Text")
    page.wait(lambda: listed.get_attribute("data-lm-suppress-shortcuts"), 10, "a list that keeps its arrow keys")
    listed.focus()
    page.page.keyboard.press("ArrowUp")
    page.page.keyboard.press("ArrowUp")
    page.wait(lambda: words.inner_text() != clicked, 20, "another text by keyboard")
    page.page.get_by_role("checkbox", name="Show which labels were flipped").focus()
    page.page.keyboard.press("Space")
    flipped = words.inner_text()
    page.button("Previous").focus()
    page.page.keyboard.press("Space")
    page.wait(lambda: words.inner_text() != flipped, 20, "the text above")
    page.shot("12-map-chosen")
    page.run(3)
    page.wait(lambda: "ROW" in page.output(3), 20)


def test_one_slider_moves_everything_by_keyboard(server, page):
    page.open(server.notebook("scrub.ipynb", SETUP, TRAIN, "moments = wb.scrub(run)", "wb.noise(run)"))
    for i in range(4):
        page.run(i)
    words = page.cell(2).locator('p[role="status"]')
    page.wait(lambda: words.count() == 1 and "Step" in words.inner_text(), 120, "the moment in words")
    before, table = words.inner_text(), page.cell(2).locator("table:visible").first.inner_text()
    page.cell(2).locator("img.widget-image").scroll_into_view_if_needed()
    page.shot("13-scrub")
    slider = page.page.get_by_role("slider", name="Evaluation")
    slider.focus()
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("ArrowLeft")
    page.wait(lambda: words.inner_text() != before, 20, "another moment")
    page.wait(
        lambda: page.cell(2).locator("table:visible").first.inner_text() != table, 20, "the predictions of that moment"
    )
    page.wait(lambda: "Confusion matrix" in (page.cell(2).locator("img.widget-image").get_attribute("alt") or ""), 20)
    page.shot("14-scrub-moved")
    page.wait(lambda: "training labels were flipped" in page.output(3), 20, "the noise probe")
    page.cell(3).locator("img").first.scroll_into_view_if_needed()
    page.shot("17-noise")


def test_the_panel_follows_single_texts_while_it_trains(server, page):
    panel = (
        'panel = wb.panel("headlines", model="tiny-bert", epochs=40, evaluations=20, train_examples=60, patience=None)'
    )
    page.open(server.notebook("watch.ipynb", SETUP, panel))
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    page.fold("Single examples").click()
    page.page.get_by_role("checkbox", name="Watch examples").check()
    page.wait(lambda: "watch=True" in page.cell(1).inner_text(), 20, "the line of code")
    page.page.get_by_role("tab", name="Examples").click()
    page.button("Train").click()
    picture = page.cell(1).locator(".jupyter-widgets img:visible").nth(1)
    page.wait(lambda: (picture.get_attribute("alt") or "").startswith("Two histograms"), 120, "live histograms")
    page.shot("15-histograms")
    page.wait(lambda: page.status() == "finished", 120)
    page.page.locator("button", has_text="Data map").click()
    page.wait(lambda: page.cell(1).locator(".wb-click img:visible").count() == 1, 30, "the map in the panel")
    page.page.locator("button", has_text="Scrubber").click()
    page.wait(lambda: page.page.get_by_role("slider", name="Evaluation").count() == 1, 30, "the scrubber in the panel")
    page.shot("16-panel-scrub")
