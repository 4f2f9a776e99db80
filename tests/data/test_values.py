"""Cells as people write them: spaces around labels, lists, bytes, objects, several labels in one string, columns of 0 and 1. Each
against what it means."""

import datasets as hf
import pandas as pd
import pytest

import workbench as wb

WORDS = ["the room", "this film", "our train", "that book", "my dinner"]


def texts(n=40):
    """`n` different sentences."""
    return [f"{WORDS[i % 5]} was number {i} of them" for i in range(n)]


def rows(labels, n=40, text="text", label="label"):
    return pd.DataFrame({text: texts(n), label: [labels[i % len(labels)] for i in range(n)]})


def said(data, words):
    return [n for n in data.notes if words in n]


# --- labels -----------------------------------------------------------------------------------------------------------


def test_spaces_around_labels_make_no_classes_of_their_own():
    data = wb.load(rows(["pos", "pos ", " neg", "neg"]))
    assert data.labels == ["neg", "pos"] and said(data, "spaces around labels were taken off (as in 'pos ')")


def test_a_csv_with_spaces_after_its_commas_has_plain_labels(tmp_path):
    lines = [f"{t}, {'neg' if i % 2 else 'pos'}" for i, t in enumerate(texts())]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *lines]))
    assert wb.load(tmp_path / "a.csv").labels == ["neg", "pos"]


def test_labels_that_differ_by_capitals_stay_apart_and_are_named():
    data = wb.load(rows(["spam", "Spam", "ham"]))
    assert data.labels == ["Spam", "ham", "spam"] and said(data, "are different labels: 'spam' and 'Spam'")
    assert wb.load(rows(["spam", "ham"])).notes == ()


def test_labels_of_lists_that_differ_by_capitals_are_named():
    assert said(wb.load(rows([["Joy"], ["joy", "fear"], ["fear"]])), "'Joy' and 'joy'")


# --- lists, bytes, objects --------------------------------------------------------------------------------------------


def test_bytes_are_decoded():
    data = wb.load(rows([b"pos", b"neg"]).assign(text=[t.encode() for t in texts()]))
    assert data.labels == ["neg", "pos"] and set(data["train"]["text"]) <= set(texts())


@pytest.mark.parametrize("name", ["text", "tokens"])
def test_lists_of_words_are_joined_and_said(name):
    frame = pd.DataFrame({name: [t.split() for t in texts()], "label": ["pos", "neg"] * 20})
    data = wb.load(frame)
    assert data.task == "classification" and set(data["train"]["text"]) <= set(texts())
    assert said(data, f"texts in column {name!r} are lists and were joined with spaces")


def test_objects_are_refused_with_a_line_that_works():
    frame = pd.DataFrame({"data": [{"id": i, "text": t} for i, t in enumerate(texts())], "label": ["pos", "neg"] * 20})
    with pytest.raises(wb.WorkbenchError, match="column 'data' holds objects with id, text") as caught:
        wb.load(frame, text="data")
    assert wb.load(eval(caught.value.try_)).labels == ["neg", "pos"]


def test_objects_as_labels_are_refused_with_a_line_that_works():
    frame = rows([{"id": 1, "name": "pos"}, {"id": 2, "name": "neg"}], label="category")
    with pytest.raises(wb.WorkbenchError, match="column 'category' holds objects with id, name") as caught:
        wb.load(frame)
    assert wb.load(eval(caught.value.try_)).labels == ["neg", "pos"]


def test_some_lists_among_plain_labels_are_refused():
    with pytest.raises(wb.WorkbenchError, match=r"1 rows of train have a list as label, others have none \(rows 1\)"):
        wb.load(rows(["pos", "neg"]).assign(label=[["pos"], *["pos", "neg"] * 19, "pos"]))


# --- what is dropped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [["pos", "neg"], [["pos"], ["neg", "pos"]]])
def test_the_line_that_drops_empty_texts_works(label):
    frame = rows(label, text="Review").assign(Review=[None, " ", *texts()[2:]])
    with pytest.raises(wb.WorkbenchError, match="2 empty texts in train") as caught:
        wb.load(frame)
    kept = eval(caught.value.try_.removeprefix("dropping those rows: "))
    assert len(kept) == 38 and wb.load(kept).labels == ["neg", "pos"]


@pytest.mark.parametrize("labels", [["pos", "neg", None, " "], [1.0, 0.0, None, float("nan")]])
def test_the_line_that_drops_rows_without_label_works(labels):
    frame = rows(labels, label="Sentiment")
    with pytest.raises(wb.WorkbenchError, match="20 rows of train have no label") as caught:
        wb.load(frame)
    kept = eval(caught.value.try_.removeprefix("dropping those rows: "))
    assert len(kept) == 20 and len(wb.load(kept).labels) == 2


