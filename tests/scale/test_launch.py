"""A recipe through accelerate: two processes give the curve of one, the folder is that of any run, and it is followed by its files."""

import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.scale import launch, rank, trials
from workbench.scale.follow import Followed, follow
from workbench.scale.recipe import check_recipe, read_recipe
from workbench.training import events as ev
from workbench.training.owner import owner
from workbench.training.store import ALIVE, STOP, Store
from workbench.training.team import Shares, Team


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model and texts with names: 69 of them, so that the last batch is 5, which two processes share as 3 and 2."""
    folder = tmp_path_factory.mktemp("place")
    tiny_bert(folder / "model")
    (folder / "texts").mkdir()
    for split, texts in data(69, 32).items():
        rows = (json.dumps({"text": row["text"], "label": f"l{row['label']}"}) for row in texts)
        (folder / "texts" / f"{split}.jsonl").write_text("\n".join(rows))
    return folder


def recipe(place, **choices):
    names = {"data": str(place / "texts"), "model": str(place / "model"), "pooling": "mean"}
    return RunConfig(
        **{
            **names,
            "learning_rate": 1e-3,
            "epochs": 2,
            "dropout": 0.0,
            "precision": "fp32",
            "evaluations": 5,
            **choices,
        }
    )


def written(folder, config):
    path = folder / "recipe.toml"
    path.write_text(config.to_recipe(), "utf-8")
    return str(path)


# two processes ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_give_the_curve_of_one_and_a_folder_like_any_other(place, tmp_path, capsys):
    config = recipe(place)
    assert launch.main([written(tmp_path, config), "--processes", "2", "--cpu"]) == 0
    (run,) = wb.runs()
    assert run.status == "finished" and run.store.facts["processes"] == 2 and run.config == config
    assert f'wb.follow("{run.id}")' in capsys.readouterr().out
    alone = wb.fit(config.data, **{k: v for k, v in config.changed().items() if k != "data"}).join()
    one, two = alone.frame(), run.frame()
    assert two["step"].tolist() == one["step"].tolist() and one["step"].max() == 10
    for key in ("train_loss", "valid_loss"):
        np.testing.assert_allclose(two[key], one[key], atol=1e-6)
    np.testing.assert_allclose(run.steps()["loss"], alone.steps()["loss"], atol=1e-6)
    assert np.ptp(one["valid_loss"]) > 1e-3  # it has learned something on the way
    assert run.predict("the kind room")["label"].iloc[0] == alone.predict("the kind room")["label"].iloc[0]
    assert sum(isinstance(e, ev.Ended) for e in run.store.events) == 1  # the second process wrote nothing


def test_shares_of_all_processes_are_the_batches_of_one():
    lengths = np.arange(1, 34)
    whole = list(Shares(lengths, 8, 3, Team()))
    first, second = (list(Shares(lengths, 8, 3, Team(r, 2))) for r in (0, 1))
    assert len(whole) == len(first) == len(second) == 5
    for batch, a, b in zip(whole, first, second, strict=True):
        assert sorted(a + b) == sorted(batch) if len(batch) > 1 else a == b == batch
    assert min(map(len, whole)) == 1  # 33 texts: one batch has a single one, and both processes compute it


def test_a_share_counts_for_as_much_as_it_holds(monkeypatch):
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda t: t.add_(1))  # the other process is asked for one word
    labels = torch.tensor([[-100, 1, 2], [-100, 0, -100]])
    assert float(Team(0, 2).weight({"labels": labels}, False)) == pytest.approx(3 * 2 / 4)
    assert float(Team(0, 2).weight({"labels": torch.tensor([[5, 1, 2]])}, True)) == pytest.approx(2 * 2 / 3)
    assert float(Team(0, 2).weight({"input_ids": labels}, False)) == pytest.approx(2 * 2 / 3)
    assert Team().weight({}, False) == 1.0


def test_one_process_agrees_with_itself():
    assert [Team().agree(stop, "cpu") for stop in (True, False)] == [True, False]


def test_a_process_that_does_not_lead_writes_nothing(tmp_path):
    quiet = rank.Quiet(tmp_path / "nowhere", RunConfig(), {})
    quiet.append(ev.Note(0, 0.0, "x"))
    quiet.write_config()
    assert quiet.guard(lambda: pytest.fail("wrote")) and len(quiet.events) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("choices", "words"), [({"batch_size": 5}, "batches of 5 for 2"), ({"technique": "unfreezing"}, "unfreezing")]
)
def test_what_several_processes_cannot_do_is_said_first(place, tmp_path, choices, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        launch.main([written(tmp_path, recipe(place, **choices)), "--processes", "2", "--cpu"])
    assert wb.runs() == []


def test_a_sharded_configuration_is_refused(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(wb.WorkbenchError, match="shards"):
        rank.check_team(RunConfig(), 2)


@pytest.mark.parametrize("kind", ["FSDP", "DEEPSPEED", "megatron_lm"])
def test_a_file_that_asks_for_shards_is_refused_before_anything_starts(place, tmp_path, kind):
    file = tmp_path / "cluster.yaml"
    file.write_text(f"distributed_type: {kind}\nnum_processes: 2\nuse_cpu: true\n")
    with pytest.raises(
        wb.WorkbenchError, match=rf"cluster.yaml \(distributed_type {kind.upper()}\) cuts the model.*MULTI_CPU"
    ) as caught:
        launch.main([written(tmp_path, recipe(place)), "--accelerate-config", str(file)])
    assert "\n" not in str(caught.value) and wb.runs() == []


def test_accelerate_decides_the_format_where_the_recipe_does_not(monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert rank._precision(RunConfig()).precision == "bf16"
    assert rank._precision(RunConfig(precision="fp32")).precision == "fp32"


def test_the_call_passes_options_and_a_config_file_on(tmp_path):
    file = tmp_path / "accelerate.yaml"
    file.write_text("num_processes: 4\n")
    options = launch.parser().parse_args(["r.toml", "--accelerate-config", str(file), "--mixed-precision", "bf16"])
    call = launch.command(options, "folder")
    assert call[call.index("--config_file") + 1] == str(file) and call[call.index("--mixed_precision") + 1] == "bf16"
    assert "--num_processes" not in call and "--num_machines" not in call and call[-2:] == ["r.toml", "folder"]
    options = launch.parser().parse_args(
        ["r.toml", "--machines", "2", "--processes", "4", "--machine-rank", "1", "--main-address", "10.0.0.1"]
    )
    call = " ".join(launch.command(options, ""))
    assert (
        "--num_machines 2" in call and "--machine_rank 1 --main_process_ip 10.0.0.1" in call and "--multi_gpu" in call
    )


# other systems ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("system", "words"), [("win32", {"USE_LIBUV": "0", "PYTHONIOENCODING": "utf-8"}), ("darwin", {}),
                                               ("linux", {"GLOO_SOCKET_IFNAME": "lo"})])  # fmt: skip
def test_what_the_processes_are_told_differs_from_system_to_system(system, words, monkeypatch):
    names = ("USE_LIBUV", "PYTHONIOENCODING", "GLOO_SOCKET_IFNAME")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(launch, "sys", SimpleNamespace(platform=system))
    found = launch.environment(launch.parser().parse_args(["r.toml", "--cpu"]))
    assert {name: found[name] for name in names if name in found} == words


@pytest.mark.parametrize(("here", "there"), [("64", "16"), ("0", "0"), (None, None)])
def test_the_processes_keep_fewer_prepared_operations_than_a_notebook(monkeypatch, here, there):
    """Unless somebody has said how many."""
    monkeypatch.setattr(os, "environ", {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": here} if here else {})
    found = launch.environment(launch.parser().parse_args(["r.toml", "--cpu"]))
    assert found.get("ONEDNN_PRIMITIVE_CACHE_CAPACITY") == there


@pytest.mark.parametrize(
    ("system", "processes", "there"), [("darwin", "1", True), ("darwin", "2", False), ("linux", "1", False)]
)
def test_one_process_for_the_cpu_leaves_an_apple_gpu_alone(system, processes, there, monkeypatch):
    monkeypatch.setattr(launch, "sys", SimpleNamespace(platform=system, executable="python"))
    call = launch.command(launch.parser().parse_args(["r.toml", "--cpu", "--processes", processes]), "folder")
    assert ("--cpu" in call) == there


def test_what_accelerate_has_started_ends_with_it():
    """As on Windows, where nobody else would end it."""
    inner = "import time; print(1, flush=True); time.sleep(100)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    process = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE)
    process.stdout.readline()
    (child,) = psutil.Process(process.pid).children()
    launch._end_each(process.pid)
    process.wait(10)
    child.wait(10)
    launch._end_each(process.pid)  # it may have ended by itself in between
    assert not child.is_running()


def test_a_worker_on_windows_asks_whether_its_search_is_still_there(monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setattr(trials, "os", SimpleNamespace(name="nt", environ=os.environ))
    for parent, answer in ((str(os.getpid()), False), (str(gone.pid), True)):
        monkeypatch.setenv("WORKBENCH_SEARCH_PARENT", parent)
        assert trials.parent_gone() is answer
    monkeypatch.delenv("WORKBENCH_SEARCH_PARENT")
    assert trials.parent_gone() is False


@pytest.mark.parametrize(
    ("words", "processes"), [("", 4), ("--machines 2", 8), ("--processes 2", 2), ("--cpu --machines 2", 2)]
)
def test_every_gpu_of_every_machine_gets_a_process(monkeypatch, words, processes):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    options = launch.parser().parse_args(["r.toml", *words.split()])
    call = launch.command(options, "folder")
    assert call[call.index("--num_processes") + 1] == str(processes)
    launch.check_options(options, RunConfig(batch_size=16))


@pytest.mark.parametrize(("words", "config", "said"), [
    ("--processes 5", RunConfig(batch_size=20), "5 processes here and 4 GPUs.*--processes 4"),
    ("", RunConfig(batch_size=6), "batches of 6 for 4 processes"),
    ("", RunConfig(technique="unfreezing"), "gradual unfreezing")])  # fmt: skip
def test_what_the_gpus_cannot_do_together_is_said_before_anything_starts(monkeypatch, words, config, said):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(launch, "_settings", lambda options: None)
    with pytest.raises(wb.WorkbenchError, match=said):
        launch.check_options(launch.parser().parse_args(["r.toml", *words.split()]), config)


# bad input ----------------------------------------------------------------------------------------------------------


BAD = {
    "not toml": ("model = bert", "is not TOML"),
    "unknown key": ("lerning_rate = 1e-3", "unknown argument 'lerning_rate'.*learning_rate"),
    "a table": ("[training]\nepochs = 2", "unknown argument 'training'"),
    "out of range": ("epochs = 0", "epochs is 0"),
    "no such model": ('model = "brt-mini"', "brt-mini"),
    "no such data": ('data = "nowhere/at-all.csv"', "nowhere/at-all.csv"),
    "no such technique": ('technique = "fll"', "fll"),
    "data by hand": ('data = "data"', "passed by hand"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_recipe_that_cannot_run_is_one_sentence_and_no_folder(tmp_path, text, words):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(wb.WorkbenchError, match=words) as caught:
        check_recipe(read_recipe(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(wb.WorkbenchError):
        launch.main([str(path)])
    assert wb.runs() == []


def test_a_recipe_may_begin_with_the_mark_that_windows_editors_write(tmp_path):
    config = RunConfig(model=r"C:\models\bert", data=r"D:\Łódź\reviews.csv")
    (tmp_path / "recipe.toml").write_text(config.to_recipe(), "utf-8-sig")
    assert read_recipe(tmp_path / "recipe.toml") == config


def test_a_missing_or_binary_file_is_one_sentence(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="no file"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(wb.WorkbenchError, match="UTF-8"):
        read_recipe(tmp_path / "b.toml")
    with pytest.raises(wb.WorkbenchError, match="cannot be read"):
        read_recipe(tmp_path)


def test_a_port_in_use_and_a_missing_config_file_are_said_before_anything_starts(place, tmp_path):
    path = written(tmp_path, recipe(place))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(wb.WorkbenchError, match=f"port {port} is in use"):
            launch.main([path, "--port", str(port)])
    with pytest.raises(wb.WorkbenchError, match=r"none.yaml cannot be read"):
        launch.main([path, "--accelerate-config", "none.yaml"])
    for wrong in (["--processes", "0"], ["--processes", "two"], ["--nonsense"], ["--machine-rank", "-1"]):
        with pytest.raises(wb.WorkbenchError):
            launch.main([path, *wrong])
    assert wb.runs() == []


def test_processes_that_die_leave_an_end_with_their_words(place, tmp_path, monkeypatch):
    words = "import sys; print('process 1: memory ran out', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr(launch, "command", lambda options, folder: [launch.sys.executable, "-c", words])
    with pytest.raises(wb.WorkbenchError, match="failed: memory ran out"):
        launch.main([written(tmp_path, recipe(place))])
    (run,) = wb.runs()
    assert run.status == "failed" and run.store.last(ev.Ended).text == "memory ran out"


# how few processes wait -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="there one process cannot become another")
def test_the_command_line_lets_go_of_what_its_checks_have_imported(place, tmp_path, monkeypatch):
    def become(program, arguments, environ):
        raise SystemExit(f"{arguments[1:4]}")

    monkeypatch.setattr(launch.os, "execve", become)
    with pytest.raises(SystemExit) as left:
        launch.main([written(tmp_path, recipe(place)), "--cpu"], alone=True)
    (run,) = wb.runs()
    assert str(left.value) == str(["-m", "workbench.scale.launch", str(run.folder.resolve())])
    heavy = "{'torch', 'datasets', 'transformers', 'accelerate', 'sklearn'} & set(sys.modules)"
    process = subprocess.run([sys.executable, "-c", f"import sys, workbench.scale.launch; sys.exit(str({heavy}))"],
                             capture_output=True, text=True)  # fmt: skip
    assert process.stderr.strip() == "set()"


def test_the_process_that_took_over_says_what_became_of_the_run(place, capsys):
    store = Store.create(recipe(place), owner())
    store.close()
    words = "import sys; print('process 0: memory ran out', file=sys.stderr); sys.exit(3)"
    assert launch.again([str(store.folder), sys.executable, "-c", words]) == 2
    assert f"run {store.folder.name} failed: memory ran out" in capsys.readouterr().err
    assert wb.runs()[0].status == "failed"


@pytest.mark.skipif(os.name == "nt", reason="there one process cannot become another")
def test_no_launcher_waits_beside_a_single_process():
    call = [sys.executable, "-c", "import psutil, sys; print(psutil.Process().pid); sys.exit(5)"]
    code = (
        "import os, sys; from workbench.scale import start\n"
        f"start.prepare_simple_launcher_cmd_env = lambda options: ({call!r}, dict(os.environ))\n"
        "start.launch.main = lambda: start.launch.simple_launcher(None)\n"  # accelerate's own, after it has read its options
        "start.main()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert int(process.communicate()[0]) == process.pid and process.returncode == 5


# following ----------------------------------------------------------------------------------------------------------


def test_a_run_is_followed_by_its_files_and_stopped_through_its_folder(place):
    config = recipe(place, epochs=5000, evaluations=1000)
    run = wb.fit(config.data, **{k: v for k, v in config.changed().items() if k != "data"})
    seen = Followed(run.folder)
    end = time.monotonic() + 30
    while len(seen.store.events) < 5 and time.monotonic() < end:
        seen.refresh()
        time.sleep(0.02)
    assert seen.status == "training" and not seen.done
    seen.stop()
    run.join(20)
    assert run.status == "stopped" and run.store.last(ev.Ended).reason == "user"
    assert asyncio.run(seen.watch()).status == "stopped"
    assert [ev.to_json(e) for e in seen.store.events] == [ev.to_json(e) for e in run.store.events]
    assert seen.predict("the kind room")["label"].iloc[0] == run.predict("the kind room")["label"].iloc[0]
    assert follow(run) is run


def test_a_half_written_line_waits(place):
    store = Store.create(recipe(place), owner())
    store.append(ev.Started(0, 0.0, 10))
    seen = follow(store.id)
    with (store.folder / "events.jsonl").open("a") as file:
        file.write('{"kind": "note", "step": 1, "seco')
        file.flush()
        seen.refresh()
        assert len(seen.store.events) == 1
        file.write('nds": 0.0, "text": "x"}\n')
    seen.refresh()
    assert [type(e).__name__ for e in seen.store.events] == ["Started", "Note"]


def test_a_folder_that_vanishes_and_a_run_that_is_not_there_are_sentences(place):
    import shutil

    store = Store.create(recipe(place), owner())
    seen = follow(store.folder)
    shutil.rmtree(store.folder)
    with pytest.raises(wb.WorkbenchError, match="has gone"):
        seen.refresh()
    for nothing in ("20200101-000000-x", "", None):
        with pytest.raises(wb.WorkbenchError, match="no run"):
            wb.follow(nothing)


def test_a_training_on_another_machine_lives_as_long_as_it_gives_signs(place):
    store = Store.create(recipe(place), {**owner(), "pid": 1, "host": platform.node() + "-other"})
    store.append(ev.Started(0, 0.0, 10))
    assert store.status == "interrupted"
    (store.folder / ALIVE).touch()
    assert store.status == "training"
    wb.runs()[0].stop()
    assert (store.folder / STOP).exists()


def test_the_viewer_of_a_followed_run_ticks_and_closes_and_an_interrupt_does_not_stop_it(place):
    store = Store.create(recipe(place), owner())
    store.append(ev.Started(0, 0.0, 10))
    calls = []

    class View:
        def tick(self):
            calls.append("tick")
            raise asyncio.CancelledError

        def close(self):
            calls.append("close")

    seen = follow(store.id, lambda run: View())
    asyncio.run(seen.watch())
    assert calls == ["tick", "close"] and not (store.folder / STOP).exists()
