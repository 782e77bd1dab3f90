"""Sentences out of text that arrives in pieces: each is handed out as soon as it is certain where it ends."""

from __future__ import annotations

from valetts_hf.inference.text_blocks import markup_is_open
from valetts_hf.processing.sentence_splitting import split_sentences


# A text without an end of a sentence for so long is read up to here: nobody wants to wait for more, and looking for ends in
# ever more text with each piece would cost more and more.
LONGEST_SENTENCE = 2000
# What may follow decides whether "No." or "the 3." ends a sentence: it does if it does before all of these.
_FOLLOWERS = ("1", "A", "The", "März")


class SentenceFeed:
    """Text in, in any pieces; whole sentences out. Markup of the text front end (`<lang ...>`, `[[ipa]]`) stays whole."""

    def __init__(self) -> None:
        self._rest = ""

    def __len__(self) -> int:
        """Characters that wait for the end of their sentence."""
        return len(self._rest)

    def add(self, text: str) -> list[str]:
        """Take a piece of text.

        Returns:
            `list[str]`: the sentences that are complete now, white space behind them included.
        """
        found: list[str] = []
        for start in range(0, len(text), LONGEST_SENTENCE):  # a bounded stretch at a time: the cost stays linear
            found += self._take(text[start : start + LONGEST_SENTENCE])
        return [sentence for sentence in found if sentence.strip()]

    def flush(self) -> str:
        """What is left, complete or not; empty if it is nothing but white space."""
        rest, self._rest = self._rest, ""
        return rest if rest.strip() else ""

    def clear(self) -> None:
        """Forget what is left."""
        self._rest = ""

    def _take(self, text: str) -> list[str]:
        self._rest += text
        found: list[str] = []
        begin = 0
        for _, end in split_sentences(self._rest):
            sentence = self._rest[begin:end]
            certain = end < len(self._rest) or _is_complete(sentence)
            if certain and (not markup_is_open(sentence) or len(sentence) > LONGEST_SENTENCE):
                found.append(sentence)
                begin = end
        while len(self._rest) - begin > LONGEST_SENTENCE:
            end = begin + _last_space(self._rest[begin : begin + LONGEST_SENTENCE])
            found.append(self._rest[begin:end])
            begin = end
        self._rest = self._rest[begin:]
        return found


def _is_complete(text: str) -> bool:
    """Whether a text ends with a sentence, whatever comes next."""
    if text == text.rstrip():
        return False  # "3." may become "3.14"
    return all(split_sentences(text + follower)[-1][0] == len(text) for follower in _FOLLOWERS)


def _last_space(text: str) -> int:
    """Where to cut a text without an end: behind its last whole word, if it has one."""
    return text.rfind(" ") + 1 or len(text)
