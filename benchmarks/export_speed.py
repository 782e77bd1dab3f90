"""How fast ValeTTS speaks in PyTorch and in ONNX Runtime, side by side with Piper's medium shape and VitsModel.

    valetts export onnx base exported && valetts export onnx base exported8 --int8
    python benchmarks/export_speed.py --onnx exported --int8 exported8 --compiled

One sentence, spoken by all in turns, so that a busy machine is unfair to nobody; the fastest round of each counts. All
contestants get as much audio as 15 characters a second need. Piper's medium voices are VITS (arXiv 2106.06103) at 22.05 kHz
with a HiFi-GAN decoder that upsamples 8, 8, 4 times from 256 channels; here with random weights, scaled so that activations
stay near one (denormal numbers would make it several times slower), exported to ONNX from transformers' VitsModel of that
size and run without its duration predictor, which flatters it a little. VitsModel is that of mms-tts in PyTorch, see
`speech_speed.py`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from machine import machine, today


CHARACTERS_PER_SECOND = 15.0
SENTENCE = "The ferry leaves the harbour at seven, and nobody on board has slept."


def healthy(model) -> None:
    """Weights at which activations keep their size, in place."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() >= 2:
                fan = parameter.shape[0] * 2 if "upsampler" in name else parameter[0].numel()
                parameter.normal_(0, fan**-0.5)


def piper_session(threads: int):
    """A session that turns tokens and whole frames per token into 22.05 kHz, of Piper's medium sizes."""
    import onnxruntime
    import torch
    from transformers import VitsConfig, VitsModel

    from valetts_hf.modeling.weight_norm import fuse_weight_norm

    torch.manual_seed(0)
    config = VitsConfig(
        hidden_size=192,
        flow_size=192,
        upsample_initial_channel=256,
        upsample_rates=[8, 8, 4],
        upsample_kernel_sizes=[16, 16, 8],
        resblock_kernel_sizes=[3, 5, 7],
        resblock_dilation_sizes=[[1, 2], [2, 6], [3, 12]],
        sampling_rate=22_050,
    )
    vits = VitsModel(config).eval()
    fuse_weight_norm(vits)
    healthy(vits)

    class Speech(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.flow, self.decoder = vits.text_encoder, vits.flow, vits.decoder

        def forward(self, ids, index, noise):
            mask = torch.ones_like(ids)[..., None].float()
            found = self.encoder(
                input_ids=ids, padding_mask=mask, attention_mask=torch.ones_like(ids), return_dict=True
            )
            frames = index.shape[1]
            expand = index[..., None].expand(-1, -1, found.prior_means.shape[2])
            means, scales = (x.gather(1, expand) for x in (found.prior_means, found.prior_log_variances))
            latents = (means + noise * scales.exp()).transpose(1, 2)
            latents = self.flow(latents, torch.ones(1, 1, frames), None, reverse=True)
            return self.decoder(latents)

    tokens = 2 * len(SENTENCE) + 1
    frames = round(len(SENTENCE) / CHARACTERS_PER_SECOND * 22_050 / 256)
    feeds = {
        "ids": torch.randint(1, 30, (1, tokens)),
        "index": torch.arange(frames)[None] * tokens // frames,
        "noise": 0.667 * torch.randn(1, frames, 192),
    }
    path = Path(tempfile.mkdtemp()) / "piper.onnx"
    # for the sizes of this sentence alone: transformers' relative attention is traced with its length
    names = {"input_names": list(feeds), "output_names": ["waveform"]}
    torch.onnx.export(Speech().eval(), tuple(feeds.values()), str(path), dynamo=False, opset_version=17, **names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    arrays = {name: value.numpy() for name, value in feeds.items()}

    def speak() -> float:
        return session.run(None, arrays)[0].size / 22_050

    millions = sum(p.numel() for part in (vits.text_encoder, vits.flow, vits.decoder) for p in part.parameters()) / 1e6
    return speak, millions


def vits_speaker(threads: int):
    import torch
    from speech_speed import load_vits, vits_batch

    vits = load_vits()
    forced = {}
    vits.duration_predictor.register_forward_hook(
        lambda module, arguments, found: torch.log((forced["frames"].to(found) - 0.5).clamp_min(1e-6))
    )

    @torch.inference_mode()
    def speak() -> float:
        ids, mask, forced["frames"] = vits_batch(vits, [SENTENCE])
        return float(vits(input_ids=ids, attention_mask=mask).sequence_lengths.sum()) / vits.config.sampling_rate

    return speak, sum(parameter.numel() for parameter in vits.parameters()) / 1e6


def valetts_speaker(folder: str | None, threads: int):
    from valetts_hf import ValeTTS

    device = {} if folder is not None else {"device": "cpu"}
    tts = ValeTTS.from_pretrained(folder, num_threads=threads, **device)
    return (lambda: tts(SENTENCE, "en", seed=1).duration), None


def compiled_speaker(threads: int):
    """ValeTTS whose flow and decoder stack are compiled by torch, for any length; compiling falls into what does not count."""
    from valetts_hf import ValeTTS

    tts = ValeTTS.from_pretrained(device="cpu", num_threads=threads)
    for module in (tts.model.model.flow, tts.model.decoder.stack):
        module.compile(dynamic=True)
    return (lambda: tts(SENTENCE, "en", seed=1).duration), None


def measure(speakers: dict, rounds: int) -> dict[str, float]:
    """Real-time factor of each: the fastest of the rounds."""
    best = dict.fromkeys(speakers, float("inf"))
    for speak in speakers.values():
        speak()
    for _ in range(rounds):
        for name, speak in speakers.items():
            begun = time.perf_counter()
            seconds = speak()
            best[name] = min(best[name], (time.perf_counter() - begun) / seconds)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--onnx", help="folder of `valetts export onnx base`")
    parser.add_argument("--int8", help="folder of `valetts export onnx base --int8`")
    parser.add_argument(
        "--compiled", action="store_true", help="also PyTorch with torch.compile; needs a C++ compiler"
    )
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-vits", action="store_true", help="leave out VitsModel, the slowest")
    parser.add_argument("--output", type=Path, default=Path("export_speed.json"))
    options = parser.parse_args()
    rows = []
    for threads in options.threads:
        made = {"ValeTTS, PyTorch": valetts_speaker(None, threads)}
        if options.compiled:
            made["ValeTTS, PyTorch compiled"] = compiled_speaker(threads)
        if options.onnx:
            made["ValeTTS, ONNX Runtime"] = valetts_speaker(options.onnx, threads)
        if options.int8:
            made["ValeTTS, ONNX Runtime int8"] = valetts_speaker(options.int8, threads)
        made["Piper medium shape, ONNX Runtime"] = piper_session(threads)
        if not options.without_vits:
            made["VitsModel (mms-tts), PyTorch"] = vits_speaker(threads)
        found = measure({name: speak for name, (speak, _) in made.items()}, options.rounds)
        piper = found["Piper medium shape, ONNX Runtime"]
        for name, rtf in found.items():
            rows.append(
                {"system": name, "threads": threads, "rtf": rtf, "of_piper": rtf / piper, "millions": made[name][1]}
            )
            print(f"{threads} thread(s)  {name:36}{rtf:8.4f}  {rtf / piper:6.2f} of Piper", flush=True)
    report = {"date": today(), "machine": machine(), "rounds": options.rounds, "rows": rows}
    options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
