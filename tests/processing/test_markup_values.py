"""Values of SSML attributes as numbers."""

from __future__ import annotations

import pytest

from valetts_hf.processing import markup_values as values


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (values.parse_time, "500ms", 0.5),
        (values.parse_time, " .5S ", 0.5),
        (values.parse_time, "0s", 0.0),
        (values.parse_rate, "x-slow", 0.5),
        (values.parse_rate, "120%", 1.2),
        (values.parse_rate, "+20%", 1.2),
        (values.parse_rate, "-20%", 0.8),
        (values.parse_rate, "1.5", 1.5),
        (values.parse_range, "x-high", 2.0),
        (values.parse_range, "0%", 0.0),
        (values.parse_pitch, "x-low", -6.0),
        (values.parse_pitch, "+2st", 2.0),
        (values.parse_pitch, "-1.5ST", -1.5),
        (values.parse_pitch, "+100%", 12.0),
        (values.parse_pitch, "50%", -12.0),
        (values.parse_pitch, "+165Hz", 12.0),
        (values.parse_pitch, "-82.5hz", -12.0),
        (values.parse_volume, "silent", -20.0),
        (values.parse_volume, "+6dB", 6.0),
        (values.parse_volume, "10", -20.0),
        (values.parse_volume, "100", 0.0),
        (values.parse_volume, "0", -20.0),
        (values.parse_volume, "-90%", -20.0),
        (values.parse_volume, "+100%", 6.0206),
    ],
)
def test_numbers(parse, text, number):
    assert parse(text) == pytest.approx(number, abs=1e-4)


def test_names_are_ordered():
    for table in (values.RATES, values.PITCHES, values.RANGES, values.VOLUMES, values.STRENGTHS):
        named = [value for name, value in table.items() if name != "default"]
        assert named == sorted(named)


def test_contour():
    assert values.parse_contour("(0%,+2st), (50% , -50%)\n(100%,low)") == ((0.0, 2.0), (0.5, -12.0), (1.0, -3.0))
