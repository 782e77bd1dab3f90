#!/usr/bin/env python
"""Turn a trained model into a checkpoint folder to publish: default voices, half precision, processor, discriminators.

    python training_scripts/build_checkpoint.py --run runs/base --corpus corpus/ --voices voices.yaml --output DIR

What it adds to the trained weights:
- a named voice per chosen speaker (mean style of their clips) and the default voice of each language;
- a correction of the speaking rate: exponentiated means of log durations are too short on average;
- for languages and symbols that the corpus does not have, the embedding of the nearest one that it has, so that they
  are spoken with a neighbour's sounds rather than with random weights.
The folder is written beside its target and moved into place when it is complete.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save_file

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.symbols import SYMBOLS
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.run_state import latest, load_run_state


def speaker_style(model: ValeTTSForSpeech, corpus: PackedCorpus, speaker: str, clips: int) -> torch.Tensor:
    """Mean style [H] of a speaker's longest training clips of up to 10 s."""
    if speaker not in corpus.speakers:
        raise ValueError(f"speaker {speaker!r} is not in the corpus, which has {sorted(corpus.speakers)}")
    index = corpus.speakers.index(speaker)
    mel = LogMelSpectrogram(
        model.config.sampling_rate, model.config.n_fft, model.config.hop_length, model.config.num_mel_bands
    )
    own = np.flatnonzero((corpus.speaker_ids == index) & (np.array(corpus.splits) == "train"))
    own = own[corpus.frame_lengths[own] < 10 * model.config.frame_rate]
    own = own[np.argsort(-corpus.frame_lengths[own])][:clips]
    if len(own) == 0:
        raise ValueError(f"speaker {speaker!r} has no training clip of up to 10 s")
    styles = [model.encode_style(mel(torch.from_numpy(corpus.waveform(clip))[None]))[0] for clip in own]
    return torch.stack(styles).mean(dim=0)


def lend_embeddings(model: ValeTTSForSpeech, corpus: PackedCorpus, plan: dict) -> None:
    """Copy embeddings of seen languages and symbols to unseen ones, as the plan says (codes and symbols by name)."""
    encoder, languages = model.model.text_encoder, model.config.languages
    for unseen, seen in plan.get("languages", {}).items():
        encoder.embed_languages.weight[languages.index(unseen)] = encoder.embed_languages.weight[languages.index(seen)]
    trained = np.array(corpus.splits) == "train"
    counts = np.zeros(model.config.vocab_size, dtype=np.int64)
    for clip in np.flatnonzero(trained & corpus.transcribed):
        np.add.at(counts, corpus.input_ids[slice(*corpus.token_offsets[clip : clip + 2])], 1)
    for unseen, seen in plan.get("symbols", {}).items():
        target, source = SYMBOLS.index(unseen), SYMBOLS.index(seen)
        if counts[target] < 100 <= counts[source]:
            encoder.embed_tokens.weight[target] = encoder.embed_tokens.weight[source]


def calibrate_durations(model: ValeTTSForSpeech, corpus: PackedCorpus, styles: dict[str, torch.Tensor]) -> float:
    """Shift the predicted log durations so that the given speakers' training clips get their recorded length on average.

    The mean of a logarithm underestimates the logarithm of the mean (retransformation bias, Duan 1983). Returns the factor.
    """
    recorded, predicted = 0, 0.0
    for speaker, style in styles.items():
        own = np.flatnonzero((corpus.speaker_ids == corpus.speakers.index(speaker)) & corpus.transcribed)
        own = [clip for clip in own if corpus.splits[clip] == "train"][:60]
        for clip in own:
            tokens = slice(*corpus.token_offsets[clip : clip + 2])
            input_ids = torch.from_numpy(corpus.input_ids[tokens].astype(np.int64))[None]
            mask = torch.ones_like(input_ids, dtype=torch.bool)
            languages = torch.full_like(input_ids, int(corpus.language_ids[clip]))
            hidden_states = model.model.text_encoder(input_ids, languages, style[None], mask)
            noise = torch.zeros(*input_ids.shape, model.config.duration.noise_size)
            predicted += float(model.model.duration_predictor(hidden_states, style[None], mask, noise).exp().sum())
            recorded += int(corpus.durations[tokens].sum())
    factor = recorded / predicted
    model.model.duration_predictor.output.bias += float(np.log(factor))
    return factor


