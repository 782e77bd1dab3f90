"""What voices cost: the cache, switching between adapted voices, a batch in which every row has another voice.

    python benchmarks/voices.py
    python benchmarks/voices.py --recordings FOLDER --speakers-checked 60 --output voices.json

Times are medians, on the CPU with one thread unless told otherwise. With a folder of recordings that has one sub-folder (or
name prefix up to the first "_" or "-") per speaker, it also measures how often enrolment's check for two speakers is wrong:
run that again after the checkpoint has changed, the limits in `voices/quality_gate.py` were set with it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch


TEXT = "The ferry leaves the harbour at seven, and nobody on board has slept."


def median_ms(work: Callable[[], Any], repeats: int, before: Callable[[], Any] | None = None) -> float:
    times = []
    for _ in range(repeats):
        if before is not None:
            before()
        start = time.perf_counter()
        work()
        times.append(1000.0 * (time.perf_counter() - start))
    return round(statistics.median(times), 3)


def recording(seconds: float, rate: int = 24000) -> np.ndarray:
    """A stand-in for a recording; what it costs depends on its length alone."""
    time_axis = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_axis) / k for k in range(1, 20))
    return (0.1 * buzz * np.clip(np.sin(2 * np.pi * 2.2 * time_axis), 0, None)).astype(np.float32)


def cache_times(tts: Any, repeats: int) -> dict[str, float]:
    """A recording of 6 s as a voice: computed, off the disk, out of memory."""
    import soundfile

    from valetts_hf.inference.voice_lookup import VoiceLookup
    from valetts_hf.voices.cache import VoiceCache

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "six_seconds.wav"
        soundfile.write(path, recording(6.0), 24000)
        cache = VoiceCache(Path(folder) / "cache")
        lookups: list[Any] = []

        def fresh() -> None:
            lookups[:] = [VoiceLookup(tts.model, tts.processor, cache=cache)]

        def fresh_and_empty() -> None:
            cache.clear()
            fresh()

        miss = median_ms(lambda: lookups[0](path), repeats, fresh_and_empty)
        disk = median_ms(lambda: lookups[0](path), repeats, fresh)
        memory = median_ms(lambda: lookups[0](path), repeats)
    return {"cache_miss_ms": miss, "cache_hit_disk_ms": disk, "cache_hit_memory_ms": memory}


def adapted_voices(tts: Any, count: int, preset: str) -> list[Any]:
    """Voices with random adapters: what they cost depends on their shape alone."""
    from valetts_hf import Voice
    from valetts_hf.voices.adapters import adapter_config, adapter_state, attach_adapter, detach_adapter
    from valetts_hf.voices.fingerprint import checkpoint_fingerprint

    voices = []
    for number in range(count):
        generator = torch.Generator().manual_seed(number)
        config = adapter_config(preset, tts.model)
        attach_adapter(tts.model, config, "made")
        state = adapter_state(tts.model, "made")
        detach_adapter(tts.model, "made")
        state = {key: 0.02 * torch.randn(value.shape, generator=generator) for key, value in state.items()}
        style = torch.randn(tts.model.config.style.hidden_size, generator=generator) * 0.2
        voices.append(Voice(f"v{number}", style, checkpoint_fingerprint(tts.model), adapter=(config, state)))
    return voices


def adapter_times(tts: Any, repeats: int, preset: str) -> dict[str, float]:
    """Loading an adapted voice, and speaking with one after another."""
    from valetts_hf import Voice
    from valetts_hf.inference.voice_lookup import VoiceLookup
    from valetts_hf.voices.adapters import attached_adapters, detach_adapter

    voices = adapted_voices(tts, 4, preset)
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        saved = voices[0].save_pretrained(Path(folder) / "voice")
        results["adapter_mb"] = round((saved / "adapter" / "adapter_model.safetensors").stat().st_size / 1e6, 3)
        results["read_voice_ms"] = median_ms(lambda: Voice.from_pretrained(saved), repeats)

        def detach() -> None:
            for name in attached_adapters(tts.model):
                detach_adapter(tts.model, name)

        results["first_use_ms"] = median_ms(
            lambda: VoiceLookup(tts.model, tts.processor).resolve(saved), repeats, detach
        )
        lookup = VoiceLookup(tts.model, tts.processor)
        results["beside_another_ms"] = median_ms(lambda: lookup.resolve(voices[1]), 1)
        for voice in voices:
            lookup.resolve(voice)
        order = iter(range(10**9))
        results["hot_swap_ms"] = median_ms(lambda: lookup.resolve(voices[next(order) % 4]), 20 * repeats)
        detach()
    return results


def batch_times(tts: Any, repeats: int, rows: int, preset: str) -> dict[str, float]:
    """One sentence, spoken by `rows` voices in one batch; seconds of work per second of speech."""
    from valetts_hf.voices.adapters import attached_adapters, detach_adapter

    def factor(voices: list[Any]) -> float:
        tts.batch([TEXT] * rows, voice=voices, seed=0)
        speech = tts.batch([TEXT] * rows, voice=voices, seed=0)
        seconds = sum(one.duration for one in speech)
        return round(median_ms(lambda: tts.batch([TEXT] * rows, voice=voices, seed=0), repeats) / 1000 / seconds, 4)

    voices = adapted_voices(tts, rows, preset)
    plain = [voice.without_adapter() for voice in voices]
    tts.batch_size = rows
    results = {
        "rtf_one_voice": factor([plain[0]] * rows),
        "rtf_style_per_row": factor(plain),
        "rtf_one_adapter": factor([voices[0]] * rows),
        "rtf_adapter_per_row": factor(voices),
    }
    for name in attached_adapters(tts.model):
        detach_adapter(tts.model, name)
    return results


def speaker_check(tts: Any, folder: Path, count: int) -> dict[str, Any]:
    """How often "more than one speaker" is said of one, and not said of two, in 6 and 10 s."""
    import soundfile

    from valetts_hf.processing.audio_cleanup import resample
    from valetts_hf.voices.enrolment import AUDIO_ENDINGS, style_of
    from valetts_hf.voices.quality_gate import QualityReport, check_speakers, examine_clip, voice_spread

    speakers: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO_ENDINGS:
            inside = path.relative_to(folder).parts
            speakers["/".join(inside[:-1]) or path.stem.replace("-", "_").split("_")[0]].append(path)
    random = np.random.default_rng(0)
    spread = voice_spread([voice["style"] for voice in tts.voices.values()])

    def speech(name: str, seconds: float) -> np.ndarray | None:
        parts: list[np.ndarray] = []
        for path in random.permutation(np.array(speakers[name], dtype=object)):
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            parts.append(resample(np.ascontiguousarray(samples.mean(axis=1)), rate, 24000))
            if sum(map(len, parts)) >= seconds * 24000:
                return np.concatenate(parts)[: round(seconds * 24000)]
        return None

    def verdict(samples: np.ndarray) -> str:
        report = QualityReport()
        exam = examine_clip(tts.processor.feature_extractor, {"array": samples, "sampling_rate": 24000})
        check_speakers([exam], lambda waveform: style_of(tts.model, tts.processor, waveform), spread, report)
        return report.findings[0].verdict if report.findings else "nothing"

    results: dict[str, Any] = {"voice_spread": round(spread, 3)}
    names = list(speakers)
    for seconds in (6.0, 10.0):
        seen: dict[str, list[str]] = {"one": [], "two": []}
        for _ in range(4 * count):
            first, second = random.choice(len(names), 2, replace=len(names) < 2)
            alone = speech(names[first], seconds)
            halves = [speech(names[index], seconds / 2) for index in (first, second)]
            if alone is None or any(half is None for half in halves):
                continue
            seen["one"].append(verdict(alone))
            seen["two"].append(verdict(np.concatenate(halves)))
            if len(seen["one"]) >= count:
                break
        for kind, verdicts in seen.items():
            shares = {word: round(verdicts.count(word) / max(len(verdicts), 1), 3) for word in ("warn", "refuse")}
            results[f"{kind}_speaker_{seconds:g}s"] = {"recordings": len(verdicts), **shares}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="checkpoint (default: the bundled one)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--preset", default="default", choices=("tiny", "default", "max"))
    parser.add_argument("--recordings", type=Path, help="folder of recordings by speaker, for the two-speaker check")
    parser.add_argument("--speakers-checked", type=int, default=60)
    parser.add_argument("--output", help="write the results as JSON")
    args = parser.parse_args()

    import warnings

    from valetts_hf import ValeTTS

    warnings.filterwarnings("ignore", message="Already found a `peft_config`")
    tts = ValeTTS.from_pretrained(args.model, device=args.device, num_threads=args.threads)
    results: dict[str, Any] = {
        "machine": platform.machine(),
        "device": str(tts.device),
        "threads": args.threads,
        "preset": args.preset,
        "rows": args.rows,
        **cache_times(tts, args.repeats),
        **adapter_times(tts, args.repeats, args.preset),
        **batch_times(tts, max(args.repeats // 2, 1), args.rows, args.preset),
    }
    if args.recordings is not None:
        results |= speaker_check(tts, args.recordings, args.speakers_checked)
    for name, value in results.items():
        print(f"{name:24}{value}")
    if args.output:
        Path(args.output).write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
