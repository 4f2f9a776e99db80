"""Two runs handed in together: in which order they may come, and what is said where they are no twins."""

from fakes import run

from workbench.lessons.pairs import no_twins, twins


def test_twins_are_told_apart_in_whichever_order_they_come():
    own, twin = run(model="gpt-mini"), run(model="gpt-mini:random")
    assert twins(own, twin) == twins(twin, own) == (own, twin, "")


def test_who_is_no_twin_is_named():
    words = twins(run(model="bert-mini:random"), run(model="gpt-mini"))[2]
    assert "these are gpt-mini and bert-mini:random" in words


def test_where_the_order_says_something_it_is_asked_for():
    own, twin = run(model="gpt-mini"), run(model="gpt-mini:random")
    assert no_twins(own, twin) == "" and "First a pretrained model" in no_twins(twin, own)
