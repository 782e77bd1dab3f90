"""Adapters of a voice: named PEFT presets, and switching between attached adapters without reloading the model.

LoRA (arXiv 2106.09685), DoRA (arXiv 2402.09353), LoHa (FedPara, arXiv 2108.06098) and IA3 (arXiv 2205.05638) as the
PEFT library has them, on attention, style-adaptive normalisation and convolutions. What only training uses (posterior
encoder) and what the stored style replaces (style encoder) stays as it is.

Adapters are never merged: PEFT merges into the computed weight of a weight-normalised convolution, which is computed
anew from its parametrisation at the next call, so the merged adapter is lost without a word. They may be attached before
or after `model.fuse_weight_norm()`. B batch.
"""

from __future__ import annotations

import hashlib
import re
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from valetts_hf.voices.errors import VoiceMismatchError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.quiet_warnings import caught_warnings


if TYPE_CHECKING:
    from peft import PeftConfig


METHODS = ("lora", "dora", "loha", "ia3")
CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
STORED_DTYPE = torch.float16
_BASE = "__base__"  # PEFT's word for "no adapter" in a mixed batch

_AFFINE = r"(.*norm|.*norms\.\d+|(decoder\.)?color)\.affine|.*style_projection"
_ATTENTION = r".*attention\.[qkvo]_proj"
_POINTWISE = r".*blocks\.\d+\.(up|down)|decoder\.head"
_CONVOLUTIONS = (
    r".*layers\.\d+\.(up|down)|.*transformer\.\d+\.(up|down)|.*convolutions\.(inputs|outputs)\.\d+|"
    r".*stack\.input|duration_predictor\.convolutions\.\d+"
)
_HEARD = r"(decoder|frame_prior|prosody_predictor)"


@dataclass(frozen=True)
class AdapterPreset:
    """What an adapter changes and how much it may.

    Args:
        rank (`int`): rank of LoRA and DoRA; LoHa takes half of it (its product has the square of its rank).
        alpha (`float`): the update is scaled by alpha / rank.
        target_modules (`str`): regular expression over module names of [`ValeTTSModel`] ("text_encoder.layers.0...") and
            of the decoder ("decoder...").
    """

    rank: int
    alpha: float
    target_modules: str


PRESETS: dict[str, AdapterPreset] = {
    "tiny": AdapterPreset(4, 4.0, rf"{_HEARD}\.({_AFFINE}|.*blocks\.\d+\.(up|down))|decoder\.head"),
    "default": AdapterPreset(8, 8.0, "|".join((_AFFINE, _ATTENTION, _POINTWISE, _CONVOLUTIONS))),
    "max": AdapterPreset(32, 32.0, "|".join((_AFFINE, _ATTENTION, _POINTWISE, _CONVOLUTIONS))),
}
_NOT_IN_A_VOICE = r"(?!(model\.)?(posterior|style)_encoder)"


class AdapterError(VoiceMismatchError):
    """An adapter that cannot be attached to this model: another size, another method, another checkpoint."""


def _peft() -> ModuleType:
    try:
        import peft
    except ImportError as error:
        raise ImportError(
            f"voices with an adapter need PEFT ({error}): pip install 'valetts-hf[adapters]', or use voice.without_adapter()"
        ) from error
    return peft


