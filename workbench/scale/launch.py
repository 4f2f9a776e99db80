"""`python -m workbench launch recipe.toml`: a run through `accelerate launch`, on one process or many. accelerate starts them.

The run folder is that of any other run: `wb.runs()` lists it, `wb.follow(id)` draws it live in a notebook, Ctrl-C here and Stop there
end it at the next step. Several machines: the same command on each, with `--machines`, `--machine-rank` and `--main-address`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import psutil

import workbench
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.scale.follow import Followed
from workbench.scale.rank import SHARDED, check_team, sharded
from workbench.scale.recipe import check_recipe, read_recipe
from workbench.training import events as ev
from workbench.training import precision
from workbench.training.owner import owner
from workbench.training.store import Store

LOG = "launch.log"
PREPARED = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # what a session of its own is on Windows
_REASON = re.compile(r"^process \d+: (.+)$|^((?:\w+\.)*\w*(?:Error|Exception): .+)$", re.M)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WorkbenchError(
            f"launch: {message}", "a recipe, and options as in --help", "python -m workbench launch recipe.toml"
        )


def parser() -> argparse.ArgumentParser:
    made = _Parser(prog="python -m workbench launch", description="Train a recipe through accelerate launch.")
    made.add_argument("recipe", help="a TOML file of choices, as run.to_recipe() prints it")
    made.add_argument("--processes", type=int, help="processes on all machines together; a batch is shared among them")
    made.add_argument("--mixed-precision", choices=["no", "bf16", "fp16"], help="overrides the recipe's precision")
    made.add_argument("--accelerate-config", help="a file that `accelerate config` has made, passed on as it is")
    made.add_argument(
        "--port", type=int, help="where the processes meet (default: a free one; several machines: 29500)"
    )
    made.add_argument("--cpu", action="store_true", help="leave GPUs alone")
    made.add_argument("--machines", type=int, default=1, help="how many machines take part")
    made.add_argument("--machine-rank", type=int, default=0, help="which of them this is, from 0")
    made.add_argument("--main-address", default="127.0.0.1", help="address of machine 0")
    return made


def main(argv: list[str], alone: bool = False) -> int:
    """Check everything that can be checked, start, tell how it goes, and return 0 when the run has ended well.

    `alone`: nothing else is done in this process, so a fresh one may take its place, without what the checks have imported.
    """
    options = parser().parse_args(argv)
    config = read_recipe(options.recipe)
    if options.mixed_precision:
        config = config.replace(precision={"no": "fp32"}.get(options.mixed_precision, options.mixed_precision))
    options.accelerate_config = options.accelerate_config or _settings(options)
    check_options(options, config)
    check_recipe(config)
    if options.machine_rank > 0:
        return subprocess.call(command(options, ""), env=environment(options))
    store = Store.create(config, owner())
    if store.trouble:
        raise WorkbenchError(store.trouble, "a folder for runs that can be written", "setting WORKBENCH_HOME")
    call, environ = command(options, str(store.folder)), environment(options)
    if alone and os.name != "nt":  # there one process cannot become another
        store.close()
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, "-m", __name__, str(store.folder.resolve()), *call], environ)
    return told(call, environ, store)


def told(call: list[str], environ: dict[str, str], store: Store) -> int:
    """Start, and say at the end what has become of the run."""
    run = launch(call, environ, store)
    print(f"{run.id}: {run.status}" + (f", {run.folder}" if run.status != "failed" else ""))
    return 0


def again(arguments: list[str]) -> int:
    """The process that took the place of the one with the checks: its arguments are the run's folder and the call."""
    try:
        return told(arguments[1:], dict(os.environ), Store.open(Path(arguments[0])))
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def check_options(options: Any, config: RunConfig) -> None:
    """Raise a WorkbenchError for options that cannot work, in the order in which a person would look."""
    if options.accelerate_config:
        _check_config(Path(options.accelerate_config))
    for name, least in (("processes", 1), ("machines", 1), ("machine_rank", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise WorkbenchError(f"--{name.replace('_', '-')} {value}", f"a whole number from {least} up")
    if (processes := _processes(options)) is not None:
        check_team(config, processes)
        _check_gpus(options, processes)
    if options.machine_rank == 0 and options.port is not None and _in_use(options.port):
        raise WorkbenchError(f"port {options.port} is in use on this machine", "a free port", "leaving --port out")


def _settings(options: Any) -> str | None:
    """What `accelerate config` has saved for this machine, unless the options say how many processes there shall be."""
    from accelerate.commands.config.config_args import default_config_file

    asked = options.cpu or options.processes is not None or options.machines > 1
    return None if asked or not os.path.isfile(default_config_file) else str(default_config_file)


def _check_config(path: Path) -> None:
    import yaml

    try:
        settings = yaml.safe_load(path.expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        first = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise WorkbenchError(
            f"{path.name} cannot be read ({first})", "a file that `accelerate config` has made"
        ) from error
    if not isinstance(settings, dict):
        raise WorkbenchError(
            f"{path.name} holds no settings", "a file that `accelerate config` has made", "accelerate config"
        )
    kind = str(settings.get("distributed_type", "NO")).upper()
    if kind in SHARDED:
        raise sharded(f"{path.name} (distributed_type {kind})")


def _check_gpus(options: Any, processes: int) -> None:
    here = -(-processes // options.machines)
    if not options.cpu and 1 <= (there := precision.gpus()) < here:
        raise WorkbenchError(f"{here} processes here and {there} GPU{'s' * (there > 1)}", "a GPU for every process",
                             f"--processes {there * options.machines}, or --cpu")  # fmt: skip


def _in_use(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return True
    return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(options: Any, folder: str) -> list[str]:
    """The call of `accelerate launch`. What a configuration file says is left to it, unless an option says otherwise."""
    call = [sys.executable, "-m", "workbench.scale.start"]
    processes = _processes(options)
    if options.accelerate_config:
        call += ["--config_file", str(Path(options.accelerate_config).expanduser())]
    elif processes:
        call += ["--num_machines", str(options.machines), "--dynamo_backend", "no"]
        if processes > 1:  # one process per device, which without GPUs is the CPU with gloo
            call += ["--multi_gpu"]
        elif options.cpu and sys.platform == "darwin":  # elsewhere the environment hides the GPUs
            call += ["--cpu"]
    call += ["--num_processes", str(processes)] if processes else []
    call += (
        ["--mixed_precision", options.mixed_precision or "no"]
        if options.mixed_precision or not options.accelerate_config
        else []
    )
    if options.machines > 1:
        call += ["--machine_rank", str(options.machine_rank), "--main_process_ip", options.main_address, "--same_network",
                 "--main_process_port", str(options.port or 29500)]  # fmt: skip
    elif options.port is not None or not options.accelerate_config:
        call += ["--main_process_port", str(options.port or _free_port())]
    return [*call, "-m", "workbench.scale.rank", options.recipe, folder]


def _processes(options: Any) -> int | None:
    """On all machines together: as many as were asked for, else one per GPU; None where a configuration file says it."""
    if options.processes or options.accelerate_config:
        return int(options.processes) if options.processes else None
    return int(options.machines) * (1 if options.cpu else max(1, precision.gpus()))


def environment(options: Any) -> dict[str, str]:
    """The environment of the processes: they find this workbench, and on one machine without GPUs talk over its loopback only."""
    found = dict(os.environ)
    root = str(Path(workbench.__file__).resolve().parent.parent)
    found["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [found.get("PYTHONPATH")])])
    if found.get(PREPARED) == workbench.PREPARED_OPERATIONS:  # for models of many families one after the other
        found[PREPARED] = "16"  # these train one, and each process keeps its own: 15 to 30 MB less
    if options.cpu:
        found["CUDA_VISIBLE_DEVICES"] = ""
    if options.machines == 1 and sys.platform.startswith("linux"):
        found.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if sys.platform == "win32":
        found.setdefault("USE_LIBUV", "0")  # torch for Windows is built without it, and the launcher asks for it
        found.setdefault("PYTHONIOENCODING", "utf-8")  # what a log file would otherwise get in the system's code page
    return found


def launch(call: list[str], environ: dict[str, str], store: Store) -> Followed:
    """Start the processes and stay until they have ended; Ctrl-C is Stop, a second one ends them at once."""
    print(f'{store.id} is starting. In a notebook: await wb.follow("{store.id}")', flush=True)
    with (store.folder / LOG).open("wb") as log:
        process = subprocess.Popen(call, stdout=log, stderr=log, env=environ, start_new_session=True, creationflags=OWN_GROUP)  # fmt: skip  # Ctrl-C reaches us alone; we pass it on as Stop
        try:
            run = Followed(store.folder)
            _watch(process, run)
        except BaseException:
            _end(process)
            raise
    run.refresh()
    if run.store.last(ev.Ended) is None:
        store.append(ev.Ended(0, 0.0, "error", _reason(store.folder / LOG, process.returncode)))
        store.close()
        run.refresh()
    ended = run.store.last(ev.Ended)
    if ended is not None and ended.reason == "error":
        raise WorkbenchError(
            f"run {run.id} failed: {ended.text}", "a training that runs to its end", f"reading {run.folder / LOG}"
        )
    return run


def _watch(process: Any, run: Followed) -> None:
    """Print a line per evaluation until the processes have ended."""
    told, asked = 0, False
    while process.poll() is None:
        try:
            run.refresh()
            looks = [e for e in run.store.events if isinstance(e, ev.Evaluated)]
            for look in looks[told:]:
                print(_told(look, run), flush=True)
            told = len(looks)
            time.sleep(0.2)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            run.store.ask_to_stop()
            print("Stopping at the next step; once more ends it at once.", flush=True)
    run.refresh()
    for look in [e for e in run.store.events if isinstance(e, ev.Evaluated)][told:]:
        print(_told(look, run), flush=True)


def _told(look: ev.Evaluated, run: Followed) -> str:
    begun, metric = run.store.last(ev.Started), run.store.metric
    of = f" of {begun.planned_steps}" if begun else ""
    return (f"step {look.step}{of} · training loss {look.train_loss:.3f} · validation loss {look.valid_loss:.3f}"
            f" · {metric} {look.metrics.get(metric, float('nan')):.1%}")  # fmt: skip


def _end(process: Any) -> None:
    """No process of ours outlives us."""
    if process.poll() is None:
        if os.name == "nt":
            _end_each(process.pid)
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _end_each(pid: int) -> None:
    """Windows ends one process and lets those live that it has started: accelerate's would go on training."""
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for one in [*first.children(recursive=True), first]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.terminate()


def _reason(log: Path, status: int) -> str:
    """What the processes said last, in one line."""
    words = log.read_text("utf-8", errors="replace")
    found = _REASON.search(words)
    return (found[1] or found[2])[:300] if found else f"the processes ended with status {status}"


if __name__ == "__main__":
    sys.exit(again(sys.argv[1:]))
