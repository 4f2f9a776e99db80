"""Predict first, fork here and is it real, in real JupyterLab in Chromium, by keyboard where a learner may have nothing else."""

import pytest

from workbench.views.guessed import LEFT, POINTS, RIGHT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SETUP = "import workbench as wb\nfrom tiny import data\nrows = data(64, 32, noise=0.1)"
CHOICES = 'model="tiny-bert", epochs=8, evaluations=8, learning_rate=5e-3, patience=None'


def reach(page, locator, most=80):
    """Press Tab until something has the focus."""
    for _ in range(most):
        if locator.evaluate("e => e === document.activeElement"):
            return
        page.page.keyboard.press("Tab")
    raise AssertionError("Tab does not get there")


def test_a_prediction_is_drawn_by_keyboard_sealed_and_revealed(server, page):
    page.open(server.notebook("guess.ipynb", SETUP, f"guess = wb.guess(rows, {CHOICES})", "run = await guess.train()",
                              "print(guess.prediction.best, guess.prediction.curve)"))  # fmt: skip
    page.run(0)
    page.run(1)
    first = page.page.get_by_role("slider", name="epoch 0", exact=True)
    first.wait_for()
    assert page.page.locator('[role="slider"][aria-orientation="vertical"]').count() == 7
    first.focus()
    page.page.keyboard.press("ArrowUp")
    reach(page, page.page.get_by_role("slider", name="epoch 4", exact=True))
    for _ in range(12):
        page.page.keyboard.press("ArrowDown")
    reach(page, page.page.get_by_role("slider", name="Best step at epoch"))
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    page.wait(
        lambda: "best step at epoch 3" in (page.picture().get_attribute("alt") or ""), 20, "the words of the picture"
    )
    page.shot("11-guess")
    page.run(2)
    page.wait(lambda: "of 100" in page.output(2), 120, "the score")
    assert page.cell(2).locator('img[alt*="The real validation loss"]').count() == 1
    page.shot("12-guess-revealed")
    page.run(3)
    page.wait(lambda: page.output(3).startswith("3"), 20, "what was said")


def test_the_sliders_stay_under_their_moments_in_a_window_of_any_width(server, page):
    page.open(server.notebook("narrow.ipynb", SETUP, f"panel = wb.panel(rows, {CHOICES})"))
    page.run(0)
    page.run(1)
    page.fold("Predict first").click()
    page.page.get_by_role("slider", name="epoch 0", exact=True).wait_for()
    for width in (1280, 1600):
        page.page.set_viewport_size({"width": width, "height": 1000})
        page.page.wait_for_timeout(500)
        page.shot(f"19-predict-{width}")
        x, wide = page.page.evaluate(
            "() => { const r = document.querySelector('.wb-picture img').getBoundingClientRect(); return [r.x, r.width] }"
        )
        for i, centre in enumerate(page.page.evaluate(CENTRES)):
            assert abs(centre - (x + wide * (LEFT + (RIGHT - LEFT) / 1.02 * i / (POINTS - 1)))) < 4, (width, i)
        assert page.page.evaluate(CUT) == [], width


CENTRES = """() => [...document.querySelectorAll('.wb-upright [role=slider]')].map(e => {
    const r = e.getBoundingClientRect(); return r.x + r.width / 2 })"""
CUT = """() => { const right = document.querySelector('.jp-OutputArea-output:has(.wb-upright)').getBoundingClientRect().right;
    return [...document.querySelectorAll('.wb-upright, .wb-upright *, .wb-upright ~ *')].filter(e => e.offsetParent !== null)
        .filter(e => e.getBoundingClientRect().right > right + 1
                || e.matches('.widget-readout, .widget-label') && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 6))
        .map(e => e.className + ' ' + e.textContent) }"""


def test_a_run_is_forked_and_checked_in_the_panel(server, page):
    panel = f"panel = wb.panel(rows, {CHOICES}, keep_states=8)"
    page.open(server.notebook("fork.ipynb", SETUP, panel, 'print(panel.run.store.facts["fork"]["changed"])'))
    page.run(0)
    page.run(1)
    page.button("Train").wait_for()
    page.idle()
    predict = page.fold("Predict first")
    predict.click()
    page.wait(lambda: page.page.get_by_role("slider", name="epoch 0", exact=True).is_visible(), 20, "the open fold")
    page.page.get_by_role("slider", name="Best step at epoch").focus()
    for _ in range(4):
        page.page.keyboard.press("ArrowRight")
    page.shot("13-panel-predict")
    page.button("Train").click()
    page.wait(lambda: page.status() == "finished", 120)
    page.wait(lambda: "of 100" in page.cell(1).inner_text(), 20, "the score in the fold")
    page.shot("14-panel-revealed")
    predict.click()
    page.fold("Fork here").click()
    page.fold("Regularisation").click()
    dropout = page.page.get_by_role("slider", name="Dropout")
    dropout.focus()
    for _ in range(4):
        page.page.keyboard.press("ArrowRight")
    page.wait(lambda: "The fork changes" in page.cell(1).inner_text(), 20, "what will be changed")
    page.button("Fork", 1).focus()  # the first is the fold
    page.page.keyboard.press("Enter")
    page.wait(lambda: page.page.locator('img[alt*="tree of 2 runs"]').count() == 1, 120, "the tree")
    page.page.locator('img[alt*="tree of 2 runs"]').scroll_into_view_if_needed()
    page.shot("15-panel-forked")
    page.fold("Is it real?").click()
    page.button("Is it real?", 1).click()
    page.wait(lambda: page.page.locator('img[alt*="over its band"]').count() == 1, 180, "the band")
    page.page.locator('img[alt*="over its band"]').scroll_into_view_if_needed()
    page.shot("16-panel-real")
    page.run(2)
    page.wait(lambda: "dropout" in page.output(2), 20)
