"""Styles as objects and as lines of text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.direction.style import Style, StyleError, StyleTerm
from valetts_hf.direction.style_spec import parse_style


def terms(spec: str) -> list[tuple]:
    return [(term.kind, term.value, pytest.approx(term.weight)) for term in parse_style(spec)]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("token:3*0.7+token:5*0.3", [("token", 3, 0.7), ("token", 5, 0.3)]),
        ("  token: 3 * 0.7  +  token:5*.3 ", [("token", 3, 0.7), ("token", 5, 0.3)]),
        ("calm", [("style", "calm", 1.0)]),
        ("calm*0.5 + token:2*0.5", [("style", "calm", 0.5), ("token", 2, 0.5)]),
        ("0.5*calm", [("style", "calm", 0.5)]),
        ("token:1-token:2", [("token", 1, 1.0), ("token", 2, -1.0)]),
        ("-token:1*0.5", [("token", 1, -0.5)]),
        ("token:1*-0.5", [("token", 1, -0.5)]),
        ("(calm + token:2*0.5)*0.8", [("style", "calm", 0.8), ("token", 2, 0.4)]),
        ("token:1 - (token:2 - token:3)*0.5", [("token", 1, 1.0), ("token", 2, -0.5), ("token", 3, 0.5)]),
        ("token:1*2*0.5", [("token", 1, 1.0)]),
        ("token:1*0.25 + token:1*0.25", [("token", 1, 0.5)]),
        ("token:1 - token:1", []),
        ("neutral", []),
        ("voice:kathleen*0.5", [("voice", "kathleen", 0.5)]),
        ('voice:"Ada Lovelace"', [("voice", "Ada Lovelace", 1.0)]),
        ("voice:owner/my-voice", [("voice", "owner/my-voice", 1.0)]),
        ("clip:takes/angry-2.wav*0.5", [("clip", "takes/angry-2.wav", 0.5)]),
        ("clip:'a (1).wav'", [("clip", "a (1).wav", 1.0)]),
        ("angry.wav*0.5 + calm", [("clip", "angry.wav", 0.5), ("style", "calm", 1.0)]),
        ("./takes/angry + calm", [("clip", "./takes/angry", 1.0), ("style", "calm", 1.0)]),
        ("clip:https://example.org/a.mp3", [("clip", "https://example.org/a.mp3", 1.0)]),
        ("well-rested*0.5-lively", [("style", "well-rested", 0.5), ("style", "lively", -1.0)]),
        ("style:calm", [("style", "calm", 1.0)]),
        ("TOKEN:3", [("token", 3, 1.0)]),
        ("ruhig_und_schön", [("style", "ruhig_und_schön", 1.0)]),
    ],
)
def test_lines_that_are_styles(spec, expected):
    assert terms(spec) == expected


@pytest.mark.parametrize(
    ("spec", "character", "reason"),
    [
        ("", 1, "cannot be empty"),
        ("token:", 7, 'nothing follows "token:"'),
        ("token:x", 7, "whole number"),
        ("token:-1", 7, "whole number"),
        ("token:1.5", 7, "whole number"),
        ("token:3*", 9, "ends too early"),
        ("token:3*x", 9, 'expected a number after "*"'),
        ("token:3*nan", 9, "finite number"),
        ("token:3*inf", 9, "finite number"),
        ("token:3 token:5", 9, 'expected "+" or "-"'),
        ("token:3 + ", 11, "ends too early"),
        ("calm + + lively", 8, "expected a token"),
        ("(calm", 1, "not closed"),
        ("calm)", 5, 'expected "+" or "-"'),
        ("0.5", 4, 'expected "*"'),
        ("calm % lively", 6, "no meaning"),
        ('voice:"ada', 7, "nothing follows"),
        ('"ada', 1, "not closed"),
        ("token:3*2.5", 1, "must be -2 to 2"),
        ("calm + token:3*-9e99", 8, "must be -2 to 2"),
        ("calm + token:3*1e999", 8, "finite"),
        ("(" * 20 + "calm" + ")" * 20, 17, "brackets"),
    ],
)
def test_errors_say_where_and_why(spec, character, reason):
    with pytest.raises(StyleError, match=rf"character {character}: ") as caught:
        parse_style(spec)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_limits_of_a_style():
    with pytest.raises(StyleError, match="at most 2000 characters, got 3000"):
        parse_style("x" * 3000)
    with pytest.raises(StyleError, match="4 together .* got 6"):
        parse_style("token:1*2 - token:2*2 + token:3*2")
    with pytest.raises(StyleError, match="at most 64 parts"):
        parse_style(" + ".join(f"token:{number}*0.01" for number in range(65)))
    with pytest.raises(StyleError, match="the weight of token:1 must be -2 to 2, got 3"):
        parse_style("token:1*2 + token:1")
    with pytest.raises(TypeError, match="written as a string, got int"):
        parse_style(3)


@given(st.text(max_size=40))
def test_any_text_is_a_style_or_a_clear_error(text):
    try:
        style = Style.parse(text)
    except StyleError as error:
        assert str(error)
    else:
        again = Style.parse(str(style))
        assert [(term.kind, term.value) for term in again.terms] == [(term.kind, term.value) for term in style.terms]


weights = st.floats(-0.5, 0.5).map(lambda value: round(value, 3)).filter(bool)
parts = st.one_of(
    st.builds(StyleTerm, st.just("token"), st.integers(0, 30), weights),
    st.builds(
        StyleTerm,
        st.sampled_from(["style", "voice", "clip"]),
        st.from_regex(r"\A[a-z][a-z (*+')-]{0,8}[a-z]\Z"),
        weights,
    ),
)


@given(st.lists(parts, min_size=1, max_size=4))
def test_what_is_shown_reads_back(chosen):
    style = Style(tuple(chosen))
    again = Style.parse(str(style))
    assert [(term.kind, term.value) for term in again.terms] == [(term.kind, term.value) for term in style.terms]
    assert [term.weight for term in again.terms] == pytest.approx([term.weight for term in style.terms], rel=1e-3)


def test_mixing_and_intensity():
    mixed = Style.mix([("calm", 0.5), (Style.token(2), 0.5)], name="evening")
    assert str(mixed) == "calm*0.5 + token:2*0.5" and mixed.name == "evening"
    assert str(mixed * 0.5) == str(0.5 * mixed) == "calm*0.25 + token:2*0.25"
    assert str(Style.token(1) + "token:2*0.5" * 1) == "token:1 + token:2*0.5"
    assert str(Style.token(1) * 0) == "neutral"
    assert repr(mixed) == "Style('calm*0.5 + token:2*0.5', name='evening')"
    for wrong in ([], ["calm"], [("calm",)]):
        with pytest.raises(StyleError, match=r"mixing takes pairs \(style, weight\)"):
            Style.mix(wrong)
    with pytest.raises(StyleError, match="finite number of -2 to 2, got nan"):
        Style.token(1) * float("nan")
    with pytest.raises(TypeError, match="must be a number, got 'much'"):
        Style.token(1) * "much"
    with pytest.raises(StyleError, match="must be -2 to 2, got 3"):
        Style.mix([("calm", 3)])


def test_what_a_call_takes(tmp_path, voice_wav):
    assert Style.of(None).terms == ()
    style = Style.token(3)
    assert Style.of(style) is style
    assert Style.of(voice_wav).terms[0].kind == "clip"
    assert Style.of(str(voice_wav)).terms[0] == StyleTerm("clip", str(voice_wav))
    assert Style.of("missing-2.wav").terms[0] == StyleTerm("clip", "missing-2.wav")
    assert Style.of(style.save(tmp_path / "my.json")).terms == style.terms
    assert Style.of(str(tmp_path / "my.json")).terms == style.terms
    audio = {"array": np.zeros(10), "sampling_rate": 24000}
    assert Style.of(audio).terms[0].value is audio
    for vector in ([0.5, 1.0], np.array([[0.5, 1.0]]), torch.tensor([0.5, 1.0])):
        assert Style.of(vector).terms[0] == StyleTerm("vector", (0.5, 1.0))

    class Somebody:
        style = np.zeros(4)

    assert Style.of(Somebody()).terms[0].kind == "voice"
    with pytest.raises(TypeError, match="style must be a Style, .* got int: '3'"):
        Style.of(3)
    with pytest.raises(StyleError, match=r"needs 'array' and 'sampling_rate' .* got \['loud'\]"):
        Style.of({"loud": 1})
    with pytest.raises(StyleError, match="finite numbers of shape"):
        Style.of([1.0, float("nan")])
    with pytest.raises(StyleError, match="finite numbers of shape"):
        Style.of(np.zeros((2, 3)))
    with pytest.raises(StyleError, match="must be numbers.*use Style.mix"):
        Style.of(["calm", "lively"])
    with pytest.raises(OSError, match="'missing.json' cannot be read: No such file"):
        Style.of("missing.json")
    with pytest.raises(TypeError, match="a clip is a path"):
        Style.from_clip(3)
    for number in (-1, 1.5, True):
        with pytest.raises(StyleError, match="whole number of 0 or more"):
            Style.token(number)


def test_one_recording_twice_is_one_part():
    clip = {"array": np.zeros(3), "sampling_rate": 24000}
    both = Style.from_clip(clip, 0.5) + Style.from_clip(clip, 1.0)
    assert [term.weight for term in both.terms] == [1.5]
    assert len((Style.from_clip(clip) + Style.from_clip(dict(clip))).terms) == 2  # arrays are not compared


def test_a_name_is_no_file_by_accident(tmp_path, monkeypatch):
    (tmp_path / "calm").write_text("a shopping list")
    monkeypatch.chdir(tmp_path)
    assert Style.of("calm").terms[0].kind == "style"


def test_saved_and_loaded(tmp_path):
    style = Style.mix(
        [("calm", 0.5), ("token:3", -0.5), ("clip:a.wav", 0.25), (Style.from_vector([1.0, 2.0], "abc-def"), 0.25)],
        name="mine",
    )
    path = style.save(tmp_path / "mine.json")
    again = Style.load(path)
    assert again.terms == style.terms and again.name == "mine"
    assert again.terms[-1].checkpoint == "abc-def"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.json"]
    with pytest.raises(StyleError, match="a clip in memory cannot be written to JSON.*fix_style"):
        Style.from_clip({"array": [0.0], "sampling_rate": 1}).save(path)
    with pytest.raises(OSError, match="cannot be written: No such file"):
        style.save(tmp_path / "no" / "folder.json")
    with pytest.raises(OSError, match="cannot be read: No such file"):
        Style.load(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON file"),
        ("[]", "holds a list, not a style"),
        ("{}", "needs 'terms', a list"),
        ('{"terms": [{"token": 3, "style": "calm"}]}', "term 0 .* must have one of"),
        ('{"terms": [{"token": "3"}]}', "whole number"),
        ('{"terms": [{"token": 3, "loud": 1}]}', "term 0"),
        ('{"terms": [3]}', "term 0"),
        ('{"terms": [{"style": ""}]}', "must be a name or path"),
        ('{"terms": [{"token": 3, "weight": NaN}]}', "finite number"),
        ('{"terms": [{"token": 3, "weight": "x"}]}', "must be a number, got 'x'"),
        ('{"terms": [{"vector": "x"}]}', "must be numbers"),
        ('{"terms": [], "format_version": 99}', "reads up to 1: update"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    path = Path(tmp_path / "style.json")
    path.write_text(content)
    with pytest.raises(StyleError, match=message):
        Style.load(path)


def test_json_is_plain(tmp_path):
    values = json.loads(Style.parse("token:3*0.7").save(tmp_path / "style.json").read_text())
    assert values == {"format_version": 1, "name": None, "terms": [{"token": 3, "weight": 0.7}]}
