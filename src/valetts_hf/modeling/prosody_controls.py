"""Direction by number: what rate, pitch shift and range, energy shift and pauses do to durations, pitch and gain.

Explicit durations, pitch and energy as in FastSpeech 2 (arXiv 2006.04558) make speech steerable; these are the pure functions
that steer. Energy is steered by a gain on the decoded waveform rather than through the prior: the prior follows energy
only in part, a gain is obeyed exactly. B batch, T tokens, F frames, S samples, N contours, K points of one.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

from .lengths import expand_tokens, round_durations
from .prosody_predictor import PITCH_LIMITS


SEMITONE = math.log(2) / 12
_NEUTRAL = (1.0, 0.0, 1.0, 0.0)
_EDGE_WEIGHTS = (1.0, 2.0, 3.0, 2.0, 1.0)  # frames over which a step between tokens is spread: about 50 ms
LEAST_SOUND_SECONDS = 0.043  # of a sound that fast speech leaves as it is
_LEAST_PAUSE_FRAMES = 3  # a shorter pause holds nothing but the sound dying away
# Inside of a pause the room goes on, ever softer: steeply over the first frames from each edge (21 ms), then slowly, so that
# only a long pause becomes silent. A gate that shuts at once leaves a hole in the noise of the recording's room.
_PAUSE_EDGE_FRAMES, _PAUSE_EDGE_DB, _PAUSE_DECAY_DB, _PAUSE_SILENT_DB = 2.0, 6.0, 1.0, -60.0


@dataclass(frozen=True)
class TokenControls:
    """How each token is said, all [B, T], float32: factor, semitones, factor, dB."""

    speaking_rate: torch.Tensor
    pitch_shift: torch.Tensor
    pitch_range: torch.Tensor
    energy_shift: torch.Tensor

    @classmethod
    def combined(
        cls,
        mask: torch.Tensor,
        speaking_rate: float | torch.Tensor = 1.0,
        pitch_shift: float | torch.Tensor = 0.0,
        pitch_range: float | torch.Tensor = 1.0,
        energy_shift: float | torch.Tensor = 0.0,
        deliveries: torch.Tensor | None = None,
    ) -> "TokenControls":
        """The numbers of a call (each a number, [B] or [B, T]) and what the text itself asks for, [B, T, 4], together.

        Padding, where `mask` [B, T] is false, may hold anything in `deliveries`.

        Raises:
            ValueError: a value that is not finite or out of range, or a shape that does not fit.
        """
        shape, device = tuple(mask.shape), mask.device
        own: tuple = _NEUTRAL
        if deliveries is not None:
            if tuple(deliveries.shape) != (*shape, 4):
                raise ValueError(f"deliveries must be {[*shape, 4]} (batch, tokens, 4), got {list(deliveries.shape)}")
            deliveries = deliveries.to(device, torch.float32)
            own = torch.where(mask[..., None], deliveries, deliveries.new_tensor(_NEUTRAL)).unbind(dim=-1)
        return cls(
            per_token("speaking_rate", speaking_rate, shape, device, above=0.0)
            * per_token("speaking_rate of deliveries", own[0], shape, device, above=0.0),
            per_token("pitch_shift", pitch_shift, shape, device)
            + per_token("pitch_shift of deliveries", own[1], shape, device),
            per_token("pitch_range", pitch_range, shape, device, least=0.0)
            * per_token("pitch_range of deliveries", own[2], shape, device, least=0.0),
            per_token("energy_shift", energy_shift, shape, device)
            + per_token("energy_shift of deliveries", own[3], shape, device),
        )


def per_token(
    name: str,
    value: float | torch.Tensor,
    shape: tuple[int, int],
    device: torch.device,
    above: float | None = None,
    least: float | None = None,
) -> torch.Tensor:
    """A number, one per row [B] or one per token [B, T] as [B, T], float32.

    Raises:
        ValueError: a shape that does not fit, a value that is not finite, not greater than `above` or less than `least`.
    """
    values = torch.as_tensor(value, dtype=torch.float32, device=device)
    if values.dim() > 0 and tuple(values.shape) not in ((shape[0],), shape):
        raise ValueError(
            f"{name} must be a number, one per row [{shape[0]}] or one per token {list(shape)}, got {list(values.shape)}"
        )
    bad = ~torch.isfinite(values)
    wanted = "a finite number"
    if above is not None:
        bad, wanted = bad | (values <= above), f"greater than {above:g}"
    elif least is not None:
        bad, wanted = bad | (values < least), f"{least:g} or more"
    if bool(bad.any()):
        raise ValueError(f"{name} must be {wanted}, got {float(values[bad][0]):g}")
    return (values[:, None] if values.dim() == 1 else values).expand(shape)


def checked_pauses(pauses: torch.Tensor | None, shape: tuple[int, int], device: torch.device) -> torch.Tensor | None:
    """Seconds of silence that tokens last, [B, T], NaN for what the model decides.

    Raises:
        ValueError: another shape, or a negative or infinite pause.
    """
    if pauses is None:
        return None
    pauses = torch.as_tensor(pauses, dtype=torch.float32, device=device)
    if tuple(pauses.shape) != shape:
        raise ValueError(
            f"pauses must have one value per token, {list(shape)} (NaN: as predicted), got {list(pauses.shape)}"
        )
    bad = (pauses < 0) | torch.isinf(pauses)
    if bool(bad.any()):
        raise ValueError(
            f"pauses must be 0 seconds or more, or NaN for the predicted ones, got {float(pauses[bad][0]):g}"
        )
    return pauses


def directed_durations(
    log_durations: torch.Tensor,
    mask: torch.Tensor,
    speaking_rate: torch.Tensor,
    pauses: torch.Tensor | None,
    frame_rate: float,
) -> torch.Tensor:
    """Whole frames per token [B, T] of predicted log durations [B, T], sped up, with the pauses asked for.

    Raises:
        ValueError: nothing is left of a row.
    """
    least = LEAST_SOUND_SECONDS * frame_rate
    if pauses is None:
        return round_durations(paced_durations(log_durations.exp(), mask, speaking_rate, least), mask)
    asked = ~torch.isnan(pauses)
    durations = paced_durations(log_durations.exp(), mask & ~asked, speaking_rate, least)
    durations = round_durations(torch.where(asked, pauses * frame_rate, durations), mask, may_vanish=asked)
    refuse_empty_rows(durations)
    return durations


def paced_durations(
    durations: torch.Tensor, counted: torch.Tensor, speaking_rate: torch.Tensor, least: float
) -> torch.Tensor:
    """Durations at other speaking rates: what is sped up loses of its long sounds and pauses first.

    As Klatt found (J. Acoust. Soc. Am. 59, 1208, 1976), a sound has a part that cannot be shortened; people who speak fast
    leave consonants nearly as they are. So only what is beyond `least` shrinks, by up to the square of the rate; if that is
    not enough, the rest shrinks with it. Tokens in a row of one rate last together exactly what it says. Slower speech is stretched evenly.

    Args:
        durations (`torch.Tensor` [B, T]): frames at rate 1.
        counted (`torch.Tensor` [B, T], bool): tokens that share the time; the others are divided by their rate.
        speaking_rate (`torch.Tensor` [B, T]): greater than 0.
        least (`float`): frames.

    Returns:
        `torch.Tensor` [B, T], real-valued frames.
    """
    rate = speaking_rate.double()
    changes = nn.functional.pad(rate[:, 1:] != rate[:, :-1], (1, 0))
    stretch = torch.cumsum(changes.long(), dim=1)  # tokens in a row of one rate have one number

    def together(values: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(values).scatter_add(1, stretch, values).gather(1, stretch)

    own = durations.double() * counted
    firm = own.clamp(max=least)
    loose = own - firm
    all_firm, all_loose = together(firm), together(loose)
    wanted = (all_firm + all_loose) / rate
    share = torch.maximum((wanted - all_firm) / all_loose.clamp(min=1e-6), rate**-2)
    left = (wanted - share * all_loose) / all_firm.clamp(min=1e-6)
    faster = (firm * left + loose * share).to(durations.dtype)
    return torch.where(counted & (speaking_rate > 1), faster, durations / speaking_rate)


def refuse_empty_rows(durations: torch.Tensor) -> None:
    """Every row of durations [B, T] has a frame.

    Raises:
        ValueError: nothing is left of a row.
    """
    if not bool(durations.any(dim=1).all()):
        raise ValueError("pauses of 0 seconds leave nothing of a row: leave its words to the model (NaN)")


def over_frames(
    values: torch.Tensor, index: torch.Tensor, frame_mask: torch.Tensor, extra: torch.Tensor | float = 0.0
) -> torch.Tensor:
    """Values of tokens [B, T] over frames [B, F], and `extra` ones of frames; steps are spread, a constant stays itself."""
    return smoothed(expand_tokens(values[..., None], index)[..., 0] + extra, frame_mask, _EDGE_WEIGHTS)


def smoothed(values: torch.Tensor, frame_mask: torch.Tensor, weights: tuple[float, ...]) -> torch.Tensor:
    """Weighted mean over neighbouring valid frames, [B, F] -> [B, F]; where they are all equal, exactly their value."""
    kernel = values.new_tensor(weights)[None, None]
    valid = frame_mask.to(values.dtype)

    def local_sum(signal: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv1d(signal[:, None], kernel, padding=len(weights) // 2)[:, 0]

    deviation = local_sum((values - values[:, :1]) * valid) / local_sum(valid).clamp(min=1e-6)
    return values[:, :1] + deviation


def contour_over_frames(
    contours: torch.Tensor, contour_tokens: torch.Tensor | None, durations: torch.Tensor, num_frames: int
) -> torch.Tensor:
    """Pitch shifts in semitones [B, F] of curves that each lie over the duration of some tokens.

    Args:
        contours (`torch.Tensor` [B, N, K]): K >= 2 values in semitones at equal steps from beginning to end.
        contour_tokens (`torch.Tensor` [B, N, 2], integers): first token, and the token behind the last one; equal: no curve.
        durations (`torch.Tensor` [B, T]): frames per token.
        num_frames (`int`): F.

    Raises:
        ValueError: a shape that does not fit, tokens that are not there, or a value that is not finite.
    """
    batch, num_tokens = durations.shape
    if contours.dim() != 3 or len(contours) != batch or contours.shape[2] < 2:
        raise ValueError(
            f"pitch_contours must be [{batch}, contours, points] with at least 2 points, got {list(contours.shape)}"
        )
    places = [batch, contours.shape[1], 2]
    if contour_tokens is None or list(contour_tokens.shape) != places:
        got = None if contour_tokens is None else list(contour_tokens.shape)
        raise ValueError(f"contour_tokens must say over which tokens each contour lies, {places}, got {got}")
    points = contours.to(durations.device, torch.float32)
    first, last = contour_tokens.to(durations.device).unbind(dim=-1)
    if not bool(torch.isfinite(points).all()):
        raise ValueError("pitch_contours must be finite numbers of semitones, got nan or inf")
    if bool(((first < 0) | (last < first) | (last > num_tokens)).any()):
        raise ValueError(f"contour_tokens must be 0 <= first <= last <= {num_tokens}")
    ends = nn.functional.pad(torch.cumsum(durations, dim=1), (1, 0))  # [B, T + 1]
    begin, end = ends.gather(1, first)[..., None], ends.gather(1, last)[..., None]  # [B, N, 1]
    frames = torch.arange(num_frames, device=durations.device)
    share = (frames + 0.5 - begin) / (end - begin).clamp(min=1)  # [B, N, F]
    inside = (frames >= begin) & (frames < end)
    place = (share.clamp(0, 1) * (points.shape[2] - 1)).clamp(max=points.shape[2] - 1 - 1e-4)
    left = place.floor().long()
    low, high = points.gather(2, left), points.gather(2, left + 1)
    return ((low + (high - low) * (place - left)) * inside).sum(dim=1)


def directed_pitch(
    pitch: torch.Tensor, frame_mask: torch.Tensor, pitch_shift: torch.Tensor, pitch_range: torch.Tensor
) -> torch.Tensor:
    """Log-F0 [B, F] (0 = unvoiced): its distance from the row's mean scaled, then moved by semitones, both [B, F]."""
    voiced = (pitch > 0) & frame_mask
    mean = voiced_mean(pitch, voiced)
    ranged = torch.where(pitch_range == 1, pitch, mean + (pitch - mean) * pitch_range)
    moved = ranged + pitch_shift * SEMITONE
    changed = voiced & (moved != pitch)
    return torch.where(changed, moved.clamp(*PITCH_LIMITS), pitch)


