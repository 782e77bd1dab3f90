"""Asking for consent at the terminal: never assumed, for `valetts voice enroll` and `adapt`."""

from __future__ import annotations

import sys

from valetts_hf.commands.common import CommandError, isatty, note


QUESTION = """\
A voice belongs to a person, and this makes a copy of one. How did the speaker agree? Type it in your words, for example
  my own voice
  Ana Silva agreed in writing on 2026-03-01 to the use in our audio guide
It is kept with the voice, with today's date. An empty line makes no voice."""


def ask_for_consent(consent: str | None) -> str:
    """The statement given, or asked for at the terminal.

    Raises:
        `CommandError`: nobody there to ask, or no answer.
    """
    if consent is None and isatty(sys.stdin):
        note(QUESTION)
        consent = input("> ")
    elif consent is None:
        raise CommandError("no consent was given: say how the speaker agreed, for example --consent 'my own voice'.")
    if not consent.strip():
        raise CommandError("no consent was given, so no voice was made.")
    return consent
