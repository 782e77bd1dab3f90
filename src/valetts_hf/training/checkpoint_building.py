"""From trained weights to a checkpoint folder that speaks: voices, durations of the right length, half precision, judges.

Shared by the scripts that build the base checkpoint and fine-tuned ones. H width of the style vector, L languages.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.run.run_state import latest, load_run_state


JUDGES_FOLDER = "discriminators"
JUDGES_WEIGHTS = "model.safetensors"
JUDGES_CONFIG = "config.json"
_REFERENCE_SECONDS = 10.0


def read_voices_file(path: Path) -> dict[str, Any]:
    """The voices that a checkpoint is to have, as `training_scripts/recipes/base_voices.yaml` tells them.

    Raises:
        ValueError: the file is none of these.
    """
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(plan, dict) or not {"voices", "default_voices"} <= plan.keys():
        raise ValueError(
            f"{path} is no voices file: it needs `voices` and `default_voices`, as recipes/base_voices.yaml"
        )
    return plan


def clips_of(corpus: PackedCorpus, speaker: str, split: str = "train") -> np.ndarray:
    """Indices of a speaker's clips in a split, in the order of the corpus.

    Raises:
        ValueError: the corpus has no such speaker.
    """
    if speaker not in corpus.speakers:
        raise ValueError(f"speaker {speaker!r} is not in the corpus, which has {sorted(corpus.speakers)}")
    own = corpus.speaker_ids == corpus.speakers.index(speaker)
    return np.flatnonzero(own & (np.array(corpus.splits) == split))


@torch.no_grad()
def speaker_style(model: ValeTTSForSpeech, corpus: PackedCorpus, speaker: str, clips: int) -> Tensor:
    """Mean style [H] of a speaker's longest training clips of up to 10 s; of the beginnings of longer ones if all are.

    Raises:
        ValueError: no such speaker, or no training clip.
    """
    config = model.config
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    own = clips_of(corpus, speaker)
    if len(own) == 0:
        raise ValueError(f"speaker {speaker!r} has no training clip")
    lengths = corpus.frame_lengths[own]
    short = lengths < _REFERENCE_SECONDS * config.frame_rate
    own, lengths = (own[short], lengths[short]) if short.any() else (own, lengths)
    device = next(model.parameters()).device
    styles = []
    for clip in own[np.argsort(-lengths, kind="stable")][:clips]:
        waveform = corpus.waveform(int(clip))[: int(_REFERENCE_SECONDS * config.sampling_rate)]
        styles.append(model.encode_style(mel(torch.from_numpy(waveform)[None]).to(device))[0].float().cpu())
    return torch.stack(styles).mean(dim=0)


@torch.no_grad()
def calibrate_durations(model: ValeTTSForSpeech, corpus: PackedCorpus, styles: Mapping[str, Tensor]) -> float:
    """Shift the predicted log durations so that the given speakers' training clips get their recorded length on average.

    The mean of a logarithm underestimates the logarithm of the mean (retransformation bias, Duan 1983). Returns the factor.
    """
    recorded, predicted = 0, 0.0
    device = next(model.parameters()).device
    for speaker, style in styles.items():
        style = style.to(device)
        own = clips_of(corpus, speaker)
        own = own[corpus.transcribed[own]][:60]
        for clip in own:
            tokens = slice(*corpus.token_offsets[clip : clip + 2])
            input_ids = torch.from_numpy(corpus.input_ids[tokens].astype(np.int64))[None].to(device)
            mask = torch.ones_like(input_ids, dtype=torch.bool)
            languages = torch.full_like(input_ids, int(corpus.language_ids[clip]))
            hidden_states = model.model.text_encoder(input_ids, languages, style[None], mask)
            noise = torch.zeros(*input_ids.shape, model.config.duration.noise_size, device=device)
            predicted += float(model.model.duration_predictor(hidden_states, style[None], mask, noise).exp().sum())
            recorded += int(corpus.durations[tokens].sum())
    if recorded == 0:
        raise ValueError(f"none of the speakers {sorted(styles)} has a transcribed training clip")
    factor = recorded / predicted
    model.model.duration_predictor.output.bias += float(np.log(factor))
    return factor


@torch.no_grad()
def copy_rows(weight: Tensor, rows: Mapping[int, int]) -> None:
    """Give rows of an embedding [V, C] the values of other rows: {target: source}."""
    for target, source in rows.items():
        weight[target] = weight[source]


def voice_entry(style: Tensor, language: str, description: str) -> dict[str, Any]:
    """A voice as the processor keeps it."""
    return {
        "language": language,
        "description": description,
        "style": [round(float(value), 5) for value in style],
    }


@torch.no_grad()
def set_default_styles(model: ValeTTSForSpeech, voices: Mapping[str, Any], defaults: Mapping[str, str]) -> None:
    """Fill the model's own default style [L, H] of each language with that of the voice named for it."""
    for language, name in defaults.items():
        row = model.config.languages.index(language)
        model.model.default_styles[row] = torch.tensor(voices[name]["style"])


