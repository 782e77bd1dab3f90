"""`ValeTTS`: text in, speech out. The one object a program needs.

It holds a model and its processor and nothing that a call changes, so that threads may share it. H width of the style
vector, S samples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import torch
from transformers.processing_utils import Unpack

from valetts_hf.direction.prosody_plan import ProsodyPlan
from valetts_hf.direction.sketch import as_sketch
from valetts_hf.direction.style import Style
from valetts_hf.direction.style_table import StyleTable
from valetts_hf.inference.adapting import adapted
from valetts_hf.inference.batching import Job, PieceLatents, latents_in_order
from valetts_hf.inference.call_arguments import checked_seed, is_list_of_voices, per_text
from valetts_hf.inference.casting import jobs_of
from valetts_hf.inference.generation import generated
from valetts_hf.inference.manner import Manner, MannerArguments
from valetts_hf.inference.opening import open_model
from valetts_hf.inference.prosody_prediction import planned
from valetts_hf.inference.script import Script
from valetts_hf.inference.speech import Speech
from valetts_hf.inference.streaming import spoken
from valetts_hf.inference.style_lookup import StyleLookup
from valetts_hf.inference.voice_lookup import VoiceLookup
from valetts_hf.processing.directed_text import DirectedText
from valetts_hf.processing.languages import resolve_language
from valetts_hf.voices.voice import Voice, parts_of_mix


class ValeTTS:
    """Text to speech with one loaded checkpoint; safe to call from several threads at once.

    Args:
        model (`ValeTTSForSpeech`): in evaluation mode.
        processor (`ValeTTSProcessor`): reads text and reference audio for it.
        batch_size (`int`, *optional*): sentences computed together; default 1 on a CPU, where batches save nothing, and
            8 on an accelerator.
        default_voice ([`Voice`], *optional*): speaks where none is asked for.

    Example:

    ```python
    >>> from valetts_hf import ValeTTS

    >>> tts = ValeTTS.from_pretrained()
    >>> speech = tts("The ferry leaves the harbour at seven.", seed=1)
    >>> speech.save("ferry.wav")
    >>> speech.words[0].text
    'The'
    ```
    """

    def __init__(self, model: Any, processor: Any, batch_size: int | None = None, default_voice: Voice | None = None):
        if batch_size is None:
            batch_size = 1 if model.device.type == "cpu" else 8
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size!r}.")
        self.model = model
        self.processor = processor
        self.batch_size = batch_size
        self._lookup = VoiceLookup(model, processor, default_voice=default_voice)
        self._styles = StyleLookup(model, self._lookup)

    @classmethod
    def from_pretrained(
        cls,
        model: str | os.PathLike | None = None,
        device: str | torch.device | int | None = None,
        dtype: str | torch.dtype | None = None,
        *,
        decoder: str | None = None,
        num_threads: int | None = None,
        batch_size: int | None = None,
        backend: str | None = None,
        provider: str | None = None,
        **hub_options: Any,
    ) -> ValeTTS:
        """Load a checkpoint.

        Args:
            model: folder, or repository on the Hub ("owner/name"); None is the checkpoint that comes with the package. The
                folder of a voice loads its base, with the voice as the default.
            device: "cpu", "cuda", "cuda:1", ...; None takes a GPU if there is one.
            dtype: "float32" (also for None), "bfloat16" or "float16", or the `torch.dtype`.
            decoder (`str`, *optional*): "istft" or "bigvgan": which of its decoders makes the sound, if the checkpoint carries
                several. Default: its own.
            num_threads (`int`, *optional*): processor threads. This is a setting of PyTorch and holds for the whole
                process; default: left alone.
            batch_size (`int`, *optional*): see the class.
            backend (`str`, *optional*): "torch", or "onnx" for a folder that `valetts export onnx` has written (needs
                `valetts-hf[onnx]`). Default: what the folder holds.
            provider (`str`, *optional*): of ONNX Runtime: "cpu" (the default), "cuda", "tensorrt", or a full name.
            hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`.

        Raises:
            `CheckpointError` (an `OSError`): missing, damaged, incomplete, made for another model, or without that decoder.
            `ValueError`: device, dtype, decoder, number of threads, backend or provider that cannot be used.
            `ImportError`: ONNX Runtime is missing.
        """
        network, processor, voice = open_model(
            model, device, dtype, decoder, num_threads, backend, provider, **hub_options
        )
        return cls(network, processor, batch_size, voice)

    @property
    def sampling_rate(self) -> int:
        """Of the speech, in Hz."""
        return self.model.config.sampling_rate

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def languages(self) -> list[str]:
        """Codes of the languages the model reads."""
        return list(self.model.config.languages)

    @property
    def voices(self) -> dict[str, dict[str, Any]]:
        """The voices of the checkpoint: name -> what is known about it ("language", "description", "style", ...)."""
        return {name: dict(entry) for name, entry in self.processor.voices.items()}

    @property
    def styles(self) -> dict[str, dict[str, Any]]:
        """Named styles and style tokens: what to pass as `style` -> what it was measured to do ("rate", "pitch", "words", ...).

        Tokens of a checkpoint that nobody measured are there without numbers.
        """
        tokens: dict[str, dict[str, Any]] = {
            f"token:{number}": {} for number in range(self.model.config.style.num_tokens)
        }
        return {**self._styles.table.entries()} or tokens

    @property
    def style_table(self) -> StyleTable:
        """Everything that was measured about the styles of the checkpoint."""
        return self._styles.table

    def fix_style(self, style: Any) -> Style:
        """A style with its voices and recordings turned into numbers: it can be saved, and needs them no more.

        Args:
            style: as in a call.

        Raises:
            `StyleError` (a `ValueError`): as in a call.
        """
        return self._styles.fixed(style)

    def __repr__(self) -> str:
        name = self.model.config._name_or_path or "a new model"
        counts = f"{len(self.languages)} languages, {len(self.processor.voices)} voices"
        return f"ValeTTS({name!r}, {self.device}, {counts})"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a ValeTTS is neither pickled nor copied: threads share one, and each process loads its own with "
            "ValeTTS.from_pretrained(), for example as the initializer of a pool."
        )

    def encode_voice(self, voice: Any) -> torch.Tensor:
        """The style vector (H,) of a voice, without its adapter: compute it once, keep it, and hand it over as `voice` later.

        Args:
            voice: as in a call; reference audio of 5-6 seconds works best.
        """
        return self._lookup(voice)[0].clone()

    def enroll(
        self,
        clips: Any,
        transcripts: Any = None,
        *,
        name: str,
        consent: str | None,
        language: str | None = None,
        source: str | None = None,
        sampling_rate: int | None = None,
        quality: str = "refuse",
    ) -> Voice:
        """Make a voice of recordings of a person: at least 5 s of clean speech of one speaker.

        Args:
            clips: a clip, a folder of clips or a list of clips; paths, URLs, audio dictionaries or arrays.
            transcripts (*optional*): what is said, one per clip; tells the language.
            name (`str`), consent (`str`): of the voice; how the speaker agreed, in your words: it is kept with the date.
            language, source (`str`, *optional*): of the recordings.
            sampling_rate (`int`, *optional*): of bare arrays, in Hz.
            quality (`str`): "refuse" or "warn": what happens with poor recordings.

        Returns:
            [`Voice`]: hand it over as `voice`, keep it with `save_pretrained`, share it with `push_to_hub`.

        Raises:
            `ConsentError`, `QualityError`, `VoiceError` (all `ValueError`s): see
                [`~valetts_hf.voices.enrolment.enroll_voice`].
        """
        from valetts_hf.voices.enrolment import enroll_voice

        return enroll_voice(
            self.model,
            self.processor,
            clips,
            transcripts,
            name=name,
            consent=consent,
            language=None if language is None else resolve_language(language),
            source=source,
            sampling_rate=sampling_rate,
            quality=quality,
            cache=self._lookup.cache,
        )

    def mix(self, parts: Iterable[tuple[Any, float]] | Mapping[Any, float], name: str | None = None) -> Voice:
        """A voice between voices: `tts.mix([("kathleen", 0.6), ("my_voice.wav", 0.4)])`.

        Args:
            parts: pairs (voice as in a call, weight), or a mapping of them.
            name (`str`, *optional*): of the new voice.

        Raises:
            As [`Voice.mix`].
        """
        return Voice.mix([(self._lookup.as_voice(voice), weight) for voice, weight in parts_of_mix(parts)], name)

    def adapt(self, clips: Any, transcripts: Any = None, *, name: str, consent: str, **options: Any) -> Any:
        """Make a voice that resembles its speaker more than [`enroll`] can: a style vector and an adapter of about 1 MB.

        The same recordings, adapted in the same way, come out of the cache.

        Args:
            clips: one to five recordings of one speaker, 5-6 s each, or a folder of them.
            transcripts (*optional*): what is said in each; with them more of the voice can be adapted.
            name (`str`), consent (`str`): of the voice; how the speaker agreed.
            options: `language`, `preset`, `max_steps`, `seed`, `progress`, `folder` and others, see
                [`~valetts_hf.training.adaptation.adapt_voice`].

        Returns:
            [`Voice`]: hand it over as `voice`.

        Raises:
            As `adapt_voice`; `ImportError`: what training needs is not installed.
        """
        return adapted(
            self.model,
            self.processor,
            self._lookup.cache,
            clips,
            transcripts,
            name=name,
            consent=consent,
            options=options,
        )

    def __call__(
        self,
        text: str | DirectedText | list[DirectedText],
        language: str | None = None,
        voice: Any = None,
        *,
        speaking_rate: float = 1.0,
        pitch_shift: float = 0.0,
        pitch_range: float = 1.0,
        energy_shift: float = 0.0,
        pause_scale: float = 1.0,
        pauses: str = "model",
        style: Any = None,
        sketch: Any = None,
        noise_scale: float | None = None,
        seed: int | None = None,
        ssml: bool = False,
        progress: Callable[[int, int], Any] | None = None,
    ) -> Speech:
        """Speak a text of any length.

        Args:
            text (`str`): what to say; paragraphs are separated by empty lines. Or a text with directions for single words,
                made with [`direct`], or a list of them, spoken one after the other, each in its `voice` and `style` if it has
                one.
            language (`str`, *optional*): its language ("pt-br", "de", ...); detected by sentence when not given.
            voice (*optional*): [`Voice`], name of a voice (the checkpoint's or one of yours), folder or Hub repository of
                one, path of an audio file (5-6 s of clean speech), audio dictionary `{"array", "sampling_rate"}`, or style
                vector (H,). Default: the default voice of the language of the beginning; one voice speaks all of the text.
            speaking_rate (`float`): 0.25 to 4; 2 is twice as fast, pauses included.
            pitch_shift (`float`): in semitones, -24 to 24.
            pitch_range (`float`): 0 to 4, factor on the movement of the pitch around its mean; 0 is monotone.
            energy_shift (`float`): in dB, -20 to 20; 6 is about twice the amplitude.
            pause_scale (`float`): 0 to 5, factor on all pauses that the text does not ask for itself.
            pauses (`str`): "model" also pauses where a reader would, between clauses and for breath; "text" only where the
                punctuation suggests it.
            style (*optional*): the manner, while the voice stays: a [`Style`], a line such as "calm*0.5 + token:2*0.5" (see
                `styles`), a recording as path or audio dictionary, a style saved as JSON, a [`Voice`], or a style vector.
            sketch (*optional*): pitch and energy drawn over the text: a [`Sketch`], a dictionary, or the path of a sketch, an
                SVG, a picture of a line, or a recording to say it like. It lies over all of the text, cut by words.
            noise_scale (`float`, *optional*): 0 to 2, variety of the delivery, durations included; 0 is the same each
                time. Default: the checkpoint's.
            seed (`int`, *optional*): the same seed gives the same audio, alone, streamed or in a batch. Sentence number i
                (from 0) draws its noise from seed + i. Default: a new one, found in the result.
            ssml (`bool`): the text is a document of SSML.
            progress (*optional*): called as `progress(characters_done, characters_of_the_text)`.

        Returns:
            [`Speech`]: samples in [-1, 1] (above 0.9 bent by a soft limit rather than clipped), with the times of words.

        Raises:
            `SpeechTextError` (a `ValueError`): nothing to say. `VoiceError` (a `ValueError`): no such voice. `StyleError` (a
            `ValueError`): no such style. `ValueError`: language or number out of range. `MissingWordsError` (a `RuntimeError`): a word got lost.
        """
        manner = Manner.of(
            speaking_rate=speaking_rate,
            pitch_shift=pitch_shift,
            pitch_range=pitch_range,
            energy_shift=energy_shift,
            pause_scale=pause_scale,
            pauses=pauses,
            noise_scale=noise_scale,
        )
        script = self._script(text, language, ssml, sketch)
        script.check_readable()
        chunks, last = [], 0
        for chunk, done in self._stream(script, voice, manner, style, seed, early=False):
            chunks.append(chunk)
            if progress is not None and (done > last or len(chunks) == 1):
                progress(done, script.length)
                last = done
        if progress is not None:
            progress(script.length, script.length)
        return replace(Speech.concatenate(chunks), text=script.text)

    def stream(
        self,
        text: str | DirectedText | list[DirectedText],
        language: str | None = None,
        voice: Any = None,
        *,
        style: Any = None,
        sketch: Any = None,
        seed: int | None = None,
        ssml: bool = False,
        **manner: Unpack[MannerArguments],
    ) -> Iterator[Speech]:
        """Speak a text and hand out the speech while it is made; memory does not grow with the text.

        Args:
            As in a call; `manner` is `speaking_rate`, `pitch_shift`, `pitch_range`, `energy_shift`, `pause_scale`,
                `pauses` and `noise_scale`.

        Returns:
            Iterator of [`Speech`]: put together they are what a call with the same seed returns. The first comes early, the
            others hold up to two seconds. The arguments are checked at once; the text is read as it is spoken, so an
            error in a later sentence is raised when its turn has come.
        """
        asked = Manner.of(**manner)
        chunks = self._stream(self._script(text, language, ssml, sketch), voice, asked, style, seed, early=True)
        return (chunk for chunk, _ in chunks)

    def batch(
        self,
        texts: Iterable[str | DirectedText | list[DirectedText]],
        language: str | list[str | None] | None = None,
        voice: Any = None,
        *,
        style: Any = None,
        sketch: Any = None,
        seed: int | list[int | None] | None = None,
        ssml: bool = False,
        progress: Callable[[int, int], Any] | None = None,
        **manner: Unpack[MannerArguments],
    ) -> list[Speech]:
        """Speak several texts; each sounds as it would alone.

        Args:
            texts: the texts.
            language, voice, style, sketch, seed: as in a call, one for all texts (the seed, too), or a list with one per text.
            ssml, manner: as in a call and in `stream`.
            progress (*optional*): called as `progress(texts_done, number_of_texts)`.

        Returns:
            `list[Speech]`, in the order of the texts.
        """
        if isinstance(texts, (str, DirectedText)):
            raise TypeError("batch() takes a list of texts; for one text call the object itself.")
        texts = list(texts)
        asked = Manner.of(**manner)
        languages = per_text(language, texts, "languages", isinstance(language, (list, tuple)))
        voices = per_text(voice, texts, "voices", is_list_of_voices(voice))
        seeds = [checked_seed(value) for value in per_text(seed, texts, "seeds", isinstance(seed, (list, tuple)))]
        styles = per_text(style, texts, "styles", is_list_of_voices(style))
        sketches = per_text(sketch, texts, "sketches", isinstance(sketch, (list, tuple)))
        scripts = [self._script(text, code, ssml, drawn) for text, code, drawn in zip(texts, languages, sketches)]
        for script in scripts:
            script.check_readable()
        parts = zip(scripts, voices, styles, seeds)
        jobs = chain.from_iterable([self._jobs(*part, item=item) for item, part in enumerate(parts)])
        speeches: list[Speech] = []
        for item, pieces in groupby(self._latents(jobs, asked), key=lambda pair: pair[0].item):
            pairs = ((job.piece, latents) for job, latents in pieces)
            chunks = [chunk for chunk, _ in spoken(scripts[item], pairs, self.model, asked, seeds[item], False)]
            speeches.append(replace(Speech.concatenate(chunks), text=scripts[item].text))
            if progress is not None:
                progress(len(speeches), len(texts))
        return speeches

    def predict_prosody(
        self,
        text: str | DirectedText | list[DirectedText],
        language: str | None = None,
        voice: Any = None,
        *,
        style: Any = None,
        sketch: Any = None,
        seed: int | None = None,
        ssml: bool = False,
        **manner: Unpack[MannerArguments],
    ) -> ProsodyPlan:
        """What a call with the same arguments would say when and how high, without decoding it.

        Args:
            As in `stream`.

        Returns:
            [`ProsodyPlan`]: words and phonemes with times, pitch and energy of each frame, and the seed that speaks it.
            The speech keeps some hundredths of a second around each sentence that the plan does not count.
        """
        asked, script, number = Manner.of(**manner), self._script(text, language, ssml, sketch), checked_seed(seed)
        jobs = self._jobs(script, voice, style, number)
        pieces = ((job.piece, found) for job, found in self._latents(jobs, asked))
        return planned(script, pieces, self.model.config, self.processor.tokenizer, asked, number)

    def _script(self, text: Any, language: str | None, ssml: bool, sketch: Any = None) -> Script:
        code = None if language is None else resolve_language(language)
        checks = {"voice": self._lookup.resolve, "style": self._styles.effect}
        return Script.of(text, self.processor, code, ssml, None if sketch is None else as_sketch(sketch), checks)

    def _stream(
        self, script: Script, voice: Any, manner: Manner, style: Any, seed: int | None, early: bool
    ) -> Iterator[tuple[Speech, int]]:
        number = checked_seed(seed)
        jobs = self._jobs(script, voice, style, number)
        pieces = ((job.piece, found) for job, found in self._latents(jobs, manner))
        return spoken(script, pieces, self.model, manner, number, early)

    def _jobs(self, script: Script, voice: Any, style: Any, seed: int, item: int = 0) -> Iterator[Job]:
        return jobs_of(script, voice, style, seed, self._lookup, self._styles, item)

    def _latents(self, jobs: Iterable[Job], manner: Manner) -> Iterator[tuple[Job, PieceLatents]]:
        return latents_in_order(jobs, lambda some: self._generate(some, manner), self.batch_size)

    def _generate(self, jobs: list[Job], manner: Manner) -> list[PieceLatents]:
        return generated(self.model, jobs, manner)
