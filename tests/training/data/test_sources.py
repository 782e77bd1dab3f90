"""Every layout a corpus comes in, the columns in it, and rows that cannot be used."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from valetts_hf.training.data.columns import ColumnMapping
from valetts_hf.training.data.sources import Source, as_sources, iterate


RATE = 8000


def wav_bytes() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(80), RATE, format="WAV")
    return buffer.getvalue()


def audio(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes())


def rows(location, **options):
    return list(iterate(as_sources(location, **options)))


def facts(row) -> tuple:
    return row.text, row.speaker, row.language, row.split, row.problem


def test_audio_folder_with_jsonl(tmp_path):
    folder = tmp_path / "talk"
    audio(folder / "audio" / "1.wav")
    lines = [
        {
            "file_name": "audio/1.wav",
            "text": " hello\n there ",
            "language": "en-US",
            "speaker_id": "ann",
            "split": "dev",
        },
        {"file_name": "audio/2.wav", "text": "ni hao", "language": "zh-CN", "speaker_id": 7},
        {"text": "no file", "language": "pt_BR"},
    ]
    (folder / "metadata.jsonl").parent.mkdir(exist_ok=True)
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n{half a line\n[1]\n\n")
    found = rows(folder)
    assert [facts(row) for row in found[:3]] == [
        ("hello there", "ann", "en-us", "validation", ""),
        ("ni hao", "talk_7", "", "train", "language 'zh-CN' has no reader"),
        ("no file", "talk", "", "train", "no audio in column 'file_name'"),
    ]
    assert found[0].audio == folder / "audio" / "1.wav" and found[0].name == "talk/audio/1.wav"
    assert found[3].problem.startswith("no JSON") and found[4].problem == "no JSON object but '[1]'"
    assert found[2].name == "talk/row 3" and [row.number for row in found] == [1, 2, 3, 4, 5]


def test_split_folders_and_split_option(tmp_path):
    for name in ("train", "test"):
        audio(tmp_path / name / "a.wav")
        (tmp_path / name / "metadata.csv").write_text("file_name,text\na.wav,hello\n")
    assert [row.split for row in rows(tmp_path, language="en")] == ["test", "train"]
    assert [row.split for row in rows(tmp_path, language="en", split="test")] == ["test"]


def test_lj_speech(tmp_path):
    audio(tmp_path / "wavs" / "LJ1.wav")
    (tmp_path / "metadata.csv").write_text(
        'LJ1|In 1803, then, "he" said|In eighteen o three, then, "he" said\nLJ2|only one|\nbad\n'
    )
    first, second, third = rows(tmp_path, language="en", speaker="linda")
    assert first.text == 'In eighteen o three, then, "he" said' and first.audio == tmp_path / "wavs" / "LJ1.wav"
    assert first.speaker == "linda" and second.text == "only one" and "no |" in third.problem


def test_spreadsheets_of_countries_with_decimal_commas(tmp_path):
    table = tmp_path / "metadata.csv"
    table.write_text('file_name;text;speaker_id\na.wav;"Sim; ""claro"", 1,5 kg.";ana\n', encoding="utf-8-sig")
    (row,) = rows(tmp_path, language="pt-br")
    assert facts(row) == ('Sim; "claro", 1,5 kg.', "ana", "pt-br", "train", "") and row.audio == tmp_path / "a.wav"


def test_quotes_that_are_not_closed_are_told(tmp_path):
    lines = ["file_name,text", '1.wav,"He said', "2.wav,It was dark.", '3.wav,"Yes," she said, "no', "4.wav,End."]
    (tmp_path / "talk.csv").write_text("\n".join(lines))
    first, last = rows(tmp_path / "talk.csv", language="en")
    assert first.problem == "text begins with a quote that is not closed: 2 rows below it are lost in it"
    assert (last.text, last.problem) == ("End.", "")
    (tmp_path / "long.csv").write_text("\n".join([*lines[:2], *["2.wav,It was dark."] * 10_000]))
    with pytest.raises(ValueError, match=r"long.csv' cannot be read around line .*is a quote there not closed\?"):
        rows(tmp_path / "long.csv", language="en")


def test_tables_called_csv_may_hold_tabs(tmp_path):
    (tmp_path / "talk.csv").write_text("file_name\ttext\n1.wav\tIt was dark, and late.\n")
    assert [row.text for row in rows(tmp_path / "talk.csv", language="en")] == ["It was dark, and late."]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("metadata.csv", ["file_name,text", "a.wav,olá", "b.wav,ola"]),
        ("metadata.csv", ["a.wav|olá", "b.wav|ola"]),
        ("metadata.jsonl", ['{"file_name": "a.wav", "text": "olá"}', '{"file_name": "b.wav", "text": "ola"}']),
    ],
)
def test_texts_in_another_encoding_are_told_and_the_others_are_read(tmp_path, name, lines):
    (tmp_path / name).write_bytes("\n".join(lines).encode("cp1252"))
    broken, whole = rows(tmp_path, language="pt-br")
    assert broken.problem == "text is not UTF-8, 'ol\ufffd': save the table as UTF-8" and broken.name.endswith("a.wav")
    assert whole.text == "ola" and not whole.problem


def test_a_table_of_bars_may_name_its_columns(tmp_path):
    audio(tmp_path / "x.wav")
    (tmp_path / "metadata.csv").write_text('audio_file|text|speaker_name\nx.wav|"Well", he said|ann\n')
    (row,) = rows(tmp_path, language="en")
    assert facts(row) == ('"Well", he said', "ann", "en-us", "train", "")


def test_file_lists_with_speakers(tmp_path):
    audio(tmp_path / "x.wav")
    (tmp_path / "list.txt").write_text("".join(f"x.wav|s{n % 2}|text number {n}\n" for n in range(6)))
    found = rows(tmp_path / "list.txt", language="en")
    assert [row.speaker for row in found] == ["s0", "s1"] * 3 and found[5].text == "text number 5"


def test_common_voice(tmp_path):
    audio(tmp_path / "clips" / "a.mp3")
    head = "client_id\tpath\tsentence\tlocale\n"
    (tmp_path / "dev.tsv").write_text(head + 'cafe\ta.mp3\t"Quoted, he said\tde\n')
    (tmp_path / "validated.tsv").write_text(head + "cafe\ta.mp3\tagain\tde\nbeef\tb.mp3\tanders\tde\n")
    first, second = rows(tmp_path)
    assert facts(first) == ('"Quoted, he said', "cafe", "de", "validation", "")
    assert facts(second) == ("anders", "beef", "de", "train", "")
    assert first.audio == tmp_path / "clips" / "a.mp3"


def test_audio_beside_text_files(tmp_path):
    audio(tmp_path / "ann" / "1.wav")
    (tmp_path / "ann" / "1.txt").write_text("good morning to all of you")
    (row,) = rows(tmp_path)
    assert facts(row) == ("good morning to all of you", "ann", "en-us", "train", "")


def test_a_text_file_in_another_encoding_is_told(tmp_path):
    audio(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_bytes("olá".encode("cp1252"))
    with pytest.raises(ValueError, match="no readable row .row 1: text is not UTF-8"):
        rows(tmp_path, language="pt-br")


def test_parquet_of_the_hub(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    (tmp_path / "data").mkdir()
    table = pa.table({"audio": pa.array([{"bytes": wav_bytes(), "path": "7.wav"}]), "transcription": ["bom dia"]})
    parquet.write_table(table, tmp_path / "data" / "test-00000-of-00001.parquet")
    (row,) = rows(tmp_path, language="pt", speaker="rui")
    assert row.audio == wav_bytes() and row.split == "test" and row.name.endswith("/7.wav") and row.language == "pt-br"
    (tmp_path / "data" / "test-00000-of-00001.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        rows(tmp_path, language="pt")


def test_datasets_objects_streaming_or_not(tmp_path):
    datasets = pytest.importorskip("datasets")
    audio(tmp_path / "a.wav")
    features = datasets.Features(
        {
            "audio": datasets.Value("string"),
            "text": datasets.Value("string"),
            "speaker": datasets.ClassLabel(names=["ann", "bob"]),
        }
    )
    values = {"audio": [str(tmp_path / "a.wav")] * 2, "text": ["one", "two"], "speaker": [1, 0]}
    data = datasets.Dataset.from_dict(values, features=features)
    for source in (data, data.to_iterable_dataset()):
        found = rows(source, language="en")
        assert [row.speaker for row in found] == ["bob", "ann"] and found[0].audio == tmp_path / "a.wav"
    both = rows(datasets.DatasetDict({"train": data, "validation": data}), language="en")
    assert [row.split for row in both] == ["train", "train", "validation", "validation"]
    data.to_parquet(tmp_path / "talk.parquet")
    assert [row.speaker for row in rows(tmp_path / "talk.parquet", language="en")] == ["bob", "ann"]
    data.save_to_disk(tmp_path / "saved")
    assert [row.text for row in rows(tmp_path / "saved", language="en")] == ["one", "two"]


def test_audio_columns_are_never_decoded(tmp_path):
    """`datasets` would want torchcodec for it."""
    datasets = pytest.importorskip("datasets")
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"audio": pa.array([{"bytes": wav_bytes(), "path": "a.wav"}]), "text": ["hello"]})
    kinds = datasets.Features({"audio": datasets.Audio(), "text": datasets.Value("string")})
    (row,) = rows(datasets.Dataset(table.cast(kinds.arrow_schema)), language="en")
    assert row.audio == wav_bytes()


def test_formats_of_data_sets_are_undone(tmp_path):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"audio": ["a.wav"], "text": ["hello"], "speaker": [3]})
    for kind in ("numpy", "pandas", "torch"):
        (row,) = rows(data.with_format(kind), language="en")
        assert (row.text, row.speaker) == ("hello", "data_3")
    data.set_transform(lambda batch: {**batch, "text": [text.upper() for text in batch["text"]]})
    assert rows(data, language="en")[0].text == "HELLO"  # what the user computes stays


def test_a_mapped_stream_that_decodes_audio_says_what_to_do(monkeypatch):
    class Stream:
        def __iter__(self):
            raise ImportError("To support decoding audio data, please install 'torchcodec'.")

    with pytest.raises(ValueError, match="before it with `data.cast_column"):
        rows(Stream(), language="en")


class HubData:
    """As much of a streamed data set as its reader needs."""

    features: dict = {}

    def __init__(self, builder: str = "parquet"):
        self.info = type("Info", (), {"builder_name": builder})

    def __iter__(self):
        return iter([{"audio": {"bytes": wav_bytes(), "path": "a.wav"}, "text": "hello"}])


def test_data_sets_on_the_hub_are_streamed(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    import huggingface_hub

    calls = []

    def load_dataset(*arguments, **options):
        calls.append((arguments, options))
        if arguments[0] == "nobody/nothing":
            raise datasets.exceptions.DatasetNotFoundError("not there")
        return HubData("audiofolder" if arguments[0] == "ann/loose" else "parquet")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    (row,) = rows("ann/voices", language="en", split="validation", config="pt")
    assert calls == [(("ann/voices", "pt"), {"split": "validation", "streaming": True})]
    assert (row.name, row.split) == ("voices/a.wav", "validation")
    audio(tmp_path / "a.wav")
    (tmp_path / "metadata.csv").write_text("file_name,text\na.wav,hello\n")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, repo_type: str(tmp_path))
    (row,) = rows("ann/loose", language="en")
    assert row.audio == tmp_path / "a.wav"
    with pytest.raises(FileNotFoundError, match="nor a data set on the Hub that can be opened .*hf auth login"):
        rows("nobody/nothing", language="en")


def test_plain_dictionaries_and_arrays():
    item = {"audio": {"array": np.zeros(100), "sampling_rate": RATE}, "text": "hello", "speaker": "ann"}
    (row,) = rows([item], language="en")
    assert row.audio["sampling_rate"] == RATE and row.name == "data/row 1"
    (row,) = rows((item for _ in range(1)), language="en")
    assert row.speaker == "ann"
    with pytest.raises(ValueError, match="item 1 of the source is str"):
        rows(iter(["a"]), language="en")


def test_samples_need_a_rate_that_is_a_number():
    samples = np.zeros(100)
    found = [
        {"array": samples, "sampling_rate": np.int64(RATE)},
        {"array": samples},
        {"array": samples, "sampling_rate": 0},
        {"array": samples, "sampling_rate": "fast"},
        [0.1, 0.2],
        5,
    ]
    good, *bad = rows([{"audio": item, "text": "hello"} for item in found], language="en")
    assert type(good.audio["sampling_rate"]) is int and good.problem == ""
    assert all("sampling rate of its samples is not known" in row.problem for row in bad[:3])
    assert [row.problem[:25] for row in bad[3:]] == ["column 'audio' holds list", "column 'audio' holds int,"]


def test_numbers_of_tables_are_names_and_gaps_are_empty():
    items = [
        {"audio": "a.wav", "text": "hello", "speaker": 0},
        {"audio": "b.wav", "text": float("nan"), "speaker": 1.0},
        {"audio": "c.wav", "text": "there", "speaker": float("nan")},
    ]
    found = rows(items, language="en")
    assert [row.speaker for row in found] == ["data_0", "data_1", "data"]
    assert [row.text for row in found] == ["hello", "", "there"]


def test_columns_that_the_first_row_leaves_out_count():
    items = [{"audio": "a.wav"}, {"audio": "b.wav", "text": "hello", "speaker": "ann"}]
    assert [(row.text, row.speaker) for row in rows(items, language="en")] == [("", "data"), ("hello", "ann")]


def test_splits_are_known_by_a_part_of_their_name():
    names = ["train.clean.100", "train.clean.360", "dev-other", "test_clean", "extra"]
    items = [{"audio": "a.wav", "text": "hello", "split": name} for name in names]
    assert [row.split for row in rows(items, language="en")] == ["train", "train", "validation", "test", "extra"]
    assert len(rows(items, language="en", split="train")) == 2
    (row,) = rows(items, language="en", split="train.clean.360")
    assert row.number == 2 and row.split == "train"


def test_names_of_clips_are_unique_and_without_folders_of_a_machine(tmp_path):
    for split in ("train", "test"):
        audio(tmp_path / "talk" / split / "1.wav")
        (tmp_path / "talk" / split / "metadata.csv").write_text("file_name,text\n1.wav,hello\n")
    assert [row.name for row in rows(tmp_path / "talk", language="en")] == ["talk/1.wav", "talk/1.wav (2)"]
    item = {"audio": {"bytes": wav_bytes(), "path": "/home/ann/1.wav"}, "text": "hello"}
    assert rows([item], language="en")[0].name == "data/1.wav"


def test_columns_can_be_named_and_ignored(tmp_path):
    audio(tmp_path / "a.wav")
    (tmp_path / "t.csv").write_text("where,said,who,text,language\na.wav,bonjour,eva,no,xx\n")
    mapping = ColumnMapping(audio="where", text="said", speaker="who", language="")
    (row,) = rows(tmp_path / "t.csv", columns=mapping, language="fr")
    assert facts(row) == ("bonjour", "eva", "fr", "train", "")
    mapping = ColumnMapping(audio="where", text="")
    (row,) = rows(tmp_path / "t.csv", columns=mapping, language="fr")
    assert row.text == ""


@pytest.mark.parametrize(
    "mapping, message",
    [
        ({"audio": "where"}, "no column that looks like text; its columns are 'where', 'said': .*--text-column"),
        ({"text": "said"}, "no column that looks like audio; its columns are 'where', 'said': .*--audio-column"),
        ({"text": "speech"}, "no column 'speech' for the text; its columns are|looks like audio"),
        ({"audio": "where", "text": "said", "speaker": "who"}, "no column 'who' for the speaker; .*--speaker-column"),
    ],
)
def test_missing_columns_are_told_with_those_found(tmp_path, mapping, message):
    (tmp_path / "t.csv").write_text("where,said\na.wav,bonjour\n")
    with pytest.raises(ValueError, match=message):
        rows(tmp_path / "t.csv", columns=ColumnMapping(**mapping), language="fr")


def test_the_language_is_told_by_the_texts_or_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("file,text\na.wav,Das ist ein ganz einfacher Satz und noch einer\n")
    assert rows(path)[0].language == "de"
    path.write_text("file,text\na.wav,7 - 7\n")
    with pytest.raises(ValueError, match="the language of 't' is not given .*--language CODE"):
        rows(path)
    with pytest.raises(ValueError, match="'xx' is not supported"):
        rows(path, language="xx")


def test_a_list_of_sources(tmp_path):
    for name in ("a", "b"):
        audio(tmp_path / name / "x.wav")
        (tmp_path / name / "metadata.csv").write_text("file_name,said\nx.wav,hello\n")
    path = tmp_path / "all.yaml"
    path.write_text(
        "- {location: a, columns: {text: said}, language: en}\n- {location: b, columns: {text: said}, language: de, speaker: eva, name: bee}\n"
    )
    first, second = rows(path)
    assert (first.name, first.language) == ("a/x.wav", "en-us")
    assert (second.name, second.language, second.speaker) == ("bee/x.wav", "de", "eva")
    path.write_text("- {location: a, langage: en}\n")
    with pytest.raises(ValueError, match=r"unknown keys \['langage'\]; known are"):
        as_sources(path)
    path.write_text("- {location: a, columns: {txt: said}}\n")
    with pytest.raises(ValueError, match=r"unknown keys \['txt'\]"):
        as_sources(path)
    path.write_text("location: a\n")
    with pytest.raises(ValueError, match="list of mappings"):
        as_sources(path)
    path.write_text("[")
    with pytest.raises(ValueError, match="no YAML"):
        as_sources(path)


def test_sources_of_one_name_are_told_apart(tmp_path):
    names = [source.name for source in as_sources([tmp_path / "x" / "data", tmp_path / "y" / "data"])]
    assert names == ["x_data", "y_data"]
    with pytest.raises(ValueError, match="called alike"):
        as_sources([Source("a", name="n"), Source("b", name="n_n"), Source("n/n", name="n")])


def test_folders_with_a_dot_keep_their_whole_name(tmp_path):
    (tmp_path / "v1.1").mkdir()
    named = [tmp_path / "v1.1", tmp_path / "v1.2", tmp_path / "talk.csv", tmp_path / "talks" / "metadata.csv"]
    assert [source.name for source in as_sources(named)] == ["v1.1", "v1.2", "talk", "talks"]


def test_an_unknown_language_is_refused_before_anything_is_read(tmp_path):
    sources = as_sources([Source([{"audio": b"", "text": "a"}], name="a", language="de"), Source("b", language="xx")])
    with pytest.raises(ValueError, match="'xx' is not supported"):
        next(iterate(sources))


def test_locations_that_hold_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither a file nor a folder"):
        rows(tmp_path / "absent")
    with pytest.raises(ValueError, match="holds no corpus that is known"):
        rows(tmp_path)
    (tmp_path / "t.xlsx").write_text("")
    with pytest.raises(ValueError, match="no table of a known kind"):
        rows(tmp_path / "t.xlsx")
    (tmp_path / "t.jsonl").write_text("")
    with pytest.raises(ValueError, match="'t' has no readable row"):
        rows(tmp_path / "t.jsonl", language="en")
