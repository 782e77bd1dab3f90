"""SSML to texts with directions: the documented subset of the W3C's Speech Synthesis Markup Language 1.1, and styles.

    <speak>Hello <prosody pitch="+2st" rate="slow">there</prosody>. <break time="500ms"/> Bye!</speak>

Reading the XML is `markup_reading`'s business, the values of attributes `markup_values`', `<say-as>` `say_as`'s; here the
elements become spans, pauses and marks of plain texts. A text ends where a paragraph, a sentence, a voice or a style does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .directed_text import Delivery, DirectedText
from .language_detection import DEFAULT_LANGUAGE, guess_language
from .languages import resolve_language
from .markup_reading import MarkupError, Source, Tag, read_markup
from .markup_values import (
    parse_contour,
    parse_emphasis,
    parse_pitch,
    parse_range,
    parse_rate,
    parse_strength,
    parse_style,
    parse_style_degree,
    parse_time,
    parse_volume,
)
from .say_as import say_as
from .ssml_sections import Scope, Sections
from .text_markup import Mark, check_ipa


# As IBM and Microsoft call the element for a speaking style; the second name is that of Microsoft's namespace.
_STYLE_TAGS = ("express-as", "mstts:express-as")
# Tag -> attributes it may have. `xmlns` and what belongs to it is allowed on <speak> alone, and means nothing here.
TAGS: dict[str, frozenset[str]] = {
    "speak": frozenset({"version", "xml:lang"}),
    "p": frozenset({"xml:lang"}),
    "s": frozenset({"xml:lang"}),
    "break": frozenset({"time", "strength"}),
    "prosody": frozenset({"rate", "pitch", "range", "volume", "contour"}),
    "emphasis": frozenset({"level"}),
    "phoneme": frozenset({"ph", "alphabet"}),
    "say-as": frozenset({"interpret-as", "format"}),
    "sub": frozenset({"alias"}),
    "lang": frozenset({"xml:lang"}),
    "voice": frozenset({"name", "xml:lang"}),
    **dict.fromkeys(_STYLE_TAGS, frozenset({"style", "styledegree"})),
}
_REMEDIES = {
    ("prosody", "duration"): "a duration cannot be promised before the text is read: give a rate instead",
    ("audio", ""): "recordings are not fetched: join them to the speech yourself",
    ("phoneme", "type"): "leave it out",
    **{(name, "role"): "a voice has no roles: name another <voice>" for name in _STYLE_TAGS},
    **{(name, "type"): 'name a style: style="..."' for name in _STYLE_TAGS},
}
_SPEAKER_TAGS = ("voice", *_STYLE_TAGS)  # their text is spoken on its own
_HOLDS_TEXT_ALONE = frozenset({"phoneme", "say-as", "sub"})
_SCHEMA = re.compile(r"xmlns(?::.*)?|xsi:.*|xml:base")
_VOICE = re.compile(r"\w[\w .-]{0,63}")
_RECORDING = re.compile(r"\.(?:wav|wave|flac|ogg|oga|opus|mp3|m4a|aiff?)$", re.IGNORECASE)
_TELLING = 2000  # characters that tell the language of a document that does not name it


Checks = Mapping[str, Callable[[str], object]]


def parse_ssml(
    text: str, language: str | None = None, known: frozenset[str] = frozenset(), checks: Checks | None = None
) -> list[DirectedText]:
    """Read an SSML document.

    Args:
        text: the document, from `<speak>` to `</speak>`.
        language: in which `<say-as>` puts figures into words where no `xml:lang` says so; any code `resolve_language`
            takes; told by the document's text when not given.
        known: additional IPA symbols, see `check_ipa`.
        checks: "language", "voice" and "style" -> what raises a `ValueError` for a code, name or style that whoever is to
            speak does not know; it then becomes a `MarkupError` at its place. Without, all of them pass.

    Returns:
        Texts in order, at least one; those that end a paragraph end with an empty line.

    Raises:
        TypeError: `text` is not a string.
        MarkupError: not well-formed, not in the subset, a value that is none or unknown, or nothing to say; with line and
            column.
        ValueError: `language` is not supported.
    """
    if not isinstance(text, str):
        raise TypeError(f"SSML must be a string, got {type(text).__name__}.")
    if language is not None:
        language = resolve_language(language)
    source = Source(text)
    return _Builder(source, read_markup(source), language, known, checks or {}).build()


def escape_ssml(text: str) -> str:
    """A plain text as it must be written between the tags of SSML; characters that XML does not allow become spaces."""
    text = _NOT_XML.sub(" ", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class _Element:
    """An element that is open; `content` is the text of one that holds text alone."""

    tag: Tag
    scope: Scope
    content: list[str] = field(default_factory=list)


class _Builder:
    """Turns the tags and texts of one document into directed texts."""

    def __init__(
        self, source: Source, events: list[Tag | str], language: str | None, known: frozenset[str], checks: Checks
    ):
        self.source, self.events, self.language, self.symbols, self.checks = source, events, language, known, checks
        self.open: list[_Element] = []
        self.sections = Sections()

    def build(self) -> list[DirectedText]:
        for event in self.events:
            if isinstance(event, str):
                self._text(event)
            elif event.closes:
                self._close()
            else:
                self._open(event)
        if not self.sections.done:
            root = self.events[0]
            raise self.source.error(
                "there is nothing to say in the document: write some words into it",
                root.index if isinstance(root, Tag) else 0,
            )
        return self.sections.done

    # --- elements ----------------------------------------------------------------------------------------------

    def _open(self, tag: Tag) -> None:
        self._check(tag)
        if tag.name in ("p", "s", *_SPEAKER_TAGS):
            self._end_text(tag)
        scope = Scope(len(self.open), self.sections.length)
        if "xml:lang" in tag.attributes or tag.name == "lang":
            scope.language = self._named(tag, "xml:lang", resolve_language, "language")
        if tag.name == "voice":
            scope.voice = self._named(tag, "name", _voice_name, "voice")
        elif tag.name in _STYLE_TAGS:
            degree = self._value(tag, "styledegree", parse_style_degree, "1")
            scope.style = self._named(tag, "style", lambda written: parse_style(written, degree), "style")
        elif tag.name == "emphasis":
            scope.delivery = self._value(tag, "level", parse_emphasis, "moderate")
        elif tag.name == "prosody":
            self._prosody(tag, scope)
        elif tag.name == "break":
            self._break(tag)
        elif tag.name == "say-as":
            self.sections.apart = True
        self.open.append(_Element(tag, scope))

    def _close(self) -> None:
        element = self.open[-1]
        tag = element.tag
        if tag.name in _HOLDS_TEXT_ALONE:
            self._replace(tag, "".join(element.content))
        if tag.name in ("speak", "p", "s", *_SPEAKER_TAGS):
            self._end_text(tag)
        if tag.name == "p":
            self.sections.end_paragraph()
        elif tag.name in ("s", "speak"):
            self.sections.end_sentence()
        self.sections.note(element.scope)
        self.open.pop()

    def _end_text(self, tag: Tag) -> None:
        self.sections.end_text([element.scope for element in self.open], goes_on=tag.name in _SPEAKER_TAGS)

    def _check(self, tag: Tag) -> None:
        if tag.name not in TAGS:
            remedy = _REMEDIES.get((tag.name, ""), f"known are {', '.join(TAGS)}")
            raise self.source.error(f"<{tag.name}> is not supported: {remedy}", tag.index)
        for name in tag.attributes:
            if name not in TAGS[tag.name] and not (tag.name == "speak" and _SCHEMA.fullmatch(name)):
                allowed = ", ".join(sorted(TAGS[tag.name]))
                remedy = _REMEDIES.get((tag.name, name), f"<{tag.name}> may have {allowed}")
                raise self.source.attribute_error(f'the attribute "{name}" is not supported: {remedy}', tag, name)
        outer = [element.tag.name for element in self.open]
        if not outer and tag.name != "speak":
            raise self.source.error(
                f"the document begins with <{tag.name}>: put <speak> and </speak> around it", tag.index
            )
        if outer and tag.name == "speak":
            raise self.source.error("<speak> stands inside of <speak>: a document has one", tag.index)
        if outer and outer[-1] in _HOLDS_TEXT_ALONE:
            raise self.source.error(
                f"<{tag.name}> stands inside of <{outer[-1]}>, which holds text alone: move it out", tag.index
            )
        if outer and outer[-1] == "break":
            raise self.source.error(
                f"<{tag.name}> stands inside of <break>, which is empty: write <break/>", tag.index
            )
        forbidden = {"p": ("p", "s", "emphasis"), "s": ("s", "emphasis")}.get(tag.name, ())
        for name in forbidden:
            if name in outer:
                raise self.source.error(f"<{tag.name}> cannot stand inside of <{name}>: close that first", tag.index)
        if tag.name in ("p", "s", *_SPEAKER_TAGS) and any(element.scope.contour for element in self.open):
            raise self.source.error(
                f"<{tag.name}> cannot stand inside of a contour, which belongs to one sentence: put <prosody> into <{tag.name}>",
                tag.index,
            )

    def _value(self, tag: Tag, name: str, parse: Callable, default: str | None = None):
        """The value of an attribute as `parse` reads it.

        Raises:
            MarkupError: `parse` refused it, or it is missing and there is no default.
        """
        written = tag.attributes.get(name, default)
        if written is None:
            raise self.source.error(f'<{tag.name}> needs the attribute {name}="..."', tag.index)
        try:
            return parse(written)
        except ValueError as error:
            raise self.source.attribute_error(str(error), tag, name) from None

    def _named(self, tag: Tag, name: str, parse: Callable[[str], str], kind: str) -> str:
        """The value of an attribute that names something which whoever is to speak may not know.

        Raises:
            MarkupError: it is none, or unknown.
        """
        value = self._value(tag, name, parse)
        if kind in self.checks:
            try:
                self.checks[kind](value)
            except ValueError as error:
                raise self.source.attribute_error(str(error), tag, name) from error
        return value

    def _prosody(self, tag: Tag, scope: Scope) -> None:
        given = tag.attributes
        if not given:
            raise self.source.error(
                "<prosody> needs at least one of rate, pitch, range, volume and contour", tag.index
            )
        # As the recommendation has it, a contour takes precedence over pitch and range; those are still checked.
        melody = "contour" not in given
        rate = self._value(tag, "rate", parse_rate, "medium")
        pitch = self._value(tag, "pitch", parse_pitch, "medium")
        width = self._value(tag, "range", parse_range, "medium")
        volume = self._value(tag, "volume", parse_volume, "medium")
        scope.delivery = Delivery(rate, pitch if melody else 0.0, width if melody else 1.0, volume)
        if not melody:
            scope.contour = self._value(tag, "contour", parse_contour)

    def _break(self, tag: Tag) -> None:
        seconds = self._value(tag, "strength", parse_strength, "medium")
        if "time" in tag.attributes:
            seconds = self._value(tag, "time", parse_time)
        self.sections.pause(seconds)

    def _replace(self, tag: Tag, content: str) -> None:
        """The text of an element that says how its content is spoken."""
        if tag.name == "sub":
            self.sections.append(self._value(tag, "alias", _alias))
        elif tag.name == "say-as":
            language = self._language()

            def reading(kind: str) -> str:
                return say_as(content, kind, language)

            kind = self._value(tag, "interpret-as", lambda kind: kind)
            if "format" in tag.attributes:
                spoken = self._value(tag, "format", lambda form: say_as(content, kind, language, form))
            else:
                spoken = self._value(tag, "interpret-as", reading)
            self.sections.append(spoken)
            self.sections.apart = True
        else:
            alphabet = tag.attributes.get("alphabet", "ipa").strip().lower()
            if alphabet != "ipa":
                raise self.source.attribute_error(
                    "only the alphabet ipa is known: write the sounds in IPA", tag, "alphabet"
                )
            ipa = self._value(tag, "ph", lambda ph: check_ipa(ph, self.symbols))
            start = self.sections.append(content if content.strip() else f"[[{ipa}]]")
            self.sections.marks.append(Mark(start, self.sections.length, ipa=ipa))

    def _language(self) -> str:
        """The language at this place."""
        for element in reversed(self.open):
            if element.scope.language is not None:
                return element.scope.language
        if self.language is None:
            texts = [event for event in self.events if isinstance(event, str)]
            self.language = guess_language(" ".join(" ".join(texts).split())[:_TELLING]) or DEFAULT_LANGUAGE
        return self.language

    def _text(self, text: str) -> None:
        element = self.open[-1]
        if element.tag.name == "break":
            raise self.source.error("<break> is empty: write <break/> and the text behind it", element.tag.index)
        if element.tag.name in _HOLDS_TEXT_ALONE:
            element.content.append(text)
        else:
            self.sections.append(text)


def _voice_name(name: str) -> str:
    name = name.strip()
    if not _VOICE.fullmatch(name) or _RECORDING.search(name):
        raise ValueError(
            "a voice is named here as `valetts voices` lists it; files, folders and addresses are not opened"
        )
    return name


def _alias(alias: str) -> str:
    if not alias.strip():
        raise ValueError("the alias is empty: write what is spoken instead")
    return alias


__all__ = ["MarkupError", "escape_ssml", "parse_ssml"]
