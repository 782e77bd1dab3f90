"""The languages ValeTTS reads, in an order that is frozen: the index is the `language_ids` value of the model.

Checkpoints may know more of them: `register_language` adds a reader for the whole process, and the tokenizer of the
checkpoint says which id it has there.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One row of the language table.

    Args:
        code: the code used everywhere in ValeTTS, lower case with hyphen (`"pt-br"`).
        id: index for the model's language embedding.
        espeak_voice: the espeak-ng voice that turns text into phonemes.
        name: English name.
        native_name: name in the language itself.
        script: name of the script it is written in, as used in Unicode character names (`"LATIN"`).
        promised: whether it has rules for numbers, dates, money, units and abbreviations; those of a language that was
            added to a checkpoint are read as espeak-ng reads them.
        letters: letters it is written with that no built-in language has.
        symbols: IPA characters of its voice that are not in the built-in symbol table; they are kept, not dropped.
    """

    code: str
    id: int
    espeak_voice: str
    name: str
    native_name: str
    script: str = "LATIN"
    promised: bool = True
    letters: str = ""
    symbols: str = ""

    @property
    def base(self) -> str:
        """The language without its region: `"pt"` for `"pt-br"`."""
        return self.code.split("-")[0]


_ROWS = (
    ("en-us", "en-us", "English (United States)", "English (US)", "LATIN"),
    ("en-gb", "en-gb", "English (United Kingdom)", "English (UK)", "LATIN"),
    ("pt-br", "pt-br", "Portuguese (Brazil)", "Português (Brasil)", "LATIN"),
    ("pt-pt", "pt", "Portuguese (Portugal)", "Português (Portugal)", "LATIN"),
    ("es", "es", "Spanish", "Español", "LATIN"),
    ("de", "de", "German", "Deutsch", "LATIN"),
    ("fr", "fr-fr", "French", "Français", "LATIN"),
    ("it", "it", "Italian", "Italiano", "LATIN"),
    ("nl", "nl", "Dutch", "Nederlands", "LATIN"),
    ("pl", "pl", "Polish", "Polski", "LATIN"),
    ("ru", "ru", "Russian", "Русский", "CYRILLIC"),
    ("tr", "tr", "Turkish", "Türkçe", "LATIN"),
    ("sv", "sv", "Swedish", "Svenska", "LATIN"),
    ("hi", "hi", "Hindi", "हिन्दी", "DEVANAGARI"),
    ("nb", "nb", "Norwegian Bokmål", "Norsk bokmål", "LATIN"),
    ("sw", "sw", "Swahili", "Kiswahili", "LATIN"),
    ("ar", "ar", "Arabic", "العربية", "ARABIC"),
    ("eo", "eo", "Esperanto", "Esperanto", "LATIN"),
    ("fa", "fa", "Persian", "فارسی", "ARABIC"),
    ("ca", "ca", "Catalan", "Català", "LATIN"),
    ("ro", "ro", "Romanian", "Română", "LATIN"),
)

LANGUAGES: dict[str, Language] = {
    code: Language(code, index, voice, name, native, script)
    for index, (code, voice, name, native, script) in enumerate(_ROWS)
}

BUILT_IN = len(LANGUAGES)

# What people write instead: the bare language, other regions, ISO 639-2 codes and names.
_ALIASES: dict[str, str] = {
    "en": "en-us",
    "en-ca": "en-us",
    "en-au": "en-gb",
    "en-nz": "en-gb",
    "en-ie": "en-gb",
    "en-in": "en-gb",
    "en-za": "en-gb",
    "en-uk": "en-gb",
    "pt": "pt-br",
    "pt-ao": "pt-pt",
    "pt-mz": "pt-pt",
    "no": "nb",
    "nn": "nb",
    "eng": "en-us",
    "por": "pt-br",
    "spa": "es",
    "deu": "de",
    "ger": "de",
    "fra": "fr",
    "fre": "fr",
    "ita": "it",
    "nld": "nl",
    "dut": "nl",
    "pol": "pl",
    "rus": "ru",
    "tur": "tr",
    "swe": "sv",
    "hin": "hi",
    "nob": "nb",
    "nor": "nb",
    "swa": "sw",
    "ara": "ar",
    "epo": "eo",
    "fas": "fa",
    "per": "fa",
    "cat": "ca",
    "ron": "ro",
    "rum": "ro",
}
_NAMES = {row.name.split(" (")[0].lower(): row.code for row in reversed(LANGUAGES.values())}
_NAMES |= {row.native_name.split(" (")[0].lower(): row.code for row in reversed(LANGUAGES.values())}
_NAMES |= {"english": "en-us", "portuguese": "pt-br", "português": "pt-br", "norwegian": "nb"}


