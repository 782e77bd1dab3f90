"""How fast ValeTTS speaks, side by side with transformers' VitsModel (the mms-tts configuration) in one run.

    python benchmarks/speech_speed.py --quick
    python benchmarks/speech_speed.py --texts short medium long --batch-sizes 1 8 --threads 1 2 --output speed.json

Every case runs in a process of its own (peak memory and thread count are properties of a process) and reports the real-time
factor (seconds of work per second of audio), processor seconds per second of audio, the time to the first audio, and the
peak resident memory. VitsModel gets random weights, scaled so that activations stay near one (with the stock initialisation
the vocoder computes on denormal numbers, which is several times slower and would flatter us), and durations that make its
audio as long as ours; like every user of it, the benchmark feeds it sentence by sentence. 10 minutes of VitsModel take
minutes: choose cases with the options.

Where there is a GPU, rows about ValeTTS on it follow: the time of a ten-word sentence, memory of the card, several threads
speaking at once, and batches; `--gpu-decoder bigvgan` for the other decoder of a checkpoint that has it, `--gpu-kernels`
for the fused kernels.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

from machine import machine


SENTENCES = (
    "The ferry leaves the harbour at seven, and nobody on board has slept.",
    "Rain had fallen over the hills since the early morning.",
    "She put the letter back into the drawer, locked it, and walked slowly to the window.",
    "Three small boats were tied to the pier.",
    "When the wind turned, the old captain looked at the sky and said nothing for a long while.",
    "They would have to wait until the tide came in.",
)
CHARACTERS_PER_SECOND = 15.0
TEXTS = {"short": "Good morning, how are you?", "medium": " ".join(SENTENCES[:2])}
TEN_WORDS = "The small ferry leaves the old harbour early every morning."
SYSTEMS = ("valetts", "vits")


def make_text(name: str, long_minutes: float) -> list[str]:
    """The sentences of a text; the long one has `long_minutes` at 15 characters per second."""
    if name == "short":
        return [TEXTS["short"]]
    if name == "medium":
        return list(SENTENCES[:2])
    sentences: list[str] = []
    characters = 0
    while characters < long_minutes * 60 * CHARACTERS_PER_SECOND:
        sentence = SENTENCES[len(sentences) % len(SENTENCES)]
        sentences.append(sentence)
        characters += len(sentence) + 1
    return sentences


# --- one case, in its own process ---------------------------------------------------------------------------------------


def load_valetts(model: str | None, threads: int):
    """A `ValeTTS`: of the checkpoint, or with random weights of the default size (`model="random"`)."""
    from valetts_hf.inference.engine import ValeTTS

    if model != "random":
        return ValeTTS.from_pretrained(model, device="cpu", num_threads=threads)
    import torch

    from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
    from valetts_hf.processing.processing_valetts import ValeTTSProcessor
    from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer

    torch.manual_seed(0)
    torch.set_num_threads(threads)
    network = ValeTTSForSpeech(ValeTTSConfig()).eval()
    return ValeTTS(network, ValeTTSProcessor(ValeTTSFeatureExtractor(), ValeTTSTokenizer()))


def run_valetts(sentences: list[str], batch: int, threads: int, model: str | None, repeats: int) -> dict:
    tts = load_valetts(model, threads)
    text = " ".join(sentences)
    rate = 1.0
    if model == "random":  # untrained durations: bring them to the pace of a voice, as for VitsModel
        probe = TEXTS["medium"]
        rate = min(4.0, tts(probe, language="en", seed=0).duration / (len(probe) / CHARACTERS_PER_SECOND))
    tts("Ready.", language="en", seed=0)

    def work() -> tuple[float, float]:
        begun, first, samples = time.perf_counter(), None, 0
        for chunk in tts.stream(text, language="en", seed=0, speaking_rate=rate):
            first = first if first is not None else time.perf_counter() - begun
            samples += len(chunk)
        return samples / tts.sampling_rate, first or 0.0

    def work_batch() -> tuple[float, float]:
        begun = time.perf_counter()
        speeches = tts.batch([text] * batch, language="en", seed=0, speaking_rate=rate)
        return sum(speech.duration for speech in speeches), time.perf_counter() - begun

    return measure(work if batch == 1 else work_batch, repeats)


def load_vits():
    """VitsModel of the mms-tts configuration with random weights at a healthy scale."""
    import torch
    from transformers import VitsConfig, VitsModel

    torch.manual_seed(0)
    model = VitsModel(VitsConfig()).eval()  # the defaults of VitsConfig are those of mms-tts
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "original0" in name:  # the length that weight norm gives to the rows of original1
                continue
            if parameter.dim() >= 2:
                fan = parameter[0].numel()
                if "upsampler" in name:  # transposed: [in, out, kernel], each output sees kernel / stride inputs
                    fan = parameter.shape[0] * 2
                parameter.normal_(0, fan**-0.5)
        for name, parameter in model.named_parameters():
            if "original0" in name:
                rows = dict(model.named_parameters())[name.replace("original0", "original1")]
                parameter.copy_(rows.flatten(1).norm(dim=1).view_as(parameter))
    return model


def vits_batch(model, sentences: list[str]):
    """Inputs with a blank between characters, as mms-tts makes them, and a forced duration per token."""
    import torch

    rate = model.config.sampling_rate / 256
    lengths = [2 * len(sentence) + 1 for sentence in sentences]
    ids = torch.zeros(len(sentences), max(lengths), dtype=torch.long)
    mask = torch.zeros_like(ids)
    frames = torch.zeros(len(sentences), 1, max(lengths))
    for row, (sentence, length) in enumerate(zip(sentences, lengths)):
        ids[row, 1:length:2] = torch.tensor([1 + ord(c) % (model.config.vocab_size - 1) for c in sentence])
        mask[row, :length] = 1
        total = round(len(sentence) / CHARACTERS_PER_SECOND * rate)
        ends = torch.arange(1, length + 1) * total // length
        frames[row, 0, :length] = torch.diff(ends, prepend=torch.zeros(1, dtype=ends.dtype))
    return ids, mask, frames


def run_vits(sentences: list[str], batch: int, threads: int, model: str | None, repeats: int) -> dict:
    import torch

    torch.set_num_threads(threads)
    vits = load_vits()
    forced: dict = {}

    def force(module, arguments, log_durations):
        # The model takes ceil(exp(x)): aim half a frame below.
        return torch.log((forced["frames"].to(log_durations) - 0.5).clamp_min(1e-6))

    vits.duration_predictor.register_forward_hook(force)

    @torch.inference_mode()
    def speak(rows: list[str]) -> float:
        ids, mask, forced["frames"] = vits_batch(vits, rows)
        lengths = vits(input_ids=ids, attention_mask=mask).sequence_lengths
        return float(lengths.sum()) / vits.config.sampling_rate

    speak(["Ready."])

    def work() -> tuple[float, float]:
        begun, first, seconds = time.perf_counter(), None, 0.0
        for sentence in sentences:
            seconds += speak([sentence] * batch)
            first = first if first is not None else time.perf_counter() - begun
        return seconds, first or 0.0

    return measure(work, repeats)


def run_gpu(model: str | None, decoder: str | None, use_kernels: bool, repeats: int) -> list[dict]:
    """Rows of name, value and unit, of ValeTTS on the first GPU; an empty list without one."""
    import torch

    if not torch.cuda.is_available():
        return []
    from concurrent.futures import ThreadPoolExecutor
    from statistics import median

    from valetts_hf.inference.engine import ValeTTS

    tts = ValeTTS.from_pretrained(model, device="cuda")
    if decoder is not None:
        network = type(tts.model).from_pretrained(tts.model.config._name_or_path, decoder=decoder).cuda().eval()
        tts = ValeTTS(network, tts.processor)
    if use_kernels:
        print(tts.model.use_kernels(), file=sys.stderr)

    def speak(seed: int = 0) -> float:
        """Seconds until the whole sentence is there as samples on the host."""
        begun = time.perf_counter()
        tts(TEN_WORDS, language="en", seed=seed)
        return time.perf_counter() - begun

    for _ in range(5):
        speak()
    torch.cuda.reset_peak_memory_stats()
    alone = [speak() for _ in range(10 * repeats)]
    rows = [
        {"what": "ten-word sentence, median", "value": 1000 * median(alone), "unit": "ms"},
        {"what": "ten-word sentence, slowest", "value": 1000 * max(alone), "unit": "ms"},
    ]
    for workers in (1, 4, 10, 16):
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(speak, range(2 * workers)))  # a thread's first call makes its handles of the GPU's libraries
            begun = time.perf_counter()
            took = list(pool.map(speak, range(4 * workers)))
            wall = time.perf_counter() - begun
        rows.append({"what": f"{workers} at once, median", "value": 1000 * median(took), "unit": "ms"})
        rows.append({"what": f"{workers} at once", "value": len(took) / wall, "unit": "sentences/s"})
    for batch in (8, 32, 128):
        texts = [TEN_WORDS] * batch
        tts.batch(texts, language="en", seed=0)
        begun = time.perf_counter()
        audio = sum(speech.duration for speech in tts.batch(texts, language="en", seed=0))
        rows.append(
            {"what": f"batch of {batch}", "value": audio / (time.perf_counter() - begun), "unit": "s of audio per s"}
        )
    peak = {"what": "most memory of the card", "value": torch.cuda.max_memory_allocated() / 1e6, "unit": "MB"}
    return [*rows, peak]


def measure(work, repeats: int) -> dict:
    """Run `work() -> (seconds of audio, seconds to the first audio)` and keep the fastest run of each figure."""
    rows = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        audio, first = work()
        rows.append((time.perf_counter() - wall, time.process_time() - cpu, first, audio))
    audio = rows[0][3]
    return {
        "audio_seconds": audio,
        "rtf": min(row[0] / row[3] for row in rows),
        "cpu_seconds_per_second": min(row[1] / row[3] for row in rows),
        "first_audio_seconds": min(row[2] for row in rows),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / (1024 if sys.platform != "darwin" else 1 << 20),
    }


# --- all cases ----------------------------------------------------------------------------------------------------------


def run_case(case: dict, timeout: float) -> dict:
    environment = dict(os.environ, OMP_NUM_THREADS=str(case["threads"]), HF_HUB_OFFLINE="1")
    source = Path(__file__).resolve().parents[1] / "src"
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), environment.get("PYTHONPATH", "")]))
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {**case, "error": f"no result within {timeout:.0f} s"}
    if done.returncode:
        return {**case, "error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return {**case, **json.loads(done.stdout.strip().splitlines()[-1])}


def table(rows: list[dict]) -> str:
    """The results, one line a case, and how many times slower VitsModel is."""
    found = {(r["system"], r["text"], r["batch"], r["threads"]): r for r in rows}
    lines = [
        f"{'text':8}{'batch':>6}{'threads':>8}  {'system':9}{'audio s':>9}{'RTF':>9}{'CPU-s/s':>9}{'first s':>9}{'peak MB':>9}",
    ]
    for row in rows:
        head = f"{row['text']:8}{row['batch']:>6}{row['threads']:>8}  {row['system']:9}"
        if "error" in row:
            lines.append(f"{head} failed: {row['error']}")
            continue
        lines.append(
            f"{head}{row['audio_seconds']:9.1f}{row['rtf']:9.3f}{row['cpu_seconds_per_second']:9.3f}"
            f"{row['first_audio_seconds']:9.3f}{row['peak_rss_mb']:9.0f}"
        )
        ours = found.get(("valetts", row["text"], row["batch"], row["threads"]))
        if row["system"] == "vits" and ours and "error" not in ours:
            parts = {
                "RTF": row["rtf"] / ours["rtf"],
                "CPU": row["cpu_seconds_per_second"] / ours["cpu_seconds_per_second"],
                "first audio": row["first_audio_seconds"] / ours["first_audio_seconds"],
                "memory": row["peak_rss_mb"] / ours["peak_rss_mb"],
            }
            lines.append(f"{'':24}VitsModel / ValeTTS: " + ", ".join(f"{k} {v:.2f}x" for k, v in parts.items()))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", nargs="+", choices=["short", "medium", "long"], default=["short", "medium", "long"])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--model", default=None, help="checkpoint of ValeTTS; 'random': default size, random weights")
    parser.add_argument("--long-minutes", type=float, default=10.0, help="length of the long text")
    parser.add_argument(
        "--repeats", type=int, default=3, help="runs per case; the fastest counts (long text: one run)"
    )
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one case")
    parser.add_argument("--output", type=Path, default=Path("speech_speed.json"), help="where the JSON goes")
    parser.add_argument("--quick", action="store_true", help="short and medium text, batch 1, one thread, one run")
    parser.add_argument("--gpu-only", action="store_true", help="only the rows about a GPU")
    parser.add_argument("--gpu-decoder", help="decoder of the GPU rows; default: the checkpoint's own")
    parser.add_argument("--gpu-kernels", action="store_true", help="fused kernels in the GPU rows")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.case:
        case = json.loads(options.case)
        if case["system"] == "gpu":
            rows = run_gpu(case["model"], case["decoder"], case["use_kernels"], case["repeats"])
            print(json.dumps({"rows": rows}))
            return
        sentences = make_text(case["text"], case["long_minutes"])
        run = {"valetts": run_valetts, "vits": run_vits}[case["system"]]
        print(json.dumps(run(sentences, case["batch"], case["threads"], case["model"], case["repeats"])))
        return

    if options.quick:
        options.texts, options.batch_sizes, options.threads, options.repeats = ["short", "medium"], [1], [1], 1
    rows = []
    cases = product(options.texts, options.batch_sizes, options.threads, options.systems)
    for text, batch, threads, system in [] if options.gpu_only else cases:
        case = {
            "system": system,
            "text": text,
            "batch": batch,
            "threads": threads,
            "model": options.model,
            "long_minutes": options.long_minutes,
            "repeats": 1 if text == "long" else options.repeats,
        }
        print(f"running {system}, {text} text, batch {batch}, {threads} thread(s) ...", file=sys.stderr, flush=True)
        rows.append(run_case(case, options.timeout))
    if rows:
        print(table(rows))
    gpu = run_case(
        {
            "system": "gpu",
            "threads": 4,
            "model": options.model,
            "decoder": options.gpu_decoder,
            "use_kernels": options.gpu_kernels,
            "repeats": options.repeats,
        },
        options.timeout,
    )
    for row in gpu.get("rows", []):
        print(f"GPU: {row['what']:30}{row['value']:10.1f} {row['unit']}")
    if not gpu.get("rows"):
        print(f"GPU: {gpu.get('error', 'none here, its rows are left out')}")
    report = {"machine": machine(), "rows": rows}
    report["gpu"] = gpu
    options.output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {options.output}")
    if any("error" in row for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
