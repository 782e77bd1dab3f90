"""Pack audio folders into one memory-mapped training corpus: audio, pitch, energy, phonemes, aligned durations.

    python training_scripts/prepare_corpus.py --sources data/english data/german --output data/packed

Each stage is saved; `--resume` goes on with the first one that is missing.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter

import numpy as np

from valetts_hf.training.aligner.bootstrap_alignment import align_corpus
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.corpus_preparation import attach_durations, attach_text, prepare_audio


logger = logging.getLogger("prepare_corpus")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", nargs="+", required=True, help="audio folders, each with a metadata.jsonl")
    parser.add_argument("--output", required=True, help="folder for the packed corpus")
    parser.add_argument("--workers", type=int, default=2, help="processes for decoding, pitch and alignment")
    parser.add_argument("--iterations", type=int, default=12, help="rounds of alignment and re-estimation")
    parser.add_argument("--until", choices=["audio", "text", "durations"], default="durations", help="last stage")
    parser.add_argument("--resume", action="store_true", help="use the stages that the output folder already holds")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    start = time.time()
    corpus = None
    if args.resume:
        try:
            corpus = PackedCorpus.load(args.output)
        except FileNotFoundError:
            logger.info("nothing to resume in %s", args.output)
    if corpus is None:
        corpus = prepare_audio(args.sources, workers=args.workers)
        corpus.save(args.output)
        logger.info("audio, pitch and energy of %d clips after %.0f s", len(corpus), time.time() - start)
    if args.until != "audio" and not corpus.transcribed.any():
        corpus = attach_text(corpus)
        corpus.save(args.output)
        logger.info("%d tokens after %.0f s", len(corpus.input_ids), time.time() - start)
    if args.until == "durations" and not np.any(corpus.durations):
        corpus = attach_durations(corpus, align_corpus(corpus, iterations=args.iterations, workers=args.workers))
        corpus.save(args.output)
        logger.info("durations after %.0f s", time.time() - start)
    report(corpus)


def report(corpus: PackedCorpus) -> None:
    """Print clips and minutes per language, speaker and split, and what was skipped."""
    minutes = corpus.frame_lengths * 256 / 24_000 / 60
    for title, keys in (
        ("language", corpus.languages),
        ("speaker", [corpus.speakers[i] for i in corpus.speaker_ids]),
        ("split", corpus.splits),
    ):
        counts, lengths = Counter(keys), Counter()
        for key, length in zip(keys, minutes):
            lengths[key] += length
        most = sorted(counts, key=lambda key: -lengths[key])
        print(f"{title}:", ", ".join(f"{key} {counts[key]} ({lengths[key]:.1f} min)" for key in most[:25]))
    print(
        f"{len(corpus)} clips, {corpus.hours:.2f} h, {int(corpus.transcribed.sum())} transcribed, "
        f"{len(corpus.input_ids)} tokens, {len(corpus.notes.get('skipped', []))} notes of skipped clips"
    )


if __name__ == "__main__":
    main()
