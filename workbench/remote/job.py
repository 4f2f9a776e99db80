"""A hosted job as a Run: what the service reports becomes the events of every other run, so figure, verdict and tables are the same.

The weights stay with the service. What is kept here is the job's id, the name of the tuned model, and the history; a lost
connection loses nothing, `resume()` looks at the same job again.
"""

from __future__ import annotations

from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from workbench.config import BY_HAND, RunConfig, name_of
from workbench.errors import WorkbenchError, whole
from workbench.remote import jsonl, service
from workbench.remote.asker import Asker
from workbench.remote.follower import Follower
from workbench.tasks.base import stratified
from workbench.training import events as ev
from workbench.training.owner import owner
from workbench.training.run import Run, Viewer
from workbench.training.store import Store

LEARNED = "hosted"


class HostedRun(Run):
    """A run whose training happens at a service. Pause and a new rate in mid-run are not to be had there; Stop cancels the job."""

    alone = None  # it costs this machine nothing, so it waits for nobody

    def __init__(self, store: Store, data: Any = None, viewer: Viewer | None = None) -> None:
        super().__init__(store, data, viewer)
        self.named = False  # whether this session has said where the service is; a folder can come from anybody
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.estimate: jsonl.Estimate | None = None

    def start(self, resume: Path | None = None) -> HostedRun:
        """Upload, start the job and follow it in the background."""
        if not self.done or self.store.facts.get("job"):
            raise WorkbenchError(f"job {self.id} has begun already: it is {self.status}", "a job that is new",
                                 "await run, run.resume(), or wb.hosted(...) for another one")  # fmt: skip
        return self._follow()

    def _follow(self) -> HostedRun:
        self.error = None
        self._worker = Follower(self.store, self.lines)
        self._begin()
        return self

    def resume(self, data: Any = None) -> HostedRun:
        """Look at the job again, from where its events broke off."""
        if not self.done:
            raise WorkbenchError(f"run {self.id} is {self.status}", "a run that nobody follows any more", "await run")
        if self.status == "finished" or not self.store.facts.get("job"):
            raise WorkbenchError(
                f"run {self.id} is {self.status}", "a run whose job was begun and not seen to its end", "wb.hosted(...)"
            )
        self._service()
        self.store.facts.update(owner())
        self.store.write_config()
        return self._follow()

    def _service(self) -> str | None:
        """Where the service is, as far as the key and texts may go there: an address that only the run's folder names is not asked."""
        found = self.store.facts.get("service")
        if self.named or found in (None, service.address(None)) or service.is_here(found):
            return found
        raise WorkbenchError(f"run {self.id} has its model at {found}, which nobody in this session has named: your key and your texts would go there",
                             "a service that you know", f"os.environ[{service.ADDRESS!r}] = {found!r}, if it is yours")  # fmt: skip

    def pause(self) -> None:
        self.store.append(ev.Note(0, 0.0, "A hosted job cannot be paused: Stop cancels it."))

    def set_learning_rate(self, rate: float) -> None:
        self.store.append(ev.Note(0, 0.0, "A hosted job keeps the learning rate that it was started with."))

    def predictor(self) -> Any:
        """The tuned model, asked through the API."""
        if not self.done:
            raise WorkbenchError(f"run {self.id} is still {self.status}", "a run that has ended", "await run")
        facts = self.store.facts
        if not facts.get("tuned"):
            raise WorkbenchError(
                f"run {self.id} has no tuned model", "a job that the service has finished", "run.resume() or a new job"
            )
        return Asker(self._service(), facts["tuned"], facts["labels"], facts["instruction"])

    def save(self, folder: str | Path) -> Path:
        raise WorkbenchError(
            f"the weights of {self.id} are with the service", "a run that was trained here", "wb.fit(...)"
        )

    def model_folder(self) -> Path:
        return self.save("")

    def quantized(self) -> Any:
        return self.save("")

    def to_code(self) -> str:
        """The line of code that prepares this job again."""
        c, facts = self.config, self.store.facts
        own = facts.get("instruction") if facts.get("instruction") != jsonl.instruction(facts["labels"]) else None
        said = {"model": c.model, "base_url": facts.get("service"), "train_examples": c.train_examples, "valid_examples": facts.get("n_valid"),
                "epochs": int(c.epochs), "batch_size": c.batch_size, "multiplier": facts.get("multiplier"), "instruction": own, "seed": c.seed}  # fmt: skip
        choices = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
        return f"wb.hosted({'data' if c.data == BY_HAND else repr(c.data)}, {choices})"


