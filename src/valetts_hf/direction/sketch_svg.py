"""The lines of an SVG as a sketch: `path`, `polyline` and `line` elements, in the order of the document.

Read by the same parser as SSML (no document types, no entities, no references, bounded in size and depth). Curves are
flattened; elliptical arcs are taken as straight lines. Transformations are refused rather than ignored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.direction.sketch import Sketch, SketchWord
from valetts_hf.direction.sketch_curve import MAX_POINTS, SketchError
from valetts_hf.direction.sketch_strokes import Box, sketch_of_strokes
from valetts_hf.processing.markup_reading import MAX_BYTES, MarkupError, Source, Tag, read_markup


_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TOKEN = re.compile(rf"[MmLlHhVvCcSsQqTtAaZz]|{_NUMBER.pattern}")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_CURVE_POINTS = 24
_HIDDEN = {"defs", "clipPath", "mask", "symbol", "marker", "pattern"}


def sketch_of_svg(
    source: Any,
    curve: str = "pitch",
    box: Box | None = None,
    pitch_range: tuple[float, float] | None = None,
    energy_range: tuple[float, float] | None = None,
    words: Sequence[SketchWord] = (),
) -> Sketch:
    """A sketch of an SVG.

    Args:
        source: path, or the SVG itself as `str` or `bytes` beginning with "<". Elements whose `id` or `class` is "energy" or
            "pitch" belong to that curve, all others to `curve`.
        curve (`str`): "pitch" or "energy".
        box (`tuple`, *optional*): (left, top, right, bottom) of the drawing; default: its `viewBox`, else its width and
            height.
        pitch_range, energy_range, words: as in `from_strokes`.

    Raises:
        SketchError: no SVG, no lines in it, no box, a transformation, or a path that cannot be read.
        FileNotFoundError: no such file.
    """
    if curve not in ("pitch", "energy"):
        raise SketchError(f"curve is 'pitch' or 'energy', got {curve!r}.")
    text = _text_of(source)
    try:
        tags = [event for event in read_markup(Source(text)) if isinstance(event, Tag)]
    except MarkupError as error:
        raise SketchError(
            f"the SVG cannot be read, line {error.line}, column {error.column}: {error.problem}"
        ) from error
    strokes: dict[str, list[np.ndarray]] = {"pitch": [], "energy": []}
    found_box, hidden = None, 0
    for tag in tags:
        name = tag.name.rpartition(":")[2]
        if name in _HIDDEN:
            hidden += -1 if tag.closes else 1
        if tag.closes or hidden:
            continue
        if name == "svg" and found_box is None:
            found_box = _box_of(tag.attributes)
        if "transform" in tag.attributes:
            raise SketchError(f"<{name}> has a transformation, which is not read: apply it in the drawing program.")
        line = _lines_of(name, tag.attributes)
        own = {tag.attributes.get("id"), *tag.attributes.get("class", "").split()}
        target = next((kind for kind in ("pitch", "energy") if kind in own), curve)
        strokes[target].extend(line)
    if not any(strokes.values()):
        raise SketchError("the SVG holds no path, polyline or line.")
    box = box or found_box
    if box is None:
        raise SketchError("the SVG has neither viewBox nor width and height: name the box of the drawing.")
    return sketch_of_strokes(
        strokes["pitch"] or None, strokes["energy"] or None, box, True, pitch_range, energy_range, words
    )


def _text_of(source: Any) -> str:
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str) and source.lstrip().startswith("<"):
        data = source.encode("utf-8", "replace")
    elif isinstance(source, (str, os.PathLike)):
        path = Path(os.path.expanduser(source))
        if path.stat().st_size > MAX_BYTES:
            raise SketchError(f"{str(path)!r} is too large for a drawing (over {MAX_BYTES / 1e6:g} MB).")
        data = path.read_bytes()
    else:
        raise SketchError(f"an SVG is a path, str or bytes, got {type(source).__name__}.")
    text = data.decode("utf-8-sig", "replace")
    if not text.lstrip().startswith("<"):
        raise SketchError(f"this is no SVG: it begins with {text.lstrip()[:20]!r}.")
    return text


def _box_of(attributes: dict[str, str]) -> Box | None:
    numbers = [float(number) for number in _NUMBER.findall(attributes.get("viewBox", ""))]
    if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0:
        return numbers[0], numbers[1], numbers[0] + numbers[2], numbers[1] + numbers[3]
    sizes = [_NUMBER.match(attributes.get(name, "").strip()) for name in ("width", "height")]
    if all(sizes) and not any("%" in attributes[name] for name in ("width", "height")):
        width, height = (float(size[0]) for size in sizes if size)
        return (0.0, 0.0, width, height) if width > 0 and height > 0 else None
    return None


def _lines_of(name: str, attributes: dict[str, str]) -> list[np.ndarray]:
    if name in ("polyline", "polygon"):
        numbers = [float(number) for number in _NUMBER.findall(attributes.get("points", ""))]
        if len(numbers) % 2:
            raise SketchError(f"the points of a <{name}> are {len(numbers)} numbers: one is missing.")
        return [np.array(numbers).reshape(-1, 2)] if numbers else []
    if name == "line":
        try:
            ends = [float(attributes.get(key, "0")) for key in ("x1", "y1", "x2", "y2")]
        except ValueError as error:
            raise SketchError(f"a <line> has numbers for x1, y1, x2 and y2: {error}.") from error
        return [np.array(ends).reshape(2, 2)]
    return path_lines(attributes.get("d", "")) if name == "path" else []


def path_lines(data: str) -> list[np.ndarray]:
    """The sub-paths of path data as lists of points, each [N, 2].

    Raises:
        SketchError: something that is no path data, or a command without its numbers.
    """
    rest = _TOKEN.sub("", data).strip(" ,\t\r\n")
    if rest:
        raise SketchError(f"the path has {rest[:20]!r} in it, which is no path command.")
    tokens = _TOKEN.findall(data)
    lines: list[list[np.ndarray]] = []
    point = start = np.zeros(2)
    control, last = point, ""
    place = 0
    command = ""
    while place < len(tokens):
        if tokens[place].isalpha():
            command = tokens[place]
            place += 1
        elif not command:
            raise SketchError("the path does not begin with a command.")
        elif command in "Zz":
            raise SketchError("the path has numbers behind a closing Z.")
        kind, relative = command.upper(), command.islower()
        count = _ARGUMENTS[kind]
        arguments = tokens[place : place + count]
        if len(arguments) < count or any(token.isalpha() for token in arguments):
            raise SketchError(f"the path's command {command} needs {count} numbers, got {arguments}.")
        place += count
        numbers = np.array([float(token) for token in arguments])
        if kind == "Z":
            lines[-1].append(start) if lines else None
            point, last = start, kind
            continue
        if kind in "HV":
            numbers = _axis_point(kind, float(numbers[0]), point, relative)
        elif kind == "A":
            numbers = numbers[5:] + (point if relative else 0)
        elif relative:
            numbers = numbers + np.tile(point, count // 2)
        corners = numbers.reshape(-1, 2)
        if kind == "M" or not lines:
            lines.append([point if kind != "M" else corners[-1]])
        if kind == "M":
            start = corners[-1]
            command = "l" if relative else "L"  # further pairs are lines
        elif kind in "CSQT":
            if kind in "ST":  # the control point of the curve before, mirrored
                smooth = last in ("CS" if kind == "S" else "QT")
                corners = np.vstack([2 * point - control if smooth else point, corners])
            lines[-1].extend(_bezier(np.vstack([point, corners])))
            control = corners[-2]
        else:
            lines[-1].append(corners[-1])
        point, last = corners[-1], kind
        if sum(map(len, lines)) > MAX_POINTS:
            raise SketchError(f"the path has more than {MAX_POINTS} points: simplify it.")
    return [np.array(line) for line in lines if len(line) > 1]


def _axis_point(kind: str, value: float, point: np.ndarray, relative: bool) -> np.ndarray:
    axis = 0 if kind == "H" else 1
    moved = point.copy()
    moved[axis] = value + (point[axis] if relative else 0)
    return moved


def _bezier(corners: np.ndarray) -> np.ndarray:
    """Points [24, 2] of a Bezier curve with 3 or 4 corners, without the first."""
    share = np.linspace(0, 1, _CURVE_POINTS + 1)[1:, None]
    while len(corners) > 1:  # de Casteljau, for all points at once
        if corners.ndim == 2:
            corners = corners[:, None].repeat(len(share), axis=1)
        corners = corners[:-1] + (corners[1:] - corners[:-1]) * share
    return corners[0]
