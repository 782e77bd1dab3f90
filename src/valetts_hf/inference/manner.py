"""How a call speaks: the numbers that hold for all of its text, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from valetts_hf.processing.directed_text import Delivery, check_number
from valetts_hf.processing.pause_prediction import check_pauses


NOISE_SCALES = (0.0, 2.0)
PAUSE_SCALES = (0.0, 5.0)


class MannerArguments(TypedDict, total=False):
    """The arguments of a call that say how to speak; see `ValeTTS.__call__`."""

    speaking_rate: float
    pitch_shift: float
    pitch_range: float
    energy_shift: float
    pause_scale: float
    pauses: str
    noise_scale: float | None


@dataclass(frozen=True)
class Manner:
    """How a call speaks.

    Args:
        delivery ([`Delivery`]): of all of the text, around what the text itself asks for.
        pause_scale (`float`): 0 to 5, factor on the pauses that the text does not ask for itself.
        pauses (`str`): "model" pauses within a sentence where readers would, "text" only as its punctuation suggests.
        noise_scale (`float`, *optional*): 0 to 2, standard deviation of the prior's noise.
    """

    delivery: Delivery = Delivery()
    pause_scale: float = 1.0
    noise_scale: float | None = None
    pauses: str = "model"

    def __post_init__(self) -> None:
        scale = check_number("pause_scale", self.pause_scale, PAUSE_SCALES, "1.0 changes nothing, 0 leaves pauses out")
        object.__setattr__(self, "pause_scale", scale)
        check_pauses(self.pauses)
        if self.noise_scale is not None:
            noise = check_number("noise_scale", self.noise_scale, NOISE_SCALES, "None is the checkpoint's own")
            object.__setattr__(self, "noise_scale", noise)

    @classmethod
    def of(cls, **arguments: Any) -> Manner:
        """The manner of the arguments of a call, [`MannerArguments`].

        Raises:
            `TypeError`: no number, or an argument that no call has. `ValueError`: out of range.
        """
        known = MannerArguments.__annotations__
        if unknown := sorted(set(arguments) - set(known)):
            raise TypeError(f"unknown argument {unknown[0]!r}: how to speak is said by {', '.join(known)}.")
        delivery: dict[str, Any] = {
            name: value for name, value in arguments.items() if name in Delivery.__dataclass_fields__
        }
        rest: dict[str, Any] = {name: value for name, value in arguments.items() if name not in delivery}
        return cls(Delivery(**delivery), **rest)
