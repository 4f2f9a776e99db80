"""What the local service does with a job: a causal model learns to write the assistant's answer. A plain loop, no Trainer here:
the client's side has the figures and the stopping; this side only has to be real.

Loss on the answer's pieces alone, as services do it; AdamW, linear decay, batches in a seeded order.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from workbench.data.text import well_formed
from workbench.models import zoo
from workbench.training.budget import budget
from workbench.training.precision import autocast

ANSWER = " Answer:"
IGNORED = -100
SIGNS = 40  # of a conversation for each piece that there is room for: of more only the beginning is cut into pieces
Emit = Callable[[str, dict[str, Any]], None]  # words, figures


@dataclass(frozen=True)
class Settings:
    """A job's hyperparameters, settled."""

    epochs: int = 3
    batch_size: int = 8
    rate: float = 1e-3
    seed: int = 0


class Speaker:
    """A causal model with its tokenizer: conversations in, answers out."""

    def __init__(self, model: str) -> None:
        from transformers import AutoModelForCausalLM

        source = zoo.source(model)
        self.tokenizer = zoo.tokenizer(source)
        self.model = zoo.build(AutoModelForCausalLM, source, zoo.config(source)).eval()

    def prompt(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Pieces of everything said so far and of the call for an answer; the beginning is kept where it is too long."""
        tail = self._ids(ANSWER)
        room = self.tokenizer.model_max_length - len(tail) - 16
        said = well_formed(" ".join(m["content"] for m in messages)[: SIGNS * room])
        return self._ids(said)[:room] + tail

    def example(self, row: dict[str, Any]) -> tuple[list[int], list[int]]:
        """(pieces, labels) of a conversation that ends with an answer: only the answer and the end are asked for."""
        before = self.prompt(row["messages"][:-1])
        answer = [*self._ids(" " + row["messages"][-1]["content"])[:15], self.tokenizer.eos_token_id]
        return before + answer, [IGNORED] * len(before) + answer

    @torch.inference_mode()
    def answer(self, messages: Sequence[dict[str, str]], most: int = 16) -> tuple[str, int, int]:
        """(the likeliest answer, pieces read, pieces written)."""
        ids = torch.tensor([self.prompt(messages)])
        out = self.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=max(1, min(most, 16)), do_sample=False,
                                  pad_token_id=self.tokenizer.pad_token_id, eos_token_id=self.tokenizer.eos_token_id)  # fmt: skip
        written = out[0, ids.shape[1] :]
        return self.tokenizer.decode(written, skip_special_tokens=True).strip(), ids.shape[1], len(written)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def tune(
    speaker: Speaker, train: list[dict[str, Any]], valid: list[dict[str, Any]], settings: Settings, emit: Emit, stop: Callable[[], bool]
) -> bool:  # fmt: skip
    """Train in place; True unless it was stopped. Emits figures at every step, both losses twice an epoch and at the end."""
    torch.manual_seed(settings.seed)
    examples, held_out = [speaker.example(r) for r in train], [speaker.example(r) for r in valid]
    probe = examples[:: max(1, len(examples) // 64)][:64]
    batches = -(-len(examples) // settings.batch_size)
    total = batches * settings.epochs
    optimizer = torch.optim.AdamW(speaker.model.parameters(), lr=settings.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / max(1, total // 20)) * (1 - step / total)
    )
    pad = speaker.tokenizer.pad_token_id
    emit("Training begins", {"step": 0, "total_steps": total, **_losses(speaker.model, probe, held_out, pad)})
    step, end = 0, time.monotonic() + budget()
    for epoch in range(settings.epochs):
        order = np.random.default_rng((settings.seed, epoch)).permutation(len(examples))
        for k in range(batches):
            if stop():
                return False
            loss = _step(
                speaker.model,
                [examples[i] for i in order[k * settings.batch_size : (k + 1) * settings.batch_size]],
                pad,
                optimizer,
            )
            rate = float(schedule.get_last_lr()[0])
            schedule.step()
            step += 1
            last = step == total or time.monotonic() >= end
            due = step % max(1, batches // 2) == 0 or last
            more = _losses(speaker.model, probe, held_out, pad) if due else {}
            figures = {
                "step": step,
                "total_steps": total,
                "epoch": step / batches,
                "train_loss": loss,
                "learning_rate": rate,
            }
            emit(f"Step {step}/{total}: training loss={loss:.2f}", {**figures, **more})
            if last:
                return True
    return True


def _step(model: Any, rows: list[tuple[list[int], list[int]]], pad: int, optimizer: torch.optim.Optimizer) -> float:
    model.train()
    ids, mask, labels = _batch(rows, pad)
    columns = _columns(labels)
    with autocast():
        logits, wanted = _logits(model, ids, mask, columns).float(), labels[:, columns + 1]
    loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


@torch.inference_mode()
def _losses(model: Any, probe: list[Any], held_out: list[Any], pad: int) -> dict[str, float]:
    """Mean loss per piece of the answers, in nats, dropout off, and the share of whole answers that would be written right."""
    model.eval()
    found = {"full_train_loss": _mean(model, probe, pad)[0]}
    if held_out:
        found["full_valid_loss"], found["full_valid_exact"] = _mean(model, held_out, pad)
    return found


def _mean(model: Any, rows: list[tuple[list[int], list[int]]], pad: int, size: int = 32) -> tuple[float, float]:
    """(mean loss per piece of the answers in nats, share of whole answers written right) of some rows."""
    total = count = right = 0.0
    rows = sorted(rows, key=lambda row: len(row[0]))  # answers of rows of one length stand in the same few columns
    for start in range(0, len(rows), size):
        ids, mask, labels = _batch(rows[start : start + size], pad)
        columns = _columns(labels)
        with autocast():
            logits, wanted = _logits(model, ids, mask, columns).float(), labels[:, columns + 1]
        asked = wanted != IGNORED
        total += float(F.cross_entropy(logits[asked], wanted[asked], reduction="sum"))
        count += int(asked.sum())
        right += int(((logits.argmax(-1) == wanted) | ~asked).all(1).sum())
    return total / max(1.0, count), right / max(1, len(rows))


def _columns(labels: torch.Tensor) -> torch.Tensor:
    """The positions behind which some row has a piece of its answer."""
    return (labels[:, 1:] != IGNORED).any(0).nonzero().squeeze(1)


def _logits(model: Any, ids: torch.Tensor, mask: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Logits (rows, columns, vocabulary) of some positions. Those of a whole batch would take a hundred megabytes, several times
    over, and most are never looked at: a model that can leave them out does."""
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return model(input_ids=ids, attention_mask=mask, logits_to_keep=columns).logits
    return model(input_ids=ids, attention_mask=mask).logits[:, columns]


def _batch(rows: list[tuple[list[int], list[int]]], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Padded on the right: ids, mask, labels, each (rows, longest)."""
    width = max(len(ids) for ids, _ in rows)
    fill = lambda values, with_: values + [with_] * (width - len(values))  # noqa: E731
    ids = torch.tensor([fill(list(i), pad) for i, _ in rows])
    mask = torch.tensor([fill([1] * len(i), 0) for i, _ in rows])
    return ids, mask, torch.tensor([fill(list(wanted), IGNORED) for _, wanted in rows])
