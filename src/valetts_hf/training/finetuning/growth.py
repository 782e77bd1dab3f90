"""A new language for a trained checkpoint: rows are added to its tables, the rows that were there stay as they are.

The language embedding and the table of default styles get one row, with the values of the nearest language. Symbols that
the vocabulary lacks take its free `<extra_n>` slots; when those are used up, the vocabulary and its embedding grow.
L languages, V symbols, C channels.
"""

from __future__ import annotations

import difflib
import itertools
import json
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.languages import BUILT_IN, LANGUAGES, register_language, resolve_language
from valetts_hf.processing.phonemization import dropped_sounds, phonemize
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.symbols import IPA_CHARACTERS
from valetts_hf.processing.text_cleaning import readable_in, script_of
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer


SAMPLE_TEXTS = 40  # enough to tell which language is near


@dataclass
class Growth:
    """What was added to a checkpoint.

    Args:
        language (`str`): code of the new language; "" for none.
        nearest (`str`): whose rows it started from.
        symbols (`dict[str, str]`): new symbol -> the known one it started from, "" for the mean of all.
        language_rows, token_rows (`list[int]`): the new rows of the embeddings.
    """

    language: str = ""
    nearest: str = ""
    symbols: dict[str, str] = field(default_factory=dict)
    language_rows: list[int] = field(default_factory=list)
    token_rows: list[int] = field(default_factory=list)


def describe_language(
    code: str, espeak_voice: str, texts: Iterable[str], name: str = "", native_name: str = "", symbols: str = ""
) -> dict[str, str]:
    """Register a language with what its texts tell: script, letters and symbols that no built-in language has.

    Args:
        code: its code, see `register_language`.
        espeak_voice: the espeak-ng voice to read it with.
        texts: texts in it, the more the better.
        name, native_name: English name and name in the language.
        symbols: IPA characters to keep beyond those that the voice is found to use.

    Returns:
        The arguments of `register_language`, as the tokenizer keeps them.

    Raises:
        ValueError: no text has a letter, the code is taken, or espeak-ng has no such voice.
    """
    texts = [text for text in texts if text]
    letters = Counter(c for text in texts for c in text.lower() if script_of(c))
    if not letters:
        raise ValueError(f"none of the {len(texts)} texts in {code!r} has a letter: check the text column")
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[script_of(letter)] += count
    script = scripts.most_common(1)[0][0]
    own = sorted(c for c in letters if script_of(c) == script and not readable_in(c))
    if not any(language.script == script for language in LANGUAGES.values()):
        own = []  # the whole script is new
    try:
        found = itertools.chain.from_iterable(dropped_sounds(text, espeak_voice) for text in texts)
        kept = dict.fromkeys([*symbols, *found])
    except RuntimeError as error:
        raise ValueError(
            f"espeak-ng cannot read with the voice {espeak_voice!r} ({error}): name that of a language which is spelled alike "
            f"(--espeak_voice); there are {', '.join(_espeak_voices())}"
        ) from error
    entry = {
        "code": code,
        "espeak_voice": espeak_voice,
        "name": name or code,
        "native_name": native_name or name or code,
        "script": script,
        "letters": "".join(own),
        "symbols": "".join(sorted(kept)),
    }
    register_language(**entry)
    return entry


def _espeak_voices() -> list[str]:
    from phonemizer.backend.espeak.wrapper import EspeakWrapper  # knows its library since a voice was asked for

    return sorted({voice.language for voice in EspeakWrapper().available_voices()})


def nearest_language(texts: Sequence[str], language: str, candidates: Sequence[str]) -> str:
    """The language whose reading of texts is most like the language's own reading.

    Args:
        texts: in the language.
        language: its code.
        candidates: codes to choose from; those written in the same script are asked, all if there are none.

    Returns:
        One of the candidates.
    """
    others = [code for code in candidates if code != language]
    same = [code for code in others if LANGUAGES[code].script == LANGUAGES[language].script]
    if not same:
        return others[0]
    sample = [text for text in texts if text.strip()][:SAMPLE_TEXTS]
    own = [phonemize(text, language) for text in sample]

    def likeness(code: str) -> float:
        read = (phonemize(text, code) for text in sample)
        return sum(difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() for a, b in zip(own, read))

    return max(same, key=likeness)


def similar_symbol(symbol: str, vocabulary: Iterable[str]) -> str:
    """The known symbol that a new one is a variant of by its Unicode name ("ɫ" of "l"), "" if there is none."""
    known = set(vocabulary)
    name = unicodedata.name(symbol, "")
    for cut in (" WITH ", " LETTER "):
        head, found, _ = name.rpartition(cut)
        if cut == " WITH " and found:
            try:
                base = unicodedata.lookup(head)
            except KeyError:
                continue
            if base in known:
                return base
    plain = unicodedata.normalize("NFKD", symbol)[:1]
    return plain if plain in known and plain != symbol else ""


