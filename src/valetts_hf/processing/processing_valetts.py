"""Text, language and voice to model inputs: tokenizer and feature extractor behind one call.

A voice is a style vector stored under a name with the checkpoint, reference audio, or a style vector of one's own.
B batch, T tokens, R reference frames, M mel bands, H width of the style vector.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from transformers import BatchFeature, ProcessorMixin
from transformers.processing_utils import AudioKwargs, ProcessingKwargs, TextKwargs, Unpack

from .directed_text import DirectedText, check_number, joined
from .feature_extraction_valetts import is_clip_list
from .pause_prediction import check_pauses, with_reader_pauses
from .text_directions import TokenDirections, padded_directions, whole_text_directions, with_pause_scale
from .voice_selection import check_count, checked_voices, listed, resolve_voice


_NO_STYLES = "the processor alone knows no styles: speak with ValeTTS or ValeTTSPipeline"


class ValeTTSTextKwargs(TextKwargs, total=False):
    """
    language (`str` or `list[str]`, *optional*):
        Language code of all texts or of each; detected when not given.
    """

    language: str | list[str | None] | None


class ValeTTSProcessorKwargs(ProcessingKwargs, total=False):
    text_kwargs: ValeTTSTextKwargs
    audio_kwargs: AudioKwargs
    _defaults = {"text_kwargs": {"padding": True}}


class ValeTTSProcessor(ProcessorMixin):
    r"""
    Prepares text and voice for [`ValeTTSForSpeech`].

    Args:
        feature_extractor ([`ValeTTSFeatureExtractor`]):
            Turns reference audio into `reference_mel`.
        tokenizer ([`ValeTTSTokenizer`]):
            Turns text into phoneme ids and language ids.
        voices (`dict`, *optional*):
            Voices that travel with the checkpoint: name -> `{"language": code, "description": str, "style": [H floats]}`.
        default_voices (`dict[str, str]`, *optional*):
            Language code -> name of the voice it is spoken with when none is asked for.

    Example:

    ```python
    >>> inputs = processor("Bom dia!", voice="kathleen", return_tensors="pt")
    >>> sorted(inputs)
    ['attention_mask', 'input_ids', 'language_ids', 'style']
    ```
    """

    valid_processor_kwargs = ValeTTSProcessorKwargs

    def __init__(self, feature_extractor=None, tokenizer=None, voices=None, default_voices=None):
        self.voices = checked_voices(voices)
        self.default_voices = dict(default_voices or {})
        for code, name in self.default_voices.items():
            if name not in self.voices:
                raise ValueError(
                    f"default_voices[{code!r}] is {name!r}, which is not in voices ({listed(self.voices)}): add it there."
                )
        super().__init__(feature_extractor, tokenizer)

    @property
    def model_input_names(self) -> list[str]:
        return ["input_ids", "attention_mask", "language_ids", "reference_mel", "reference_mask"]

    def __call__(
        self,
        text: str | DirectedText | list[str | DirectedText] | None = None,
        audio: Any = None,
        language: str | list[str] | None = None,
        voice: Any = None,
        ssml: bool = False,
        pause_scale: float = 1.0,
        pauses: str = "text",
        **kwargs: Unpack[ValeTTSProcessorKwargs],
    ) -> BatchFeature:
        """Inputs for one or several texts.

        Args:
            text (`str`, [`DirectedText`] or a list of them, *optional*):
                What to say.
            audio (*optional*):
                Reference audio of the voice, one clip for all texts or a list with one per text: everything that
                [`ValeTTSFeatureExtractor`] takes. Bare arrays need `sampling_rate=`.
            language (`str` or `list[str]`, *optional*):
                Language of all texts or of each; detected when not given.
            voice (*optional*):
                Voice of all texts, or a list with one per text: a name out of `voices`, the path or URL of reference
                audio, audio as a dictionary, a style vector of shape `(H,)` or an object with a `style`. With neither
                voice nor audio, each text gets the default voice of its language (see `default_voice`).
            ssml (`bool`, defaults to `False`):
                The texts are documents of SSML, each in one voice and without styles.
            pause_scale (`float`, defaults to 1):
                0 to 5, factor on the pauses at punctuation.
            pauses (`str`, defaults to `"text"`):
                `"model"` also pauses where a reader would; as `pauses` of the result.
            kwargs:
                `return_tensors`, `padding` (to the longest text unless `False`), `truncation`, `max_length`, `sampling_rate` (of bare arrays, Hz), or those
                grouped as `text_kwargs`, `audio_kwargs`, `common_kwargs`.

        Returns:
            `BatchFeature` with `input_ids`, `attention_mask` and `language_ids` (int64, `(B, T)`) if there is text, and
            either `reference_mel` (float32, `(B, R, M)`) with `reference_mask` (int64, `(B, R)`), or `style` (float32,
            `(B, H)`), or neither if no voice was asked for and the checkpoint has no default. Directions, of texts or of
            `pause_scale`, come as `deliveries` (float32, `(B, T, 4)`), `pauses` (float32, `(B, T)`), `pitch_contours`
            (float32, `(B, N, K)`) and `contour_tokens` (int64, `(B, N, 2)`): arguments of the model.

        Raises:
            `ValueError`: nothing to do, empty text, unknown voice or language, both `audio` and `voice`, named voices
            and reference audio in one call, a number of clips, voices or languages that differs from that of the texts.
            `TypeError`: text that is not text, a voice of no known kind. And the errors of the feature extractor.
        """
        if text is None and audio is None and voice is None:
            raise ValueError("nothing to process: pass text, and reference audio or a voice where wanted.")
        if audio is not None and voice is not None:
            raise ValueError("both audio and voice were given: pass one of them (voice also takes the path of audio).")
        rows = _check_text(text)
        if ssml and rows:
            text = self._directed(text, language)
        if rows and voice is None and audio is None:
            voice = _own_voices(text)
        pause_scale = check_number("pause_scale", pause_scale, (0.0, 5.0), "1.0 changes nothing, 0 leaves pauses out")
        check_pauses(pauses)
        if language is not None:
            if not isinstance(language, (str, list, tuple)):
                raise TypeError(f"language must be a code such as 'en-us' or a list of them, got {language!r}.")
            check_count("languages", language, rows)
            kwargs["language"] = language if isinstance(language, str) else list(language)
        style = None
        if voice is not None:
            style, audio = resolve_voice(voice, self.voices, rows)
        features = self._features(text, audio, rows, kwargs)
        texts = list(text) if isinstance(text, (list, tuple)) else [text]
        phrase = pauses == "model" and text is not None
        if phrase or pause_scale != 1 or any(isinstance(each, DirectedText) for each in texts):
            self._add_directions(features, texts, language, pause_scale, phrase)
        if style is None and audio is None:
            style = self._default_style(features, rows)
        if style is not None:
            features["style"] = np.repeat(style, rows, axis=0) if len(style) == 1 and rows else style
        return features.convert_to_tensors(_option(kwargs, "return_tensors"))

    def read_ssml(self, text: str, language: str | None = None, checks: Mapping | None = None) -> list:
        """The sections (`list[DirectedText]`) of a document of SSML; see the tokenizer.

        Args:
            checks (*optional*): of voices and styles, see `parse_ssml`. Default: the voices of this checkpoint, and no
                styles, which are made by the model: with [`ValeTTS`] or [`ValeTTSPipeline`].
        """
        return self.tokenizer.read_ssml(text, language, self._own_checks() if checks is None else checks)

    def _own_checks(self) -> dict:
        def no_style(style: str) -> None:
            raise ValueError(_NO_STYLES)

        return {"voice": lambda name: resolve_voice(name, self.voices, 1), "style": no_style}

    def analyze(self, text: Any, language: str | None = None) -> list:
        """The text as it will be read: one segment per sentence and language, with phonemes and words.

        Args:
            text (`str` or [`DirectedText`]): what to say.
            language (`str`, *optional*): its language; detected when not given.

        Returns:
            `list[Segment]`: each with `.text`, `.language`, `.phonemes` and `.words` (see the tokenizer).
        """
        return self.tokenizer.analyze(text, language=language)

    def _directed(self, text: Any, language: Any) -> Any:
        """Documents of SSML as directed texts."""
        if isinstance(text, str):
            return joined(self.read_ssml(text, language))
        codes = [language] * len(text) if language is None or isinstance(language, str) else list(language)
        return [joined(self.read_ssml(each, code)) for each, code in zip(text, codes)]

    def _add_directions(
        self, features: BatchFeature, texts: list, language: Any, pause_scale: float, phrase: bool
    ) -> None:
        """The directions of all texts, or of none but the pauses, as arguments of the model."""
        ids = features["input_ids"]
        flat = not hasattr(ids[0], "__len__")  # one text, no tensors
        codes = [language] * len(texts) if language is None or isinstance(language, str) else list(language)
        rows = []
        for text, code in zip(texts, codes):
            words = self.tokenizer.word_places(text, code)
            encoding = self.tokenizer(text, language=code)
            tokens = encoding["input_ids"]
            if isinstance(text, DirectedText):
                directions = whole_text_directions(text, words, len(tokens))
            else:
                directions = TokenDirections.neutral(len(tokens))
            if phrase:
                spoken = [self.tokenizer.languages[index] for index in encoding["language_ids"]]
                directions = with_reader_pauses(directions, tokens, words, spoken)
            rows.append(with_pause_scale(directions, tokens, words, pause_scale))
        width = len(ids) if flat else max(len(row) for row in ids)
        for name, values in padded_directions(rows, width, self.tokenizer.padding_side == "left").items():
            features[name] = values[0] if flat else values

    def _features(self, text: Any, audio: Any, rows: int | None, kwargs: dict) -> BatchFeature:
        """Text and audio features; audio is decoded here, so that every kind and rate of it works."""
        if text is None and audio is None:
            return BatchFeature({})
        if audio is not None:
            clips = list(audio) if is_clip_list(audio) else [audio]
            if rows is not None and len(clips) not in (1, rows):
                raise ValueError(f"{len(clips)} clips of reference audio for {rows} texts: pass one, or one per text.")
            rate = _option(kwargs, "sampling_rate")
            loaded = [self.feature_extractor.load(clip, rate) for clip in clips]
            features = super().__call__(text=text, audio=loaded, **kwargs)
            if rows is not None and len(clips) == 1:
                for name in self.feature_extractor.model_input_names:
                    if name in features:
                        features[name] = _repeated(features[name], rows)
            return features
        return super().__call__(text=text, **kwargs)

    def _default_style(self, features: BatchFeature, rows: int | None) -> np.ndarray | None:
        """The default voices `(B, H)` for the languages of the texts."""
        if not self.default_voices or not rows:
            return None
        codes = self.tokenizer.languages
        ids, masks = features["language_ids"], features["attention_mask"]
        if not hasattr(ids[0], "__len__"):  # one text, no tensors: one flat list
            ids, masks = [ids], [masks]
        styles = []
        for row, mask in zip(ids, masks):
            counts = np.bincount(np.asarray(row)[np.asarray(mask) > 0], minlength=len(codes))
            name = self.default_voice(codes[int(counts.argmax())])
            styles.append(np.asarray(self.voices[str(name)]["style"], dtype=np.float32))
        return np.stack(styles)

    def default_voice(self, language: str) -> str | None:
        """Name of the voice that speaks a language when none is asked for.

        Args:
            language (`str`): a code of `LANGUAGES`.

        Returns:
            `str`: that of the language, else that of its variant in another country, else the first of
            `default_voices`, so that texts of all languages fit into one batch; `None` if there are no default voices.
        """
        if language in self.default_voices or not self.default_voices:
            return self.default_voices.get(language)
        base = language.split("-")[0]
        kin = [name for code, name in self.default_voices.items() if code.split("-")[0] == base]
        return (kin or list(self.default_voices.values()))[0]


def _check_text(text: Any) -> int | None:
    """Number of texts, None without text."""
    if text is None:
        return None
    texts = [text] if isinstance(text, (str, DirectedText)) else text
    if not isinstance(texts, (list, tuple)):
        raise TypeError(f"text must be a string or a list of strings, got {type(text).__name__}.")
    if not texts:
        raise ValueError("text is an empty list: pass at least one text.")
    for index, item in enumerate(texts):
        if not isinstance(item, (str, DirectedText)):
            raise TypeError(f"text[{index}] must be a string, got {type(item).__name__}: {str(item)[:60]!r}.")
        if isinstance(item, DirectedText) and item.style is not None:
            raise ValueError(f"text[{index}] has the style {item.style!r}: {_NO_STYLES}.")
        if not (item.text if isinstance(item, DirectedText) else item).strip():
            place = f"[{index}]" if isinstance(text, (list, tuple)) else ""
            raise ValueError(f"text{place} is empty: pass something to say.")
    return len(texts)


def _own_voices(text: Any) -> Any:
    """The voice that a directed text names, or one for each of several; None if none does.

    Raises:
        ValueError: some of the texts name one, others do not.
    """
    if not isinstance(text, (list, tuple)):
        return getattr(text, "voice", None)
    voices = [getattr(each, "voice", None) for each in text]
    if all(voice is None for voice in voices):
        return None
    if None in voices:
        raise ValueError("some of the texts name a voice and others do not: pass voice, one for all or one per text.")
    return voices


def _option(kwargs: dict, name: str) -> Any:
    """An option given flat or in one of the groups."""
    for group in (kwargs, *(kwargs.get(key) or {} for key in ("audio_kwargs", "text_kwargs", "common_kwargs"))):
        if group.get(name) is not None:
            return group[name]
    return None


def _repeated(values: Any, rows: int) -> Any:
    """One row of features repeated for all texts."""
    if isinstance(values, list):
        return values * rows
    if isinstance(values, np.ndarray):
        return np.repeat(values, rows, axis=0)
    return values.repeat_interleave(rows, dim=0)


__all__ = ["ValeTTSProcessor"]
