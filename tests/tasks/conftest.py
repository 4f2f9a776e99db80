"""A tiny BERT for the tasks: a folder, what is found there, its tokenizer. A file that needs another family has a `folder` of its own."""

import pytest
from tiny import tiny_bert

from workbench.models import zoo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def source(folder):
    return zoo.source(folder)


@pytest.fixture(scope="module")
def tokenizer(source):
    return zoo.tokenizer(source)
