#!/usr/bin/env python
"""Speak the held-out sentences of a corpus beside their recordings, for recognisers, MOS predictors and listeners.

    python training_scripts/synthesize_test_set.py --corpus corpus/ --output judged/ --speaker kathleen --voice kathleen

Writes OUTPUT/model and OUTPUT/human with NN.wav and NN.txt, the list of both as JSON lines (`wav`, `text`, `prompt`), and
`summary.json` with the number of sentences, seconds of speech and the real-time factor.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import soundfile

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.inference import ValeTTS
from valetts_hf.training.data.corpus import PackedCorpus


def held_out_clips(corpus: PackedCorpus, speaker: str, count: int) -> list[int]:
    """Clips of a speaker in the test split with at least five words, each text once."""
    if speaker not in corpus.speakers:
        raise ValueError(f"speaker {speaker!r} is not in the corpus, which has {sorted(corpus.speakers)}")
    chosen: dict[str, int] = {}
    for clip in np.flatnonzero(corpus.speaker_ids == corpus.speakers.index(speaker)):
        text = corpus.texts[clip]
        if corpus.splits[clip] == "test" and len(text.split()) >= 5:
            chosen.setdefault(text, int(clip))
    return list(chosen.values())[:count]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=BASE_CHECKPOINT)
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--speaker", required=True, help="speaker of the corpus whose sentences are spoken")
    parser.add_argument("--voice", help="voice of the checkpoint, or a recording; default: of the language")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args(arguments)

    corpus, tts = PackedCorpus.load(parsed.corpus), ValeTTS.from_pretrained(parsed.checkpoint)
    seconds, spent, rows = 0.0, 0.0, {"model": [], "human": []}
    for number, clip in enumerate(held_out_clips(corpus, parsed.speaker, parsed.count)):
        text, recording = corpus.texts[clip], corpus.waveform(clip)
        started = time.perf_counter()
        speech = tts(text, language=corpus.languages[clip], voice=parsed.voice, seed=parsed.seed)
        spent += time.perf_counter() - started
        seconds += len(speech.waveform) / tts.sampling_rate
        for name, waveform in (("model", speech.waveform), ("human", recording)):
            folder = parsed.output / name
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / f"{number:02d}.wav", waveform, tts.sampling_rate)
            (folder / f"{number:02d}.txt").write_text(text, encoding="utf-8")
            rows[name].append(
                {"wav": f"{name}/{number:02d}.wav", "text": text, "language": corpus.languages[clip][:2]}
            )
    for row in rows["model"]:
        row["prompt"] = row["wav"].replace("model/", "human/")
    for name, items in rows.items():
        lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        (parsed.output / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    summary = {"sentences": len(rows["model"]), "seconds": round(seconds, 2), "rtf": round(spent / seconds, 4)}
    (parsed.output / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print(summary)


if __name__ == "__main__":
    main()
