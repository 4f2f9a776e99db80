"""The pretraining loop: rate, clipping, reports, checkpoints, time limit. Not the loop that fine-tunes.

It keeps all ids on the device, never waits for the device within a step, and draws everything random from (seed, step),
so that a resumed run is the uninterrupted run. Under `torchrun` every process takes its share of each batch and gradients
are averaged: on a CPU three processes of one thread are a good half faster than one of three threads.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from workbench.errors import WorkbenchError
from workbench.models import checkpoints
from workbench.models.pretrain_batches import VALIDATION_LENGTH, Blocks, Plan, Validation
from workbench.models.progress import Bar
from workbench.models.recipes import Recipe

REPORTS = 40


def make_optimizer(model: torch.nn.Module, device: torch.device) -> torch.optim.AdamW:
    """AdamW; biases and layer norms do not decay."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, fused=True)


def together() -> bool:
    """Whether several processes train as one."""
    return distributed.is_available() and distributed.is_initialized()


class Loop:
    """One run, from its start or its checkpoint to its budget, its time limit or an interrupt."""

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        plan: Plan,
        ids: np.ndarray,
        valid: np.ndarray,
        work: Path,
        bf16: bool,
        begin: dict[str, Any] | None = None,  # of the pretraining that this one goes on from
    ) -> None:
        self.recipe, self.model, self.plan, self.work, self.bf16 = recipe, model, plan, work, bf16
        self.device = next(model.parameters()).device
        feed = recipe.feed or partial(Blocks, added=recipe.added)
        self.blocks = feed(ids, plan, device=self.device)
        self.valid = valid
        self._validation: dict[int, Validation] = {}
        self.bar = Bar(0)
        self.optimizer = make_optimizer(model, self.device)
        self.generator = torch.Generator(self.device)
        self.rank, self.world = (distributed.get_rank(), distributed.get_world_size()) if together() else (0, 1)
        self.loss: Any = self._loss
        settings = json.loads(json.dumps({**asdict(plan), "corpus_tokens": len(ids), "begin": begin}))
        self.state: dict[str, Any] = {"step": 0, "seconds": 0.0, "hardware": [], "plan": settings}
        self.state |= {"curve": [], "pending": [0.0, 0]}  # pending: since a report, loss sum and steps

    def resume(self) -> None:
        """Go on from the checkpoint in the work folder; another budget, batch, rate, seed or corpus is refused."""
        saved = checkpoints.read_state(self.work / "checkpoint")["plan"]
        different = {key: saved.get(key) for key, value in self.state["plan"].items() if saved.get(key) != value}
        if different:
            wanted = {key: self.state["plan"][key] for key in different}
            raise WorkbenchError(f"The checkpoint was made with {different}", f"{wanted}", "the checkpoint's settings")
        self.state = checkpoints.load(self.work / "checkpoint", self.model, self.optimizer)

    def note_hardware(self, words: str) -> None:
        """Remember on what the run was made; a run may be continued elsewhere."""
        if words not in self.state["hardware"]:
            self.state["hardware"].append(words)

    def compile(self) -> None:
        """torch.compile where it works; a sentence and plain PyTorch where it does not."""
        try:
            self.loss = torch.compile(self._loss, dynamic=False)
            torch.autograd.backward(self._forward(0))
            self.optimizer.zero_grad(set_to_none=True)
        except (RuntimeError, ImportError, OSError) as problem:  # no compiler, no Triton, a graph it cannot take
            self.loss = self._loss
            print(f"torch.compile does not work here ({type(problem).__name__}): going on without", flush=True)

    def train(self, minutes: float = math.inf, every: int = 0) -> bool:
        """Step until done (True) or until the time is up or Ctrl-C (False). Either way the state is on disk."""
        every = every or max(1, min(50, self.plan.steps // 5), self.plan.steps // REPORTS)
        start = self._mark = time.monotonic()
        self._summed = torch.tensor(self.state["pending"][0], device=self.device)
        self.bar = Bar(self.plan.steps if not self.rank else 0, self.state["step"])
        self._write_curve()
        self.model.train()
        if not self.state["curve"]:
            self._report()
        try:
            for step in range(self.state["step"], self.plan.steps):
                self._step(step)
                self.bar.at(step + 1)
                if (step + 1) % every == 0 or step + 1 == self.plan.steps:
                    self._report()
                    self._save()
                if self._agreed(time.monotonic() - start > minutes * 60):
                    break
        except KeyboardInterrupt:
            self.bar.clear()
            print("stopped by the keyboard", flush=True)
        self._save()
        return bool(self.state["step"] == self.plan.steps)

    def _step(self, step: int) -> None:
        phase, length, done = self.plan.phase(step)
        if phase and not done and not self.state["plan"]["begin"]:  # a finished model knows its later positions already
            self.recipe.lengthen(self.model, self.plan.phases[phase - 1][0], length)
        rate = self.plan.learning_rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._forward(step)
        torch.autograd.backward(loss)
        self._average_gradients()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._summed += loss.detach()
        self.state["step"] = step + 1
        self.state["pending"][1] += 1

    def _forward(self, step: int) -> Tensor:
        self.generator.manual_seed(self.plan.seed * 1_000_003 + step)
        torch.manual_seed(self.plan.seed * 1_000_003 + step)  # dropout
        batch = self.recipe.corrupt(self.blocks(step), self.generator)
        batch = tuple(tensor[self.rank :: self.world] for tensor in batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            loss: Tensor = self.loss(*batch)
        return loss

    def _average_gradients(self) -> None:
        """One all-reduce of all gradients as one vector; nothing to do in a single process."""
        if self.world == 1:
            return
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        distributed.all_reduce(flat)
        flat /= self.world
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def _agreed(self, over: bool) -> bool:
        """Whether the first process says that the time is up: all must stop at the same step."""
        if self.world == 1:
            return over
        word = torch.tensor([int(over)], device=self.device)
        distributed.broadcast(word, 0)
        return bool(word.item())

    def _loss(self, inputs: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
        loss: Tensor = self.recipe.loss(self.recipe.predict(self.model, inputs, positions), labels)
        return loss

    def _report(self) -> None:
        """Measure, say it, and add a line to the curve. The one place where the host waits for the device."""
        if self.rank:
            return
        steps = self.state["pending"][1]
        loss = float(self._summed) / steps if steps else math.nan
        if steps and not math.isfinite(loss):
            raise WorkbenchError(
                f"The loss is {loss} at step {self.state['step']}", "a finite number", f"--rate {self.plan.rate / 2:g}"
            )
        speed = steps * self.plan.batch / max(1e-9, self._tick())
        valid_loss, accuracy = self._validate()
        self._tick()
        step, tokens = self.state["step"], self.state["step"] * self.plan.batch
        line = {"step": step, "tokens": tokens, "train_loss": loss if steps else None}
        line |= {"valid_loss": valid_loss, "valid_accuracy": accuracy, "seconds": self.state["seconds"]}
        self.state["curve"].append(line)
        with (self.work / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        words = f"step {step:>7,} of {self.plan.steps:,}  tokens {tokens / 1e6:8.1f} M"
        words += f"  validation {valid_loss:.3f}  accuracy {accuracy:.3f}"
        if steps:
            left = (self.plan.tokens - tokens) / speed / 60
            words += f"  training {loss:.3f}  {speed:,.0f} tokens/s  {left:.1f} min left"
        self.bar.clear()
        print(words, flush=True)
        self.state["pending"] = [0.0, 0]
        self._summed.zero_()

    def _validate(self) -> tuple[float, float]:
        """At the length that is being trained, at most 128 tokens: positions beyond it mean nothing yet."""
        _, length, _ = self.plan.phase(max(0, self.state["step"] - 1))
        length = min(length, VALIDATION_LENGTH)
        if length not in self._validation:
            self._validation[length] = Validation(self.valid, self.recipe, length)
        return self._validation[length](self.model)

    def _tick(self) -> float:
        """Seconds since the last tick, added to the run's total."""
        now = time.monotonic()
        passed, self._mark = now - self._mark, now
        self.state["seconds"] += passed
        return passed

    def _save(self) -> None:
        if self.rank:
            return
        self.state["pending"][0] = float(self._summed)
        self._tick()
        checkpoints.save(self.work / "checkpoint", self.model, self.optimizer, self.state)

    def _write_curve(self) -> None:
        """The curve file again as the checkpoint knows it: lines written after it are about to be redone."""
        if self.rank:
            return
        self.work.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(line) + "\n" for line in self.state["curve"]]
        (self.work / "curve.jsonl").write_text("".join(lines), encoding="utf-8")
