"""What the endpoints of a fine-tuning service do, without HTTP (that is `server`): dicts in, dicts out, as the `openai` client knows them.

Files are kept in memory, jobs really train (see `tuning`). Tuned models are safetensors under `$WORKBENCH_HOME/served/` and are there
again after a restart.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from pathlib import Path
from typing import Any

from workbench.files import patiently
from workbench.remote import jsonl
from workbench.training.store import runs_home, write_aside

MOST_KEPT = 200_000_000  # bytes of all files, which are kept in memory
TUNED = re.compile(r"ft:[A-Za-z0-9._/-]+:[a-z0-9-]*:[a-f0-9]{8}")


class Refused(Exception):
    """An answer other than 200: status, words, and which parameter they are about."""

    def __init__(self, status: int, words: str, parameter: str | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.parameter = status, words, parameter


class Service:
    """What the endpoints do, without HTTP: dicts in, dicts out. Jobs run one after the other in a thread of their own."""

    def __init__(self, models: tuple[str, ...] = ("gpt-mini",), home: Path | None = None) -> None:
        self.models, self.home = models, home or runs_home().parent / "served"
        self.files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.speakers: dict[str, Any] = {}
        self.cancelled: set[str] = set()
        self.closed = threading.Event()
        self.training, self.speaking = threading.Lock(), threading.Lock()

    # files ---------------------------------------------------------------------------------------------------------

    def add_file(self, name: str, purpose: str, content: bytes) -> dict[str, Any]:
        """Keep an uploaded file in memory."""
        if len(content) + sum(len(kept) for _, kept in self.files.values()) > MOST_KEPT:
            raise Refused(413, f"all files together: at most {MOST_KEPT:,} bytes; delete some", "file")
        if purpose != "fine-tune":
            raise Refused(400, f"purpose {purpose!r}: this service takes 'fine-tune'", "purpose")
        made: dict[str, Any] = {"id": _id("file"), "object": "file", "bytes": len(content), "created_at": _now(), "filename": name, "purpose": purpose,
                "status": "processed"}  # fmt: skip
        self.files[made["id"]] = (made, content)
        return made

    def file(self, key: str) -> dict[str, Any]:
        return self._known(self.files, key, "file")[0]

    def delete_file(self, key: str) -> dict[str, Any]:
        self._known(self.files, key, "file")
        del self.files[key]
        return {"id": key, "object": "file", "deleted": True}

    # jobs ----------------------------------------------------------------------------------------------------------

    def create_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Check everything, then train in the background."""
        from workbench.remote.tuning import Settings

        model = asked.get("model")
        if model not in self.models and not self._is_tuned(model):
            raise Refused(
                404, f"model {str(model)[:60]!r} cannot be fine-tuned here; there is {', '.join(self.models)}", "model"
            )
        rows = {which: self._rows(asked, which) for which in ("training_file", "validation_file")}
        settings = _settings(asked, Settings)
        job = {"id": _id("ftjob"), "object": "fine_tuning.job", "created_at": _now(), "finished_at": None, "model": model,
               "fine_tuned_model": None, "organization_id": "org-here", "result_files": [], "status": "queued", "trained_tokens": None,
               "training_file": asked["training_file"], "validation_file": asked.get("validation_file"), "seed": settings.seed,
               "error": None, "hyperparameters": {"n_epochs": settings.epochs, "batch_size": settings.batch_size,
                                                  "learning_rate_multiplier": settings.rate / Settings.rate}}  # fmt: skip
        self.jobs[job["id"]], self.events[job["id"]] = job, []
        self._say(job["id"], "Created fine-tuning job: " + job["id"])
        suffix = re.sub(r"[^a-z0-9-]", "", str(asked.get("suffix") or "").lower())[:18]
        work = threading.Thread(target=self._train, args=(job, rows, settings, suffix), daemon=True, name=job["id"])
        work.start()
        return dict(job)

    def _rows(self, asked: dict[str, Any], which: str) -> list[Any]:
        """The lines of a file that a request names; none where it has no validation file."""
        key = asked.get(which)
        if key is None and which == "validation_file":
            return []
        good, problems = jsonl.check(self._known(self.files, key, "file")[1])
        bad = [p for p in problems if p.line] or (problems if which == "training_file" else [])
        if bad:
            raise Refused(400, f"{which}: {bad[0]}" + (f", and {len(bad) - 1} more" if len(bad) > 1 else ""), which)
        return good

    def job(self, key: str) -> dict[str, Any]:
        return dict(self._known(self.jobs, key, "job"))

    def job_events(self, key: str, after: str | None, limit: int) -> dict[str, Any]:
        """The newest first, as the original has it; `after` is the id of the last one seen on the way back."""
        self._known(self.jobs, key, "job")
        found = self.events[key][::-1]
        start = next((i + 1 for i, e in enumerate(found) if e["id"] == after), 0) if after else 0
        limit = max(1, min(limit, 1000))
        return {"object": "list", "data": found[start : start + limit], "has_more": len(found) > start + limit}

    def cancel(self, key: str) -> dict[str, Any]:
        """Ask a job to stop at its next step."""
        job = self._known(self.jobs, key, "job")
        if job["status"] in ("succeeded", "failed", "cancelled"):
            raise Refused(400, f"the job has {job['status']} already")
        self.cancelled.add(key)
        return dict(job)

    def _train(self, job: dict[str, Any], rows: dict[str, list[Any]], settings: Any, suffix: str) -> None:
        from workbench.remote.tuning import Speaker, tune
        from workbench.training.engine import give_back

        key = job["id"]
        stop = lambda: key in self.cancelled or self.closed.is_set()  # noqa: E731
        with self.training:
            try:
                job["status"] = "running"
                speaker = Speaker(self._place(job["model"]))
                say = lambda words, figures: self._say(key, words, figures)  # noqa: E731
                if stop() or not tune(speaker, rows["training_file"], rows["validation_file"], settings, say, stop):
                    job.update(status="cancelled", finished_at=_now())
                    return self._say(key, "Cancelled")
                name = _tuned_name(job["model"], suffix)
                self._keep(name, speaker)
                tokens = sum(len(speaker.example(r)[0]) for r in rows["training_file"]) * settings.epochs
                job.update(fine_tuned_model=name, trained_tokens=tokens, finished_at=_now(), status="succeeded")
                self._say(key, "New fine-tuned model created: " + name)
            except Exception as error:  # the job has failed, the service goes on
                job.update(
                    status="failed",
                    finished_at=_now(),
                    error={"code": "failed", "message": str(error)[:300], "param": None},
                )
                self._say(key, f"Failed: {str(error)[:300]}", level="error")
            finally:
                give_back()  # what is trained next, here or in a notebook, may have it: 170 MB

    def _say(self, key: str, words: str, figures: dict[str, Any] | None = None, level: str = "info") -> None:
        self.events[key].append({"object": "fine_tuning.job.event", "id": _id("ftevent"), "created_at": _now(), "level": level,
                                 "message": words, "type": "metrics" if figures else "message", "data": figures or {}})  # fmt: skip

    # models --------------------------------------------------------------------------------------------------------

    def list_models(self) -> dict[str, Any]:
        names = [*self.models, *sorted(self._tuned())]
        return {
            "object": "list",
            "data": [{"id": n, "object": "model", "created": 0, "owned_by": "workbench"} for n in names],
        }

    def delete_model(self, name: str) -> dict[str, Any]:
        """Forget a tuned model and its weights."""
        import gc
        import shutil

        if not self._is_tuned(name):
            raise Refused(404, f"there is no tuned model {name[:60]!r}", "model")
        self.speakers.pop(name, None)
        gc.collect()  # its weights may be mapped from the file, which Windows does not remove as long as they are
        folder = self._tuned()[name]
        patiently(lambda: shutil.rmtree(folder))
        return {"id": name, "object": "model", "deleted": True}

    def complete(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The likeliest answer to a conversation. Nothing is drawn by chance, whatever temperature was asked for."""
        name, messages = str(asked.get("model")), asked.get("messages")
        if name not in self.models and not self._is_tuned(name):
            raise Refused(404, f"there is no model {name[:60]!r}", "model")
        if (
            not isinstance(messages, list)
            or not messages
            or any(not isinstance(m, dict) or not isinstance(m.get("content"), str) for m in messages)
        ):
            raise Refused(400, "messages must be a list of objects with a text as 'content'", "messages")
        most = asked.get("max_completion_tokens") or asked.get("max_tokens") or 16
        if isinstance(most, bool) or not isinstance(most, int):
            raise Refused(400, "max_tokens must be a whole number", "max_tokens")
        with self.speaking:
            answer, read, wrote = self._speaker(name).answer(messages, int(most))
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": answer},
            "finish_reason": "stop",
            "logprobs": None,
        }
        usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
        return {
            "id": _id("chatcmpl"),
            "object": "chat.completion",
            "created": _now(),
            "model": name,
            "choices": [choice],
            "usage": usage,
        }

    def _speaker(self, name: str) -> Any:
        from workbench.remote.tuning import Speaker

        if name not in self.speakers:
            self.speakers[name] = Speaker(self._place(name))
        return self.speakers[name]

    def _place(self, name: str) -> str:
        return str(self._tuned()[name]) if self._is_tuned(name) else name

    def _keep(self, name: str, speaker: Any) -> None:
        folder = self.home / name.rsplit(":", 1)[1]
        folder.mkdir(parents=True, exist_ok=True)
        speaker.model.eval().save_pretrained(folder)
        speaker.tokenizer.save_pretrained(folder)
        write_aside(
            folder / "name.json", json.dumps({"name": name}).encode()
        )  # last: without it the folder does not count
        self.speakers[name] = speaker

    def _tuned(self) -> dict[str, Path]:
        return {json.loads(p.read_text("utf-8"))["name"]: p.parent for p in self.home.glob("*/name.json")}

    def _is_tuned(self, name: Any) -> bool:
        return isinstance(name, str) and bool(TUNED.fullmatch(name)) and name in self._tuned()

    def _known(self, shelf: dict[str, Any], key: Any, what: str) -> Any:
        if not isinstance(key, str) or key not in shelf:
            raise Refused(404, f"there is no {what} {str(key)[:60]!r}", what)
        return shelf[key]


def _tuned_name(model: str, suffix: str) -> str:
    """A new name for what was made of a model: of a tuned one its origin, of a folder its path in the signs that a name may have.

    >>> _tuned_name("C:\\\\my models\\\\gpt", "mine")[:-8], bool(TUNED.fullmatch(_tuned_name("ft:gpt-mini::12345678", "")))
    ('ft:C--my-models-gpt:mine:', True)
    """
    origin = model.split(":")[1] if model.startswith("ft:") else model
    return f"ft:{re.sub('[^A-Za-z0-9._/-]', '-', origin)}:{suffix}:{secrets.token_hex(4)}"


def _settings(asked: dict[str, Any], kind: Any) -> Any:
    """The hyperparameters of a request, old and new way of writing, "auto" where nothing was said."""
    method = asked.get("method") or {}
    if method.get("type", "supervised") != "supervised":
        raise Refused(400, f"method {method.get('type')!r}: this service does supervised fine-tuning", "method")
    given = {**(asked.get("hyperparameters") or {}), **((method.get("supervised") or {}).get("hyperparameters") or {})}
    bounds = {"n_epochs": (1, 50), "batch_size": (1, 64), "learning_rate_multiplier": (1e-3, 100)}
    for name, value in given.items():
        if name not in bounds:
            raise Refused(400, f"hyperparameter {name!r} is none of {', '.join(bounds)}", name)
        low, high = bounds[name]
        if value != "auto" and (
            isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high
        ):
            raise Refused(400, f"{name} must be between {low:g} and {high:g}, or 'auto'", name)
    given = {k: v for k, v in given.items() if v != "auto"}
    seed = asked.get("seed")
    return kind(
        epochs=int(given.get("n_epochs", kind.epochs)),
        batch_size=int(given.get("batch_size", kind.batch_size)),
        rate=kind.rate * float(given.get("learning_rate_multiplier", 1.0)),
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else 0,
    )


def _id(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(8)}"


def _now() -> int:
    return int(time.time())
