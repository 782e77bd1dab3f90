"""Sources: the same rows out of every kind of file, and what is wrong with a line is said with its number."""

from __future__ import annotations

import json
import sys

import pytest

from valetts_hf.mass_synthesis.row_sources import SourceError, open_source


ROWS = [{"id": "a", "text": "One."}, {"id": "b", "text": 'Two, "three".'}]


def values(source, wanted=("id", "text"), **options):
    opened = open_source(source, **options)
    first, second = list(opened.read(wanted)), list(opened.read(wanted))
    assert first == second  # every source can be read again
    return [row.values for row in first if not row.problem]


def test_json_lines_json_csv_and_tsv_hold_the_same(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n\n", encoding="utf-8-sig")
    (tmp_path / "a.json").write_text(json.dumps(ROWS))
    (tmp_path / "a.csv").write_text('id,text\na,One.\nb,"Two, ""three""."\n')
    (tmp_path / "a.tsv").write_text('id\ttext\na\tOne.\nb\t"Two, ""three""."\n')
    (tmp_path / "b.csv").write_text('id;text\na;One.\nb;"Two, ""three""."\n')  # where commas are decimal signs
    for name in ("a.jsonl", "a.json", "a.csv", "a.tsv", "b.csv"):
        assert values(tmp_path / name) == ROWS, name
        assert open_source(tmp_path / name).columns == ["id", "text"]


def test_lines_of_a_text_are_rows_with_their_numbers(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"One.\r\n\n  \nTwo.")
    rows = list(open_source(str(path)).read(["text"]))
    assert [(row.number, row.values["text"]) for row in rows] == [(1, "One."), (4, "Two.")]


def test_parquet_reads_only_what_is_wanted(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for number, row in enumerate(ROWS):
        parquet.write_table(
            arrow.table({**{k: [v] for k, v in row.items()}, "heavy": [b"x"]}), tmp_path / f"{number}.parquet"
        )
    assert values(tmp_path / "0.parquet") == ROWS[:1]
    assert values(tmp_path) == ROWS
    assert "heavy" in open_source(tmp_path).columns
    (tmp_path / "0.parquet").write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="cannot be read as parquet"):
        open_source(tmp_path / "0.parquet")


def test_datasets_in_memory_and_saved(tmp_path):
    datasets = pytest.importorskip("datasets")
    found = datasets.Dataset.from_list(ROWS)
    assert values(found) == ROWS
    assert values(found.to_iterable_dataset()) == ROWS
    found.save_to_disk(tmp_path / "one")
    assert values(tmp_path / "one") == ROWS
    both = datasets.DatasetDict(train=found, test=found.select([1]))
    both.save_to_disk(tmp_path / "two")
    assert values(tmp_path / "two", split="test") == ROWS[1:]
    assert values(both, split="train") == ROWS
    with pytest.raises(SourceError, match="has the splits train, test: say which with --split"):
        open_source(tmp_path / "two")
    with pytest.raises(SourceError, match="has no split 'dev' but train, test"):
        open_source(tmp_path / "two", split="dev")


def test_a_folder_with_metadata_is_a_source(tmp_path):
    (tmp_path / "metadata.csv").write_text("id,text\na,One.\n")
    assert values(tmp_path) == ROWS[:1]


def test_objects(tmp_path):
    assert values(iter(["One."])) == [{"text": "One."}]
    assert values(ROWS) == ROWS
    (bad,) = [row for row in open_source(["One.", 7]).read(()) if row.problem]
    assert bad.problem == "row 2 is neither a text nor a dictionary: int."
    with pytest.raises(TypeError, match="not from int"):
        open_source(7)
    with pytest.raises(SourceError, match="the rows holds no rows"):
        open_source([])


@pytest.mark.parametrize(
    ("name", "content", "number", "message"),
    [
        ("a.jsonl", b'{"text": "One."}\n{"text": \n{"text": "Two."}', 2, "line 2 is not JSON: "),
        ("a.jsonl", b'{"text": "One."}\n["Two."]\n', 2, "line 2 is no JSON object but a list."),
        pytest.param("a.jsonl", b'{"text": "One."}\n' + b"[" * 100_000, 2, "line 2 is not JSON: ", id="deep"),
        ("a.jsonl", b'{"text": "One."}\n{"text": "\xff"}\n', 2, "line 2 is not UTF-8 (byte 0xff)"),
        ("a.txt", b"One.\n\nol\xe9\n", 3, "line 3 is not UTF-8 (byte 0xe9)"),
        ("a.csv", b"id,text\na,One.\nb,Two,three\n", 2, "line 3 has 3 cells and the header 2"),
        ("a.csv", b"id,text\na,One.\nTwo.\n", 2, "line 3 has 1 cells and the header 2"),
    ],
)
def test_a_bad_line_is_a_problem_of_its_row_alone(tmp_path, name, content, number, message):
    (tmp_path / name).write_bytes(content)
    (bad,) = [row for row in open_source(tmp_path / name).read(["text"]) if row.problem]
    assert bad.number == number and bad.problem.startswith(message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "there is no file or folder"),
        ("a.docx", b"text", "ends with none of"),
        ("a.jsonl", b"", "is empty: there is nothing to speak"),
        ("a.json", b"{", "cannot be read as JSON"),
        ("a.json", b"{}", "holds no list of rows but a dict"),
        ("a.csv", b"text\nol\xe9\n", "is not UTF-8 behind line"),
        ("a.csv", b"text\n" + b"x" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_at_once(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        list(open_source(tmp_path / name).read(["text"]))


def test_an_unknown_folder_is_said(tmp_path):
    with pytest.raises(SourceError, match="holds no data set that is known"):
        open_source(tmp_path)
    with pytest.raises(SourceError, match="no parquet files of the split 'dev'"):
        open_source(tmp_path, split="dev")


@pytest.mark.parametrize(
    ("module", "place"), [("pyarrow", "a.parquet"), ("datasets", "saved"), ("datasets", "owner/name")]
)
def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch, module, place):
    (tmp_path / "a.parquet").write_bytes(b"x")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "dataset_info.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"needs the library {module}: pip install 'valetts-hf\[batch\]'"):
        open_source(place)


def test_a_data_set_out_of_reach_is_said(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def unreachable(*args, **options):
        raise ConnectionError("no network\nhere")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(SourceError, match="'owner/name' is neither a file nor a folder here, .* no network here"):
        open_source("owner/name")


def test_a_data_set_of_the_hub(monkeypatch):
    datasets = pytest.importorskip("datasets")
    asked = []

    def load(*args, **options):
        asked.append((args, options))
        return datasets.Dataset.from_list(ROWS)

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert values("owner/name", split="train", config="de") == ROWS
    assert asked == [(("owner/name", "de"), {"split": "train"})]