def without_code(folder: Path) -> None:
    """Drop what only `trust_remote_code` needs: the package that carries this checkpoint carries the code."""
    for path in folder.glob("*.py"):
        path.unlink()
    for path in folder.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        for part in (content, *(value for value in content.values() if isinstance(value, dict))):
            part.pop("auto_map", None)
        if path.name == "config.json":
            content["dtype"] = "float32"  # stored in half precision, to be computed in single
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@torch.no_grad()
def build(run: Path, corpus: PackedCorpus, plan: dict, output: Path, dtype: torch.dtype) -> None:
    """Write the checkpoint folder; see the module's description."""
    model = ValeTTSForSpeech.from_pretrained(run / "model", dtype=torch.float32).eval()
    lend_embeddings(model, corpus, plan.get("lend", {}))
    for name, value in plan.get("inference", {}).items():
        if not hasattr(model.config, name):
            raise ValueError(f"voices file: {name!r} under `inference` is not a setting of the model")
        setattr(model.config, name, value)
    for name, value in plan.get("decoder", {}).items():
        setattr(model.config.decoder, name, value)
    voices, styles = {}, {}
    for name, entry in plan["voices"].items():
        style = speaker_style(model, corpus, entry["speaker"], plan.get("clips_per_voice", 24))
        styles[entry["speaker"]] = style
        voices[name] = {
            "language": entry["language"],
            "description": entry["description"],
            "style": [round(float(value), 5) for value in style],
        }
    for language, name in plan["default_voices"].items():
        model.model.default_styles[model.config.languages.index(language)] = torch.tensor(voices[name]["style"])
    print(f"predicted durations are multiplied by {calibrate_durations(model, corpus, styles):.3f}")
    processor = ValeTTSProcessor(
        ValeTTSFeatureExtractor(), ValeTTSTokenizer(), voices=voices, default_voices=plan["default_voices"]
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".building-", dir=output.parent))
    try:
        model.to(dtype).save_pretrained(temporary)
        processor.save_pretrained(temporary)
        save_discriminators(run, temporary / "discriminators.safetensors", model.config.hidden_size)
        without_code(temporary)
        for path in temporary.iterdir():
            path.chmod(0o644)
        temporary.chmod(0o755)
        if output.exists():
            shutil.rmtree(output)
        temporary.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def save_discriminators(run: Path, path: Path, hidden_size: int) -> None:
    """The judges in half precision, for those who train on; nothing if the run never trained them."""
    checkpoint = latest(run / "checkpoints")
    if checkpoint is None:
        return
    step, extra = load_run_state(checkpoint, {}, restore_random_states=False)
    if step <= extra["recipe"]["adversarial_start"]:
        return
    judges = {
        "discriminator": Discriminator(discriminator_preset(extra["recipe"]["discriminator"])),
        "duration_discriminator": DurationDiscriminator(hidden_size),
    }
    load_run_state(checkpoint, judges, restore_random_states=False)
    tensors = {
        f"{name}.{key}": value.half().contiguous()
        for name, module in judges.items()
        for key, value in module.state_dict().items()
    }
    save_file(tensors, path, metadata={"format": "pt", "preset": extra["recipe"]["discriminator"]})


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder written by run_pretrain.py")
    parser.add_argument("--corpus", type=Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--voices", type=Path, required=True, help="YAML: voices, default_voices, lend")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--dtype", choices=("float16", "bfloat16", "float32"), default="float16")
    parsed = parser.parse_args(arguments)
    plan = yaml.safe_load(parsed.voices.read_text(encoding="utf-8"))
    build(parsed.run, PackedCorpus.load(parsed.corpus), plan, parsed.output, getattr(torch, parsed.dtype))


if __name__ == "__main__":
    main()
