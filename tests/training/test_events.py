"""Events: each one survives its line of JSON."""

import dataclasses
import json
import math

import pytest

from workbench.training import events as ev

EXAMPLES = [
    ev.Started(0, 0.0, 100, {"accumulate": 2, "labels": ["no", "yes"], "machine": {"cores": 4}}),
    ev.Stepped(10, 1.5, 0.5, 0.69, 3e-4),
    ev.Evaluated(10, 1.5, 0.5, 0.6, 0.65, {"accuracy": 0.75, "f1": 0.7}, 3e-4, True, 3, 0.02),
    ev.Evaluated(20, 3.0, 1.0, 0.5, 0.7, {}, 3e-4, False),
    ev.Moved(20, 3.0, {"embeddings": 0.0, "layer 1": 0.125, "head": 1.5}),
    ev.Fired(20, 3.0, "patience", 10),
    ev.RateChanged(12, 2.0, 3e-4, 1e-4),
    ev.Paused(12, 2.0),
    ev.Continued(12, 2.0),
    ev.Note(0, 0.0, 'Two lines\nand "quotes", Ärger 🙂, \u2028 and a half \ud83d'),
    ev.Ended(20, 3.0, "patience", "Validation loss has not improved.", 10),
    ev.Ended(20, 3.0, "user"),
]
ODD = [math.inf, -math.inf, math.nan]


def back(event):
    return ev.from_json(ev.to_json(event))


def same(one, other):
    """Equality that takes not a number for equal to itself."""
    return repr(one) == repr(other)


def test_there_is_an_example_of_every_kind():
    assert {type(event) for event in EXAMPLES} == set(ev.KINDS.values())


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: type(e).__name__)
def test_it_comes_back_equal(event):
    assert back(event) == event
    assert type(back(event)) is type(event)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: type(e).__name__)
def test_it_is_one_line_of_ascii(event):
    assert ev.to_json(event).isascii()
    assert len(ev.to_json(event).splitlines()) == 1


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: type(e).__name__)
def test_every_float_may_be_no_number(event, odd):
    names = [f.name for f in dataclasses.fields(event) if f.type in ("float", "float | None")]
    strange = dataclasses.replace(event, **dict.fromkeys(names, odd))
    assert same(back(strange), strange)


@pytest.mark.parametrize("odd", ODD)
def test_a_metric_may_be_no_number(odd):
    strange = dataclasses.replace(EXAMPLES[2], metrics={"accuracy": odd})
    assert same(back(strange), strange)


def test_the_line_is_strict_json():
    line = ev.to_json(ev.Stepped(1, 1.0, math.nan, math.inf, -math.inf))
    raw = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (raw["epoch"], raw["loss"], raw["learning_rate"]) == ("nan", "inf", "-inf")


def test_a_text_that_looks_like_a_number_stays_text():
    assert back(ev.Note(1, 1.0, "nan")).text == "nan"
    assert back(ev.Ended(1, 1.0, "inf", "1.5")).text == "1.5"


def test_unknown_fields_are_dropped():
    raw = json.loads(ev.to_json(ev.Paused(3, 1.0)))
    assert ev.from_json(json.dumps({**raw, "from_the_future": [1]})) == ev.Paused(3, 1.0)


def test_fields_with_defaults_may_be_missing():
    assert ev.from_json('{"kind": "ended", "step": 1, "seconds": 2.0, "reason": "user"}') == ev.Ended(1, 2.0, "user")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"kind": "paused", "st', ValueError),
        ('{"kind": "unheard-of", "step": 1, "seconds": 1.0}', KeyError),
        ('{"step": 1, "seconds": 1.0}', KeyError),
        ('{"kind": "paused", "step": 1}', TypeError),
    ],
)
def test_a_line_that_is_no_event_raises(line, error):
    with pytest.raises(error):
        ev.from_json(line)


def test_events_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ev.Paused(1, 1.0).step = 2