# --- several labels ---------------------------------------------------------------------------------------------------


def sets(data):
    """The labels of every text by their names."""
    return {t: {data.labels[i] for i in some} for split in data.values() for t, some in zip(split["text"], split["labels"], strict=True)}  # fmt: skip


@pytest.mark.parametrize("number", [float, int, bool])
def test_zeros_and_ones_by_place_are_labels_by_place(number):
    given = [[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]]
    data = wb.load(rows([[number(x) for x in v] for v in given], label="labels"))
    assert data.labels == ["0", "1", "2"] and said(data, "lists of 3 zeros and ones")
    assert [sets(data)[t] for t in texts(4)] == [{"0"}, {"1", "2"}, {"2"}, set()]


def test_numbers_of_labels_are_no_zeros_and_ones_by_place():
    data = wb.load(rows([[0, 1], [1, 0]], label="labels"))
    assert set(map(frozenset, sets(data).values())) == {frozenset({"0", "1"})} and data.notes == ()
    assert [sets(wb.load(rows([[0], [1], [0, 1]])))[t] for t in texts(3)] == [{"0"}, {"1"}, {"0", "1"}]


def test_lists_written_as_text_are_read(tmp_path):
    data = wb.load(rows([["toxic", "insult"], ["toxic"], [], ["it's, well, odd"]], label="labels"))
    data.frame().to_csv(tmp_path / "again.csv", index=False)
    again = wb.load(tmp_path / "again.csv")
    assert again.task == "multi-label" and again.labels == data.labels and sets(again) == sets(data)
    assert said(again, "labels written as lists")


def test_lists_as_numpy_and_json_write_them_are_read():
    data = wb.load(rows(["['a' 'b']", '["a", "c d"]', "", "['b']"]))
    assert [sets(data)[t] for t in texts(4)] == [{"a", "b"}, {"a", "c d"}, set(), {"b"}]
    data = wb.load(rows(["[1. 0. 0.]", "[0. 1. 1.]", "[1, 0, 1]"]))
    assert [sets(data)[t] for t in texts(3)] == [{"0"}, {"1", "2"}, {"0", "2"}]


def test_commas_between_labels_are_read_and_said():
    data = wb.load(rows(["toxic,insult", "toxic", "insult, threat", "", "threat"], label="labels"))
    assert data.labels == ["insult", "threat", "toxic"] and said(data, "'toxic,insult' is 2 labels")
    assert [sets(data)[t] for t in texts(4)] == [{"toxic", "insult"}, {"toxic"}, {"insult", "threat"}, set()]


@pytest.mark.parametrize(
    "labels",
    [
        ["Paris, France", "Lyon, France", "Rome, Italy"],
        ["Arts, Crafts and so on", "Arts", "Crafts and so on"],
        ["3,5", "4,5", "3", "4", "5"],
        ["food, drinks", "travel"],
    ],
)
def test_labels_that_hold_commas_stay_whole_and_are_said(labels):
    data = wb.load(rows(labels))
    assert data.task == "classification" and set(data.labels) == set(labels) and said(data, "labels hold commas")


# --- which columns ----------------------------------------------------------------------------------------------------


def test_lists_of_labels_beside_a_text_of_an_odd_name_are_several_labels():
    data = wb.load(rows([["Notices", "Amendments"], ["Notices"], ["Waivers"]], text="provision"))
    assert data.task == "multi-label" and data.labels == ["Amendments", "Notices", "Waivers"]
    assert said(data, "text from column 'provision'")


def test_several_tags_do_not_displace_one_label_of_an_odd_name():
    data = wb.load(
        rows(["no", "yes"], text="Kommentar", label="Urteil").assign(tags=[f"a|b{i % 30}" for i in range(40)])
    )
    assert data.task == "classification" and data.labels == ["no", "yes"]


def test_one_label_per_word_is_tagging_and_labels_of_the_sentence_are_not():
    words = [t.split() for t in texts()]
    data = wb.load(pd.DataFrame({"tokens": words, "label": [["O", "B-X", *["O"] * (len(w) - 2)] for w in words]}))
    assert data.task == "tagging" and data.labels == ["O", "B-X", "I-X"]
    data = wb.load(pd.DataFrame({"tokens": words, "label": [["kind"], ["kind", "cold"]] * 20}))
    assert data.task == "multi-label" and data.labels == ["cold", "kind"]


