"""Settings as YAML files and callers write them: converted once to what they are declared as, refused by their name."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_args, get_origin, get_type_hints


_RULES: dict[str, Callable[[Any], bool]] = {
    "at least 0": lambda value: value >= 0,
    "at least 1": lambda value: value >= 1,
    "greater than 0": lambda value: value > 0,
    "in [0, 1]": lambda value: 0 <= value <= 1,
    "in [0, 1)": lambda value: 0 <= value < 1,
    "in (0, 1]": lambda value: 0 < value <= 1,
}


def as_number(name: str, value: Any, kind: type) -> Any:
    """`value` as a finite number; YAML reads 1e-3 without a point as text.

    Args:
        name (`str`): what errors call the setting, such as "recipe: learning_rate".
        value: a number, or a text of one.
        kind (`type`): `int` or `float`.

    Raises:
        ValueError: `value` is not a number of this kind.
    """
    try:
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number) or (kind is int and number != int(number)):
            raise ValueError
        return kind(number)
    except (TypeError, ValueError, OverflowError):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} must be {wanted}, got {value!r}") from None


def convert_settings(settings: Any, owner: str) -> None:
    """Convert the fields of a dataclass to what they are declared as, in place: numbers above all, also within mappings.

    A single text may stand for a list of texts. Fields of several kinds (`bool | str`, `Any`) are left alone.

    Args:
        settings: a dataclass.
        owner (`str`): what errors begin with, such as "recipe".

    Raises:
        ValueError: naming the first field that is not of its kind.
    """
    for name, kind in get_type_hints(type(settings)).items():
        setattr(settings, name, _converted(f"{owner}: {name}", getattr(settings, name), kind))


def _converted(name: str, value: Any, kind: Any) -> Any:
    container, inner = get_origin(kind), get_args(kind)
    if kind in (int, float):
        return as_number(name, value, kind)
    if kind is bool and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {value!r}")
    if kind is str and not isinstance(value, str):
        hint = ' (write "no" and "yes" in quotes)' if isinstance(value, bool) else ""
        raise ValueError(f"{name} must be a text, got {value!r}{hint}")
    if container is list:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, (list, tuple)):
            raise ValueError(f"{name} must be a list, got {value!r}")
        return [_converted(name, item, inner[0]) for item in values]
    if container is tuple:
        if not isinstance(value, (list, tuple)) or len(value) != len(inner):
            raise ValueError(f"{name} must be a list of {len(inner)}, got {value!r}")
        return tuple(_converted(name, item, kind) for item, kind in zip(value, inner, strict=True))
    if container is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} must be a mapping, got {value!r}")
        return {key: _converted(f"{name}.{key}", item, inner[1]) for key, item in value.items()}
    return value


def check_choices(settings: Any, owner: str, choices: Mapping[str, Collection[str]]) -> None:
    """Refuse texts that are none of those to choose from.

    Args:
        settings: an object with the texts.
        owner (`str`): what errors begin with, such as "recipe".
        choices (mapping): of fields to what they may be.

    Raises:
        ValueError: naming the field, the choices and the value.
    """
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise ValueError(f"{owner}: {name} must be one of {', '.join(known)}, got {getattr(settings, name)!r}")


def check_ranges(settings: Any, owner: str, ranges: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse numbers out of their range.

    Args:
        settings: an object with the numbers.
        owner (`str`): what errors begin with, such as "recipe".
        ranges (mapping): of a rule, one of "at least 0", "at least 1", "greater than 0", "in [0, 1]", "in [0, 1)" and
            "in (0, 1]", to the fields that it holds for.

    Raises:
        ValueError: naming the field, the rule and the value.
    """
    for rule, names in ranges.items():
        for name in names:
            if not _RULES[rule](getattr(settings, name)):
                raise ValueError(f"{owner}: {name} must be {rule}, got {getattr(settings, name)}")
