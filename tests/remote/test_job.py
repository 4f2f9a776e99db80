"""A job from its files to the tuned model, through the real client, against the real local service with a tiny model."""

import http.client
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tiny
import torch
import windows

import workbench as wb
from workbench.remote import service, tuning
from workbench.remote.server import Server
from workbench.remote.tuning import IGNORED, Settings, Speaker, _losses, tune
from workbench.training import engine
from workbench.training import events as ev
from workbench.training.precision import autocast
from workbench.training.run import runs

KEY = "sk-secret-of-mine"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    return str(tiny.tiny_gpt(tmp_path_factory.mktemp("gpt")))


@pytest.fixture(scope="module")
def server(gpt, tmp_path_factory):
    with Server(models=(gpt,), home=tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def data():
    return wb.load(tiny.data(96, 32))


def prepared(data, gpt, server, **choices):
    choices = {"epochs": 6, "multiplier": 5.0, "instruction": "mood", **choices}
    return wb.hosted(data, model=gpt, base_url=server.url, **choices)


@pytest.fixture(scope="module")
def finished(data, gpt, server, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("OPENAI_API_KEY", KEY)
        run = prepared(data, gpt, server).start().join()
        yield run


def test_nothing_is_sent_before_start(data, gpt, server):
    before = len(server.service.files)
    run = prepared(data, gpt, server)
    assert run.status == "new" and len(server.service.files) == before
    assert len(run.lines["training"]) == 96 and run.estimate.examples == 96


def test_the_job_is_a_run_like_any_other(finished):
    frame = finished.frame()
    assert finished.status == "finished"
    assert frame["valid_loss"].iloc[-1] < 0.7 * frame["valid_loss"].iloc[0]
    assert list(frame["step"]) == sorted(set(frame["step"])) and frame["step"].iloc[-1] == 96 // 8 * 6
    assert finished.steps()["loss"].iloc[-5:].mean() < finished.steps()["loss"].iloc[:5].mean()
    assert str(finished.diagnosis) and finished.figure().axes
    assert any("tuned model" in text for text in [e.text for e in finished.store.events if isinstance(e, ev.Ended)])


def test_the_tuned_model_is_asked_with_the_same_metrics(finished):
    scores = finished.evaluate("validation")
    assert set(scores) == {"accuracy", "f1", "no label"} and scores["no label"] < 0.1
    assert scores["accuracy"] == pytest.approx(
        finished.frame()["accuracy"].iloc[-1]
    )  # what the service said of the same texts
    frame = finished.predict(["the room was warm"])
    assert frame["label"][0] in ("0", "1") and frame["answer"][0]
    assert finished.confusion("test").to_numpy().sum() == 32
    assert len(finished.errors(3)) <= 3


def test_the_run_is_known_again_from_its_folder(finished):
    again = next(r for r in runs(finished.folder.parent) if r.id == finished.id)
    assert type(again).__name__ == "HostedRun" and again.status == "finished"
    with pytest.raises(wb.WorkbenchError, match="with the service"):
        again.save("somewhere")


def test_no_key_is_written_anywhere(finished):
    for path in finished.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    assert KEY not in repr(finished) + finished.to_code()


def test_stop_cancels_the_job(data, gpt, server):
    run = prepared(data, gpt, server, epochs=50).start()
    while not run.steps().shape[0]:
        time.sleep(0.02)
    run.stop()
    run.join()
    assert run.status == "stopped" and server.service.job(run.store.facts["job"])["status"] == "cancelled"
    with pytest.raises(wb.WorkbenchError, match="no tuned model"):
        run.predict(["x"])


def test_a_lost_connection_loses_nothing(data, gpt, server, monkeypatch):
    from workbench.remote import follower as module

    run = prepared(data, gpt, server, epochs=8)
    real, calls = module.Follower._take, []

    def take(self, client):
        calls.append(1)
        if 2 <= len(calls) < 2 + module.PATIENCE:
            raise wb.WorkbenchError("the service cannot be reached", "a connection")
        real(self, client)

    monkeypatch.setattr(module.Follower, "_take", take)
    monkeypatch.setattr(module.Follower, "_pause", lambda self: 0.01)
    run.start().join()
    assert run.status == "interrupted" and "goes on at the service" in run.store.last(ev.Ended).text
    again = next(r for r in wb.runs() if r.id == run.id)
    run = again.resume().join()
    assert run.status == "finished"
    steps = [e.step for e in run.store.events if isinstance(e, ev.Stepped)]
    assert steps == list(range(1, 96 // 8 * 8 + 1))  # every step once


def test_a_model_that_cannot_be_tuned_is_a_sentence(data, server):
    with pytest.raises(wb.WorkbenchError, match="cannot be fine-tuned here"):
        wb.hosted(data, model="gpt-9", base_url=server.url).start().join()


def test_without_a_key_nothing_is_tried(data, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(wb.WorkbenchError, match="no OPENAI_API_KEY"):
        wb.hosted(data, model="some-model").start().join()


@pytest.mark.parametrize("url", ["ftp://x", "http://me:secret@127.0.0.1/v1", "nonsense", "http://example.com/v1"])
def test_addresses_that_will_not_do(data, url):
    with pytest.raises(wb.WorkbenchError):
        wb.hosted(data, model="m", base_url=url)


def test_a_key_is_never_sent_to_this_machine():
    assert service.client("http://127.0.0.1:1/v1").api_key != KEY


class Failing(BaseHTTPRequestHandler):
    """Answers everything with one status."""

    status, seen = 500, []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": {"message": f"because {KEY}", "type": "x", "param": None, "code": None}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "words"), [(401, "refused the key"), (403, "may not do this"), (404, "not there"), (429, "too many requests"),
                                               (400, "refused it"), (500, "failed")])  # fmt: skip
def test_what_a_service_answers_becomes_a_sentence_without_the_key(data, monkeypatch, status, words):
    monkeypatch.setattr(service, "RETRIES", 0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Now", (Failing,), {"status": status}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(wb.WorkbenchError, match=words) as caught:
            wb.hosted(data, model="m", base_url=f"http://127.0.0.1:{server.server_address[1]}/v1").start().join()
        assert KEY not in str(caught.value)
    finally:
        server.shutdown()
        server.server_close()


def test_nobody_listens(data, monkeypatch):
    monkeypatch.setattr(service, "RETRIES", 0)
    with pytest.raises(wb.WorkbenchError, match="cannot be reached"):
        wb.hosted(data, model="m", base_url="http://127.0.0.1:9/v1").start().join()


def request(server, verb, path, body=b"", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]), timeout=10)
    connection.putrequest(verb, path, skip_host="Host" in headers)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(("verb", "path", "body", "headers", "status"), [
    ("GET", "/v1/models", b"", {"Host": "evil.example"}, 403),
    ("GET", "/v1/models", b"", {"Origin": "http://evil.example"}, 403),
    ("GET", "/v1/nothing", b"", {}, 404),
    ("GET", "/v1/fine_tuning/jobs/..%2F..", b"", {}, 404),
    ("DELETE", "/v1/models/..", b"", {}, 404),
    ("POST", "/v1/files", b"x", {"Content-Type": "text/plain"}, 400),
    ("POST", "/v1/fine_tuning/jobs", b"{", {}, 400),
    ("POST", "/v1/fine_tuning/jobs", b"[]", {}, 400),
    ("POST", "/v1/fine_tuning/jobs", b'{"model": "m"}', {}, 404),
    ("POST", "/v1/chat/completions", b'{"model": "m"}', {}, 404),
])  # fmt: skip
def test_bad_requests_are_answered_and_the_server_goes_on(server, verb, path, body, headers, status):
    found, answer = request(server, verb, path, body, **headers)
    assert found == status and answer["error"]["message"]
    assert request(server, "GET", "/v1/models")[0] == 200


def test_a_file_with_faults_is_refused_with_its_line(server, gpt):
    client = service.client(server.url)
    file = client.files.create(file=("x.jsonl", b'{"messages": []}\n'), purpose="fine-tune")
    assert client.files.retrieve(file.id).bytes == 17
    with pytest.raises(wb.WorkbenchError, match="line 1"), service.in_words("starting the job"):
        client.fine_tuning.jobs.create(model=gpt, training_file=file.id)
    assert client.files.delete(file.id).deleted


def test_a_tuned_model_outlives_the_server(finished, server, gpt):
    other = Server(models=(gpt,), home=server.service.home)
    assert finished.store.facts["tuned"] in [m["id"] for m in other.service.list_models()["data"]]
    other.stop()


def test_only_the_answer_is_learned(gpt):
    speaker = Speaker(gpt)
    ids, labels = speaker.example(
        {"messages": [{"role": "user", "content": "the room"}, {"role": "assistant", "content": "warm"}]}
    )
    asked = [i for i, wanted in zip(ids, labels, strict=True) if wanted != IGNORED]
    assert asked == [*speaker._ids(" warm"), speaker.tokenizer.eos_token_id]
    long = speaker.prompt([{"role": "user", "content": "warm " * 999}])
    assert len(long) <= 128 - 16 and long[-1] == speaker._ids(" Answer:")[-1]


def test_a_model_that_answers_can_be_deleted_where_files_in_use_cannot(gpt, tmp_path, monkeypatch):
    refused, name = [], "ft:gpt:mine:12345678"
    with Server(models=(gpt,), home=tmp_path) as here:
        here.service._keep(name, Speaker(gpt))
        here.service.speakers.clear()
        asked = {"model": name, "messages": [{"role": "user", "content": "the room"}]}
        assert here.service.complete(asked)["model"] == name  # its weights are read from the folder now
        windows.refuse(monkeypatch, refused)
        assert here.service.delete_model(name)["deleted"] and refused == [] and list(tmp_path.iterdir()) == []


def test_no_two_servers_share_a_port():
    """On Windows, what elsewhere only spares a wait would let them."""
    from workbench.remote import server as module

    assert module._Http.allow_reuse_address == (os.name != "nt")


def conversations(count):
    """Questions of 3 to 40 words with answers of one and two."""
    for i in range(count):
        said, answer = "the room was " * (1 + i * 5 % 13), ("warm", "cold and dim")[i % 2]
        yield {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": answer}]}


def test_an_evaluation_looks_at_the_answers_alone_and_finds_what_all_logits_say(gpt):
    speaker, widths, told = Speaker(gpt), [], list(conversations(40))
    tune(
        speaker, told, [], Settings(epochs=6, rate=5e-3), lambda *said: None, lambda: False
    )  # some answers are right then
    rows = [speaker.example(row) for row in told]
    losses, right = [], 0
    with torch.inference_mode(), autocast():
        for ids, labels in rows:
            logits, wanted = speaker.model(torch.tensor([ids])).logits[0, :-1].float(), torch.tensor(labels[1:])
            asked = wanted != IGNORED
            losses += torch.nn.functional.cross_entropy(logits[asked], wanted[asked], reduction="none").tolist()
            right += bool((logits.argmax(-1) == wanted)[asked].all())
    assert 0 < right < len(rows)
    expected = {"full_valid_loss": sum(losses) / len(losses), "full_valid_exact": right / len(rows)}
    hook = speaker.model.lm_head.register_forward_hook(lambda *call: widths.append(call[2].shape[1]))
    found = _losses(speaker.model, rows[:2], rows, 0)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=2e-3)
    assert max(widths) < max(len(ids) for ids, _ in rows) - 10
    hook.remove()
    whole = speaker.model.forward
    speaker.model.forward = lambda input_ids, attention_mask: whole(input_ids, attention_mask=attention_mask)
    assert _losses(speaker.model, rows[:2], rows, 0) == pytest.approx(found, rel=2e-3)


def test_a_step_of_training_looks_at_the_answers_alone_and_learns_what_all_logits_say(gpt, monkeypatch):
    speaker, widths, pad = Speaker(gpt), [], 0
    monkeypatch.setattr(speaker.model, "train", lambda *on: speaker.model)  # without dropout both say the same
    rows = [speaker.example(row) for row in conversations(4)]
    ids, mask, labels = tuning._batch(rows, pad)
    with torch.inference_mode(), autocast():
        whole = float(speaker.model(input_ids=ids, attention_mask=mask, labels=labels).loss)
    speaker.model.lm_head.register_forward_hook(lambda *call: widths.append(call[2].shape[1]))
    optimizer = torch.optim.AdamW(speaker.model.parameters())
    assert tuning._step(speaker.model, rows, pad, optimizer) == pytest.approx(whole, rel=2e-3)
    assert len(widths) == 1 and widths[0] < ids.shape[1] - 10


def test_what_a_job_has_freed_is_there_for_the_next_training(server, monkeypatch):
    """Which in a notebook is one of the same process; a job that has failed gives back, too."""
    given = []
    monkeypatch.setattr(engine, "give_back", lambda: given.append("all"))
    job = {"id": "ftjob-lost", "model": "no such model"}
    monkeypatch.setitem(server.service.events, job["id"], [])
    server.service._train(job, {"training_file": [], "validation_file": []}, Settings(), "")
    assert job["status"] == "failed" and given == ["all"]


def test_what_cuts_every_run_off_cuts_a_job_off_and_it_ends_well(gpt, monkeypatch):
    monkeypatch.setenv("WORKBENCH_SECONDS", "0.0001")
    rows, said = list(conversations(20)), []
    done = tune(Speaker(gpt), rows, rows[:4], Settings(), lambda words, figures: said.append(figures), lambda: False)
    assert done and [figures["step"] for figures in said] == [0, 1]
    assert all("full_train_loss" in figures and "full_valid_loss" in figures for figures in said)


def test_a_port_in_use_is_a_sentence(server):
    port = int(server.url.split(":")[2].split("/")[0])
    with pytest.raises(wb.WorkbenchError, match="cannot be used"):
        wb.serve(port)
    with pytest.raises(wb.WorkbenchError, match="cannot be used"):
        wb.serve(99999)
