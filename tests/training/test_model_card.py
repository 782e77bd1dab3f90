"""Model cards: tables, optional sections, the training curve, and errors that name the key."""

import importlib.util
import json
from pathlib import Path

import pytest

from valetts_hf.training.model_card import curve_axis, markdown_table, plot_training_curve, write_atomically


OPTIONAL = ("training_curve", "language_table", "zero_shot", "few_shot", "cross_lingual")
ROOT = Path(__file__).parents[2]
LANGUAGES = {
    "languages": [{"language": "de", "per": 0.21, "seed": 3, "heard": True}, {"language": "it", "heard": False}]
}
CURVE = [
    {"steps": 20000, "WER %": "25.0", "predicted MOS": 3.4, "sentences": 24},
    {"steps": 2590, "WER %": 31.7, "predicted MOS": None},
]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(
        "write_model_card", ROOT / "training_scripts" / "write_model_card.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def base():
    values = json.loads((ROOT / "model_cards" / "base.json").read_text(encoding="utf-8"))
    # What every card has; tables that may be there, or lie in files beside it, are the tests' own business.
    return {key: value for key, value in values.items() if not key.startswith(OPTIONAL)}


def write(script, tmp_path, checkpoint, values) -> str:
    (tmp_path / "numbers.json").write_text(json.dumps(values), encoding="utf-8")
    arguments = ["--measurements", str(tmp_path / "numbers.json"), "--checkpoint", str(checkpoint)]
    script.main([*arguments, "--output", str(tmp_path / "card.md")])
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert (checkpoint / "README.md").read_text(encoding="utf-8") == text
    return text


@pytest.fixture
def checkpoint(tiny_checkpoint, tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name in ("model.safetensors", "config.json", "processor_config.json"):
        (folder / name).write_bytes((tiny_checkpoint / name).read_bytes())
    return folder


def test_tables():
    rows = [{"a": 1, "b": float("nan")}, {"a": "x|y\nz", "c": None}]
    assert markdown_table(rows).splitlines() == [
        "| a | b | c |",
        "| --- | --- | --- |",
        "| 1 | - | - |",
        "| x\\|y z | - | - |",
    ]
    assert markdown_table([{"heard": True, "range": [0.6, 0.7]}, {"heard": False}], header=False).splitlines() == [
        "| yes | 0.6 to 0.7 |",
        "| no | - |",
    ]
    assert markdown_table(rows, ["a"], header=False) == "| 1 |\n| x\\|y z |"


def test_the_card_in_the_repository_is_written_from_its_numbers(script, base):
    bundled = ROOT / "src" / "valetts_hf" / "checkpoints" / "base"
    if not (bundled / "model.safetensors").is_file():
        pytest.skip("no bundled checkpoint in this tree")
    card = script.card(script.read_measurements(ROOT / "model_cards" / "base.json"), bundled)
    for row in base["quality_table"]:
        assert all(str(value) in card for value in row.values())


def test_sections_without_numbers_do_not_appear(script, base, checkpoint, tmp_path):
    optional = script.OPTIONAL_TABLES | script.OPTIONAL_TEXTS
    plain = {key: value for key, value in base.items() if key not in optional}
    text = write(script, tmp_path, checkpoint, plain)
    headings = ("What more training buys", "training never heard", "More clips", "in other languages", "Phonemes")
    assert not [heading for heading in headings if heading in text]
    assert not (tmp_path / "training_curve.png").exists() and "{{" not in text and "{%" not in text


def test_sections_with_numbers_appear(script, base, checkpoint, tmp_path):
    (tmp_path / "languages.json").write_text(json.dumps(LANGUAGES))
    columns = {"language": "language", "per": "phoneme error"}
    more = {
        "training_curve": CURVE,
        "training_curve_note": "All with one voice.",
        "zero_shot_table": [{"speaker": "p1", "similarity": 0.71}],
        "few_shot_table": [{"clips": 5, "similarity": 0.78}],
        "language_table": {"file": "languages.json", "key": "languages", "columns": columns, "where": "heard"},
        "language_table_note": "By a phoneme recogniser.",
        "cross_lingual_table": [{"voice": "ana", "en-us": 0.74}],
        "cross_lingual_note": "One clip.",
    }
    text = write(script, tmp_path, checkpoint, base | more)
    assert "![Training curve: WER %, predicted MOS, sentences over steps](training_curve.png)" in text
    assert "| 20000 | 25.0 | 3.4 | 24 |" in text and "| 2590 | 31.7 | - | - |" in text
    tables = ("| p1 | 0.71 |", "| 5 | 0.78 |", "| de | 0.21 |", "| ana | 0.74 |")
    for piece in (*tables, "By a phoneme recogniser.", "All with one voice.", "One clip."):
        assert piece in text
    assert "| it |" not in text
    for folder in (tmp_path, checkpoint):
        assert (folder / "training_curve.png").read_bytes().startswith(b"\x89PNG")


def test_bad_numbers_are_named(script, base, checkpoint, tmp_path):
    for change, message in (
        ({"zero_shot_tabel": []}, "unknown key 'zero_shot_tabel'; did you mean 'zero_shot_table'"),
        ({"status": 3}, "status must be text, got 3"),
        ({"few_shot_table": []}, "few_shot_table must be a list of rows"),
        ({"few_shot_table": [3]}, "few_shot_table: row 1 must be an object"),
        ({"training_curve": [{"WER %": 3}]}, "every row of a training curve needs a number of one of steps"),
        ({"language_table": {"file": "x.json"}}, "rows of another file are"),
        ({"language_table": {"file": "x.json", "key": "a"}}, "there is no file .*x.json"),
        ({"language_table": {"file": "numbers.json", "key": "a"}}, "has no 'a', only"),
    ):
        with pytest.raises(ValueError, match=message):
            write(script, tmp_path, checkpoint, base | change)
    with pytest.raises(ValueError, match=r"lacks \['date'\]"):
        write(script, tmp_path, checkpoint, {key: value for key, value in base.items() if key != "date"})
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match="broken.json is not valid JSON"):
        script.read_measurements(tmp_path / "broken.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ValueError, match="must be a JSON object"):
        script.read_measurements(tmp_path / "list.json")


def test_curves(tmp_path):
    assert curve_axis([{"hours": 1}]) == "hours"
    path = plot_training_curve(CURVE, tmp_path / "curve.svg", [{"system": "human recordings", "WER %": 19.5}])
    assert path.read_text(encoding="utf-8").count("<path") > 10
    with pytest.raises(ValueError, match="no measured column"):
        plot_training_curve([{"steps": 1, "note": "good"}], tmp_path / "none.png")
    assert [item.name for item in tmp_path.iterdir()] == ["curve.svg"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    write_atomically(tmp_path / "a.md", "one")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "a.md", "\ud800")
    assert (tmp_path / "a.md").read_text() == "one" and len(list(tmp_path.iterdir())) == 1
