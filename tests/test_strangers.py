"""Files that a stranger has written: what they may not do. Nothing of them is run, nothing leaves this machine, none of them hides the others."""

import http.client
import io
import json
import os
import pickle
import socket
import tarfile
import time
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.data import archives, classlabels, endings
from workbench.errors import MOST, WorkbenchError
from workbench.models import zoo
from workbench.remote import endpoints, service
from workbench.scale.card import plain
from workbench.scale.settings import requirements
from workbench.training import events as ev
from workbench.training import lock
from workbench.training.lock import LOCK
from workbench.training.store import Store

SECRET = "sk-a-real-secret-123"


class Runs:
    """Opening this as a pickle would leave a file."""

    def __reduce__(self):
        return (open, ("opened", "w"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def folder_of(home, name="20260101-000000-a-b", facts=None, lines=(), **config):
    place = home / name
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"config": config, "facts": facts or {}}), "utf-8")
    (place / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return place


# --- keys ---------------------------------------------------------------------------------------------------------------


HOSTED = {
    "service": "https://evil.example/v1",
    "tuned": "m",
    "job": "j",
    "labels": ["a", "b"],
    "instruction": "x",
    "task": "classification",
}


def test_a_key_goes_to_no_address_that_only_a_folder_names(home, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    folder_of(home, facts=HOSTED, technique="hosted", model="gpt-mini", data="headlines")
    (run,) = wb.runs()
    for ask in (lambda: run.predict(["hello"]), lambda: run.evaluate("validation"), run.resume):
        with pytest.raises(WorkbenchError, match=r"evil\.example.*nobody in this session has named"):
            ask()
    monkeypatch.setenv("OPENAI_BASE_URL", HOSTED["service"])
    assert run.predictor().client.api_key == SECRET  # now the learner has named it


def test_what_is_said_to_this_machine_goes_through_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    here, there = (service.client(url)._client for url in ("http://127.0.0.1:1/v1", "https://api.example/v1"))
    assert not here.trust_env and there.trust_env and not here.follow_redirects and not there.follow_redirects
    assert service.client("http://localhost:1/v1").api_key != SECRET


@pytest.mark.parametrize(
    "said",
    [
        SECRET,
        f"Bearer {SECRET}",
        "Authorization: Bearer abc123",
        "api_key='sk-other'",
        "gsk_abc and hf_def",
        f"x{SECRET}x",
    ],
)
def test_no_key_stands_in_an_error(said, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    import httpx
    import openai

    answer = httpx.Response(400, request=httpx.Request("POST", "https://api.example"))
    with pytest.raises(WorkbenchError) as caught, service.in_words("asking"):
        raise openai.BadRequestError("no", response=answer, body={"message": f"you sent {said} to us"})
    assert "***" in str(caught.value) and caught.value.__cause__ is None and caught.value.__suppress_context__
    assert not any(part in str(caught.value) for part in (SECRET, "abc123", "sk-other", "gsk_abc", "hf_def"))


# --- pickles ------------------------------------------------------------------------------------------------------------


def test_a_list_of_weights_names_no_pickle_and_nothing_outside(tmp_path):
    model = tiny_bert(tmp_path / "model")
    (model / "model.safetensors").unlink()
    for name in ("w.bin", "../outside.safetensors", "/tmp/outside.safetensors"):
        (model / "w.bin").write_bytes(pickle.dumps(Runs()))
        (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"bert.x": name}}), "utf-8")
        with pytest.raises(WorkbenchError, match="safetensors in the folder itself"):
            wb.fit(data(16, 8), model=str(model), epochs=1).join()


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "pytorch_model.bin"])
def test_a_state_with_a_pickle_is_not_gone_on_from(tmp_path, home, name):
    run = wb.fit(data(64, 8), model=str(tiny_bert(tmp_path / "model")), epochs=200, evaluations=200)
    while len(run.frame()) < 2:
        pass
    run.stop()
    run.join()
    (run.folder / "last" / name).write_bytes(pickle.dumps(Runs()))
    with pytest.raises(WorkbenchError, match="opening a pickle may run what it holds"):
        run.resume().join()
    assert not os.path.exists("opened")


