"""Checkpoints by id: the same door as for folders, and one sentence for everything that can go wrong on the way.

One child process asks a Hub-like server on loopback for all of it, with a cache of its own; the tests read what it says.
"""

import json
import os
import subprocess
import sys

import pytest
from hublike import Hub
from tiny import tiny_bert

import workbench as wb
from workbench.models import hub

CLIENT = r"""
import json, os, sys, time
from pathlib import Path
from urllib.request import urlopen
time.sleep = lambda seconds: None  # huggingface_hub waits a second before each of its tries
import huggingface_hub.constants as settings
import torch
from tiny import data
from transformers import AutoModel
import workbench as wb
from workbench.models import hub, zoo

def kept():
    home = Path(os.environ["HF_HOME"]) / "hub"
    return sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() or p.is_symlink())

def attempt(do):
    try:
        do()
        return "loaded"
    except wb.WorkbenchError as error:
        return str(error)

def weights(name):
    src = zoo.source(name)
    return zoo.build(AutoModel, src, zoo.config(src))

def control(repo, fault):
    urlopen(f"{settings.ENDPOINT}/control/{repo}/{fault}").read()

said = {}
for name in ("acme/roberta-gone", "acme/bert-private", "acme/llama-gated", "acme/opus-mt-busy", "acme/ill", "acme/<script>alert(1)"):
    said[name] = attempt(lambda: weights(name))
said["nothing kept"] = kept()
said["tokenizer first"] = attempt(lambda: zoo.tokenizer(zoo.source("acme/bert")))
said["after tokenizer"] = kept()
control("acme/bert", "breaks")
said["breaks"] = attempt(lambda: weights("acme/bert"))
said["after break"] = kept()
control("acme/bert", "well")
said["mended"] = attempt(lambda: weights("acme/bert"))
said["after mending"] = kept()
for name in ("pickled", "offered", "strangers-offer"):
    said[name] = attempt(lambda: weights(f"acme/{name}"))
here, there = sys.argv[1], weights("acme/bert").state_dict()
torch.manual_seed(0)
same = weights(here).state_dict()
said["same"] = all(torch.equal(there[k], same[k]) for k in same if not k.startswith("pooler"))
run = wb.fit(data(32, 16), model="acme/bert", epochs=1, evaluations=1).join()
said["run"], said["answers"] = run.status, list(run.predict(["the room was warm"])["label"])
settings.HF_HUB_OFFLINE = True
hub.folder.cache_clear()
said["offline, fetched before"] = attempt(lambda: weights("acme/bert"))
said["offline, new"] = attempt(lambda: weights("google-bert/bert-base-uncased"))
settings.HF_HUB_OFFLINE = False
settings.ENDPOINT = "http://127.0.0.1:1"
hub.folder.cache_clear()
said["no network, fetched before"] = attempt(lambda: weights("acme/bert"))
said["no network, new"] = attempt(lambda: weights("FacebookAI/roberta-base"))
print("SAID" + json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    bert, pickled = tiny_bert(folder / "bert"), tiny_bert(folder / "pickled")
    (bert / "extra.onnx").write_bytes(b"not asked for")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    server = Hub({"acme/bert": bert, **{f"acme/{name}": pickled for name in ("pickled", "offered", "strangers-offer")}})
    server.offers = {"acme/offered": (hub.CONVERTER, bert), "acme/strangers-offer": ("stranger", bert)}
    server.faults = {"acme/roberta-gone": "gone", "acme/bert-private": "private", "acme/llama-gated": "gated",
                     "acme/opus-mt-busy": "busy", "acme/ill": "ill"}  # fmt: skip
    with server.serving() as address:
        environ = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "0",
                   "HF_HUB_DISABLE_SYMLINKS_WARNING": "1", "WORKBENCH_HOME": str(folder / "runs")}  # fmt: skip
        environ.pop("HF_TOKEN", None)
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, str(bert)], env=environ, capture_output=True, text=True, timeout=150
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.rpartition("SAID")[2])
    return {**found, "asked": server.asked, "stderr": done.stderr, "stdout": done.stdout}


def test_a_checkpoint_by_id_is_the_checkpoint_of_its_folder_and_trains(said):
    assert said["tokenizer first"] == said["mended"] == "loaded" and said["same"] is True
    assert said["run"] == "finished" and said["answers"][0] in ("0", "1")


def test_a_tokenizer_comes_without_the_weights_and_other_formats_never(said):
    assert any(p.endswith("tokenizer.json") for p in said["after tokenizer"])
    assert not any(p.endswith(".safetensors") for p in said["after tokenizer"])
    assert any(p.endswith("model.safetensors") for p in said["after mending"])
    assert not [path for _, path in said["asked"] if path.endswith(".onnx")]


SENTENCES = {
    "acme/roberta-gone": ("the Hub has no model of this name", "owner/name"),
    "acme/bert-private": ("no public model of this name", "hf auth login"),
    "acme/llama-gated": ("agreed to its terms", "hf auth login"),
    "acme/opus-mt-busy": ("too many requests", "a few minutes"),
    "acme/ill": ("it answered 503", "in a while"),
    "breaks": ("the connection broke off", "goes on where it broke off"),
    "pickled": ("no weights as safetensors", "safetensors"),
    "strangers-offer": ("no weights as safetensors", "safetensors"),
    "offline, new": ("HF_HUB_OFFLINE", "a network connection"),
    "no network, new": ("the Hub could not be reached", "a network connection"),
    "acme/<script>alert(1)": ("neither a folder nor a Hub id", "a bundled name"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_every_failure_is_one_sentence_that_says_what_to_do(said, case):
    why, expected = SENTENCES[case]
    found = said[case]
    assert "could not be loaded" in found and why in found and expected in found.partition("Expected:")[2], found
    assert "Try: model=" in found and "\n" not in found and "Traceback" not in found
    assert "127.0.0.1" not in found and len(found) < 420


def test_pickles_are_read_only_as_the_copy_that_the_hubs_own_converter_offers(said):
    assert said["offered"] == "loaded"
    assert not [path for _, path in said["asked"] if path.endswith("pytorch_model.bin")]


def test_the_bundled_relative_is_what_to_try(said):
    assert "model='bert-mini', its bundled relative" in said["acme/bert-private"]
    assert "model='en-fr-mini', its bundled relative" in said["acme/opus-mt-busy"]


def test_nothing_is_kept_of_what_failed(said):
    assert not [p for p in said["nothing kept"] if "/snapshots/" in p]
    whole = [p for p in said["after break"] if "/snapshots/" in p]
    assert whole and not [p for p in whole if p.endswith(".safetensors")]


def test_what_was_fetched_once_loads_without_the_hub(said):
    assert said["offline, fetched before"] == said["no network, fetched before"] == "loaded"


def test_a_broken_download_goes_on_where_it_broke_off(said):
    assert said["mended"] == "loaded"
    assert sum(path.endswith("/model.safetensors") and "/cdn/acme/bert/" in path for _, path in said["asked"]) >= 3


def test_nothing_is_printed_on_the_way(said):
    assert said["stdout"].startswith("SAID")
    assert not said["stderr"].strip()


@pytest.mark.parametrize(
    ("name", "bundled"),
    [("google-bert/bert-base-cased", "bert-mini"), ("microsoft/deberta-v3-small", "bert-mini"), ("Helsinki-NLP/opus-mt-en-de", "en-fr-mini"),
     ("google-t5/t5-small", "en-fr-mini"), ("someone/unheard-of", "bert-mini")],
)  # fmt: skip
def test_a_name_gives_its_family_away(name, bundled):
    assert f"model={bundled!r}" in hub.sibling(name)


def test_a_sibling_that_is_not_bundled_is_not_suggested(monkeypatch):
    monkeypatch.setattr(hub.catalog, "models", lambda: wb.models()[:1])
    assert hub.sibling("FacebookAI/roberta-base") == "model='bert-mini'"


def test_the_sentence_carries_what_caused_it():
    cause = OSError("no file named model.safetensors found in directory /somewhere")
    assert "no weights as safetensors" in str(hub.trouble("x", cause, False))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device")])
def test_a_full_disk_is_called_a_full_disk(error):
    assert "the disk is full" in str(hub.trouble("acme/bert", error, True))


def test_a_missing_package_is_named():
    error = ImportError("T5Tokenizer requires the SentencePiece library but it was not found in your environment.")
    assert "pip install sentencepiece" in str(hub.trouble("acme/t5", error, True))