def adapter_config(preset: str = "default", model: nn.Module | None = None, method: str = "lora") -> PeftConfig:
    """The PEFT configuration of a preset.

    Args:
        preset (`str`): "tiny", "default" or "max".
        model (*optional*): the model it is meant for; its origin is written into the configuration.
        method (`str`): "lora", "dora", "loha" or "ia3".

    Returns:
        `PeftConfig`: for [`attach_adapter`], `model.add_adapter` or `peft.get_peft_model`.

    Raises:
        `ValueError`: unknown preset or method.
        `ImportError`: PEFT is not installed.
    """
    peft = _peft()

    if preset not in PRESETS:
        raise ValueError(f"adapter preset must be one of {', '.join(PRESETS)}, got {preset!r}")
    if method not in METHODS:
        raise ValueError(f"adapter method must be one of {', '.join(METHODS)}, got {method!r}")
    chosen = PRESETS[preset]
    targets = rf"{_NOT_IN_A_VOICE}(model\.)?({chosen.target_modules})"
    if method == "ia3":  # scales activations; PEFT has it for linear layers only
        targets = rf"(?!.*(convolutions|stack\.input|(layers|transformer)\.\d+\.up)){targets}"
        config = peft.IA3Config(target_modules=targets, feedforward_modules=r"(?!)")
    elif method == "loha":
        config = peft.LoHaConfig(r=max(chosen.rank // 2, 1), alpha=max(chosen.rank // 2, 1), target_modules=targets)
    else:
        config = peft.LoraConfig(
            r=chosen.rank,
            lora_alpha=chosen.alpha,
            target_modules=targets,
            lora_dropout=0.0,
            bias="none",
            use_dora=method == "dora",
        )
    if model is not None:
        config.base_model_name_or_path = getattr(model, "name_or_path", None) or None
    return config


def attached_adapters(model: nn.Module) -> list[str]:
    """Names of the adapters the model carries."""
    return list(getattr(model, "peft_config", {})) if getattr(model, "_hf_peft_config_loaded", False) else []


def attach_adapter(model: nn.Module, config: PeftConfig, name: str) -> list[nn.Parameter]:
    """Add a fresh adapter (which changes nothing yet) and make it the active one.

    Args:
        model (`ValeTTSForSpeech`): its own parameters are frozen by this.
        config (`PeftConfig`): see [`adapter_config`].
        name (`str`): letters, digits, `_` and `-`.

    Returns:
        `list[nn.Parameter]`: the parameters of the adapter, ready to be trained.

    Raises:
        `AdapterError`: the name is taken, adapters of another method are attached, or the configuration fits no layer of
            the model. The model is as it was.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == _BASE:
        raise AdapterError(f"an adapter's name may hold letters, digits, '_' and '-', got {name!r}")
    present = attached_adapters(model)
    if name in present:
        raise AdapterError(f"the model already has an adapter {name!r}: detach it first or take another name")
    others = {model.peft_config[other].peft_type.value for other in present} - {config.peft_type.value}
    if others:
        raise AdapterError(
            f"the model carries {', '.join(sorted(others))} adapters and cannot take a {config.peft_type.value} adapter "
            "beside them: detach them with detach_adapter, or load the model once more for this voice"
        )
    base_before, active = getattr(config, "base_model_name_or_path", None), active_adapter(model)
    try:
        with _several_adapters_expected():
            model.add_adapter(config, name)
    except (ValueError, TypeError) as error:
        _forget(model, name)
        set_active(model, active)
        reason = "cannot be attached to this model"
        if "not found in the base model" in str(error):
            reason = "changes layers this model does not have"
        raise AdapterError(f"the adapter {reason}: {error}. Make or fetch the voice again") from error
    config.base_model_name_or_path = config.base_model_name_or_path or base_before
    _install_hooks(model)
    return list(adapter_parameters(model, name).values())


def detach_adapter(model: nn.Module, name: str) -> None:
    """Remove an adapter; the last one leaves the model as it was before.

    Raises:
        `AdapterError`: there is no such adapter.
    """
    _require_attached(model, name)
    active = active_adapter(model)
    _forget(model, name)
    set_active(model, active if active != name else None)


def _forget(model: nn.Module, name: str) -> None:
    """Take an adapter out of every layer that has it, also one that was attached in part; layers without any become plain."""
    others = [other for other in getattr(model, "peft_config", {}) if other != name]
    with _several_adapters_expected():
        for module_name, module in list(model.named_modules()):
            if not _is_adapted(module):
                continue
            module.delete_adapter(name)
            if not any(getattr(module, weights) for weights in module.adapter_layer_names):
                parent, _, child = module_name.rpartition(".")
                setattr(model.get_submodule(parent), child, module.get_base_layer())
    getattr(model, "peft_config", {}).pop(name, None)
    model._hf_peft_config_loaded = bool(others)


@contextmanager
def _several_adapters_expected() -> Iterator[None]:
    """Without PEFT's warnings that a model has, or loses, one of several adapters: here that is what was asked for."""
    with caught_warnings():
        warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
        warnings.filterwarnings("ignore", "Adapter .* was active which is now deleted", UserWarning)
        yield


def adapter_parameters(model: nn.Module, name: str) -> dict[str, nn.Parameter]:
    """The parameters of one adapter by their names in the model."""
    _require_attached(model, name)
    pattern = re.compile(rf"\.(lora|hada|ia3)_\w+\.{re.escape(name)}(\.|$)")
    return {key: value for key, value in model.named_parameters() if pattern.search(key)}


def adapter_state(model: nn.Module, name: str) -> dict[str, Tensor]:
    """Copies of an adapter's weights on the CPU, named as in `adapter_model.safetensors`."""
    _require_attached(model, name)
    state = model.get_adapter_state_dict(name)
    return {f"base_model.model.{key}": value.detach().cpu().clone() for key, value in state.items()}


def load_adapter_state(model: nn.Module, name: str, state: Mapping[str, Tensor], what: str = "the adapter") -> None:
    """Fill an attached adapter with stored weights.

    Raises:
        `AdapterError`: names or shapes differ from those of the attached adapter, naming the first difference.
    """
    wanted = adapter_state(model, name)
    missing, unknown = sorted(set(wanted) - set(state)), sorted(set(state) - set(wanted))
    if missing or unknown:
        first = f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r}, which the model lacks"
        raise AdapterError(f"{what} does not fit this model ({len(missing) + len(unknown)} tensors): it {first}")
    for key, value in wanted.items():
        if state[key].shape != value.shape:
            raise AdapterError(
                f"{what} does not fit: {key!r} has the shape {tuple(state[key].shape)} where {tuple(value.shape)} is "
                "needed. Its rank differs from its own configuration, or it was made for another checkpoint"
            )
        if not bool(torch.isfinite(state[key]).all()):
            raise AdapterError(f"{what} is damaged: {key!r} holds values that are not finite; make the voice again")
    from peft import set_peft_model_state_dict

    plain = {key.removeprefix("base_model.model."): value for key, value in state.items()}
    set_peft_model_state_dict(model, plain, adapter_name=name)


def save_adapter(folder: str | Path, config: PeftConfig, state: Mapping[str, Tensor]) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors` (half precision) into an existing folder."""
    from safetensors.torch import save_file

    config.inference_mode = True
    config.save_pretrained(str(folder))
    stored = {key: value.to(STORED_DTYPE).contiguous() for key, value in state.items()}
    save_file(stored, Path(folder) / WEIGHTS_FILE, metadata={"format": "pt"})


def read_adapter(folder: str | Path) -> tuple[PeftConfig, dict[str, Tensor]]:
    """Read what [`save_adapter`] wrote.

    Raises:
        `AdapterError`: a file is missing or damaged.
        `ImportError`: PEFT is not installed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = Path(folder)
    for file in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / file).is_file():
            raise AdapterError(f"{str(folder)!r} holds no adapter: {file} is missing")
    try:
        return _peft().PeftConfig.from_pretrained(str(folder)), load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            f"the adapter in {str(folder)!r} is damaged: {error}. Make or fetch the voice again"
        ) from error


def adapter_name(voice: Any) -> str | None:
    """The name that the adapter of a voice has wherever it is attached; it tells adapters apart by their weights.

    Raises:
        `AdapterError`: the adapter is damaged.
    """
    adapter = getattr(voice, "adapter", None)
    if adapter is None:
        return None
    return f"voice-{_digest(*(adapter if isinstance(adapter, tuple) else read_adapter(adapter)))}"


def load_voice_adapter(model: nn.Module, voice: Any) -> str | None:
    """Attach the adapter of a voice if it has one and the model lacks it; no other adapter is disturbed.

    Args:
        model (`ValeTTSForSpeech`): what is to speak.
        voice (`Voice`): its `adapter` is a folder, a pair (PEFT configuration, weights), or None.

    Returns:
        `str` or None: the name to hand to [`use_adapter`] or [`set_active`].

    Raises:
        `AdapterError`: damaged, of another rank than it says, or made for another checkpoint.
    """
    adapter = getattr(voice, "adapter", None)
    if adapter is None:
        return None
    config, state = adapter if isinstance(adapter, tuple) else read_adapter(adapter)
    what = f"the adapter of voice {getattr(voice, 'name', '')!r}"
    made_for = getattr(voice, "checkpoint", None)
    if made_for:
        here = checkpoint_fingerprint(model)
        if made_for != here:
            raise AdapterError(
                f"{what} was made for the checkpoint {made_for}, this model is {here}: load the model the voice names, "
                "or adapt the voice again with this one"
            )
    name = f"voice-{_digest(config, state)}"
    with _lock_of(model):
        if name in attached_adapters(model):
            return name
        before = active_adapter(model)
        with torch.random.fork_rng(devices=[]):  # the initial weights, which are thrown away, cost random numbers
            attach_adapter(model, config, name)
        try:
            load_adapter_state(model, name, state, what)
        except AdapterError:
            detach_adapter(model, name)
            raise
        finally:
            if attached_adapters(model):
                set_active(model, before)
        for parameter in adapter_parameters(model, name).values():
            parameter.requires_grad_(False)
    return name


def active_adapter(model: nn.Module) -> str | None:
    """Name of the adapter that is in force in the whole model, None for the plain model."""
    for module in model.modules():
        if _is_adapted(module):
            active = [] if module.disable_adapters else module.active_adapters
            return active[0] if active else None
    return None


def set_active(model: nn.Module, name: str | None) -> None:
    """Put an attached adapter in force for the whole model, or none. Not for threads that share it: [`use_adapter`] is.

    Raises:
        `AdapterError`: there is no such adapter.
    """
    if name is not None:
        _require_attached(model, name)
    for module in model.modules():
        if _is_adapted(module):
            if module.disable_adapters:
                module.enable_adapters(True)
            module.set_adapter([] if name is None else [name], inference_mode=True)  # nothing becomes trainable by it


def can_mix_rows(model: nn.Module) -> bool:
    """Whether [`use_adapter`] takes another adapter for each row: all attached ones are plain LoRA."""
    return all(_is_plain_lora(model.peft_config[name]) for name in attached_adapters(model))


@contextmanager
def use_adapter(model: nn.Module, names: str | None | Sequence[str | None]) -> Iterator[None]:
    """Compute with an adapter, or with another one for each row of a batch, inside a `with` block.

    LoRA adapters are chosen for the calling thread only and without changing the model, so threads may share it. The
    other methods are switched for the whole model: threads wait for each other.

    Args:
        names: one adapter for all rows, or a list of B with one per row; None is the plain model.

    Raises:
        `AdapterError`: there is no such adapter, or rows ask for different adapters of a method other than LoRA.
    """
    several = not (names is None or isinstance(names, str))
    wanted = list(names) if several else [names]
    for name in set(wanted) - {None}:
        _require_attached(model, name)
    attached = attached_adapters(model)
    if not attached:
        yield
        return
    if all(_is_plain_lora(model.peft_config[name]) for name in attached):
        if _HOOKED.get(model) != set(attached):  # some came by `add_adapter` or `load_adapter` of transformers
            _install_hooks(model)
        before = _ROWS.names
        _ROWS.names = (weakref.ref(model), wanted if several else wanted[0])
        try:
            yield
        finally:
            _ROWS.names = before
        return
    if len(set(wanted)) > 1:
        raise AdapterError(
            "rows of one batch can have different adapters only if all are plain LoRA: compute them voice by voice"
        )
    with _lock_of(model):
        before = active_adapter(model)
        set_active(model, wanted[0])
        try:
            yield
        finally:
            set_active(model, before)


class _Rows(threading.local):
    """The adapters this thread asked for: (weak reference of the model, name or list of names)."""

    names: tuple[Any, Any] | None = None


_ROWS = _Rows()
_LOCKS: weakref.WeakKeyDictionary[nn.Module, threading.RLock] = weakref.WeakKeyDictionary()
_LOCKS_GUARD = threading.Lock()
_HOOKED: weakref.WeakKeyDictionary[nn.Module, set[str]] = weakref.WeakKeyDictionary()


def _lock_of(model: nn.Module) -> threading.RLock:
    with _LOCKS_GUARD:
        return _LOCKS.setdefault(model, threading.RLock())


def _install_hooks(model: nn.Module) -> None:
    """Let every LoRA layer ask which adapters the calling thread wants for the rows it is given."""
    from peft.tuners.lora import LoraLayer

    owner = weakref.ref(model)

    def choose(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict] | None:
        asked = _ROWS.names
        if asked is None or asked[0]() is not owner():
            return None
        rows = len(args[0])
        names = [asked[1]] * rows if asked[1] is None or isinstance(asked[1], str) else asked[1]
        return args, {**kwargs, "adapter_names": [_BASE if name is None else name for name in names]}

    for module in model.modules():
        if isinstance(module, LoraLayer) and not getattr(module, "_chooses_rows", False):
            module.register_forward_pre_hook(choose, with_kwargs=True)
            module._chooses_rows = True
    _HOOKED[model] = set(attached_adapters(model))


def _is_adapted(module: nn.Module) -> bool:
    from peft.tuners.tuners_utils import BaseTunerLayer

    return isinstance(module, BaseTunerLayer)


def _is_plain_lora(config: PeftConfig) -> bool:
    return config.peft_type.value == "LORA" and not config.use_dora


def _require_attached(model: nn.Module, name: str) -> None:
    names = attached_adapters(model)
    if name not in names:
        raise AdapterError(f"the model has no adapter {name!r}; attached: {', '.join(names) or 'none'}")


def _digest(config: PeftConfig, state: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits of the weights as they are stored, and of how they are scaled."""
    digest = hashlib.sha256(
        repr((config.peft_type, getattr(config, "lora_alpha", getattr(config, "alpha", 0)))).encode()
    )
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].to(STORED_DTYPE).contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
