"""A finished model to the Hub, with the user's own token. The token is asked for, used once, and neither stored nor written anywhere.

What goes up is what `run.save()` writes, less the folders of this machine: data and models that lie here are named by their last part.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.scale.card import short

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def push(run: Any, name: str, private: bool = True, api: Any = None) -> str:
    """Upload the model of `run` to "owner/name" and return its address. The repository is made where there is none, private unless
    `private=False`. The token comes from the environment variable HF_TOKEN or is asked for; a stored login is not used.

    Raises WorkbenchError for a name the Hub does not take, a missing or refused token, and no connection.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or "--" in name or ".." in name:
        raise WorkbenchError(f"{name!r} is not a name on the Hub", '"owner/name" of letters, digits, ".", "_" and "-"',
                             'run.push_to_hub("ada/reviews-classifier")')  # fmt: skip
    run.predictor()  # that there is a model is known before a token is asked for
    token = _token()
    problem: WorkbenchError | None = None
    with tempfile.TemporaryDirectory() as place:
        folder = run.save(Path(place) / "model")
        _without_paths(folder / "workbench.json")
        try:
            api = api or _api()
            api.create_repo(name, token=token, private=private, exist_ok=True)
            api.upload_folder(repo_id=name, folder_path=str(folder), token=token, commit_message=f"Run {run.id}")
        except Exception as error:
            problem = _plain(error, name, token)
    if problem is not None:
        raise problem  # out here, so that it does not carry the request, and with it the token, as its context
    return f"https://huggingface.co/{name}"


def _api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(library_name="finetuning-workbench")


def _token() -> str:
    """HF_TOKEN, or what is typed where nobody sees it."""
    from getpass import getpass

    try:
        token = os.environ.get("HF_TOKEN") or getpass("Your Hugging Face token with write access (it is not stored): ")
    except (EOFError, OSError, RuntimeError) as error:  # no terminal, or a kernel without a frontend that could ask
        raise WorkbenchError("nobody is there to type a token", "a token of yours with write access",
                             "setting HF_TOKEN in the environment") from error  # fmt: skip
    if not token.strip():
        raise WorkbenchError("no token", "a token of yours with write access, from huggingface.co/settings/tokens")
    return token.strip()


def _without_paths(path: Path) -> None:
    about = json.loads(path.read_text("utf-8"))
    for field in ("data", "model", "teacher"):
        value = about["config"].get(field)
        about["config"][field] = value if value is None else short(value)
    about["config"]["also"] = [short(name) for name in about["config"].get("also") or ()]
    path.write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")


def _plain(error: Exception, name: str, token: str) -> WorkbenchError:
    """What went wrong in one sentence, without the token."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    first = (str(error).strip().splitlines() or [type(error).__name__])[0].replace(token, "***")[:200]
    if status in (401, 403):
        return WorkbenchError(f"the Hub refused the token for {name!r} ({status})",
                              "a token of the owner with write access", "a new one from huggingface.co/settings/tokens")  # fmt: skip
    return WorkbenchError(f"the model could not be uploaded to {name!r}: {first}", "a connection to huggingface.co",
                          "run.save('folder'), and uploading that folder by hand")  # fmt: skip
