"""Rows: columns found and named, cells checked with the column to blame, keys that change when the audio would."""

from __future__ import annotations

import pytest

from valetts_hf.mass_synthesis.row_sources import SourceError, SourceRow, open_source
from valetts_hf.mass_synthesis.rows import Row, RowError, read_row, resolve_columns
from valetts_hf.mass_synthesis.settings import SynthesisSettings


LANGUAGES = ["en-us", "pt-br"]


def settings(**options) -> SynthesisSettings:
    return SynthesisSettings("checkpoint", **options)


def read(values: dict, number: int = 1, folder=None, **options) -> Row:
    columns = resolve_columns(None, open_source([values]))
    return read_row(SourceRow(number, values), columns, settings(**options), LANGUAGES, folder)


def test_columns_are_found_or_named():
    source = open_source([{"sentence": "One.", "id": 1, "manner": "calm", "voice": "ada"}])
    assert resolve_columns(None, source) == {"text": "sentence", "id": "id", "voice": "voice"}
    given = {"style": "manner", "voice": "", "id": ""}
    assert resolve_columns(given, source) == {"text": "sentence", "style": "manner"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"voice": "who"}, "has no column 'who' for the voice; its columns are: words"),
        ({}, "no column that looks like the text; its columns are: words. Name it with --text-column"),
        ({"tempo": "words"}, "no column can be 'tempo': columns are text, id, voice"),
    ],
)
def test_columns_that_are_not_there_are_said(given, message):
    with pytest.raises(SourceError, match=message):
        resolve_columns(given, open_source([{"words": "One."}]))


def test_a_column_that_is_there_twice_is_not_chosen_between(tmp_path):
    (tmp_path / "table.csv").write_text("text,,,text\nOne.,,,Two.\n", encoding="utf-8")
    with pytest.raises(SourceError, match="'text' more than once"):
        resolve_columns(None, open_source(tmp_path / "table.csv"))
    (tmp_path / "table.csv").write_text("text,,\nOne.,,\n", encoding="utf-8")
    assert resolve_columns(None, open_source(tmp_path / "table.csv")) == {"text": "text"}


def test_a_row_says_what_the_settings_do_not():
    row = read(
        {
            "text": "One.",
            "language": "pt",
            "voice": "rui",
            "seed": "7",
            "speaking_rate": "1.5",
            "pitch_shift": "",
            "ssml": "no",
        },
        voice="ada",
        language="en",
        ssml=True,
        manner={"speaking_rate": 2.0, "pitch_shift": 3.0},
    )
    assert (row.id, row.language, row.voice, row.seed, row.ssml) == ("0000001", "pt-br", "rui", 7, False)
    assert row.manner == {"pitch_shift": 3.0, "speaking_rate": 1.5}


def test_a_row_may_ask_for_what_is_neutral():
    assert read({"text": "One.", "speaking_rate": 1}, manner={"speaking_rate": 2.0}).manner == {}
    assert read({"text": "One.", "language": "auto"}, language="pt").language == "pt-br"


def test_nothing_in_a_cell_is_nothing_said():
    row = read({"text": "One.", "seed": float("nan"), "voice": None, "speaking_rate": "  "})
    assert row.voice is None and row.manner == {} and row.key == read({"text": "One."}).key


def test_seeds_are_drawn_from_id_text_and_seed():
    seeds = {
        read({"text": "One."}).seed,
        read({"text": "Two."}).seed,
        read({"text": "One."}, number=2).seed,
        read({"text": "One."}, seed=1).seed,
    }
    assert len(seeds) == 4 and all(0 <= seed < 2**31 for seed in seeds)
    assert read({"text": "One.", "seed": 7.0}).seed == read({"text": "One.", "seed": "7"}).seed == 7


@pytest.mark.parametrize(
    ("values", "role", "message"),
    [
        ({"text": " "}, "text", "there is no text: pass some words"),
        ({"text": 5}, "text", "the text is of the type int"),
        ({"text": "One.", "id": None}, "id", "row 1 has no id: give it one, or number the rows"),
        ({"text": "One.", "language": "xx"}, "language", "Language 'xx' is not supported"),
        ({"text": "One.", "language": 3}, "language", "language must be a string"),
        ({"text": "One.", "language": "de"}, "language", "the model does not read 'de' but en-us, pt-br"),
        ({"text": "One.", "voice": 3}, "voice", "a voice in a row is a name or a path, not of the type int"),
        ({"text": "One.", "speaking_rate": "fast"}, "speaking_rate", "could not convert"),
        ({"text": "One.", "speaking_rate": 9}, "speaking_rate", "speaking_rate"),
        ({"text": "One.", "pauses": "none"}, "pauses", "pauses"),
        ({"text": "One.", "seed": "x"}, "seed", "a seed is a whole number of 0 or more, not 'x'"),
        ({"text": "One.", "seed": 1.5}, "seed", "a seed is a whole number"),
        ({"text": "One.", "seed": -1}, "seed", "a seed lies between 0 and"),
        ({"text": "One.", "seed": 2**63}, "seed", "a seed lies between 0 and"),
        ({"text": "One.", "ssml": "perhaps"}, "ssml", "ssml is true or false, not 'perhaps'"),
    ],
)
def test_a_bad_cell_is_blamed_on_its_column(values, role, message):
    with pytest.raises(RowError, match=message) as found:
        read(values)
    assert found.value.role == role


def test_the_key_changes_with_everything_that_is_heard(tmp_path):
    base = {"id": "a", "text": "One."}
    voice = tmp_path / "voice.wav"
    voice.write_bytes(b"one")
    rows = [base, {**base, "text": "Two."}, {**base, "language": "en"}, {**base, "voice": "ada"}, {**base, "seed": 1}]
    rows += [
        {**base, "pitch_shift": 1},
        {**base, "style": "calm"},
        {**base, "ssml": True},
        {**base, "voice": str(voice)},
    ]
    keys = [read(row).key for row in rows]
    keys += [read(base, seed=3).key, read(base, format="flac").key]
    keys.append(read_row(SourceRow(1, base), {"text": "text", "id": "id"}, SynthesisSettings("other"), LANGUAGES).key)
    assert len(set(keys)) == len(keys)
    assert read(base, number=9).key == keys[0]  # where a row stands is not heard


def test_the_key_knows_what_a_file_holds_and_not_where_it_lies(tmp_path):
    for name, content in (("here", b"one"), ("there", b"one"), ("changed", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "voice.wav").write_bytes(content)
    rows = [
        read({"text": "One.", "voice": "voice.wav"}, folder=tmp_path / name) for name in ("here", "there", "changed")
    ]
    assert rows[0].voice == str(tmp_path / "here" / "voice.wav")
    assert rows[0].key == rows[1].key != rows[2].key


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"format": "aac"}, ValueError),
        ({"language": "xx"}, ValueError),
        ({"seed": -1}, ValueError),
        ({"voice": [1.0]}, TypeError),
    ],
)
def test_settings_are_checked(options, error):
    with pytest.raises(error):
        settings(**options)


def test_settings_that_say_a_default_are_no_others():
    plain = settings(language="en")
    assert settings(language="en-US", manner={"speaking_rate": 1.0}).differences(plain.to_json()) == []
    assert settings(format="flac", language="en").differences(plain.to_json()) == ["format 'wav' there, 'flac' now"]