def test_the_found_text_is_named_where_the_label_is_not_clear():
    frame = rows([1, 2, 3, 4, 5], text="Summary", label="Points").assign(Helpfulness=[0, 3] * 20, Id=range(40))
    with pytest.raises(
        wb.WorkbenchError, match="the texts are in 'Summary', but several could hold the labels"
    ) as caught:
        wb.load(frame)
    assert "'Points' (1, 2, 3, ...), 'Helpfulness' (0, 3, ...)" in str(caught.value)
    assert caught.value.try_ == "wb.load(..., label='Points' or 'Helpfulness')"
    assert wb.load(frame, label="Points").labels == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", ["Score", "airline_sentiment", "goldLabel"])
def test_of_several_columns_the_one_is_guessed_whose_name_ends_in_a_word_for_labels(name):
    frame = rows([1, 2, 3, 4, 5], text="Summary", label=name).assign(Helpfulness=[0, 3] * 20, Id=range(40))
    assert wb.load(frame).labels == ["1", "2", "3", "4", "5"]


def test_a_column_of_few_remarks_without_a_name_holds_no_labels():
    frame = rows(["ham", "spam"], text="v2", label="v1").assign(**{"Unnamed: 2": ["so he said", *[""] * 39]})
    assert wb.load(frame).labels == ["ham", "spam"]


def test_of_two_texts_with_a_number_the_first_is_read_and_the_other_is_named():
    frame = pd.DataFrame(
        {"Quality": ["0", "1"] * 20, "#1 String": texts(), "#2 String": [f"and so {t}" for t in texts()]}
    )
    data = wb.load(frame)
    assert set(data["train"]["text"]) <= set(texts()) and said(
        data, "another column of texts, '#2 String', is not read"
    )


def test_numbers_with_commas_are_several_labels_where_some_are_three():
    values = ["3", "27", "3,10", "0,3,27", "10", "0"] * 7
    for name in ("label", "column 2"):
        data = wb.load(pd.DataFrame({"column 1": texts(), name: values[:40]}))
        assert data.task == "multi-label" and data.labels == ["0", "10", "27", "3"]
    assert wb.load(pd.DataFrame({"text": texts(), "label": ["3,5", "4,0", "2", "1,5"] * 10})).task == "classification"


def test_lists_in_a_column_of_another_name_are_labels():
    lists = [["fish", "trade"], ["trade"], ["fish"], ["coal", "trade"]] * 10
    data = wb.load(pd.DataFrame({"text": texts(), "eurovoc_concepts": lists}))
    assert data.task == "multi-label" and data.labels == ["coal", "fish", "trade"]


def test_a_sign_for_no_label_is_spoken_of():
    assert said(wb.load(rows(["yes", "no", "-", "no"])), "label '-' was read as a class like the others")


def test_a_test_split_without_the_columns_of_labels_is_left_out(tmp_path):
    on = {name: [i % k == 0 for i in range(40)] for name, k in (("toxic", 2), ("threat", 3), ("insult", 5))}
    pd.DataFrame({"comment_text": texts(), **on}).astype(dict.fromkeys(on, int)).to_csv(
        tmp_path / "train.csv", index=False
    )
    pd.DataFrame({"comment_text": ["one more", "two more"]}).to_csv(tmp_path / "test.csv", index=False)
    data = wb.load(tmp_path)
    assert data.task == "multi-label" and "test" not in data and said(data, "split 'test' (2 rows) was left out")


@pytest.mark.parametrize(("columns", "advice"), [(("document", "summary"), "'document': 'source', 'summary': 'target'"),
                                                 (("question", "story"), "question, context and answers")])  # fmt: skip
def test_two_texts_without_labels_are_told_what_they_may_be_for(columns, advice):
    frame = pd.DataFrame({columns[0]: [f"{t}, and more" for t in texts()], columns[1]: texts()}).assign(id=range(40))
    with pytest.raises(wb.WorkbenchError, match=advice):
        wb.load(frame)


def test_where_no_column_looks_like_labels_that_is_said():
    with pytest.raises(wb.WorkbenchError, match="the texts are in 'Note', but none holds few values"):
        wb.load(pd.DataFrame({"Note": texts(), "Id": range(40)}))


