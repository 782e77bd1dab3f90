"""Numbers among settings, as YAML files and callers write them: converted once, refused by the name of their setting."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


_KINDS = {"int": int, "float": float}


def as_number(name: str, value: Any, kind: type) -> Any:
    """`value` as a number; YAML reads 1e-3 without a point as text.

    Args:
        name (`str`): what errors call the setting, such as "recipe: learning_rate".
        value: a number, or a text of one.
        kind (`type`): `int` or `float`.

    Raises:
        ValueError: `value` is not a number of this kind.
    """
    try:
        if isinstance(value, bool) or (kind is int and float(value) != int(float(value))):
            raise ValueError
        return kind(float(value))
    except (TypeError, ValueError, OverflowError):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} must be {wanted}, got {value!r}") from None


def convert_numbers(settings: Any, owner: str) -> None:
    """Convert the fields of a dataclass that are declared as `int` or `float`, in place.

    Args:
        settings: a dataclass.
        owner (`str`): what errors begin with, such as "recipe".

    Raises:
        ValueError: naming the first field that is not such a number.
    """
    for item in fields(settings):
        kind = _KINDS.get(getattr(item.type, "__name__", item.type))
        if kind is not None:
            setattr(settings, item.name, as_number(f"{owner}: {item.name}", getattr(settings, item.name), kind))
