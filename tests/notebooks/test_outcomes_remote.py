"""What lesson 20 says: the local service trains a model that answers with topics, and the solutions pass their judges."""

from pathlib import Path

import pytest
from fakes import measured

import workbench as wb
from workbench.models import zoo

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "20-training-somewhere-else.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        running = wb.serve()
        yield running
        running.stop()


def test_the_headlines_cost_most_then_the_instruction_and_the_answers_next_to_nothing(server):
    lines = wb.hosted("headlines", model="gpt-mini", base_url=server.url, train_examples=160).lines["training"]
    tokenizer = zoo.tokenizer(zoo.source("gpt-mini"))
    for size in (len, lambda text: len(tokenizer(text)["input_ids"])):
        system, user, answer = (sum(size(line["messages"][i]["content"]) for line in lines) for i in range(3))
        assert user > system > 10 * answer


def test_the_lessons_job_learns(home, server):
    run = wb.hosted("headlines", model="gpt-mini", base_url=server.url, train_examples=160, epochs=4, price=8.0)
    run.start().join()
    scores = run.evaluate("validation")
    assert scores["accuracy"] > run.store.facts["majority"] + 0.10 and scores["no label"] < 0.1
    own = wb.fit("headlines", model="gpt-mini", train_examples=160, epochs=4, learning_rate=1e-3, evaluations=2).join()
    assert scores["accuracy"] > own.best["accuracy"] + 0.05  # the label's name against a head without a meaning


def test_the_numbers_of_the_lesson_are_those_of_the_page():
    control, technique = measured("| hosted job | headlines")
    assert f"{technique} against {control}" in LESSON.read_text("utf-8")


@pytest.mark.parametrize("name", ["20.2", "20.3"])
def test_the_solution_passes_its_judge(home, server, name):
    code = wb.exercise(name).solution().split("; await")[0]
    names = {"wb": wb, "server": server}
    exec(code, names)
    if name == "20.3":
        names["answer"].start().join()
    outcome = wb.exercise(name).check(names["answer"])
    assert outcome, outcome