# --- discriminators, published beside the generator ---------------------------------------------------------------


@dataclass
class Judges:
    """The discriminators of a checkpoint.

    Args:
        discriminator, duration_discriminator (`nn.Module`): with trained weights, float32.
        preset (`str`): name of the waveform discriminators' sizes, see `discriminators.PRESETS`.
    """

    discriminator: Discriminator
    duration_discriminator: DurationDiscriminator
    preset: str

    @classmethod
    def fresh(cls, preset: str, hidden_size: int) -> Judges:
        """Untrained ones."""
        return cls(Discriminator(discriminator_preset(preset)), DurationDiscriminator(hidden_size), preset)

    def modules(self) -> dict[str, nn.Module]:
        """Both by the names they have in a training run."""
        return {"discriminator": self.discriminator, "duration_discriminator": self.duration_discriminator}

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` (half precision) and `config.json` into a new folder."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{name}.{key}": value.detach().half().contiguous().cpu()
            for name, module in self.modules().items()
            for key, value in module.state_dict().items()
        }
        save_file(tensors, folder / JUDGES_WEIGHTS, metadata={"format": "pt"})
        settings = {"preset": self.preset, "hidden_size": self.duration_discriminator.text[0].conv.in_channels}
        (folder / JUDGES_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def judges_of_run(run: Path, hidden_size: int) -> Judges | None:
    """The discriminators of a run's newest checkpoint; None if the run never trained them."""
    checkpoint = latest(run / "checkpoints")
    return None if checkpoint is None else judges_of_state(checkpoint, hidden_size)


def judges_of_state(checkpoint: Path, hidden_size: int) -> Judges | None:
    """The discriminators of one training state (`step-...`); None if they had not been trained by then."""
    step, extra = load_run_state(checkpoint, {}, restore_random_states=False)
    recipe = extra["recipe"]
    if step <= recipe["adversarial_start"]:
        return None
    judges = Judges.fresh(recipe["discriminator"], hidden_size)
    load_run_state(checkpoint, judges.modules(), restore_random_states=False)
    return judges


def load_judges(source: str | Path, hidden_size: int) -> Judges | None:
    """The discriminators that belong to a checkpoint.

    Args:
        source: a checkpoint folder with a sub-folder `discriminators`, that sub-folder, a training state, or a Hub id.
        hidden_size (`int`): width of the generator's hidden states.

    Returns:
        `Judges`, or None if there are none.

    Raises:
        ValueError: there are some, but they are damaged or made for a generator of another width.
    """
    folder = _judges_folder(source)
    if folder is None:
        return None
    if (folder / "manifest.json").is_file():
        return judges_of_state(folder, hidden_size)
    try:
        settings = json.loads((folder / JUDGES_CONFIG).read_text(encoding="utf-8"))
        preset, width = str(settings["preset"]), int(settings["hidden_size"])
        tensors = load_file(folder / JUDGES_WEIGHTS)
        judges = Judges.fresh(preset, width)
        for name, module in judges.modules().items():
            prefix = f"{name}."
            own = {key[len(prefix) :]: value.float() for key, value in tensors.items() if key.startswith(prefix)}
            module.load_state_dict(own)
    except Exception as error:  # every library that reads a part of it has exceptions of its own
        raise ValueError(f"the discriminators in {str(folder)!r} cannot be loaded: {error}") from error
    if width != hidden_size:
        raise ValueError(
            f"the discriminators in {str(folder)!r} judge {width} channels, the generator has {hidden_size}"
        )
    return judges


def _judges_folder(source: str | Path) -> Path | None:
    folder = Path(source)
    if folder.is_dir():
        if (folder / "manifest.json").is_file() or (folder / JUDGES_CONFIG).is_file() and folder.name == JUDGES_FOLDER:
            return folder
        return folder / JUDGES_FOLDER if (folder / JUDGES_FOLDER / JUDGES_WEIGHTS).is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError

    try:
        hf_hub_download(str(source), f"{JUDGES_FOLDER}/{JUDGES_CONFIG}")
        return Path(hf_hub_download(str(source), f"{JUDGES_FOLDER}/{JUDGES_WEIGHTS}")).parent
    except EntryNotFoundError:  # or out of reach and not in the cache
        return None
    except HFValidationError as error:
        raise ValueError(f"there is no folder {str(source)!r} and it is no Hub id: {error}") from error


# --- the folder ----------------------------------------------------------------------------------------------------


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block ends well; else nothing changes."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield temporary
        for path in temporary.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        temporary.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            target.rename(old / "old")
            temporary.rename(target)
            shutil.rmtree(old)
        else:
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_checkpoint(
    output: Path,
    model: ValeTTSForSpeech,
    processor: ValeTTSProcessor,
    dtype: torch.dtype = torch.float16,
    judges: Judges | None = None,
    with_code: bool = True,
    finish: Callable[[Path], None] | None = None,
) -> None:
    """Write a checkpoint folder in one move.

    Args:
        output: the folder; replaced if it is there.
        model: is converted to `dtype` in place. The configuration says float32: half precision is for storing only.
        processor: with voices and default voices.
        judges: written into the sub-folder `discriminators`.
        with_code: also write what `trust_remote_code` needs; the bundled checkpoint does without.
        finish: called with the folder before it takes its place, to add a card for example.
    """
    with new_folder(output) as folder:
        model.to(dtype).save_pretrained(folder)
        processor.save_pretrained(folder)
        if judges is not None:
            judges.save(folder / JUDGES_FOLDER)
        if not with_code:
            without_code(folder)
        _edit_json(folder / "config.json", lambda content: content.update(dtype="float32"))
        if finish is not None:
            finish(folder)


def without_code(folder: Path) -> None:
    """Drop what only `trust_remote_code` needs: the package that carries this checkpoint carries the code."""
    for path in folder.glob("*.py"):
        path.unlink()
    for path in folder.glob("*.json"):
        _edit_json(path, _without_auto_map)


def checkpoint_facts(checkpoint: Path) -> dict[str, Any]:
    """`parameters` (number), `bytes` (of all files), `voices`, `default_voices` and `languages` of a checkpoint folder."""
    with safe_open(checkpoint / "model.safetensors", "pt") as file:
        parameters = sum(int(np.prod(file.get_slice(name).get_shape())) for name in file.keys())
    processor = json.loads((checkpoint / "processor_config.json").read_text(encoding="utf-8"))
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    return {
        "parameters": parameters,
        "bytes": sum(path.stat().st_size for path in checkpoint.iterdir() if path.is_file()),
        "voices": processor.get("voices") or {},
        "default_voices": processor.get("default_voices") or {},
        "languages": config.get("languages") or [],
    }


def _without_auto_map(content: dict[str, Any]) -> None:
    for part in (content, *(value for value in content.values() if isinstance(value, dict))):
        part.pop("auto_map", None)


def _edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def token_counts(corpus: PackedCorpus, vocab_size: int) -> np.ndarray:
    """How often each token occurs in the transcribed training clips, int64 [V]."""
    counts = np.zeros(vocab_size, dtype=np.int64)
    for clip in np.flatnonzero((np.array(corpus.splits) == "train") & corpus.transcribed):
        np.add.at(counts, corpus.input_ids[slice(*corpus.token_offsets[clip : clip + 2])], 1)
    return counts


def language_list(codes: Sequence[str]) -> list[str]:
    """Language tags of a card: ISO 639 codes without region, each once."""
    return list(dict.fromkeys(code.split("-")[0] for code in codes))
