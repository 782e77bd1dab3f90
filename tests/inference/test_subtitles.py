"""Subtitles: readable lines, cuts at sense and silence, times that never overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.inference.speech import Word
from valetts_hf.inference.subtitles import LINE, LINES, LONGEST_CUE, clock, subtitle_cues


def spoken(text: str, step: float = 0.3, pauses: dict[str, float] | None = None) -> list[Word]:
    """Words that take `step` seconds each, with a pause behind some of them."""
    words, time = [], 0.0
    for word in text.split():
        words.append(Word(word, time, time + step))
        time += step + (pauses or {}).get(word, 0.0)
    return words


def lines(words: list[Word]) -> list[tuple[str, ...]]:
    return [cue.lines for cue in subtitle_cues(words)]


def test_a_short_sentence_is_one_line():
    assert lines(spoken("The ferry leaves at seven.")) == [("The ferry leaves at seven.",)]
    assert subtitle_cues([]) == []


def test_two_lines_are_about_equal():
    (cue,) = lines(spoken("The ferry leaves the harbour at seven in the morning."))
    assert cue == ("The ferry leaves the harbour", "at seven in the morning.")


def test_sentences_and_silences_end_a_cue():
    text = "The ferry leaves the harbour. It is late again today."
    assert [cue[0] for cue in lines(spoken(text))] == ["The ferry leaves the harbour.", "It is late again today."]
    assert lines(spoken("Yes. No. Maybe so.")) == [("Yes. No. Maybe so.",)], "short ones share a cue"
    assert lines(spoken("well then we", pauses={"then": 0.8})) == [("well then",), ("we",)]
    assert lines(spoken("well then we", step=0.9)) == [("well then we",)], "a slow word is no silence"


def test_an_abbreviation_ends_no_cue():
    (cue,) = lines(spoken("The visitor was introduced as Mr. Brown, who lives in St. James Street.", 0.2))
    assert cue == ("The visitor was introduced as Mr.", "Brown, who lives in St. James Street.")
    words = spoken("The man who came to see the old house was a certain Mr. Brown of the railway company in town", 0.2)
    assert not any(" ".join(cue).endswith("Mr.") for cue in lines(words))


def test_a_full_cue_is_cut_at_a_clause():
    words = spoken(
        "when the rain had finally stopped falling on the town, the children ran out to the garden to play again", 0.2
    )
    first, second = lines(words)
    assert " ".join(first).endswith("town,") and second[0].startswith("the children")


def test_long_cues_are_cut_by_time():
    cues = subtitle_cues(spoken("one two three four five six seven eight", step=1.4))
    assert len(cues) > 1 and all(cue.end - cue.start <= 1000 * LONGEST_CUE for cue in cues)
    assert lines(spoken("Please go home. And stay there.", step=1.4)) == [("Please go home.",), ("And stay there.",)]


def test_very_long_words_are_cut():
    (word,) = [Word("a" * 100, 0.0, 3.0)]
    cues = subtitle_cues([word])
    assert "".join(line for cue in cues for line in cue.lines) == "a" * 100
    assert all(len(line) <= LINE for cue in cues for line in cue.lines)


def test_clock():
    assert clock(3_723_004, ",") == "01:02:03,004" and clock(0, ".") == "00:00:00.000"


_words = st.lists(
    st.tuples(
        st.text(alphabet='abé .,!?\n"<>&-', max_size=60),
        st.floats(0, 3, allow_nan=False),
        st.floats(0, 2, allow_nan=False),
    ),
    max_size=30,
)


@given(_words)
def test_cues_fit_and_follow_each_other(parts):
    words, time = [], 0.0
    for text, length, pause in parts:
        words.append(Word(text, time, time + length))
        time += length + pause
    cues = subtitle_cues(words)
    shown = " ".join(line for cue in cues for line in cue.lines)
    assert shown.replace(" ", "") == "".join("".join(word.text.split()) for word in words)
    assert all(1 <= len(cue.lines) <= LINES and all(0 < len(line) <= LINE for line in cue.lines) for cue in cues)
    assert all(cue.start < cue.end for cue in cues)
    assert all(first.end <= second.start for first, second in zip(cues, cues[1:]))