# --- sizes --------------------------------------------------------------------------------------------------------------


def test_a_small_parquet_file_with_much_in_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(endings, "MOST", 1_000_000)
    text = pa.array(["x" * 10_000] * 500)
    pq.write_table(pa.table({"text": text, "label": ["a", "b"] * 250}), tmp_path / "much.parquet")
    assert (tmp_path / "much.parquet").stat().st_size < 20_000
    with pytest.raises(WorkbenchError, match="more than 0 MB of rows"):
        wb.load(tmp_path / "much.parquet")


def test_a_parquet_file_is_read_as_pandas_reads_it(tmp_path):
    frame = pd.DataFrame(
        {"text": ["a", None, "ü"] * 300, "label": [1, 0, 1] * 300, "many": [["x"], [], ["y", "z"]] * 300}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(
        classlabels.read_parquet(tmp_path / "a.parquet"), pd.read_parquet(tmp_path / "a.parquet")
    )
    frame.iloc[:0].to_parquet(tmp_path / "none.parquet")
    assert list(classlabels.read_parquet(tmp_path / "none.parquet").columns) == ["text", "label", "many"]


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_name_of_gigabytes_is_not_read(tmp_path, kind):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = kind, 6 << 30
    (tmp_path / "long.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(WorkbenchError, match=r"a name of 6,442,450,944 bytes"):
        wb.load(tmp_path / "long.tar")


def test_archives_in_an_archive_have_room_for_so_many_files_together(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 30)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        for n in range(4):
            with zipfile.ZipFile(inner := io.BytesIO(), "w") as packed:
                for i in range(10):
                    packed.writestr(f"{i}.txt", "")
            outer.writestr(f"{n}.zip", inner.getvalue())
    with pytest.raises(WorkbenchError, match="holds more than"):
        wb.load(tmp_path / "outer.zip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_what_never_ends_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "train.csv").symlink_to("/dev/zero")
    for source in (tmp_path / "pipe.csv", tmp_path / "folder", "/dev/zero"):
        with pytest.raises(WorkbenchError, match="is a device or a pipe"):
            wb.load(source)
    model = tiny_bert(tmp_path / "model")
    (model / "config.json").unlink()
    (model / "config.json").symlink_to("/dev/zero")
    with pytest.raises(WorkbenchError, match=r"config\.json.*is no file"):
        zoo.config(zoo.source(str(model)))


def test_a_configuration_asks_for_no_code_and_no_million_layers(tmp_path):
    model = tiny_bert(tmp_path / "model")
    plain_one = json.loads((model / "config.json").read_text("utf-8"))
    for change, words in (
        ({"attn_implementation": "evil/kernel"}, "which is code"),
        ({"num_hidden_layers": 10**7}, "10,000,000"),
    ):
        (model / "config.json").write_text(json.dumps(plain_one | change), "utf-8")
        with pytest.raises(WorkbenchError, match=words):
            zoo.config(zoo.source(str(model)))


# --- run folders --------------------------------------------------------------------------------------------------------

SOUND = '{"kind": "started", "step": 0, "seconds": 0, "planned_steps": 8}'
EVALUATED = {"kind": "evaluated", "step": 4, "seconds": 1.0, "epoch": 1.0, "train_loss": 0.5, "valid_loss": 0.6, "metrics": {"accuracy": 0.5},
             "learning_rate": 1e-3, "best": True}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": None},
        {"step": "x"},
        {"valid_loss": [1]},
        {"metrics": {"accuracy": "high"}},
        {"best": 3},
        {"epoch": True},
    ],
    ids=str,
)
def test_a_line_whose_values_are_none_of_its_fields_is_passed_over(change):
    assert ev.from_json(json.dumps(EVALUATED)).step == 4
    with pytest.raises((TypeError, ValueError)):
        ev.from_json(json.dumps(EVALUATED | change))


BAD_FACTS = [{"n_valid": "x"}, {"n_valid": -1}, {"controls": 5}, {"fork": 3}, {"fork": {}}, {"pid": "x", "born": [1]}, {"majority": "all"},
             {"labels": {"a": 1}}, {"versions": {"torch": "2\nevil-package @ https://evil.example/x.tar.gz"}}]  # fmt: skip


@pytest.mark.parametrize("facts", BAD_FACTS, ids=str)
def test_a_damaged_folder_does_not_hide_the_others(home, facts):
    folder_of(home, facts=facts, lines=[SOUND, "[" * 100_000, json.dumps(EVALUATED)])
    folder_of(home, "20260102-000000-c-d", lines=[SOUND, json.dumps(EVALUATED)])
    (home / "20260103-000000-e-f").mkdir()
    (home / "20260103-000000-e-f" / "config.json").write_text("[" * 200_000, "utf-8")
    table = wb.runs()
    assert len(table) == 2 and "20260101-000000-a-b" in repr(table) and "<table" in table._repr_html_()
    bad = table["20260101"]
    assert bad.to_code().startswith("wb.fit(") and bad.figure() is not None and set(facts) - set(bad.store.facts)


def test_a_row_that_cannot_be_made_says_so(home, monkeypatch):
    from workbench.views import compared

    folder_of(home)
    monkeypatch.setattr(compared, "run_row", lambda run: 1 / 0)
    assert "cannot be read" in repr(wb.runs()) and "cannot be read" in wb.runs()._repr_html_()


def test_nothing_of_a_folder_becomes_code_or_a_requirement(home):
    fork = {"parent": "p\nimport os", "step": 3, "changed": {}}
    evil = [
        fork,
        {**fork, "parent": "p", "step": "1)\nimport os\n#"},
        {**fork, "parent": "p", "changed": {"x=1)\nimport os\n#": [1, 2]}},
    ]
    for n, made in enumerate(evil):
        place = folder_of(home, f"2026010{n + 1}-000000-a-b", facts={"fork": made, "versions": {"torch": "2.0\nevil"}})
        run = next(r for r in wb.runs() if r.folder == place)
        assert "import os" not in run.to_code() and "versions" not in run.store.facts
    good = {"parent": "p", "step": 3, "changed": {"dropout": [None, 0.3]}}
    folder_of(home, "20260105-000000-a-b", facts={"fork": good})
    run = wb.runs()["20260105"]
    assert run.to_code() == "parent.fork(3, dropout=0.3)  # parent: run p"
    from types import SimpleNamespace as Some

    parts = Some(facts={"versions": {}}, task=Some(name="classification"), config=Some(technique="full"))
    assert all("\n" not in line for line in requirements(parts))


def test_of_two_that_go_on_with_a_run_one_is_told(home):
    store = Store.open(folder_of(home))
    other = {"pid": os.getppid(), "born": __import__("psutil").Process(os.getppid()).create_time()}
    (store.folder / LOCK).write_text(json.dumps(other), "utf-8")
    with pytest.raises(WorkbenchError, match="training in another process"):
        lock.claim(store.folder)
    for gone in ({"pid": 2**22 + 1, "born": 0.0}, {"pid": os.getpid(), "born": 1.0}):
        (store.folder / LOCK).write_text(json.dumps(gone), "utf-8")
        lock.claim(store.folder)
        assert json.loads((store.folder / LOCK).read_text("utf-8"))["pid"] == os.getpid()
    lock.release(store.folder)
    assert not (store.folder / LOCK).exists()


# --- words --------------------------------------------------------------------------------------------------------------


def test_words_of_a_stranger_move_no_cursor_and_fill_no_screen(tmp_path):
    error = WorkbenchError("\x1b[2J\x1b[31mred \u202eleft", "x" * 3_000_000)
    assert "\x1b" not in str(error) and "\u202e" not in str(error) and "\\x1b[31mred \\u202eleft" in str(error)
    assert len(str(error)) < MOST + 200
    (tmp_path / "many.csv").write_text(
        ",".join(f"c{i}" for i in range(500)) + "\n" + ",".join("1" for _ in range(500)), "utf-8"
    )
    with pytest.raises(WorkbenchError) as caught:
        wb.load(tmp_path / "many.csv")
    assert len(str(caught.value)) < 500


def test_labels_and_names_are_no_tags_in_a_card():
    assert "<" not in plain("<img src=x onerror=alert(1)>") and plain("a\n# b") == "a # b"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_a_link_to_a_file_elsewhere_does_not_leave_with_an_export(tmp_path, home):
    model = tiny_bert(tmp_path / "model")
    (tmp_path / "secret").write_text("mine", "utf-8")
    (model / "LICENSE.txt").symlink_to(tmp_path / "secret")
    run = wb.fit(data(16, 8), model=str(model), epochs=1, evaluations=1).join()
    with pytest.raises(WorkbenchError, match=r"LICENSE\.txt.*a link to a file elsewhere"):
        run.export(tmp_path / "out")


# --- the server ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with wb.serve() as found:
        yield found


def asked(server, verb, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]), timeout=20)
    connection.putrequest(verb, f"/v1/{path}")
    content = json.dumps(body).encode() if body is not None else b""
    for name, value in ({"Content-Length": str(len(content)), "Content-Type": "application/json"} | headers).items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(content)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())["error"]["message"]


