"""One list of arguments for two methods: a wrapper says whose arguments it takes instead of repeating them."""

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def takes_arguments_of(
    source: Callable[Concatenate[Any, Arguments], Any],
) -> Callable[[Callable[..., Result]], Callable[Concatenate[Any, Arguments], Result]]:
    """Decorate a method that hands its arguments on to `source`, so that type checkers, `help` and `inspect` know them."""

    def decorate(method: Callable[..., Result]) -> Callable[Concatenate[Any, Arguments], Result]:
        own = inspect.signature(method)
        taken = inspect.signature(source)
        method.__signature__ = taken.replace(return_annotation=own.return_annotation)  # type: ignore[attr-defined]
        return method

    return decorate
