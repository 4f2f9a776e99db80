"""`python -m workbench pretrain NAME`: from a corpus to a bundled model, in stages that can be on different machines.

    encode  tokenizer, ids of corpus and validation text, co-occurrence embeddings  -> work folder (about 55 MB)
    train   masked language model or whatever the recipe asks, with checkpoints      -> work folder
    card    the folder that is shipped: half-precision weights, tokenizer, card      -> out folder

Shared machinery only: what a model is and what it learns stands in `recipes/NAME.py`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: 15 times slower without, on shared cores

import argparse
import hashlib
import math
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import distributed

from workbench.catalog import bundled_home
from workbench.errors import WorkbenchError
from workbench.files import to_be_made
from workbench.models import embeddings, pretrain_card, pretrain_text
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_loop import Loop
from workbench.models.recipes import Recipe, find, names
from workbench.training.precision import cpu_bf16, gpu_bf16

SHARED = Path("../shared/corpora")
SAMPLE_MEGABYTES = 60
COUNTED_TOKENS = 20_000_000


def main(argv: list[str]) -> int:
    """Parse, run the stages, turn a user's error into one sentence. Returns the exit status."""
    arguments = parser().parse_args(argv)
    try:
        run(arguments)
    except WorkbenchError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    p = argparse.ArgumentParser(prog="python -m workbench pretrain", description="Pretrain a bundled model.")
    p.add_argument("name", help=f"which model: {', '.join(names())}")
    p.add_argument("--stage", choices=["encode", "train", "card", "all"], default="all")
    p.add_argument("--corpus", type=Path, help="text, plain or .xz (default: the recipe's, in ../shared/corpora)")
    p.add_argument("--validation", type=Path, help="held-out text")
    p.add_argument("--work", type=Path, help="folder for what the stages hand on (default .pretrain/NAME)")
    p.add_argument("--out", type=Path, help="folder of the finished model (default data/models/NAME)")
    p.add_argument("--tokens", type=int, help="budget of the whole run; the rate decays to 0 at its end")
    p.add_argument("--batch", type=int, help="tokens in a step")
    p.add_argument("--rate", type=float, help="peak learning rate")
    p.add_argument("--lengths", type=lengths, help="sequence lengths with their shares of the budget, as 64:60,128:40")
    p.add_argument(
        "--begin", type=Path, help="go on from the weights of a finished model of this family, in this folder"
    )
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--resume", action="store_true", help="go on from the work folder's checkpoint, if there is one")
    p.add_argument("--minutes", type=float, default=math.inf, help="stop with a checkpoint after so many minutes")
    p.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--compile", action="store_true", help="use torch.compile if it works")
    return p


def lengths(words: str) -> tuple[tuple[int, float], ...]:
    """ "64:60,128:40" -> ((64, 0.6), (128, 0.4)); shares are taken of their sum."""
    try:
        pairs = [(int(length), float(share)) for length, share in (part.split(":") for part in words.split(","))]
    except ValueError:
        pairs = []
    whole = sum(share for _, share in pairs)
    if not pairs or min(min(pair) for pair in pairs) <= 0:
        raise argparse.ArgumentTypeError(f"{words!r}: expected lengths with shares, as 64:60,128:40")
    return tuple((length, share / whole) for length, share in pairs)


def run(arguments: argparse.Namespace) -> None:
    """The stages asked for, in order; each skips what its folder already holds."""
    recipe = find(arguments.name)
    work = to_be_made(arguments.work or Path(".pretrain") / recipe.name)
    out = to_be_made(arguments.out or Path("data/models") / recipe.name)
    os.environ.setdefault("RAYON_NUM_THREADS", str(arguments.threads))
    torch.set_num_threads(arguments.threads)
    work.mkdir(parents=True, exist_ok=True)
    if recipe.begin and not arguments.begin:
        arguments.begin = bundled_home() / "models" / recipe.begin
    begin = begun(arguments.begin) if arguments.begin else None
    corpus: Path = arguments.corpus or SHARED / recipe.corpus
    if arguments.stage in ("encode", "all"):
        held_out: Path = arguments.validation or SHARED / recipe.validation
        encode(recipe, corpus, held_out, work, arguments.seed, arguments.begin)
    if arguments.stage in ("train", "all") and not train(recipe, arguments, work, begin):
        print("not finished: go on with --resume")
        return
    if arguments.stage in ("card", "all"):
        pretrain_card.write(recipe, work, out, corpus)
        print(f"{recipe.name} is in {out}")


def encode(
    recipe: Recipe, corpus: Path, validation: Path, work: Path, seed: int = 0, begin: Path | None = None
) -> None:
    """Everything that needs the text or the tokenizer; what the work folder already holds is kept."""
    make = (
        (lambda path: _copy_tokenizer(begin, path)) if begin else (lambda path: _make_tokenizer(recipe, corpus, path))
    )
    _once(work / "tokenizer" / "tokenizer.json", make)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(work / "tokenizer" / "tokenizer.json"))

    def shards(path: Path) -> None:
        store = partial(pretrain_text.encode_to_shards, tokenizer, folder=work, separator=recipe.separator)
        counts = store(corpus, read=recipe.read)
        held_out = store(validation, stem="valid", read=recipe.read_held_out)
        described = pretrain_text.describe(corpus, recipe.read) | counts | {"validation_tokens": held_out["tokens"]}
        pretrain_text.write_json(path, described)

    _once(work / "corpus.json", shards)
    if not begin:
        _once(work / "initial.safetensors", lambda path: _make_initial(recipe, work, path, seed))


