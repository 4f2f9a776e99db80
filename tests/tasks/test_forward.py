"""Asking a model about many texts: in one thread and in several the answers are the same."""

import numpy as np
import pytest
import torch
from tiny import texts, tiny_bert
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

from workbench.tasks.base import Collate, Encoded
from workbench.tasks.forward import forward
from workbench.tasks.language_modeling import LanguageModeling, asked, only_where_asked

ALWAYS = lambda: True  # noqa: E731


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def encoded(folder):
    ids = AutoTokenizer.from_pretrained(folder)(texts(90)["text"])["input_ids"]
    rows = [np.array(row * (1 + i % 3))[:60] for i, row in enumerate(ids)]
    return Encoded(rows, np.zeros(90, dtype=np.int64), np.arange(90))


@pytest.fixture
def classifier(folder):
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3).train()
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)  # as they come, every text gets nearly the same answer
    return model


@pytest.fixture
def threads():
    """What sets the number of cores that this thread may use; afterwards it is what it was."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("cores", [2, 3, 6])
def test_several_threads_give_the_answers_of_one_in_the_order_of_the_texts(classifier, encoded, threads, cores):
    threads(1)
    one = forward(classifier, encoded, Collate(0), ALWAYS)
    threads(cores)
    several = forward(classifier, encoded, Collate(0), ALWAYS)
    assert one.shape == (90, 3) and len(np.unique(one.round(4), axis=0)) > 60
    assert np.allclose(one, several, atol=1e-5)
    assert torch.get_num_threads() == cores and classifier.training and not torch.is_inference_mode_enabled()


def test_a_language_model_is_asked_at_its_hidden_places_in_several_threads_too(folder, encoded, threads):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    task = LanguageModeling()
    model = only_where_asked(AutoModelForMaskedLM.from_pretrained(folder))
    hidden = asked(encoded, tokenizer)
    threads(1)
    one = forward(model, hidden, task.collate(tokenizer), ALWAYS, read=task.read)
    threads(4)
    for _ in range(5):  # threads that took each other's places would do so now and then
        several = forward(model, hidden, task.collate(tokenizer), ALWAYS, read=task.read)
        assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(one, several, strict=True))


@pytest.mark.parametrize("cores", [1, 3])
def test_stop_is_asked_before_every_batch(classifier, encoded, threads, cores):
    threads(cores)
    calls = []
    assert forward(classifier, encoded, Collate(0), lambda: calls.append(1) or len(calls) < 3, batch_size=6) is None
    assert 3 <= len(calls) <= 2 + cores and classifier.training


@pytest.mark.parametrize("cores", [1, 3])
def test_an_error_in_a_thread_is_raised_where_it_was_asked(classifier, encoded, threads, cores):
    threads(cores)
    encoded.ids[7] = encoded.ids[7] + 10_000  # no such pieces
    try:
        with pytest.raises(IndexError):
            forward(classifier, encoded, Collate(0), ALWAYS)
    finally:
        encoded.ids[7] = encoded.ids[7] - 10_000
    assert torch.get_num_threads() == cores and classifier.training


def test_where_memory_runs_out_a_batch_is_asked_in_parts(classifier, encoded, threads):
    threads(1)
    whole, sizes = forward(classifier, encoded, Collate(0), ALWAYS), []

    def narrow(model, args, given):
        sizes.append(len(given["input_ids"]))
        if sizes[-1] > 10:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    hook = classifier.register_forward_pre_hook(narrow, with_kwargs=True)
    assert np.allclose(forward(classifier, encoded, Collate(0), ALWAYS), whole, atol=1e-5) and max(sizes) == 32
    hook.remove()
    hook = classifier.register_forward_pre_hook(lambda *_: exec("raise MemoryError"), with_kwargs=True)
    with pytest.raises(MemoryError):  # not even one text fits
        forward(classifier, encoded, Collate(0), ALWAYS)
    hook.remove()
