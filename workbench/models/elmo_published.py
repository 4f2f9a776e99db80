"""Published ELMo weights (AllenNLP's options.json and hdf5 file) -> our `ElmoModel`, number for number. Reads only, trains nothing.

Those models know no pieces at all: words are read by their bytes, which is what ours do. So they get the pieces of elmo-mini, which
write down any word, and a folder that `convert` has written serves as `model=` like any other.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench import catalog
from workbench.errors import WorkbenchError
from workbench.models.elmo import ElmoConfig, ElmoModel
from workbench.models.elmo_words import CHARACTERS


def convert(folder: str | Path, out: str | Path) -> Path:
    """Read published weights and write a folder with model and tokenizer: `wb.fit(data, model=str(out))`."""
    from workbench.scale.aside import new_folder

    with new_folder(Path(out)) as aside:
        read_allennlp(folder).save_pretrained(aside)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(_sibling() / name, aside / name)
    return Path(out)


def read_allennlp(folder: str | Path) -> ElmoModel:
    """The model of a folder that holds one `*options.json` and one `*.hdf5`, in eval mode and float32.

    Raises a WorkbenchError where a file is missing, a tensor is missing or has another shape, or the options ask for what this
    reader does not know (another activation, no skip connections). The mix of layers is not part of those files: it starts equal.
    """
    options = _options(_one(Path(folder), "*options.json"))
    model = ElmoModel(_config(options)).eval()
    with _opened(_one(Path(folder), "*.hdf5")) as file, torch.no_grad():
        for parameter, found in _pairs(model, _Tensors(file)):
            if parameter.shape != found.shape:
                raise WorkbenchError(f"a tensor of shape {tuple(found.shape)} in {file.filename}", f"{tuple(parameter.shape)}, as the "
                                     "options say", "the options.json that belongs to these weights")  # fmt: skip
            parameter.copy_(found)
    return model


def _sibling() -> Path:
    return catalog.bundled_home() / "models" / "elmo-mini"


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise WorkbenchError(f"{len(found)} files {pattern} in {folder}", "one, as AllenNLP publishes them",
                             "a folder with options.json and weights.hdf5 of one model")  # fmt: skip
    return found[0]


def _options(path: Path) -> dict[str, Any]:
    try:
        options: dict[str, Any] = json.loads(path.read_text("utf-8"))
        lstm, cnn = options["lstm"], options["char_cnn"]
        unknown = [f"activation {cnn['activation']}"] if cnn["activation"] != "relu" else []
        unknown += [] if lstm.get("use_skip_connections") or lstm["n_layers"] == 1 else ["no skip connections"]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"{path.name} is no ELMo's options ({error})", "options.json with lstm and char_cnn",
                             "the file that was published beside the weights") from error  # fmt: skip
    if unknown:
        raise WorkbenchError(
            f"an ELMo with {unknown[0]}", "relu and skip connections, as all published ones", "one of those"
        )
    return options


def _config(options: dict[str, Any]) -> ElmoConfig:
    lstm, cnn = options["lstm"], options["char_cnn"]
    ours = json.loads((_sibling() / "config.json").read_text("utf-8"))
    return ElmoConfig(
        pieces=ours["pieces"], vocab_size=ours["vocab_size"], words=ours["words"], hidden_size=2 * lstm["projection_dim"],
        cell_size=lstm["dim"], num_hidden_layers=lstm["n_layers"], max_characters=cnn["max_characters_per_token"],
        character_size=cnn["embedding"]["dim"], filters=cnn["filters"], highway_layers=cnn.get("n_highway", 0),
        cell_clip=lstm["cell_clip"], projection_clip=lstm["proj_clip"],
    )  # fmt: skip


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise WorkbenchError(
            "no h5py, which reads AllenNLP's weights", "the package h5py", "pip install h5py"
        ) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise WorkbenchError(
            f"{path.name} cannot be read as hdf5", "the weights as they were published", str(error)
        ) from error


class _Tensors:
    """Tensors of an open hdf5 file by name."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __call__(self, name: str) -> Tensor:
        if name not in self.file:
            raise WorkbenchError(
                f"no tensor {name} in {self.file.filename}", "an ELMo as AllenNLP publishes it", "its weights.hdf5"
            )
        return torch.from_numpy(np.asarray(self.file[name][...], dtype=np.float32))


def _pairs(model: Any, tensor: _Tensors) -> list[tuple[Tensor, Tensor]]:
    """(parameter, what the file has for it). Matrices are (inputs, outputs) there, and gates stand in TensorFlow's order."""
    reader, pairs = model.reader, [(model.reader.characters.weight, tensor("char_embed")[:CHARACTERS])]
    for i, convolution in enumerate(reader.convolutions.values()):
        kernel = tensor(f"CNN/W_cnn_{i}").squeeze(0)  # (width, characters' size, filters)
        pairs += [(convolution.weight, kernel.permute(2, 1, 0)), (convolution.bias, tensor(f"CNN/b_cnn_{i}"))]
    for i, layer in enumerate(reader.highways):
        for part, name in ((layer.transform, "transform"), (layer.carry, "carry")):
            pairs += [(part.weight, tensor(f"CNN_high_{i}/W_{name}").T), (part.bias, tensor(f"CNN_high_{i}/b_{name}"))]
    pairs += [
        (reader.projection.weight, tensor("CNN_proj/W_proj").T),
        (reader.projection.bias, tensor("CNN_proj/b_proj")),
    ]
    for depth, layer in enumerate(model.layers):
        for direction in (0, 1):
            cell = f"RNN_{direction}/RNN/MultiRNNCell/Cell{depth}/LSTMCell"
            both, size = _ordered(tensor(f"{cell}/W_0")), layer.input.shape[1]
            bias = tensor(f"{cell}/B").clone()
            quarter = len(bias) // 4
            bias[2 * quarter : 3 * quarter] += 1.0  # TensorFlow adds a forget bias of 1 that is not in the file
            pairs += [(layer.input[direction], both[:size]), (layer.recurrent[direction], both[size:]),
                      (layer.bias[direction], _ordered(bias)), (layer.project[direction], tensor(f"{cell}/W_P_0"))]  # fmt: skip
    return pairs


def _ordered(gates: Tensor) -> Tensor:
    """TensorFlow's input, candidate, forget, output -> ours: input, forget, output, candidate (last dimension)."""
    keep, candidate, forget, show = gates.chunk(4, -1)
    return torch.cat([keep, forget, show, candidate], -1)