@pytest.mark.parametrize(
    "other",
    [
        [f"Mon Mar {i % 28 + 1} 10:0{i % 10}:00 GMT 20{i + 10} at 9 am" for i in range(40)],
        [f"https://a.b/{i} https://a.c/{i} www.d.e/x-{i} http://f.g/h http://f.g/i http://f.g/j" for i in range(40)],
        [f"{i} {i + 1} 3.5 2020-01-02 17 18 19 20" for i in range(40)],
    ],
)
def test_dates_addresses_and_numbers_are_no_texts(other):
    data = wb.load(rows(["no", "yes"], text="Kommentar", label="Urteil").assign(Anderes=other))
    assert set(data["train"]["text"]) <= set(texts())


@pytest.mark.parametrize("name", ["comment", "utterance", "utt", "Abstract", "description", "question"])
def test_more_names_of_texts_are_known_after_the_others(name):
    frame = rows(["no", "yes"], text=name)
    assert set(wb.load(frame)["train"]["text"]) <= set(texts())
    assert wb.load(frame.assign(headline=[f"h {i}" for i in range(40)]))["train"]["text"][0].startswith("h ")


# --- columns of zeros and ones ----------------------------------------------------------------------------------------


def jigsaw(**columns):
    flags = {"toxic": [1, 0, 1, 0] * 10, "insult": [1, 0, 0, 0] * 10, "threat": [0, 0, 0, 1] * 10, "hate": 0}
    return pd.DataFrame({"id": range(100, 140), "comment_text": texts()}).assign(**flags, **columns)


RIGHT = [{"toxic", "insult"}, set(), {"toxic"}, {"threat"}]


def test_columns_of_zeros_and_ones_beside_a_text_are_labels(tmp_path):
    jigsaw().assign(hate=[0] * 39 + [1]).to_csv(tmp_path / "train.csv", index=False)
    data = wb.load(tmp_path / "train.csv")
    assert data.task == "multi-label" and data.labels == ["hate", "insult", "threat", "toxic"] and data.is_named
    assert [sets(data)[t] for t in texts(4)] == RIGHT and data["train"].column_names == ["text", "labels", "id"]
    assert said(data, "columns 'toxic', 'insult', 'threat', 'hate' hold 0 and 1 and became the labels")


def test_columns_of_zeros_and_ones_can_be_named():
    data = wb.load(jigsaw(label="x"), label=["toxic", "insult"])
    assert data.labels == ["insult", "toxic"] and not data.is_named
    assert [sets(data)[t] for t in texts(4)] == [{"toxic", "insult"}, set(), {"toxic"}, set()]


def test_columns_of_zeros_and_ones_that_are_not_are_named_with_row_and_value():
    with pytest.raises(wb.WorkbenchError, match="'100' in row 1 of column 'id' in train"):
        wb.load(jigsaw(), label=["toxic", "id"])
    with pytest.raises(wb.WorkbenchError, match="no columns 'toxi' in train"):
        wb.load(jigsaw(), label=["toxi", "insult"])


def test_columns_of_zeros_and_ones_beside_a_label_are_no_labels():
    assert wb.load(jigsaw(label=["no", "yes"] * 20)).task == "classification"
    one = jigsaw()[["comment_text", "toxic"]]
    assert wb.load(one).task == "classification" and wb.load(one.assign(seen=0)).labels == ["0", "1"]
    with pytest.raises(wb.WorkbenchError, match="'toxic' or 'insult' or 'threat' or 'lang'"):
        wb.load(jigsaw(lang=["de", "en"] * 20))