def hosted(
    data: Any = "headlines", *, model: str = "gpt-mini", base_url: str | None = None, train_examples: int | None = None, valid_examples: int = 100,
    epochs: int = 3, batch_size: int = 8, multiplier: float | None = None, instruction: str | None = None, price: float | None = None,
    seed: int = 0, viewer: Viewer | None = None,
) -> HostedRun:  # fmt: skip
    """Prepare a fine-tuning job for a hosted service and return it as a Run that has not begun: look at `run.lines` and
    `run.estimate`, then `await run.start()` (in a script `run.start().join()`). Nothing is sent before that.

    `base_url`: a service with OpenAI's endpoints (default OPENAI_BASE_URL, else OpenAI); `wb.serve().url` is one on this machine. The key is
    read from OPENAI_API_KEY and stands nowhere else. `multiplier` scales the service's learning rate; `price` per million trained tokens
    makes the estimate a sum of money. Data with one label per text. The service sees the texts you send: do not send what must not leave.
    """
    from workbench.data import fingerprint, load

    _check_numbers(train_examples, valid_examples, multiplier, price)
    loaded = load(data)
    if loaded.task != "classification":
        raise WorkbenchError(
            f"data for {loaded.task}", "data with one label for a whole text", 'wb.hosted("headlines", ...)'
        )
    where = service.address(base_url)
    named = data if isinstance(data, str) else name_of(loaded)
    count = len(loaded["train"]) if train_examples is None else min(train_examples, len(loaded["train"]))
    config = RunConfig(
        data=named,
        model=model,
        technique=LEARNED,
        epochs=epochs,
        batch_size=batch_size,
        train_examples=count,
        seed=seed,
    )
    system = instruction or jsonl.instruction(loaded.labels)
    lines = {
        "training": _lines(loaded, "train", count, seed, system),
        "validation": _lines(loaded, "validation", valid_examples, 0, system),
    }
    _, problems = jsonl.check(jsonl.write(lines["training"]))
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise WorkbenchError(
            f"the training file has a problem: {problems[0]}{more}", "lines that a service takes", "wb.audit(data)"
        )
    right = np.array(loaded["validation"]["label"])
    commonest = np.bincount(np.array(loaded["train"]["label"])).argmax()
    facts = {"service": where, "labels": loaded.labels, "instruction": system, "multiplier": multiplier, "task": loaded.task, "metric": "accuracy",
             "unit": "piece", "n_train": count, "n_valid": len(lines["validation"]), "majority": float((right == commonest).mean()),
             "controls": ["majority class", ""], "fingerprint": fingerprint(loaded), **owner()}  # fmt: skip
    run = HostedRun(Store.create(config, facts), loaded, viewer)
    run.named = True
    run.lines, run.estimate = lines, jsonl.estimate(lines["training"], epochs, price, _counter(model))
    return run


def _check_numbers(train_examples: Any, valid_examples: Any, multiplier: Any, price: Any) -> None:
    for name, count, least in (("train_examples", train_examples, 2), ("valid_examples", valid_examples, 1)):
        if count is not None:
            whole(name, count, least, try_=f"{name}=100")
    for name, number in (("multiplier", multiplier), ("price", price)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, Real)):
            raise WorkbenchError(f"{name} is {number!r:.60}", "a number, or None", f"{name}=1.0")
    if multiplier is not None and not 1e-3 <= multiplier <= 100:
        raise WorkbenchError(
            f"multiplier={multiplier}", "0.001 to 100, or None for the service's own choice", "multiplier=1"
        )


def _lines(data: Any, split: str, count: int, seed: int, system: str) -> list[dict[str, Any]]:
    part = data[split]
    rows = stratified(np.array(part["label"]), min(count, len(part)), seed)
    return [jsonl.line(part["text"][int(i)], data.labels[part["label"][int(i)]], system) for i in rows]


def _counter(model: str) -> Any:
    """How many pieces a text has for a model that is here; None for one that only the service knows."""
    from workbench import catalog
    from workbench.models import zoo

    if not any(c.source == "bundled" and c.name == model for c in catalog.models()):
        return None
    tokenizer = zoo.tokenizer(zoo.source(model))
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])