def check_known(language: str | None) -> None:
    """Refuse, with a ValueError that says how it is added, a language of the data that nobody has learned to read."""
    try:
        if language is not None:
            resolve_language(language)
    except ValueError as error:
        raise ValueError(f"{error} Or add it: --new_language {language} instead of --language") from error


def check_new(code: str, languages: Sequence[str]) -> None:
    """Refuse, with a ValueError, a language that is among those of the checkpoint."""
    if code in languages:
        raise ValueError(f"the checkpoint speaks {code!r} already: fine-tune without a new language")


def grow(
    model: ValeTTSForSpeech, processor: ValeTTSProcessor, language: dict[str, str], nearest: str
) -> tuple[ValeTTSProcessor, Growth]:
    """Teach a checkpoint's tables a new language.

    Args:
        model: changed in place.
        processor: of the checkpoint; stays as it is.
        language: what [`describe_language`] returned.
        nearest: code of a language of the checkpoint to start from.

    Returns:
        The processor of the grown checkpoint, and what was added.

    Raises:
        ValueError: the checkpoint has the language already, or lacks the nearest one.
    """
    code, languages = language["code"], list(model.config.languages)
    check_new(code, languages)
    if nearest not in languages:
        raise ValueError(f"the nearest language {nearest!r} is none of the checkpoint's: {', '.join(languages)}")
    if languages != processor.tokenizer.languages:
        raise ValueError(
            f"the model's languages {languages[BUILT_IN:]} and its tokenizer's {processor.tokenizer.languages[BUILT_IN:]} "
            "differ beyond the built-in ones: this checkpoint is damaged"
        )
    growth = Growth(code, nearest)
    _grow_languages(model, growth)
    vocabulary = dict(processor.tokenizer.encoder)
    wanted = [c for c in language.get("symbols", "") if c not in vocabulary]
    _grow_symbols(model, vocabulary, wanted, growth)
    return _grown_processor(processor, vocabulary, language), growth


@torch.no_grad()
def _grow_languages(model: ValeTTSForSpeech, growth: Growth) -> None:
    inner, languages = model.model, list(model.config.languages)
    source = languages.index(growth.nearest)
    inner.text_encoder.embed_languages = _longer(inner.text_encoder.embed_languages, 1)
    inner.text_encoder.embed_languages.weight[-1] = inner.text_encoder.embed_languages.weight[source]
    styles = inner.default_styles
    inner.default_styles = torch.cat([styles, styles[source : source + 1]])
    model.config.languages = [*languages, growth.language]
    growth.language_rows = [len(languages)]


@torch.no_grad()
def _grow_symbols(model: ValeTTSForSpeech, vocabulary: dict[str, int], symbols: list[str], growth: Growth) -> None:
    free = [name for name in vocabulary if name.startswith("<extra_")]
    missing = max(len(symbols) - len(free), 0)
    encoder = model.model.text_encoder
    if missing:
        encoder.embed_tokens = _longer(encoder.embed_tokens, missing)
        model.config.vocab_size += missing
    weight = encoder.embed_tokens.weight
    mean = weight[[vocabulary[c] for c in IPA_CHARACTERS if c in vocabulary]].mean(dim=0)
    known = list(vocabulary)
    for symbol in symbols:
        row = vocabulary.pop(free.pop(0)) if free else len(vocabulary)
        vocabulary[symbol] = row
        like = similar_symbol(symbol, known)
        weight[row] = weight[vocabulary[like]] if like else mean
        growth.symbols[symbol] = like
        growth.token_rows.append(row)


def _longer(table: nn.Embedding, rows: int) -> nn.Embedding:
    """The embedding with more rows at its end, zero."""
    weight = torch.cat([table.weight, table.weight.new_zeros(rows, table.embedding_dim)])
    return nn.Embedding(
        table.num_embeddings + rows, table.embedding_dim, padding_idx=table.padding_idx, _weight=weight
    )


def _grown_processor(
    processor: ValeTTSProcessor, vocabulary: dict[str, int], language: dict[str, str]
) -> ValeTTSProcessor:
    old = processor.tokenizer
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.json"
        ordered = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
        path.write_text(json.dumps(ordered, ensure_ascii=False), encoding="utf-8")
        tokenizer = ValeTTSTokenizer(
            str(path),
            language=old.language,
            default_language=old.default_language,
            lexicon=old.lexicon,
            extra_languages=[*old.extra_languages, language],
        )
    added = [token for token, index in old.get_added_vocab().items() if token not in tokenizer.encoder]
    tokenizer.add_tokens(added)
    return ValeTTSProcessor(
        processor.feature_extractor,
        tokenizer,
        voices=processor.voices,
        default_voices=processor.default_voices,
    )
