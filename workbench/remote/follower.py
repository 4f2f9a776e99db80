"""The background side of a hosted run: what the service tells of a job, as the events of every other run. What a Run is stands in `job`."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from workbench.errors import WorkbenchError
from workbench.remote import jsonl, service
from workbench.training import events as ev
from workbench.training.store import Store
from workbench.training.wishes import Wishes

OVER = ("succeeded", "failed", "cancelled")
PATIENCE = 6  # looks at a job that may fail one after the other before the run counts as interrupted


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
