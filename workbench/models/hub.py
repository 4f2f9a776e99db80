"""The Hub as the zoo sees it: a repository comes whole, and every failure is one sentence that names what is here instead.

What a checkpoint needs is put into huggingface_hub's cache first, all of one commit, and only then read, as any other folder:
a connection that breaks off leaves nothing half-loaded, and a run asks the Hub once. Nothing is loaded or trained here.
"""

from __future__ import annotations

import errno
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from workbench import catalog
from workbench.errors import WorkbenchError

SMALL = ("*.json", "*.txt", "*.model", "*.spm", "*.tiktoken")  # configuration and tokenizer
WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
CONVERTER = "SFconvertbot"  # the account of the Hub that offers safetensors where there are none
ELSEWHERE = "*/*"  # other formats of the same weights (onnx, coreml, ...) lie in folders of their own

PIECES = ("sentencepiece", "google.protobuf")  # what transformers reads a spiece.model with

SIBLINGS = (
    (r"elmo", "elmo-mini"),
    (r"roberta|camembert|xlm-r", "roberta-mini"),
    (r"xlnet", "xlnet-mini"),
    (r"gpt|llama|qwen|mistral|gemma|pythia|smollm|phi-|opt-|bloom", "gpt-mini"),
    (r"marian|opus-mt|t5|bart|nllb|m2m", "en-fr-mini"),
    (r"bert|electra|minilm|mpnet", "bert-mini"),
)


@functools.cache
def folder(repo: str, weights: bool) -> str:
    """Where the files of a repository lie, all of one commit; `weights` asks for the tensors, too. Errors are huggingface_hub's.

    Of a repository without safetensors it is the copy that the Hub's own converter has offered, where there is one.
    """
    if not weights:
        return _snapshot(repo, "main", SMALL)
    place = _snapshot(repo, Path(folder(repo, False)).name, SMALL + WEIGHTS)
    if any(Path(place).glob("model*.safetensors")):
        return place
    copy = _converted(repo)
    return _snapshot(repo, copy, SMALL + WEIGHTS) if copy else place


def _snapshot(repo: str, revision: str, files: tuple[str, ...]) -> str:
    from huggingface_hub import snapshot_download

    return str(snapshot_download(repo, revision=revision, allow_patterns=list(files), ignore_patterns=ELSEWHERE))


def _converted(repo: str) -> str | None:
    """The open pull request in which the Hub's converter offers the same weights as safetensors. None is asked for anew:
    transformers would do that unasked, through a service that is not the Hub."""
    from huggingface_hub import get_repo_discussions
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        for offer in get_repo_discussions(
            repo, author=CONVERTER, discussion_type="pull_request", discussion_status="open"
        ):
            if offer.author == CONVERTER and "safetensors" in offer.title:
                return str(offer.git_reference)
    except (HfHubHTTPError, OfflineModeIsEnabled):
        pass  # discussions may be closed: the folder without weights says what is missing
    return None


def sibling(name: str) -> str:
    """What to try instead, as code: the bundled model of the same family where the name gives one away, else bert-mini."""
    here = {c.name for c in catalog.models() if c.source == "bundled"}
    for pattern, bundled in SIBLINGS:
        if re.search(pattern, name.lower()):
            return f"model={bundled!r}, its bundled relative" if bundled in here else "model='bert-mini'"
    return "model='bert-mini'"


def trouble(name: str, error: BaseException, on_hub: bool) -> WorkbenchError:
    """The sentence for whatever went wrong while `name` was loaded."""
    why, expected = _reason(list(_chain(error)), on_hub)
    return WorkbenchError(f"model {name!r} could not be loaded: {why}", expected, sibling(name))


BY_STATUS = {
    401: ("the Hub knows no public model of this name", "a name as the model's page has it, or for a private one `hf auth login`"),
    403: ("it is only for people who have agreed to its terms", "your agreement on the model's page, and `hf auth login`"),
    404: ("the Hub has no model of this name", "a name as the model's page has it: owner/name"),
    429: ("the Hub has had too many requests from here", "a few minutes of patience, or `hf auth login` for a larger allowance"),
}  # fmt: skip
BROKEN_OFF = ("RemoteProtocolError", "ReadError", "ReadTimeout", "IncompleteRead", "ChunkedEncodingError")
UNREACHABLE = (
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "LocalEntryNotFoundError",
    "IncompleteSnapshotError",
    "ProxyError",
)
FORMS = "a bundled name, a folder with config.json, safetensors and tokenizer, or a Hub id and a network connection"


