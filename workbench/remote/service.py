"""The `openai` client in one place: address, key, patience, and errors in words. Knows nothing of runs or pictures.

The key is read from the environment (OPENAI_API_KEY) when a client is made. It is never an argument, so that it cannot stand in
a notebook, and nothing here writes it anywhere.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from workbench.errors import WorkbenchError

KEY, ADDRESS = "OPENAI_API_KEY", "OPENAI_BASE_URL"
RETRIES, SECONDS = 5, 60.0  # the client waits longer before each new try, and as long as the service says
HERE = ("127.0.0.1", "localhost", "::1")


def address(base_url: str | None) -> str | None:
    """Where the service is: the argument, else OPENAI_BASE_URL, else the client's own default (None)."""
    found = base_url or os.environ.get(ADDRESS) or None
    if found is None:
        return None
    if not isinstance(found, str):
        raise WorkbenchError(f"base_url is {found!r:.60}", "a web address", "wb.serve().url")
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise WorkbenchError(
            "base_url is not a plain web address", "http://127.0.0.1:8765/v1, or https://...", "wb.serve().url"
        )
    if parts.scheme == "http" and parts.hostname not in HERE:
        raise WorkbenchError(f"an address without encryption at {parts.hostname}", "https, as your key and your data go there",
                             f"https://{parts.hostname}")  # fmt: skip
    return found.rstrip("/")


def client(base_url: str | None) -> Any:
    """A client for the service; a server on this machine needs no key."""
    import openai

    found = address(base_url)
    here = is_here(found)
    key = "none-needed" if here else os.environ.get(KEY)  # a real key has no business with a server on this machine
    if not key:
        how = f'$env:{KEY} = "..."' if os.name == "nt" else f"export {KEY}=..."
        raise WorkbenchError(f"there is no {KEY} in the environment", "your key, set before JupyterLab is started (never in a notebook)",
                             f"{how}   or without a key: wb.hosted(..., base_url=wb.serve().url)")  # fmt: skip
    # what is said to this machine goes through no proxy, and nothing goes on to where an answer points
    http = openai.DefaultHttpxClient(trust_env=not here, follow_redirects=False)
    made = openai.OpenAI(api_key=key, base_url=found, max_retries=RETRIES, timeout=SECONDS, http_client=http)
    weakref.finalize(made, http.close)  # which it does by itself for a client of its own alone
    return made


def is_here(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    found = address(base_url)
    return found is not None and urlsplit(found).hostname in HERE


@contextmanager
def in_words(doing: str) -> Generator[None, None, None]:
    """Turn what the client raises into one sentence: what was being done, what the service said, what to try."""
    import openai

    try:
        yield
    except openai.APIError as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        why, expected, try_ = next(reason for kinds, *reason in REASONS if names & set(kinds))
        # not `from error`: its text may repeat the key
        raise WorkbenchError(f"{doing}: {why.format(said=_said(error))}", expected, try_) from None


REASONS = (  # kinds of error of the client, the special ones first -> what happened, what is expected, what to try
    (("AuthenticationError",), "the service refused the key", f"a valid key in {KEY}", "a new key"),
    (("PermissionDeniedError",), "the key may not do this ({said})", "a key with the right to fine-tune", ""),
    (("RateLimitError",), "too many requests or no credit left ({said})", "a service with room for this job", "the same again in a minute"),
    (("NotFoundError",), "not there ({said})", "a model that this service can fine-tune", "model=..."),
    (("BadRequestError", "UnprocessableEntityError", "ConflictError"), "the service refused it ({said})",
     "what its documentation asks for", ""),
    (("APITimeoutError",), f"no answer within {SECONDS:g} s", "a service that answers", "the same again"),
    (("APIConnectionError",), "the service cannot be reached", "a network connection, or wb.serve() on this machine",
     "base_url=wb.serve().url"),
    (("APIError",), "the service failed ({said})", "a service that works", "the same again"),
)  # fmt: skip


def _said(error: Any) -> str:
    """The service's own words, one line, without what looks like a key."""
    body = getattr(error, "body", None)
    words = body.get("message") if isinstance(body, dict) else None
    line = " ".join(str(words or getattr(error, "message", error)).split())
    if key := os.environ.get(KEY):
        line = line.replace(key, "***")
    return re.sub(r"(?i)(\bbearer\s+|\b(sk-|gsk_|hf_))[^\s'\",;]+", "***", line)[:200]