_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def register_language(
    code: str,
    espeak_voice: str,
    name: str = "",
    native_name: str = "",
    script: str = "LATIN",
    letters: str = "",
    symbols: str = "",
) -> Language:
    """Add a language to those that this process can read; a checkpoint needs an embedding for it, too.

    Args:
        code: its code, lower case with hyphen (`"gl"`, `"zh-tw"`).
        espeak_voice: the espeak-ng voice that reads it: its own, or that of a language spelled alike.
        name, native_name: English name and name in the language; the code when not given.
        script: see [`Language`].
        letters, symbols: see [`Language`].

    Returns:
        The new row of `LANGUAGES`; the existing one if it is the same.

    Raises:
        ValueError: the code is malformed, or the language is there already and read otherwise.
    """
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ValueError(f"a language code is lower case such as 'gl' or 'zh-tw', got {code!r}")
    present = LANGUAGES.get(code)
    row = Language(
        code,
        len(LANGUAGES) if present is None else present.id,
        espeak_voice,
        name or code,
        native_name or name or code,
        script,
        promised=False,
        letters="".join(sorted(set(letters))),
        symbols="".join(sorted(set(symbols))),
    )
    if present is not None:
        if present == row:
            return present
        raise ValueError(
            f"the language {code!r} is already read by the espeak-ng voice {present.espeak_voice!r} (script "
            f"{present.script}, symbols {present.symbols!r}), and cannot be changed to {espeak_voice!r} (script {script}, "
            f"symbols {row.symbols!r}): take another code"
        )
    LANGUAGES[code] = row
    for spelled in (row.name.lower(), row.native_name.lower()):
        _NAMES.setdefault(spelled, code)
    return row


def registered_script(script: str) -> bool:
    """Whether a language beyond the built-in ones is written in this script."""
    return any(language.script == script for language in list(LANGUAGES.values())[BUILT_IN:])


def registered_letter(c: str) -> bool:
    """Whether a language beyond the built-in ones is written with this letter."""
    added = list(LANGUAGES.values())[BUILT_IN:]
    return any(c.lower() in language.letters or c in language.letters for language in added)


def resolve_language(language: str) -> str:
    """The code ValeTTS uses for a language named in any usual way.

    Args:
        language: a BCP 47 / POSIX code in any case (`"pt"`, `"pt_BR"`, `"en-US"`, `"es-MX"`, `"pt_BR.UTF-8"`), an
            ISO 639-2 code (`"por"`) or a name (`"Portuguese"`). A region that is not in the table falls back to the
            language.

    Returns:
        A key of `LANGUAGES`.

    Raises:
        TypeError: `language` is not a string.
        ValueError: the language is not supported; the message lists those that are.
    """
    if not isinstance(language, str):
        raise TypeError(f"language must be a string such as 'en-us', got {type(language).__name__}: {language!r}")
    wanted = language.strip().lower().replace("_", "-").split(".")[0].split("@")[0]
    for candidate in (wanted, wanted.split("-")[0]):
        if candidate in LANGUAGES:
            return candidate
        if candidate in _ALIASES:
            return _ALIASES[candidate]
        if candidate in _NAMES:
            return _NAMES[candidate]
    raise ValueError(f"Language {language!r} is not supported. Choose one of: {', '.join(LANGUAGES)}.")


def language_id(language: str) -> int:
    """The `language_ids` value of a language; same arguments and errors as `resolve_language`."""
    return LANGUAGES[resolve_language(language)].id
