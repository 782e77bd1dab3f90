"""The options that direct all of a text, or of all texts: what the SDK's calls take as numbers."""

from __future__ import annotations

import argparse
from typing import Any

from valetts_hf.commands.common import number


def add_direction_arguments(parser: Any) -> None:
    """`--speaking-rate`, `--pitch-shift`, ...: read them back with [`direction_arguments`]."""
    parser.add_argument(
        "--speaking-rate", type=number, default=1.0, metavar="X", help="1.25 is a quarter faster (default: 1)"
    )
    parser.add_argument(
        "--pitch-shift",
        type=number,
        default=0.0,
        metavar="SEMITONES",
        help="-24 to 24; 12 is an octave higher (default: 0)",
    )
    parser.add_argument(
        "--pitch-range",
        type=number,
        default=1.0,
        metavar="X",
        help="0 to 4; above 1 livelier, 0 monotone (default: 1)",
    )
    parser.add_argument(
        "--energy-shift",
        type=number,
        default=0.0,
        metavar="DB",
        help="-20 to 20; 6 is twice the amplitude (default: 0)",
    )
    parser.add_argument(
        "--pause-scale", type=number, default=1.0, metavar="X", help="factor on pauses, 0 to 5 (default: 1)"
    )
    parser.add_argument(
        "--pauses",
        choices=("model", "text"),
        default="model",
        help="model also pauses where a reader would, text only where the punctuation suggests it (default: model)",
    )
    parser.add_argument(
        "--noise-scale", type=number, metavar="X", help="variety of the delivery; 0 is the same every time"
    )


def direction_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """What they say, as arguments of the SDK."""
    names = ("speaking_rate", "pitch_shift", "pitch_range", "energy_shift", "pause_scale", "pauses", "noise_scale")
    return {name: getattr(args, name) for name in names}
