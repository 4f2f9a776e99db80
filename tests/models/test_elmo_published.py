"""Published ELMo weights: a file of AllenNLP's layout that the test makes, read, and held against the paper's formulas in numpy."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from tiny import data, tiny_elmo

import workbench as wb
from workbench.models import elmo_published, zoo

h5py = pytest.importorskip("h5py")

ROOM, P, C, FILTERS = 12, 6, 10, [[1, 4], [2, 4], [3, 8]]
OPTIONS = {
    "lstm": {"use_skip_connections": True, "projection_dim": P, "cell_clip": 3, "proj_clip": 3, "dim": C, "n_layers": 2},
    "char_cnn": {"activation": "relu", "filters": FILTERS, "n_highway": 2, "embedding": {"dim": 4}, "n_characters": 262,
                 "max_characters_per_token": ROOM},
}  # fmt: skip


@pytest.fixture(scope="module")
def arrays():
    """Name -> array; the projections are large enough that their clip is at work."""
    draw = np.random.default_rng(0)
    n = sum(f for _, f in FILTERS)
    shapes = {"char_embed": (261, 4), "CNN_proj/W_proj": (n, P), "CNN_proj/b_proj": (P,)}
    for i, (width, filters) in enumerate(FILTERS):
        shapes |= {f"CNN/W_cnn_{i}": (1, width, 4, filters), f"CNN/b_cnn_{i}": (filters,)}
    for i in range(2):
        for part in ("carry", "transform"):
            shapes |= {f"CNN_high_{i}/W_{part}": (n, n), f"CNN_high_{i}/b_{part}": (n,)}
    for direction in range(2):
        for layer in range(2):
            cell = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
            shapes |= {f"{cell}/W_0": (2 * P, 4 * C), f"{cell}/B": (4 * C,), f"{cell}/W_P_0": (C, P)}
    spread = {name: 2.0 if name.endswith("W_P_0") else 0.8 for name in shapes}
    return {name: draw.normal(0, spread[name], shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def published(arrays, tmp_path, monkeypatch):
    """A folder as AllenNLP publishes it; the bundled model whose pieces are borrowed is a tiny one."""
    sibling, folder = tiny_elmo(tmp_path / "sibling"), tmp_path / "published"
    monkeypatch.setattr(elmo_published, "_sibling", lambda: sibling)
    folder.mkdir()
    (folder / "elmo_2x10_options.json").write_text(json.dumps(OPTIONS), "utf-8")
    with h5py.File(folder / "elmo_2x10_weights.hdf5", "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    return folder


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(arrays, words):
    """Words as byte strings or one special number each -> the three layers, (words, 2 P) each."""
    read = []
    for word in words:
        spelt = [258, *(word if isinstance(word, bytes) else [word])[: ROOM - 2], 259]
        vectors = arrays["char_embed"][spelt + [260] * (ROOM - len(spelt))]
        found = []
        for i, (width, _) in enumerate(FILTERS):
            kernel = arrays[f"CNN/W_cnn_{i}"][0]
            at = [np.einsum("wd,wdf->f", vectors[t : t + width], kernel) for t in range(ROOM - width + 1)]
            found.append(np.maximum(np.max(at, 0) + arrays[f"CNN/b_cnn_{i}"], 0))
        x = np.concatenate(found)
        for i in range(2):
            carry = sigmoid(x @ arrays[f"CNN_high_{i}/W_carry"] + arrays[f"CNN_high_{i}/b_carry"])
            turned = x @ arrays[f"CNN_high_{i}/W_transform"] + arrays[f"CNN_high_{i}/b_transform"]
            x = carry * np.maximum(turned, 0) + (1 - carry) * x
        read.append(x @ arrays["CNN_proj/W_proj"] + arrays["CNN_proj/b_proj"])
    layers = [[read, read]]
    for layer in range(2):
        layers.append([])
        for direction in range(2):
            below = layers[layer][direction]
            states = lstm(arrays, f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell", below[:: 1 - 2 * direction])
            states = states[:: 1 - 2 * direction]
            layers[-1].append([s + b for s, b in zip(states, below, strict=True)] if layer else states)
    return [np.concatenate([np.stack(ahead), np.stack(back)], -1) for ahead, back in layers]


def lstm(arrays, name, inputs):
    """TensorFlow's LSTMCell with a projection, a forget bias of 1 and both clips."""
    c, m, out = np.zeros(C), np.zeros(P), []
    for x in inputs:
        i, j, f, o = np.split(np.concatenate([x, m]) @ arrays[f"{name}/W_0"] + arrays[f"{name}/B"], 4)
        c = np.clip(sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(j), -3, 3)
        m = np.clip((sigmoid(o) * np.tanh(c)) @ arrays[f"{name}/W_P_0"], -3, 3)
        out.append(m)
    return out


def test_what_is_read_computes_what_the_formulas_say(arrays, published):
    model = elmo_published.read_allennlp(published)
    tokenizer = zoo.tokenizer(zoo.source(str(elmo_published._sibling())))
    text = "the room was Unspeakablylong café " * 3
    batch = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        out = model(**batch, output_hidden_states=True)
    first = [batch.word_ids().index(w) for w in range(15)]
    wanted = by_hand(arrays, [256, *(w.encode() for w in text.split()), 257])
    for found, hand in zip(out.hidden_states, wanted, strict=True):
        assert np.allclose(found[0, [0, *first, -1]].numpy(), hand, atol=1e-4)
    assert np.abs(wanted[1]).max() == 3  # the projection's clip was at work
    assert torch.allclose(out.last_hidden_state, sum(out.hidden_states) / 3, atol=1e-5)


def test_a_converted_folder_serves_as_any_model(published, tmp_path, home):
    folder = elmo_published.convert(published, tmp_path / "converted")
    run = wb.fit(data(16, 8), model=str(folder), epochs=1, max_length=32).join()
    assert len(run.predict(["the room was warm"])) == 1


def test_what_is_not_such_a_folder_is_one_sentence(published, tmp_path, monkeypatch):
    with pytest.raises(wb.WorkbenchError, match="0 files"):
        elmo_published.read_allennlp(tmp_path)
    options = published / "elmo_2x10_options.json"
    for change, words in (
        ({"dim": 11}, "shape"),
        ({"use_skip_connections": False}, "no skip"),
        ({"n_layers": 3}, "no tensor"),
    ):
        options.write_text(json.dumps(OPTIONS | {"lstm": OPTIONS["lstm"] | change}), "utf-8")
        with pytest.raises(wb.WorkbenchError, match=words):
            elmo_published.read_allennlp(published)
    options.write_text("{}", "utf-8")
    with pytest.raises(wb.WorkbenchError, match="no ELMo's options"):
        elmo_published.read_allennlp(published)
    options.write_text(json.dumps(OPTIONS), "utf-8")
    shutil.copyfile(options, published / "elmo_2x10_weights.hdf5")
    with pytest.raises(wb.WorkbenchError, match="as hdf5"):
        elmo_published.read_allennlp(published)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(wb.WorkbenchError, match="pip install h5py"):
        elmo_published.read_allennlp(published)