def _reason(chain: list[BaseException], on_hub: bool) -> tuple[str, str]:
    """(what went wrong, what is expected), from an error and all that caused it."""
    names = {kind.__name__ for error in chain for kind in type(error).__mro__}
    status = 0 if "RemoteEntryNotFoundError" in names else next((s for s in map(_status, chain) if s), 0)
    if "OfflineModeIsEnabled" in names:
        return (
            "it is not on this machine, and HF_HUB_OFFLINE keeps the Hub from being asked",
            "a network connection and HF_HUB_OFFLINE=0",
        )
    if "GatedRepoError" in names or status in BY_STATUS:
        return BY_STATUS[403 if "GatedRepoError" in names else status]
    if status >= 500:
        return f"the Hub is in trouble itself (it answered {status})", "a Hub that works again in a while"
    if any(isinstance(e, OSError) and e.errno == errno.ENOSPC for e in chain):
        return "the disk is full", "room for the files of the checkpoint"
    if names & set(BROKEN_OFF) or "Consistency check failed" in str(chain[0]):
        return (
            "the connection broke off while its files came, and nothing of it is used",
            "the same again: it goes on where it broke off",
        )
    if on_hub and names & set(UNREACHABLE):
        return "the Hub could not be reached", "a network connection"
    return _own_words(chain, names)


IN_THE_FILES = (  # a pattern of what was said -> what went wrong, what is expected; `{}` is the pattern's group
    (r"contains custom code|trust_remote_code",
     "it works only by its author's own code, which is never run here", "a model of a family that transformers knows"),
    (r"has model type `([^`]+)` but Transformers does not recognize",
     "this version of transformers knows no family {!r}", "a family that it knows, or a newer transformers"),
    (r"Unrecognized configuration class .* for this kind of AutoModel: (\w+)",
     "transformers has no {} for its family", "a model of a family that has one, such as BERT"),
    (r"Should have a `model_type` key", "it has no config.json that names the family of its model", FORMS),
    (r"Couldn't instantiate the backend tokenizer", "its folder has no tokenizer", "tokenizer.json beside config.json"),
    (r"file named (?:model|pytorch_model)\.(?:safetensors|bin)",
     "it has no weights as safetensors, and pickles, which can run their author's code, are not read", FORMS),
)  # fmt: skip
BY_KIND = {
    "SafetensorError": ("its weights are no whole safetensors file", "model.safetensors as it was saved, copied or fetched again"),
    "HFValidationError": ("this is neither a folder nor a Hub id", FORMS),
}  # fmt: skip


def _own_words(chain: list[BaseException], names: set[str]) -> tuple[str, str]:
    """The same for what is wrong with the files themselves."""
    said = " ".join(str(e) for e in chain)
    if packages := _missing(said, names):
        some = "packages" if len(packages) > 1 else "package"
        return f"its tokenizer needs the {some} {' and '.join(packages)}", f"pip install {' '.join(packages)}"
    for pattern, why, expected in IN_THE_FILES:
        if found := re.search(pattern, said):
            return why.format(*found.groups()), expected
    for kind, reason in BY_KIND.items():
        if kind in names:
            return reason
    first = said.strip().splitlines()[0][:200] if said.strip() else type(chain[0]).__name__
    return first, FORMS


def _missing(said: str, names: set[str]) -> list[str]:
    """The packages that a tokenizer cannot be read without and that are not here."""
    missing = re.search(
        r"requires? (?:the )?(sentencepiece|tiktoken|protobuf)|`(tiktoken)` is required", said, re.IGNORECASE
    )
    of_tiktoken = bool(missing and missing[2]) or "build an AutoTokenizer" in said
    if of_tiktoken and not all(map(_installed, PIECES)):  # a spiece.model is then taken for a file of tiktoken
        return ["sentencepiece", "protobuf"]
    if missing and ("ImportError" in names or missing[2]):
        return [(missing[1] or missing[2]).lower()]
    return []


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:  # of a package within one that is not there
        return False


def _status(error: BaseException) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, what caused that."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
