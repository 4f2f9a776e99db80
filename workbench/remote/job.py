"""A hosted job as a Run: what the service reports becomes the events of every other run, so figure, verdict and tables are the same.

The weights stay with the service. What is kept here is the job's id, the name of the tuned model, and the history; a lost
connection loses nothing, `resume()` looks at the same job again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from workbench.config import RunConfig, name_of
from workbench.errors import WorkbenchError, whole
from workbench.remote import jsonl, service
from workbench.tasks.base import stratified
from workbench.tasks.inputs import texts as texts_of
from workbench.training import events as ev
from workbench.training.run import Run, Viewer
from workbench.training.store import Store, owner
from workbench.training.wishes import Wishes

OVER = ("succeeded", "failed", "cancelled")
PATIENCE = 6  # looks at a job that may fail one after the other before the run counts as interrupted
LEARNED = "hosted"


class HostedRun(Run):
    """A run whose training happens at a service. Pause and a new rate in mid-run are not to be had there; Stop cancels the job."""

    alone = None  # it costs this machine nothing, so it waits for nobody

    def __init__(self, store: Store, data: Any = None, viewer: Viewer | None = None) -> None:
        super().__init__(store, data, viewer)
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.estimate: jsonl.Estimate | None = None

    def start(self, resume: Path | None = None) -> HostedRun:
        """Upload, start the job and follow it in the background."""
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
        self.error = None
        self.store.facts.update(owner())
        self.store.write_config()
        return self.start()

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
        return Asker(facts["service"], facts["tuned"], facts["labels"], facts["instruction"])

    def save(self, folder: str | Path) -> Path:
        raise WorkbenchError(
            f"the weights of {self.id} are with the service", "a run that was trained here", "wb.fit(...)"
        )

    def model_folder(self) -> Path:
        return self.save("")


class Follower:
    """The background side of a hosted run: what a Worker is for one that trains here."""

    def __init__(self, store: Store, lines: dict[str, list[dict[str, Any]]]) -> None:
        self.store, self.config, self.lines = store, store.config, lines
        self.wishes = Wishes()
        self.begun = self.began_loading = False
        self.predictor: Any = None
        self.seen, self.told = set[str](), set[str]()
        self.last, self.best, self.began = -1, float("inf"), time.monotonic()
        self.epoch, self.rate = 0.0, store.config.learning_rate
        self.over = False

    def train(self) -> None:
        """From the files to the tuned model; every event of the job once."""
        self.began_loading = self.begun = True
        facts = self.store.facts
        client = service.client(facts["service"])
        if not facts.get("job"):
            self._create(client)
        self._remember()
        cancelled, failures = False, 0
        while True:
            try:
                if self.wishes.stop.is_set() and not cancelled:
                    cancelled = True
                    with service.in_words("cancelling the job"):
                        client.fine_tuning.jobs.cancel(facts["job"])
                with service.in_words("asking for the job"):
                    job = client.fine_tuning.jobs.retrieve(facts["job"])
                    self._take(client)
                failures = 0
            except WorkbenchError as trouble:
                failures += 1
                if failures >= PATIENCE:
                    return self.end(
                        "interrupted",
                        f"{trouble.found}. The job goes on at the service: run.resume() looks at it again.",
                    )
                job = SimpleNamespace(status="")
            if job.status in OVER:
                return self._finish(job)
            time.sleep(min(5.0, self._pause() * 2**failures))

    def _pause(self) -> float:
        """Between two looks: a machine like this one may be asked more often than somebody else's."""
        return 0.2 if str(self.store.facts["service"]).startswith("http://") else 2.0

    def _create(self, client: Any) -> None:
        files = {}
        for split, rows in self.lines.items():
            with service.in_words(f"sending the {split} file"):
                files[split] = client.files.create(file=(f"{split}.jsonl", jsonl.write(rows)), purpose="fine-tune").id
        knobs: dict[str, Any] = {"n_epochs": self.config.epochs, "batch_size": self.config.batch_size}
        if self.store.facts.get("multiplier") is not None:
            knobs["learning_rate_multiplier"] = self.store.facts["multiplier"]
        with service.in_words("starting the job"):
            job = client.fine_tuning.jobs.create(
                model=self.config.model, training_file=files["training"], validation_file=files["validation"], seed=self.config.seed,
                suffix="workbench", method={"type": "supervised", "supervised": {"hyperparameters": knobs}},
            )  # fmt: skip
        self.store.facts.update(job=job.id, files=files)
        self.store.write_config()

    def _remember(self) -> None:
        """Where a history broke off, when a job is looked at again: what it has is not taken twice."""
        self.told = {e.text for e in self.store.events if isinstance(e, ev.Note)}
        done = [e for e in self.store.events if isinstance(e, ev.Evaluated)]
        self.best = min((e.valid_loss for e in done), default=float("inf"))
        self.last = max((e.step for e in self.store.events if isinstance(e, ev.Stepped | ev.Evaluated)), default=-1)

    def _take(self, client: Any) -> None:
        """Every event that is new, oldest first."""
        page = client.fine_tuning.jobs.list_events(self.store.facts["job"], limit=100)
        fresh = []
        for event in page:  # the client asks for further pages by itself
            if event.id in self.seen:
                break
            fresh.append(event)
        for event in reversed(fresh):
            self.seen.add(event.id)
            self._translate(event)

    def _translate(self, event: Any) -> None:
        """One event of the service as events of ours. Services differ in what they report; what is missing is left out."""
        data = event.data if isinstance(event.data, dict) else {}
        if event.type != "metrics" or not isinstance(data.get("step"), int):
            return self._tell(str(event.message)[:300])
        step, seconds = data["step"], self.seconds()
        if step <= self.last:
            return
        if not any(isinstance(e, ev.Started) for e in self.store.events):
            self.store.append(ev.Started(0, 0.0, int(data.get("total_steps") or self._planned())))
        self.last, self.epoch = step, float(data.get("epoch") or self.config.epochs * step / max(1, self._planned()))
        self.rate = float(data.get("learning_rate") or self.rate)
        loss = data.get("train_loss")
        if step and isinstance(loss, int | float):
            self.store.append(ev.Stepped(step, seconds, self.epoch, float(loss), self.rate))
        valid = data.get("full_valid_loss", data.get("valid_loss"))
        if isinstance(valid, int | float):
            self._evaluated(step, seconds, float(data.get("full_train_loss") or loss or valid), float(valid), data)

    def _tell(self, words: str) -> None:
        if words not in self.told:
            self.told.add(words)
            self.store.append(ev.Note(max(0, self.last), self.seconds(), words))

    def _evaluated(self, step: int, seconds: float, train: float, valid: float, data: dict[str, Any]) -> None:
        found = data.get(
            "full_valid_exact", data.get("full_valid_mean_token_accuracy", data.get("valid_mean_token_accuracy"))
        )
        metrics = {"accuracy": float(found)} if isinstance(found, int | float) else {}
        best, self.best = valid < self.best, min(self.best, valid)
        self.store.append(ev.Evaluated(step, seconds, self.epoch, train, valid, metrics, self.rate, best))

    def _planned(self) -> int:
        count = self.store.facts["n_train"]
        return max(1, -(-count // self.config.batch_size) * self.config.epochs)

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def _finish(self, job: Any) -> None:
        if job.status == "succeeded":
            self.store.facts["tuned"] = job.fine_tuned_model
            self.store.write_config()
            words = f"The service calls the tuned model {job.fine_tuned_model}."
            return self.end(
                "budget",
                words if job.trained_tokens is None else f"{words} {job.trained_tokens:,} tokens were trained.",
            )
        if job.status == "cancelled":
            return self.end("user", "The job was cancelled: the service keeps no model of it.")
        raise WorkbenchError(
            f"the job failed: {str(getattr(job.error, 'message', ''))[:200]}", "a job that the service can finish"
        )

    def end(self, reason: str, text: str = "") -> None:
        """Emit the end once."""
        if not self.over:
            self.over = True
            self.store.append(ev.Ended(max(0, self.last), self.seconds(), reason, text))


class Asker:
    """The tuned model behind the API, with the methods of a Predictor. Answers that are no label count as wrong."""

    def __init__(self, base_url: str | None, model: str, labels: Sequence[str], instruction: str) -> None:
        self.client, self.model = service.client(base_url), model
        self.labels, self.instruction = list(labels), instruction
        self._plain = {label.strip().lower(): i for i, label in enumerate(labels)}

    def answers(self, texts: Sequence[str]) -> list[str]:
        """What the model writes, text by text."""
        found = []
        for text in texts:
            with service.in_words("asking the model"):
                said = self.client.chat.completions.create(
                    model=self.model,
                    messages=jsonl.line(text, None, self.instruction)["messages"],
                    temperature=0,
                    max_tokens=16,
                )
            found.append((said.choices[0].message.content or "").strip())
        return found

    def _index(self, answer: str) -> int:
        """Which label an answer is, or -1 for none."""
        return self._plain.get(answer.lower().rstrip("."), -1)

    def _guess(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._index(a) for a in self.answers(texts)], dtype=np.int64)

    def predict(self, inputs: Any) -> pd.DataFrame:
        """One row per text: text, label (empty where the answer is none), and the answer as it was written."""
        texts = texts_of(inputs)
        written = self.answers(texts)
        known = [self._index(a) for a in written]
        return pd.DataFrame(
            {"text": texts, "label": [self.labels[i] if i >= 0 else "" for i in known], "answer": written}
        )

    def evaluate(self, split: Any) -> dict[str, float]:
        """Accuracy and macro F1 as for every classifier, and the share of answers that are no label."""
        from workbench.metrics import accuracy, f1_macro

        guess, right = self._guess(list(split["text"])), np.array(split["label"])
        return {"accuracy": accuracy(guess, right), "f1": f1_macro(guess, right), "no label": float((guess < 0).mean())}

    def errors(self, split: Any, n: int) -> pd.DataFrame:
        """Up to `n` texts that were answered wrong: text, right, answer."""
        return self._wrong(split, n, self.answers(list(split["text"])))

    def _wrong(self, split: Any, n: int, written: list[str]) -> pd.DataFrame:
        texts, right = list(split["text"]), list(split["label"])
        wrong = [i for i, a in enumerate(written) if self._index(a) != right[i]][:n]
        rows = {
            "text": [texts[i] for i in wrong],
            "right": [self.labels[right[i]] for i in wrong],
            "answer": [written[i] for i in wrong],
        }
        return pd.DataFrame(rows, index=pd.Index(wrong, name="row"))

    def confusion(self, split: Any) -> pd.DataFrame:
        """Counts: rows are what is right, columns what was answered; the last column is for answers that are no label."""
        return self._counts(split, self._guess(list(split["text"])))

    def review(self, split: Any, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """`errors` and `confusion` of a split, which the service is asked once."""
        written = self.answers(list(split["text"]))
        return self._wrong(split, n, written), self._counts(
            split, np.array([self._index(a) for a in written], dtype=np.int64)
        )

    def _counts(self, split: Any, guess: np.ndarray) -> pd.DataFrame:
        right = np.array(split["label"])
        names = [*self.labels, "(no label)"]
        counts = np.zeros((len(self.labels), len(names)), dtype=int)
        np.add.at(counts, (right, np.where(guess < 0, len(self.labels), guess)), 1)
        frame = pd.DataFrame(counts, index=pd.Index(self.labels, name="right"), columns=pd.Index(names, name="answer"))
        frame.attrs["unit"] = "text"
        return frame


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

    for name, count, least in (("train_examples", train_examples, 2), ("valid_examples", valid_examples, 1)):
        if count is not None:
            whole(name, count, least, try_=f"{name}=100")
    for name, number in (("multiplier", multiplier), ("price", price)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, Real)):
            raise WorkbenchError(f"{name} is {number!r:.60}", "a number, or None", f"{name}=1.0")
    loaded = load(data)
    if loaded.task != "classification":
        raise WorkbenchError(
            f"data for {loaded.task}", "data with one label for a whole text", 'wb.hosted("headlines", ...)'
        )
    where = service.address(base_url)
    if multiplier is not None and not 1e-3 <= multiplier <= 100:
        raise WorkbenchError(
            f"multiplier={multiplier}", "0.001 to 100, or None for the service's own choice", "multiplier=1"
        )
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
    run.lines, run.estimate = lines, jsonl.estimate(lines["training"], epochs, price, _counter(model))
    return run


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