def test_odd_requests_get_a_sentence_and_no_page(server, capfd):
    chat = {"model": "gpt-mini", "messages": [{"role": "user", "content": "Hello"}]}
    assert asked(server, "PUT", "models")[0] == 501
    assert asked(server, "POST", "files", Content_Length="²".encode().decode("latin-1"))[0] in (400, 411)
    assert asked(server, "POST", "files", Content_Length="9" * 5000)[0] in (400, 411, 431)
    status, words = asked(server, "POST", "fine_tuning/jobs", {"model": "gpt-mini", "training_file": ["x"]})
    assert status == 404 and "no file" in words
    assert asked(server, "POST", "chat/completions", chat | {"max_tokens": "x"}) == (
        400,
        "max_tokens must be a whole number",
    )
    with socket.create_connection(("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))) as hangs_up:
        hangs_up.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(0.2)
    assert "Traceback" not in capfd.readouterr().err


def test_a_long_or_odd_conversation_is_answered(server):
    service = server.service
    for words in ("word " * 2_000_000, "a lone \ud800 sign"):
        answer = service.complete(
            {"model": "gpt-mini", "messages": [{"role": "user", "content": words}], "max_tokens": 1}
        )
        assert answer["usage"]["prompt_tokens"] <= 512


def test_all_files_together_have_a_limit(server, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_KEPT", 100)
    server.service.add_file("a", "fine-tune", b"x" * 60)
    with pytest.raises(endpoints.Refused, match="all files together"):
        server.service.add_file("b", "fine-tune", b"x" * 60)


def test_an_ablation_has_its_costs_and_dollars_are_no_formulas(tmp_path, home):
    model = str(tiny_bert(tmp_path / "model"))
    shared = {"model": model, "epochs": 1, "evaluations": 1}
    found = wb.ablate(data(16, 8), {"dropout": 0.3}, **shared).join()
    assert len(found.cost_figure().axes) == 3
    duel = wb.duel(data(16, 8), {"$\\frac{$": {}, "b $\\x$": {"dropout": 0.1}}, seeds=1, **shared).join()
    for figure in (duel.figure(), duel.cost_figure()):
        figure.canvas.draw()
    assert "<img" in duel._repr_html_()