def _once(path: Path, make: Callable[[Path], None]) -> None:
    if path.is_file():
        print(f"{path.name}: there already", flush=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        print(f"{path.name}: done", flush=True)


def _make_tokenizer(recipe: Recipe, corpus: Path, path: Path) -> None:
    tokenizer = recipe.train_tokenizer(pretrain_text.sample(corpus, SAMPLE_MEGABYTES, recipe.read), recipe.vocabulary)
    if tokenizer.get_vocab_size() > recipe.vocabulary:
        raise WorkbenchError(f"{tokenizer.get_vocab_size()} tokens", f"at most {recipe.vocabulary}", "a larger corpus")
    pretrain_text.write_json(path.with_name("tokenizer_config.json"), recipe.tokenizer_config)
    tokenizer.save(str(path))


def _copy_tokenizer(begin: Path, path: Path) -> None:
    for file in ("tokenizer_config.json", "tokenizer.json"):
        shutil.copyfile(begin / file, path.with_name(file))


def _make_initial(recipe: Recipe, work: Path, path: Path, seed: int) -> None:
    """Embeddings (V, H) and log unigram probabilities (V,), in half precision as they are only a start."""
    ids = pretrain_text.load_ids(work)
    words = recipe.first_word
    vectors = embeddings.from_counts(ids[:COUNTED_TOKENS], recipe.vocabulary, recipe.hidden, words, seed)
    log_unigram = embeddings.log_unigram(ids, recipe.vocabulary, words)
    start = {"embeddings": torch.from_numpy(vectors).half(), "log_unigram": torch.from_numpy(log_unigram)}
    save_file(start, path)


def train(recipe: Recipe, arguments: argparse.Namespace, work: Path, begin: dict[str, Any] | None = None) -> bool:
    """Train or go on training; True once the whole budget has been spent."""
    device = pick_device(arguments.device)
    join_others(device)
    plan = Plan(
        tokens=arguments.tokens or recipe.tokens,
        batch=arguments.batch or recipe.batch,
        rate=arguments.rate or recipe.rate,
        seed=arguments.seed,
        phases=arguments.lengths or recipe.phases,
    )
    ids, valid = pretrain_text.load_ids(work), pretrain_text.load_ids(work, "valid-*.npy.xz")
    model = begun_model(recipe, arguments.begin, plan.seed) if begin else fresh_model(recipe, work, plan.seed)
    model = model.to(device)
    loop = Loop(recipe, model, plan, ids, valid, work, bf16=fast_bf16(device), begin=begin)
    if (work / "checkpoint" / "state.json").is_file() or (work / "checkpoint-old" / "state.json").is_file():
        if not arguments.resume:
            raise WorkbenchError(f"{work} holds a checkpoint", "an empty work folder, or --resume", "--resume")
        loop.resume()
    loop.note_hardware(hardware(device, arguments.threads * loop.world))
    if arguments.compile:
        loop.compile()
    return loop.train(arguments.minutes)


def join_others(device: torch.device) -> None:
    """Under `torchrun --nproc-per-node N -m workbench.models.pretrain ...` the processes train as one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")


def fresh_model(recipe: Recipe, work: Path, seed: int) -> Any:
    """Seeded random weights, then the co-occurrence start."""
    torch.manual_seed(seed)
    model = recipe.fresh(work / "tokenizer")
    start = load_file(work / "initial.safetensors")
    recipe.start(model, start["embeddings"].float(), start["log_unigram"])
    return model


def begun(folder: Path) -> dict[str, Any]:
    """What a finished model's card says of its own pretraining, and which weights these are."""
    try:
        card = pretrain_text.read_json(folder / "card.json")
        weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        return {key: card[key] for key in ("tokens_seen", "seconds", "command", "initialisation")} | {"sha256": weights}
    except (OSError, ValueError, KeyError) as problem:
        expected = "a folder that `pretrain` has finished, with card.json and model.safetensors"
        raise WorkbenchError(f"{folder} cannot be gone on from ({problem})", expected, "data/models/NAME") from None


def begun_model(recipe: Recipe, folder: Path, seed: int = 0) -> Any:
    """A finished model with the dropout that the recipe pretrains with; where its head is another one, that starts at random."""
    torch.manual_seed(seed)
    fresh = recipe.fresh(folder)
    rates = {key: value for key, value in fresh.config.to_dict().items() if "drop" in key}  # GPT-2 says resid_pdrop
    return type(fresh).from_pretrained(folder, dtype=torch.float32, **rates)


def pick_device(name: str) -> torch.device:
    """auto: the GPU if torch sees one. TF32 is allowed, as everything that matters runs in bf16 there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise WorkbenchError("torch sees no CUDA device", "a GPU with its driver", "--device cpu")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    torch.set_float32_matmul_precision("high")
    found = torch.device(
        "cuda", int(os.environ.get("LOCAL_RANK", "0"))
    )  # under torchrun each process has a GPU of its own
    torch.cuda.set_device(found)
    return found


def fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32: on GPUs that have it, and on CPUs with AMX or AVX512-BF16."""
    return gpu_bf16() if device.type == "cuda" else cpu_bf16() is not None


def hardware(device: torch.device, threads: int) -> str:
    """In generic words, for the card."""
    if device.type == "cuda":
        together = int(os.environ.get("WORLD_SIZE", "1"))
        return ("one " if together == 1 else f"{together} ") + " ".join(torch.cuda.get_device_name(device).split()[:2])
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