def recentred_pitch(pitch: torch.Tensor, frame_mask: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Log-F0 [B, F] moved so that its mean is that of `like` [B, F]: another manner at the same speaker's height."""
    voiced = (pitch > 0) & frame_mask
    move = voiced_mean(like, (like > 0) & frame_mask) - voiced_mean(pitch, voiced)
    possible = voiced & ((like > 0) & frame_mask).any(dim=1, keepdim=True)
    return torch.where(possible, (pitch + move).clamp(*PITCH_LIMITS), pitch)


def voiced_mean(pitch: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
    """Mean [B, 1] of pitch [B, F] where `voiced` [B, F]; 0 for rows without."""
    return (pitch * voiced).sum(dim=1, keepdim=True) / voiced.sum(dim=1, keepdim=True).clamp(min=1)


def frame_gain(
    energy_shift: torch.Tensor,
    pauses: torch.Tensor | None,
    durations: torch.Tensor,
    index: torch.Tensor,
    frame_mask: torch.Tensor,
) -> torch.Tensor | None:
    """Factors [B, F] on the waveform: dB per token [B, T], softer where a pause was asked for; None if all are 1."""
    paused = None if pauses is None else ~torch.isnan(pauses) & (durations >= _LEAST_PAUSE_FRAMES)
    if not bool(energy_shift.any()) and (paused is None or not bool(paused.any())):
        return None
    gain = torch.pow(10.0, over_frames(energy_shift, index, frame_mask) / 20)
    if paused is not None:
        gain = gain * pause_gain(expand_tokens(paused.float()[..., None], index)[..., 0] > 0)
    return gain


def pause_gain(paused: torch.Tensor) -> torch.Tensor:
    """Factors [B, F] that fade pauses, True in `paused` [B, F], out from their first frame and in to their last; 1 elsewhere."""
    frames = torch.arange(paused.shape[1], device=paused.device, dtype=torch.float32).expand(paused.shape)
    far = float(paused.shape[1] + 1e6)
    before = torch.where(paused, frames.new_tensor(-far), frames).cummax(dim=1).values
    behind = torch.where(paused, frames.new_tensor(far), frames).flip(1).cummin(dim=1).values.flip(1)
    depth = torch.minimum(frames - before, behind - frames) - 0.5  # of the frame's centre, in frames
    decibels = _PAUSE_EDGE_DB * depth.clamp(max=_PAUSE_EDGE_FRAMES) + _PAUSE_DECAY_DB * (
        depth - _PAUSE_EDGE_FRAMES
    ).clamp(min=0)
    factors = torch.pow(10.0, -decibels / 20) * (-decibels > _PAUSE_SILENT_DB)
    return torch.where(paused, factors, torch.ones_like(factors))


def sample_gain(gain: torch.Tensor, hop_length: int) -> torch.Tensor:
    """Factors over frames [B, F] -> over samples [B, F * hop_length], linear between the centres of frames."""
    return nn.functional.interpolate(gain[:, None].float(), scale_factor=hop_length, mode="linear")[:, 0]
