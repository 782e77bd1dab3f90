"""`ValeTTS`: text in, speech out. The one object a program needs.

It holds a model and its processor and nothing that a call changes, so that threads may share it. H width of the style
vector, S samples.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from importlib import import_module
from itertools import chain, groupby
from typing import Any

import torch
from transformers.processing_utils import Unpack

from valetts_hf.direction.prosody_plan import ProsodyPlan
from valetts_hf.direction.sketch import as_sketch
from valetts_hf.direction.style import Style
from valetts_hf.direction.style_effect import StyleEffect
from valetts_hf.direction.style_table import StyleTable
from valetts_hf.inference.batching import Job, PieceLatents, collate, latents_in_order
from valetts_hf.inference.checkpoint import load_checkpoint, resolve_device, resolve_dtype
from valetts_hf.inference.manner import Manner, MannerArguments
from valetts_hf.inference.onnx_folder import chosen_backend, load_export, local_export
from valetts_hf.inference.prosody_prediction import planned
from valetts_hf.inference.script import Script
from valetts_hf.inference.speech import Speech
from valetts_hf.inference.streaming import speaking_with, spoken
from valetts_hf.inference.style_lookup import StyleLookup
from valetts_hf.inference.voice_lookup import ResolvedVoice, VoiceLookup
from valetts_hf.processing.directed_text import DirectedText
from valetts_hf.processing.languages import resolve_language
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, keep_fingerprint
from valetts_hf.voices.places import is_voice_folder
from valetts_hf.voices.voice import Voice
from valetts_hf.voices.voice_folder import load_voice, resolve_base


_MAX_SEED = 2**63 - 1


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
        if num_threads is not None:
            if not isinstance(num_threads, int) or num_threads < 1:
                raise ValueError(f"num_threads must be 1 or more, or None to leave it, got {num_threads!r}.")
            torch.set_num_threads(num_threads)
        if model is None:
            model = import_module("valetts_hf").BASE_CHECKPOINT  # looked up now: a program may point it elsewhere
        source = os.path.expanduser(os.fspath(model))
        default_voice = None
        if is_voice_folder(source):
            default_voice = load_voice(source)
            source = resolve_base(default_voice.base_model_name_or_path)
        if chosen_backend(source, backend, device, dtype, provider, decoder) == "onnx":
            network, processor, folded = load_export(local_export(source, **hub_options), provider, num_threads)
            return cls(network, processor, batch_size, default_voice or folded)
        target, number = resolve_device(device), resolve_dtype(dtype)
        # Half precision would round a checkpoint that is stored in float32, and with it the fingerprint.
        exact = torch.float32 if number == torch.float16 else number
        network, processor = load_checkpoint(source, target, exact, decoder, **hub_options)
        if exact != number:
            keep_fingerprint(network, checkpoint_fingerprint(network))
            network.to(number)
        return cls(network.fuse_weight_norm(), processor, batch_size, default_voice)

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
        return (
            f"ValeTTS({name!r}, {self.device}, {len(self.languages)} languages, {len(self.processor.voices)} voices)"
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

    def mix(self, parts: Iterable[tuple[Any, float]], name: str | None = None) -> Voice:
        """A voice between voices: `tts.mix([("kathleen", 0.6), ("my_voice.wav", 0.4)])`.

        Args:
            parts: pairs (voice as in a call, weight).
            name (`str`, *optional*): of the new voice.
        """
        return Voice.mix([(self._lookup.as_voice(voice), weight) for voice, weight in parts], name)

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
        if not getattr(self.model, "takes_adapters", True):
            raise ValueError(
                "ONNX graphs cannot be trained: adapt the voice with the checkpoint they were made of, then export it with "
                "`valetts export onnx SRC DST --voice FOLDER`."
            )
        try:
            from valetts_hf.training.adaptation.adapt_voice import adapt_voice
        except ImportError as error:
            raise ImportError(
                f"adapting a voice needs the training libraries ({error}): pip install 'valetts-hf[train]'"
            ) from error
        from valetts_hf.voices.adapted_cache import adapted_key, cached_voice, keep_voice

        cache = self._lookup.cache
        key = adapted_key(self.model, self.processor, clips, transcripts, options, cache)
        voice = cached_voice(cache, key, name, consent, options.get("source"))
        if voice is not None:
            if options.get("folder") is not None:
                voice.save_pretrained(options["folder"])
            return voice
        voice = adapt_voice(self.model, self.processor, clips, transcripts, name=name, consent=consent, **options)
        keep_voice(cache, key, voice)
        return voice

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
            language, voice, style, sketch, seed: as in a call, one for all texts or a list with one per text. One seed for all is the
                seed of each.
            ssml, manner: as in a call and in `stream`.
            progress (*optional*): called as `progress(texts_done, number_of_texts)`.

        Returns:
            `list[Speech]`, in the order of the texts.
        """
        if isinstance(texts, (str, DirectedText)):
            raise TypeError("batch() takes a list of texts; for one text call the object itself.")
        texts = list(texts)
        asked = Manner.of(**manner)
        languages = _per_text(language, texts, "languages", isinstance(language, (list, tuple)))
        voices = _per_text(voice, texts, "voices", _is_list_of_voices(voice))
        seeds = [_seed(value) for value in _per_text(seed, texts, "seeds", isinstance(seed, (list, tuple)))]
        styles = _per_text(style, texts, "styles", _is_list_of_voices(style))
        sketches = _per_text(sketch, texts, "sketches", isinstance(sketch, (list, tuple)))
        scripts = [self._script(text, code, ssml, drawn) for text, code, drawn in zip(texts, languages, sketches)]
        found = [self._voices(script, one) for script, one in zip(scripts, voices)]
        effects = [self._effects(script, one) for script, one in zip(scripts, styles)]
        jobs = chain.from_iterable(
            self._jobs(item, *parts) for item, parts in enumerate(zip(scripts, found, effects, seeds))
        )
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
        asked, script, number = Manner.of(**manner), self._script(text, language, ssml, sketch), _seed(seed)
        jobs = self._jobs(0, script, self._voices(script, voice), self._effects(script, style), number)
        pieces = ((job.piece, found) for job, found in self._latents(jobs, asked))
        return planned(script, pieces, self.model.config, self.processor.tokenizer, asked, number)

    def _script(self, text: Any, language: str | None, ssml: bool, sketch: Any = None) -> Script:
        code = None if language is None else resolve_language(language)
        checks = {"voice": self._lookup.resolve, "style": self._styles.effect}
        return Script.of(text, self.processor, code, ssml, None if sketch is None else as_sketch(sketch), checks)

    def _stream(
        self, script: Script, voice: Any, manner: Manner, style: Any, seed: int | None, early: bool
    ) -> Iterator[tuple[Speech, int]]:
        number = _seed(seed)
        jobs = self._jobs(0, script, self._voices(script, voice), self._effects(script, style), number)
        pieces = ((job.piece, found) for job, found in self._latents(jobs, manner))
        return spoken(script, pieces, self.model, manner, number, early)

    def _voices(self, script: Script, voice: Any) -> list[ResolvedVoice | None]:
        """Who speaks each section; None is the default voice of the script's language."""
        of_call = None if voice is None else self._lookup.resolve(voice)
        return [of_call if own is None else self._lookup.resolve(own) for own in script.voices]

    def _effects(self, script: Script, style: Any) -> list[StyleEffect | None]:
        """In which manner each section is spoken."""
        of_call = self._styles.effect(style)
        return [of_call if own is None else self._styles.effect(own) for own in script.styles]

    def _jobs(
        self,
        item: int,
        script: Script,
        voices: list[ResolvedVoice | None],
        effects: list[StyleEffect | None],
        seed: int,
    ) -> Iterator[Job]:
        default: ResolvedVoice | None = None
        for index, (section, piece) in enumerate(script):
            who = voices[section] or default
            if who is None:
                who = default = self._lookup.resolve_default(script.language_of_voice)
            yield Job(item, piece, who.style, (seed + index) % (_MAX_SEED + 1), who.adapter, effects[section])

    def _latents(self, jobs: Iterable[Job], manner: Manner) -> Iterator[tuple[Job, PieceLatents]]:
        return latents_in_order(jobs, lambda some: self._generate(some, manner), self.batch_size)

    def _generate(self, jobs: list[Job], manner: Manner) -> list[PieceLatents]:
        """Latents of some jobs; rows with different adapters share a batch where the adapters can."""
        names = [None if job.adapter is None else job.adapter.name for job in jobs]
        if len(set(names)) == 1:
            return self._generate_together(jobs, names, manner)
        from valetts_hf.voices.adapters import can_mix_rows

        if can_mix_rows(self.model):
            return self._generate_together(jobs, names, manner)
        results: dict[int, PieceLatents] = {}
        for name in dict.fromkeys(names):
            rows = [row for row, other in enumerate(names) if other == name]
            found = self._generate_together([jobs[row] for row in rows], [name] * len(rows), manner)
            results.update(zip(rows, found))
        return [results[row] for row in range(len(jobs))]

    @torch.inference_mode()
    def _generate_together(self, jobs: list[Job], adapters: list[str | None], manner: Manner) -> list[PieceLatents]:
        config = self.model.config
        noise: dict[str, float] = {}
        if manner.noise_scale is not None:
            # One knob for the listener: the durations' noise keeps its proportion to the prior's.
            ratio = manner.noise_scale / config.noise_scale if config.noise_scale > 0 else 0.0
            noise = {"noise_scale": manner.noise_scale, "duration_noise_scale": config.duration_noise_scale * ratio}
        with speaking_with(self.model, adapters if len(set(adapters)) > 1 else adapters[0]):
            output = self.model.generate_latents(
                **collate(jobs, self.device, manner),
                **asdict(manner.delivery),
                **noise,
            )
        durations, frames = output.durations.tolist(), output.frame_lengths.tolist()

        def frames_of(row: int, values: torch.Tensor) -> torch.Tensor:
            return values[row : row + 1, : frames[row]].clone()  # a view of one row would keep the whole batch alive

        return [
            PieceLatents(
                frames_of(row, output.latents),
                frames_of(row, output.pitch),
                output.style[row : row + 1].clone(),
                durations[row][: len(job.piece.input_ids)],
                frames_of(row, output.energy),
                None if output.gain is None else frames_of(row, output.gain),
                job.adapter,
            )
            for row, job in enumerate(jobs)
        ]


def _seed(seed: Any) -> int:
    """The seed given, or a new one out of torch's generator (so that `torch.manual_seed` governs it)."""
    if seed is None:
        return int(torch.randint(0, 2**31, ()))
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed must be an integer or None, got {seed!r}.") from None
    if not 0 <= number <= _MAX_SEED:
        raise ValueError(f"seed must be between 0 and {_MAX_SEED}, got {seed!r}.")
    return number


def _per_text(value: Any, texts: list[Any], what: str, several: bool) -> list[Any]:
    if not several:
        return [value] * len(texts)
    if len(value) != len(texts):
        raise ValueError(f"{len(value)} {what} for {len(texts)} texts: give one, or a list with one per text.")
    return list(value)


def _is_list_of_voices(voice: Any) -> bool:
    """A list of voices, not a style vector written as a list of numbers."""
    return isinstance(voice, (list, tuple)) and not all(isinstance(entry, (int, float)) for entry in voice)
