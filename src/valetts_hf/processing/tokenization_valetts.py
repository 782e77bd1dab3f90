"""ValeTTSTokenizer: text in twenty-one languages to phoneme ids, and back to IPA.

Every text becomes `<s>` + one token per code point of its IPA (see `symbols`) + `</s>`, with a language id for each
token. The reading itself (languages, numbers, words to phonemes) lives in `text_analysis`; T tokens, B texts.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from transformers import BatchEncoding, PreTrainedTokenizer

from .directed_text import DirectedText
from .language_detection import DEFAULT_LANGUAGE
from .languages import BUILT_IN, LANGUAGES, register_language, resolve_language
from .lexicon import Lexicon
from .segments import Segment
from .symbols import END, PAD, START, SYMBOL_TO_ID, SYMBOLS, UNKNOWN, normalize_ipa
from .text_analysis import MAX_TOKENS, analyze_text
from .text_directions import WordPlace
from .text_markup import check_ipa


VOCAB_FILES_NAMES = {"vocab_file": "vocab.json"}


class ValeTTSTokenizer(PreTrainedTokenizer):
    """Turns text, or IPA, into `input_ids`, `attention_mask` and `language_ids`.

    Args:
        vocab_file (`str`, *optional*): JSON object symbol -> id; the built-in table of 256 symbols when not given.
        language (`str`, *optional*): language of all texts that come without one; detected per sentence when not given.
        default_language (`str`, defaults to `"en-us"`): language of texts that do not tell theirs ("OK.", "2024").
        lexicon (`dict`, `str`, `Lexicon`, *optional*): the user's pronunciations, see [`Lexicon`]; a string is the path
            of a `.json` or `.tsv` file. Saved with the tokenizer.
        extra_languages (`list[dict]`, *optional*): languages of this checkpoint beyond the built-in ones, in the order of
            their ids: arguments of `register_language`. Saved with the tokenizer.

    Example:
        >>> tokenizer = ValeTTSTokenizer()
        >>> inputs = tokenizer(["Hello, world.", "Bom dia!"], padding=True, return_tensors="pt")
        >>> tokenizer.decode(inputs["input_ids"][0], skip_special_tokens=True)
        'həlˈoʊ, wˈɜːld.'
    """

    vocab_files_names = VOCAB_FILES_NAMES
    model_input_names = ["input_ids", "attention_mask", "language_ids"]

    def __init__(
        self,
        vocab_file: str | None = None,
        language: str | None = None,
        default_language: str = DEFAULT_LANGUAGE,
        lexicon: "Mapping | str | Lexicon | None" = None,
        extra_languages: "list[dict[str, str]] | None" = None,
        pad_token: str = PAD,
        unk_token: str = UNKNOWN,
        bos_token: str = START,
        eos_token: str = END,
        **kwargs: Any,
    ):
        self.encoder = _read_vocabulary(vocab_file)
        self.decoder = {index: symbol for symbol, index in self.encoder.items()}
        self.extra_languages = [dict(entry) for entry in extra_languages or []]
        added = [register_language(**entry).code for entry in self.extra_languages]
        self.languages = [*list(LANGUAGES)[:BUILT_IN], *added]
        if self.extra_languages:
            kwargs["extra_languages"] = self.extra_languages
        self.language = None if language is None else resolve_language(language)
        self.default_language = resolve_language(default_language)
        self._lexicon = _read_lexicon(lexicon, self._own_symbols)
        kwargs.pop("special_tokens_pattern", None)
        super().__init__(
            pad_token=pad_token,
            unk_token=unk_token,
            bos_token=bos_token,
            eos_token=eos_token,
            language=self.language,
            default_language=self.default_language,
            lexicon=self.lexicon,
            special_tokens_pattern="bos_eos",
            **kwargs,
        )

    # --- vocabulary --------------------------------------------------------------------------------------------

    @property
    def vocab_size(self) -> int:
        """Number of symbols without those of `add_tokens`."""
        return len(self.encoder)

    def get_vocab(self) -> dict[str, int]:
        """Symbol -> id, added tokens included."""
        return {**self.encoder, **self.added_tokens_encoder}

    def _convert_token_to_id(self, token: str) -> int:
        return self.encoder.get(token, self.encoder[UNKNOWN])

    def _convert_id_to_token(self, index: int) -> str:
        return self.decoder.get(index, UNKNOWN)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """IPA of tokens (`decode(ids, skip_special_tokens=True)` leaves `<s>`, `</s>` and padding out)."""
        return "".join(tokens)

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> tuple[str, ...]:
        """Write `vocab.json`.

        Raises:
            NotADirectoryError: `save_directory` is no folder.
        """
        if not os.path.isdir(save_directory):
            raise NotADirectoryError(f"Cannot save the vocabulary: {save_directory!r} is not a folder.")
        name = (filename_prefix + "-" if filename_prefix else "") + VOCAB_FILES_NAMES["vocab_file"]
        path = os.path.join(save_directory, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.encoder, file, ensure_ascii=False, indent=1)
            file.write("\n")
        return (path,)

    @property
    def _known(self) -> frozenset[str]:
        """Single characters beyond the built-in table: of this vocabulary, or made known by `add_tokens`."""
        added = (token for token in self._added_tokens_encoder if not token.startswith("<"))
        return self._own_symbols.union(*added)

    @property
    def _own_symbols(self) -> frozenset[str]:
        """Characters of this vocabulary that are not in the built-in table."""
        return frozenset(c for c in self.encoder if len(c) == 1 and c not in SYMBOL_TO_ID)

    def language_id(self, language: str) -> int:
        """The `language_ids` value of a language for the model of this checkpoint.

        Raises:
            ValueError: another checkpoint of this process knows the language, this one does not.
        """
        code = resolve_language(language)
        if code not in self.languages:
            raise ValueError(f"this checkpoint does not speak {code!r}. Choose one of: {', '.join(self.languages)}.")
        return self.languages.index(code)

    # --- the user's pronunciations -----------------------------------------------------------------------------

    @property
    def lexicon(self) -> dict[str, dict[str, str]] | None:
        """A copy of the user's pronunciations, language (`"*"`: all) -> word -> IPA; assign to replace them."""
        return self._lexicon.to_dict() or None

    @lexicon.setter
    def lexicon(self, value: "Mapping | str | Lexicon | None") -> None:
        self._lexicon = _read_lexicon(value, self._known)

    # --- reading -----------------------------------------------------------------------------------------------

    def analyze(
        self, text: str | DirectedText, language: str | None = None, max_tokens: int | None = MAX_TOKENS
    ) -> list[Segment]:
        """The text as it will be read: sentences, cut where the language changes or `max_tokens` would be exceeded.

        Args:
            text (`str` or [`DirectedText`]): text with optional marks, see `text_markup`.
            language (`str`, *optional*): its language; detected per sentence when not given.
            max_tokens (`int`, *optional*, defaults to 200): budget of a segment including `<s>` and `</s>`; None for none.

        Returns:
            `list[Segment]`: `.text`, `.normalized`, `.language`, `.phonemes`, `.words` with token indexes into the
            ids of the segment (`<s>` is 0).

        Raises:
            `TypeError`, `ValueError`: see `analyze_text`.
        """
        language = self.language if language is None else language
        segments = analyze_text(text, language, self.default_language, self._lexicon, max_tokens, self._known)
        if self._known:
            segments = [self._with_token_places(segment) for segment in segments]
        return segments

    def phonemize(self, text: str, language: str | None = None) -> str:
        """IPA of a text, numbers and abbreviations written out; arguments and errors as for `analyze`."""
        return " ".join(segment.phonemes for segment in self.analyze(text, language, max_tokens=None))

    def read_ssml(self, text: str, language: str | None = None, checks: Mapping | None = None) -> list[DirectedText]:
        """The sections of a text with SSML markup, each in one voice and style.

        Args:
            text (`str`): a document of SSML.
            language (`str`, *optional*): of what is in no language of its own.
            checks (*optional*): of voices and styles, see `parse_ssml`; languages are checked here.

        Raises:
            `ValueError`: markup that is not well formed or not supported, with its position.
        """
        from .ssml import parse_ssml

        checks = {"language": self.language_id, **(checks or {})}
        return parse_ssml(text, language or self.language, self._known, checks)

    def word_places(self, text: str | DirectedText, language: str | None = None) -> list[WordPlace]:
        """The words of a text with their characters and their tokens in `input_ids` of the whole; arguments as for `analyze`."""
        places, shift = [], 0
        for segment in self.analyze(text, language, max_tokens=None):
            for word in segment.words:
                tokens = (word.token_start + shift, word.token_end + shift)
                places.append(WordPlace(word.start, word.end, *tokens))
            shift += len(self.tokenize(segment.phonemes, is_phonemes=True)) + 1  # and the space behind it
        return places

    def _with_token_places(self, segment: Segment) -> Segment:
        """Words counted in tokens where added tokens hold several characters."""
        lengths = [len(token) for token in self.tokenize(segment.phonemes, is_phonemes=True)]
        ends = [0, *accumulate(lengths)]
        place = {}
        for token, (start, end) in enumerate(zip(ends, ends[1:])):
            place.update(dict.fromkeys(range(start, end), token))
        place[ends[-1]] = len(lengths)
        words = tuple(
            replace(
                word,
                token_start=place[word.token_start - 1] + 1,
                token_end=(place[word.token_end - 2] + 2)
                if word.token_end > word.token_start
                else place[word.token_start - 1] + 1,
            )
            for word in segment.words
        )
        return replace(segment, words=words)

    # --- encoding ----------------------------------------------------------------------------------------------

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        *args: Any,
        language: "str | Sequence[str | None] | None" = None,
        is_phonemes: bool = False,
        phonemize: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        """Encode a text or a list of texts.

        Args:
            text (`str`, [`DirectedText`] or a list of them): what to say.
            text_pair (`str`, `list[str]`, *optional*): what to say right behind it, in the same utterance.
            language (`str`, `list[str]`, *optional*): its language, or one per text; detected when not given.
            is_phonemes (`bool`): `text` is IPA already (`phonemize=False` is the same).
            kwargs: `padding` (on by default for several texts with `return_tensors`), `truncation`, `max_length`,
                `return_tensors`, ... of transformers.

        Returns:
            `BatchEncoding` with `input_ids`, `attention_mask` and `language_ids`, each `[B, T]` (or `[T]` for one text
            without `return_tensors`). `language_ids` has a language for every token and 0 for padding.

        Raises:
            `ValueError`: a text is empty, has nothing to read or characters that cannot be read; an IPA text has
            unknown symbols; the number of languages does not fit. `TypeError`: a text is not a string.
        """
        is_phonemes = is_phonemes or not phonemize
        if kwargs.pop("is_split_into_words", False):
            text, text_pair = _joined_words(text), _joined_words(text_pair)
        if text is None or _are_ids(text):
            return super().__call__(text, text_pair, *args, is_phonemes=True, **kwargs)
        if _are_pairs(text):
            text, text_pair = map(list, zip(*text))
        batched = not isinstance(text, (str, DirectedText))
        texts = list(text) if isinstance(text, (list, tuple)) else [text]
        if not texts:
            raise ValueError("text is an empty list: pass at least one text.")
        rows = self._rows(texts, language, is_phonemes)
        ipa: Any = [row[0] for row in rows]
        second: Any = None
        if text_pair is not None:
            pairs = self._rows(list(text_pair) if batched else [text_pair], language, is_phonemes)
            second = [row[0] for row in pairs]
            special = kwargs.get("add_special_tokens", True)
            rows = [(a, first + first[-1:] * special + last) for (a, first), (_, last) in zip(rows, pairs)]
        tensors, padding = kwargs.pop("return_tensors", None), kwargs.pop("padding", None)
        if padding is None:  # rows of different length make no tensor
            padding = tensors is not None and len(rows) > 1
        padded = {name: kwargs.pop(name) for name in ("pad_to_multiple_of", "padding_side") if name in kwargs}
        mask = kwargs.get("return_attention_mask")
        if not batched:
            ipa, second = ipa[0], second and second[0]
        encoding = super().__call__(ipa, second, *args, is_phonemes=True, **kwargs)
        ids = encoding["input_ids"] if batched else [encoding["input_ids"]]
        fitted = [self._language_row(row, len(each), kwargs) for row, each in zip(rows, ids)]
        encoding["language_ids"] = fitted if batched else fitted[0]
        if padding or padded:
            encoding = self.pad(
                encoding, padding=padding, max_length=kwargs.get("max_length"), return_attention_mask=mask, **padded
            )
        if tensors is None:
            return encoding
        return BatchEncoding(dict(encoding), tensor_type=tensors, prepend_batch_axis=not batched)

    def _rows(self, texts: list, language: Any, is_phonemes: bool) -> list[tuple[str, list[int]]]:
        languages = _one_per_text(language, len(texts))
        return [self._row(text, code, is_phonemes) for text, code in zip(texts, languages)]

    def _row(self, text: Any, language: str | None, is_phonemes: bool) -> tuple[str, list[int]]:
        """IPA of a text and the language id of each of its tokens (without `<s>` and `</s>`)."""
        if not isinstance(text, (str, DirectedText)):
            raise TypeError(f"text must be a string or a list of strings, got {type(text).__name__}: {text!r:.60}")
        if is_phonemes:
            if isinstance(text, DirectedText):
                raise TypeError("a directed text is no IPA: pass a string, or leave is_phonemes out.")
            ipa = check_ipa(text, self._known | frozenset(self.all_special_tokens) | frozenset("<>_/"))
            code = language or self.language or self.default_language
            return ipa, [self.language_id(code)] * len(self.tokenize(ipa, is_phonemes=True))
        parts: list[str] = []
        ids: list[int] = []
        for segment in self.analyze(text, language, max_tokens=None):
            part = f" {segment.phonemes}" if parts else segment.phonemes
            parts.append(part)
            ids += [self.language_id(segment.language)] * len(self.tokenize(part, is_phonemes=True))
        return "".join(parts), ids

    def _language_row(self, row: tuple[str, list[int]], length: int, kwargs: dict) -> list[int]:
        ids = row[1]
        if kwargs.get("add_special_tokens", True):
            ids = [ids[0], *ids, ids[-1]]
        if length >= len(ids):
            return ids + ids[-1:] * (length - len(ids))
        return ids[len(ids) - length :] if self.truncation_side == "left" else ids[:length]

    def prepare_for_tokenization(
        self, text: str, is_split_into_words: bool = False, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """IPA of a text (also for `tokenize` and `encode`); `is_phonemes=True` takes it as IPA."""
        language, is_phonemes = kwargs.pop("language", None), kwargs.pop("is_phonemes", False)
        is_phonemes = is_phonemes or not kwargs.pop("phonemize", True)
        if text in self._added_tokens_encoder:
            return text, kwargs
        if is_phonemes or is_split_into_words:
            leading = " " if text[:1].isspace() else ""
            trailing = " " if text[1:] and text[-1:].isspace() else ""
            return leading + normalize_ipa(text) + trailing, kwargs
        return self.phonemize(text, language), kwargs

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return list(text)

    def _pad(self, encoded_inputs: Any, *args: Any, **kwargs: Any) -> dict:
        length = len(encoded_inputs["input_ids"])
        padded = super()._pad(encoded_inputs, *args, **kwargs)
        languages = padded.get("language_ids")
        if languages is not None and len(languages) == length:
            missing = len(padded["input_ids"]) - length
            side = kwargs.get("padding_side") or self.padding_side
            zeros = [0] * missing
            padded["language_ids"] = [*languages, *zeros] if side == "right" else [*zeros, *languages]
        return padded


def _read_vocabulary(vocab_file: str | None) -> dict[str, int]:
    if vocab_file is None:
        return {symbol: index for index, symbol in enumerate(SYMBOLS)}
    with open(vocab_file, encoding="utf-8") as file:
        try:
            vocabulary = json.load(file)
        except json.JSONDecodeError as error:
            raise ValueError(f"The vocabulary {vocab_file!r} is not valid JSON: {error}.") from None
    if not isinstance(vocabulary, dict) or sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ValueError(
            f"The vocabulary {vocab_file!r} must be a JSON object that maps symbols to the ids 0, 1, 2, ... without gaps."
        )
    missing = [symbol for symbol in (PAD, UNKNOWN, START, END, " ") if symbol not in vocabulary]
    if missing:
        raise ValueError(f"The vocabulary {vocab_file!r} lacks the symbols {missing}; it is not one of ValeTTS.")
    return vocabulary


def _read_lexicon(source: "Mapping | str | Lexicon | None", known: frozenset[str] = frozenset()) -> Lexicon:
    return Lexicon.from_file(source, known=known) if isinstance(source, (str, os.PathLike)) else Lexicon(source, known)


def _are_ids(text: Any) -> bool:
    """Whether transformers is asked to encode ids and not texts."""
    first = text[0] if isinstance(text, (list, tuple)) and text else None
    return isinstance(first, int) or (isinstance(first, (list, tuple)) and bool(first) and isinstance(first[0], int))


def _are_pairs(text: Any) -> bool:
    """Whether these are pairs of texts, in transformers' manner."""
    return (
        isinstance(text, (list, tuple))
        and bool(text)
        and all(isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) for pair in text)
    )


def _joined_words(words: Any) -> Any:
    """Texts out of lists of words."""
    if not words or isinstance(words[0], str):
        return " ".join(words) if words else words
    return [_joined_words(each) for each in words]


def _one_per_text(language: "str | Sequence[str | None] | None", count: int) -> list[str | None]:
    if language is None or isinstance(language, str):
        return [language] * count
    languages = list(language)
    if len(languages) != count:
        raise ValueError(f"{len(languages)} languages for {count} texts: pass one for all or one per text.")
    return languages


__all__ = ["ValeTTSTokenizer"]
