"""`ValeTTSPipeline`: the text-to-speech pipeline of transformers with voices, languages and prosody as arguments.

The stock pipeline works with ValeTTS too; it hands such things over as `preprocess_params` and `forward_params`, and
returns the texts of a batch padded to the longest. B batch, S samples.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers.pipelines.text_to_audio import AudioOutput, TextToAudioPipeline

from valetts_hf.direction.sketch import Sketch, as_sketch
from valetts_hf.direction.style_effect import StyleEffect
from valetts_hf.inference.call_arguments import checked_seed
from valetts_hf.inference.manner import Manner, MannerArguments
from valetts_hf.inference.pipeline_inputs import (
    sketch_over,
    take_sketch,
    take_style,
    take_voice,
    with_directions,
    with_sketch,
    with_style,
    with_voice,
)
from valetts_hf.inference.streaming import speaking_with
from valetts_hf.inference.style_lookup import StyleLookup
from valetts_hf.inference.voice_lookup import AttachedAdapter, VoiceLookup
from valetts_hf.processing.directed_text import DirectedText, joined


# Instead of the number of an adapter: whatever the model was loaded with, and the plain model.
_AS_LOADED, _PLAIN = -1, -2
# arguments of the call that the processor, and those that the model takes
_PROCESSOR_ARGUMENTS = ("language", "voice", "ssml", "pause_scale", "pauses")
_READ_HERE = ("reference_audio", "sampling_rate", "style", "sketch")
_MODEL_ARGUMENTS = (
    "speaking_rate",
    "pitch_shift",
    "pitch_range",
    "energy_shift",
    "noise_scale",
    "duration_noise_scale",
    "style_token_weights",
    "seed",
)


class ValeTTSPipeline(TextToAudioPipeline):
    """
    Text-to-speech pipeline with the arguments of ValeTTS, which trims batched speech to its own length.

    Arguments of the call, all optional; given to `pipeline(...)` or to the constructor they become defaults:

        language (`str`):
            Language of the texts; detected when not given.
        voice ([`Voice`], `str`, `np.ndarray` or `torch.Tensor`):
            A voice, the name of one of the checkpoint's or of yours, the folder or Hub repository of one, the path of
            reference audio or a style vector `(H,)`. Texts of a batch may have different ones.
        reference_audio:
            Audio of the voice to speak with: everything that [`ValeTTSFeatureExtractor`] takes, one clip. It is read once
            per call, however many texts there are.
        sampling_rate (`int`):
            Rate of `reference_audio` in Hz where that is a bare array.
        style (`str`, [`Style`], `dict`, audio, `Voice` or style vector):
            The manner of the texts, while their voices stay: everything that [`ValeTTS`] takes in a call.
        sketch ([`Sketch`], `dict` or `str`):
            Pitch and energy drawn over each text, or the path of a file with them: as in a call of [`ValeTTS`].
        speaking_rate (`float`), pitch_shift (`float`, semitones), pitch_range (`float`), energy_shift (`float`, dB),
        noise_scale (`float`), duration_noise_scale (`float`), style_token_weights, seed (`int`):
            See [`ValeTTSForSpeech.forward`], on top of what a text itself asks for. The same seed gives a text the same
            speech, alone or in a batch.
        ssml (`bool`), pause_scale (`float`), pauses (`str`):
            See [`ValeTTSProcessor`]: whether texts are SSML, a factor on pauses, and "model" for those of a reader.
        batch_size (`int`, defaults to 1), preprocess_params (`dict`), forward_params (`dict`):
            As in the stock pipeline.

    The texts are strings or directed texts (see [`direct`]), alone, in a list, a generator or a `datasets` column; or
    dictionaries with "text" and, for this text alone, "language", "voice", "ssml", "pause_scale", "pauses", "style",
    "sketch" or "reference_audio". A style that a text itself asks for comes before that of the call. The result is `{"audio": np.ndarray of shape (S,), "sampling_rate": int}`, or a list of them.

    Example:

    ```python
    >>> from transformers import pipeline
    >>> from valetts_hf import BASE_CHECKPOINT, ValeTTSPipeline

    >>> tts = pipeline("text-to-speech", model=BASE_CHECKPOINT, pipeline_class=ValeTTSPipeline)
    >>> first, second = tts(["Good morning!", "How are you?"], language="en-us", seed=1, batch_size=2)
    ```
    """

    _lookup: VoiceLookup | None = None
    _styles: StyleLookup | None = None

    def __init__(self, *args: Any, **kwargs: Any):
        self._adapters: list[AttachedAdapter] = []
        super().__init__(*args, **kwargs)

    def _sanitize_parameters(
        self,
        preprocess_params: dict | None = None,
        forward_params: dict | None = None,
        generate_kwargs: dict | None = None,
        processor_kwargs: dict | None = None,
        reference_audio: Any = None,
        sampling_rate: int | None = None,
        style: Any = None,
        sketch: Any = None,
        **arguments: Any,
    ) -> tuple[dict, dict, dict]:
        unknown = sorted(set(arguments) - {*_PROCESSOR_ARGUMENTS, *_MODEL_ARGUMENTS})
        if unknown:
            known = ", ".join((*_READ_HERE, *_PROCESSOR_ARGUMENTS, *_MODEL_ARGUMENTS))
            raise TypeError(f"unknown argument{'s' * (len(unknown) > 1)} {', '.join(unknown)}: choose among {known}.")
        _check_numbers(arguments)
        preprocess_params = dict(preprocess_params or {})
        preprocess_params.update({name: arguments[name] for name in _PROCESSOR_ARGUMENTS if name in arguments})
        if reference_audio is not None:
            if preprocess_params.get("voice") is not None:
                raise ValueError("both voice and reference_audio were given: pass one of them.")
            preprocess_params["reference_features"] = self._reference_features(reference_audio, sampling_rate)
            preprocess_params["voice"] = None  # also where the pipeline has a default
        elif preprocess_params.get("voice") is not None:
            preprocess_params["reference_features"] = None
        elif sampling_rate is not None:
            preprocess_params["sampling_rate"] = sampling_rate
        if style is not None:
            preprocess_params["effect"] = self._style_lookup().effect(style)
        if sketch is not None:
            preprocess_params["sketch"] = as_sketch(sketch)
        forward_params = dict(forward_params or {})
        forward_params.update({name: arguments[name] for name in _MODEL_ARGUMENTS if name in arguments})
        # the defaults of the pipeline stay in force under what a call says
        defaults = getattr(self, "_forward_params", {}).get("forward_params", {})
        return super()._sanitize_parameters(
            preprocess_params, {**defaults, **forward_params}, generate_kwargs, processor_kwargs
        )

    def __call__(self, text_inputs: Any, **arguments: Any) -> Any:
        if isinstance(text_inputs, list) and not text_inputs:
            return []
        return super().__call__(text_inputs, **arguments)

    def _reference_features(self, audio: Any, sampling_rate: int | None) -> dict:
        """`reference_mel` and `reference_mask` of one clip, for all texts of a call."""
        if self.processor is None:
            raise ValueError(
                "reference_audio needs the checkpoint's processor: load one that has processor_config.json."
            )
        features = self.processor.feature_extractor(audio, sampling_rate=sampling_rate, return_tensors="pt")
        if len(features["reference_mel"]) != 1:
            raise ValueError(
                f"reference_audio must be one clip, got {len(features['reference_mel'])}: for a voice per text pass "
                'dictionaries such as {"text": ..., "reference_audio": ...}.'
            )
        return dict(features)

    def preprocess(
        self,
        text: Any,
        reference_features: dict | None = None,
        effect: StyleEffect | None = None,
        sketch: Sketch | None = None,
        **kwargs: Any,
    ):
        if isinstance(text, dict):
            item = dict(text)
            if not isinstance(item.get("text"), (str, DirectedText)):
                raise ValueError(f"a text given as a dictionary needs the key 'text', got the keys {sorted(item)}.")
            text = item.pop("text")
            if item.get("reference_audio") is not None:
                reference_features = self._reference_features(
                    item.pop("reference_audio"), item.pop("sampling_rate", None)
                )
            unknown = sorted(set(item) - {*_PROCESSOR_ARGUMENTS, *_READ_HERE})
            if unknown:
                raise ValueError(f"a text given as a dictionary has the unknown keys {', '.join(unknown)}.")
            own = {name: value for name, value in item.items() if value is not None}
            if "style" in own:
                effect = self._style_lookup().effect(own.pop("style"))
            if "sketch" in own:
                sketch = as_sketch(own.pop("sketch"))
            if "voice" in own:
                reference_features = None
            kwargs.update(own)
        if kwargs.get("ssml") and self.processor is not None:
            text = joined(self.processor.read_ssml(text, kwargs.get("language"), self._checks()))
            del kwargs["ssml"]
        if isinstance(text, DirectedText):
            if text.style is not None:
                effect, text = self._style_lookup().effect(text.style), replace(text, style=None)
            if text.voice is not None and kwargs.get("voice") is None:
                kwargs["voice"] = text.voice
        if reference_features is None:
            adapter = self._take_stored_voice(kwargs)
            inputs = {**super().preprocess(text, **kwargs), "adapter": adapter}
        else:
            kwargs.pop("voice", None)
            inputs = {**super().preprocess(text, **kwargs), "adapter": torch.tensor([_PLAIN])}
            inputs.pop("style", None)  # the default voice of the language
            for name, value in reference_features.items():
                inputs[name] = value.to(self.model.dtype) if value.is_floating_point() else value
        tokenizer = self.tokenizer if self.processor is None else self.processor.tokenizer
        curves = None if sketch is None else sketch_over(sketch, tokenizer, text, kwargs.get("language"))
        size = self.model.config.style.hidden_size
        inputs = with_style(with_sketch(with_directions(inputs), curves), effect, size)
        return with_voice(inputs, size, self.model.config.num_mel_bands)

    def _forward(self, model_inputs: dict, **kwargs: Any) -> dict:
        if kwargs["generate_kwargs"]:
            raise ValueError(
                f"ValeTTS does not generate token by token, so generate_kwargs ({', '.join(kwargs['generate_kwargs'])}) "
                "has no meaning: use forward_params."
            )
        forward_params = self._ensure_tensor_on_device(kwargs["forward_params"], device=self.device)
        adapters = model_inputs.pop("adapter", torch.tensor([_AS_LOADED])).tolist()
        take_voice(model_inputs, self.model, forward_params.get("style_token_weights") is not None)
        forward_params |= take_sketch(model_inputs)
        effect = take_style(model_inputs, self.model.dtype)
        if effect is not None:
            forward_params |= effect.inputs(self._identities(model_inputs))
        if set(adapters) == {_AS_LOADED}:  # also where an adapter is in force that this pipeline knows nothing of
            output = self.model(**model_inputs, **forward_params)
        else:
            with speaking_with(self.model, self._adapter_names(adapters)):
                output = self.model(**model_inputs, **forward_params)
        return {"waveform": output.waveform, "waveform_lengths": output.waveform_lengths}

    def _identities(self, model_inputs: dict) -> torch.Tensor:
        """Style vectors [B, H] of the voices that the rows are spoken with."""
        if "style" in model_inputs:
            return model_inputs["style"].to(self.model.dtype)
        if "reference_mel" in model_inputs:
            return self.model.encode_style(model_inputs["reference_mel"], model_inputs.get("reference_mask"))
        return self.model.model.default_styles[model_inputs["language_ids"][:, 0]]

    def _voices(self) -> VoiceLookup:
        if self._lookup is None:
            self._lookup = VoiceLookup(self.model, self.processor)
        return self._lookup

    def _style_lookup(self) -> StyleLookup:
        if self._styles is None:
            self._styles = StyleLookup(self.model, self._voices())
        return self._styles

    def _checks(self) -> dict:
        """Of what SSML names; a voice may also be one of the user's own."""
        return {"voice": self._voices().resolve, "style": self._style_lookup().effect}

    def _take_stored_voice(self, kwargs: dict) -> torch.Tensor:
        """Put the style of a stored voice in its place; returns the number [1] of the adapter to speak with."""
        voice = kwargs.get("voice")
        own = getattr(self.model, "default_voice", None)
        if voice is None or self.processor is None or (own is not None and voice == own.name):
            return torch.tensor([_AS_LOADED])
        stored = self._voices().stored(voice)
        if stored is None:
            return torch.tensor([_PLAIN])
        found = self._voices().resolve(stored)
        kwargs["voice"] = found.style[0].float().cpu().numpy()
        if found.adapter is None:
            return torch.tensor([_PLAIN])
        if found.adapter not in self._adapters:
            self._adapters.append(found.adapter)
        return torch.tensor([self._adapters.index(found.adapter)])

    def _adapter_names(self, numbers: list[int]) -> str | None | list[str | None]:
        """What to compute the rows with: one name for all where that is the same."""
        loaded = None
        if _AS_LOADED in numbers:
            from valetts_hf.voices.adapters import active_adapter

            loaded = active_adapter(self.model)
        special = {_AS_LOADED: loaded, _PLAIN: None}
        names = [special[number] if number in special else self._adapters[number].name for number in numbers]
        return names if len(set(names)) > 1 else names[0]

    def postprocess(self, outputs: dict) -> AudioOutput:
        length = int(outputs["waveform_lengths"].reshape(-1)[0])
        result = super().postprocess(outputs["waveform"][..., :length])
        result["audio"] = result["audio"].reshape(-1)
        return result


def _check_numbers(arguments: dict[str, Any]) -> None:
    """Check single numbers as a call of `ValeTTS` does; what differs by text or token is left to the model.

    Raises:
        TypeError: not a number. ValueError: out of range.
    """
    single = {
        name: value for name, value in arguments.items() if not isinstance(value, (Tensor, np.ndarray, list, tuple))
    }
    Manner.of(**{name: single[name] for name in MannerArguments.__annotations__ if single.get(name) is not None})
    if single.get("seed") is not None:
        checked_seed(single["seed"])


__all__ = ["ValeTTSPipeline"]