def test_large_files_with_columns_of_zeros_and_ones_are_read_too(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.data.stream.LARGE", 1)
    jigsaw().to_csv(tmp_path / "train.csv", index=False)
    assert wb.load(tmp_path / "train.csv").labels == ["insult", "threat", "toxic"]


# --- names of numbered labels -----------------------------------------------------------------------------------------


def numbered(name, **more):
    kinds = {"Kommentar": hf.Value("string"), name: hf.ClassLabel(names=["zebra", "ant"]), **more}
    values = {"Kommentar": texts(), name: [0, 1] * 20, **{c: [0, 1, 1, 0] * 10 for c in more}}
    return hf.Dataset.from_dict(values, hf.Features(kinds))


def test_a_guessed_column_keeps_the_names_of_its_labels():
    data = wb.load(hf.DatasetDict(train=numbered("coarse_label"), test=numbered("coarse_label")))
    assert data.labels == ["zebra", "ant"] and list(data["test"]["label"])[:2] == [0, 1]


def test_of_two_columns_with_names_the_one_that_is_asked_for_keeps_them():
    made = hf.DatasetDict(train=numbered("coarse", fine=hf.ClassLabel(names=["x", "y"])))
    with pytest.raises(wb.WorkbenchError, match="label='coarse' or 'fine'"):
        wb.load(made)
    assert wb.load(made, label="fine").labels == ["x", "y"] and wb.load(made, label="coarse").labels == ["zebra", "ant"]


def test_lists_under_another_usual_name_keep_the_names_of_their_labels():
    kinds = {"text": hf.Value("string"), "topics": hf.List(hf.ClassLabel(names=["zebra", "ant"]))}
    made = hf.Dataset.from_dict({"text": texts(), "topics": [[0], [1], [0, 1], []] * 10}, hf.Features(kinds))
    assert [sets(wb.load(made))[t] for t in texts(4)] == [{"zebra"}, {"ant"}, {"zebra", "ant"}, set()]


@pytest.mark.parametrize("name", ["label", "coarse_label"])
@pytest.mark.parametrize("large", [1, 10**9])
def test_a_parquet_file_of_datasets_keeps_the_names_of_its_labels(tmp_path, monkeypatch, name, large):
    monkeypatch.setattr("workbench.data.stream.LARGE", large)
    numbered(name).to_parquet(tmp_path / "a.parquet")
    data = wb.load(tmp_path / "a.parquet")
    right = dict(zip(texts(), ["zebra", "ant"] * 20, strict=True))
    assert data.labels == ["ant", "zebra"]
    assert all(right[r["text"]] == data.labels[r["label"]] for split in data.values() for r in split)


def test_lists_of_labels_in_a_parquet_file_keep_their_names(tmp_path):
    kinds = {"text": hf.Value("string"), "labels": hf.List(hf.ClassLabel(names=["zebra", "ant"]))}
    made = hf.Dataset.from_dict({"text": texts(), "labels": [[0], [1], [0, 1], []] * 10}, hf.Features(kinds))
    made.to_parquet(tmp_path / "a.parquet")
    assert [sets(wb.load(tmp_path / "a.parquet"))[t] for t in texts(3)] == [{"zebra"}, {"ant"}, {"zebra", "ant"}]


# --- no classes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["target", "score"])
@pytest.mark.parametrize("kind", [float, str])
def test_measured_numbers_are_no_classes_and_the_line_that_bins_them_works(name, kind):
    frame = rows([i / 7 + 0.01 for i in range(30)], n=60, label=name).astype({name: kind})
    with pytest.raises(wb.WorkbenchError, match=f"column '{name}' holds 30 different numbers with decimals") as caught:
        wb.load(frame, label=name)
    binned = eval(caught.value.try_, {"frame": frame, "pd": pd})
    assert wb.load(binned, label="label").labels == ["high", "low", "middle"]


def test_a_label_of_its_own_for_most_rows_is_no_class():
    with pytest.raises(wb.WorkbenchError, match="column 'label' holds 31 different labels in 60 rows"):
        wb.load(
            rows([f"about {i}" for i in range(31)], n=60).assign(label=lambda f: f.label.where(f.index < 31, "about 0"))
        )
    assert len(wb.load(rows([f"about {i}" for i in range(20)], n=60)).labels) == 20
    assert wb.load(rows([1.0, 1.5, 2.0, 2.5])).labels == ["1", "1.5", "2", "2.5"]


# --- numbers as names of columns, hidden labels -----------------------------------------------------------------------


def test_columns_with_numbers_as_names_are_told_by_their_values():
    frame = pd.DataFrame({0: texts(), 1: ["no", "yes"] * 20})
    assert wb.load(frame).labels == ["no", "yes"]
    assert wb.load(pd.DataFrame({0: texts(), 1: [0, 1] * 20, 2: [0, 0, 0, 1] * 10})).labels == ["1", "2"]


def test_a_parquet_file_of_hidden_labels_is_left_out_and_said(tmp_path):
    kinds = hf.Features({"text": hf.Value("string"), "label": hf.ClassLabel(names=["no", "yes"])})
    hf.Dataset.from_dict({"text": texts(), "label": [0, 1] * 20}, kinds).to_parquet(tmp_path / "train.parquet")
    hf.Dataset.from_dict({"text": ["a", "b"], "label": [-1, -1]}, kinds).to_parquet(tmp_path / "test.parquet")
    data = wb.load(tmp_path)
    assert set(data) == {"train", "validation"} and said(data, "test.parquet has no rows with labels and was left out")


def test_a_table_without_columns_is_called_so():
    with pytest.raises(wb.WorkbenchError, match=r"^a table without columns"):
        wb.load(pd.DataFrame())
