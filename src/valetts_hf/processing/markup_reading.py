"""From SSML to a list of tags and texts: XML read by expat, with everything refused that reaches outside of the document.

No document type, entity declaration, processing instruction or external reference is accepted, so nothing can be expanded
or fetched; size, depth and number of elements are limited. Errors say line, column and remedy.
"""

import re
from dataclasses import dataclass
from xml.parsers import expat


MAX_BYTES = 4_000_000  # some sixty hours of speech
MAX_DEPTH = 32
MAX_ELEMENTS = 100_000
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_PROBLEMS = {
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "the tag has an attribute twice: keep one of them",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "XML knows only the entities &amp; &lt; &gt; &quot; and &apos;: write the "
    "character itself, or its number as in &#233;",
    expat.errors.XML_ERROR_BAD_CHAR_REF: "this number stands for no character that XML allows: leave it out",
    expat.errors.XML_ERROR_UNCLOSED_TOKEN: "a tag, comment or reference begins here and does not end: add what closes it, "
    "or write &lt; for < and &amp; for &",
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "<![CDATA[ is never closed: write ]]> behind the text",
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "<?xml ...?> may only stand at the very beginning: move or remove it",
    expat.errors.XML_ERROR_INVALID_TOKEN: "this is no well-formed XML: write &lt; for <, &amp; for & and quotes around the "
    "values of attributes, and leave out control characters",
}


class MarkupError(ValueError):
    """SSML that cannot be spoken as it stands.

    Args:
        problem (`str`): what is wrong and what to write instead.
        line, column (`int`): where, both from 1; columns count characters.
    """

    def __init__(self, problem: str, line: int, column: int):
        super().__init__(f"SSML, line {line}, column {column}: {problem}")
        self.problem, self.line, self.column = problem, line, column

    def __reduce__(self):
        return type(self), (self.problem, self.line, self.column)


@dataclass(frozen=True)
class Tag:
    """An opening tag, or with `closes` the end of its element; `index` is the byte of the document where it stands."""

    name: str
    attributes: dict[str, str]
    index: int
    closes: bool = False


class Source:
    """The text of a document, for finding places in it.

    Args:
        text: the document.
    """

    def __init__(self, text: str):
        lone = _LONE_SURROGATE.search(text)
        self.data = text.encode("utf-8", "replace")
        if lone:
            place = len(text[: lone.start()].encode("utf-8"))
            raise self.error(
                "half of a surrogate pair is no character: decode the text as UTF-16 or leave it out", place
            )

    def error(self, problem: str, index: int) -> MarkupError:
        """The error `problem` at a byte of the document."""
        before = self.data[:index].decode("utf-8", "ignore")
        return MarkupError(problem, before.count("\n") + 1, len(before) - before.rfind("\n"))

    def attribute_error(self, problem: str, tag: Tag, attribute: str) -> MarkupError:
        """The error `problem` at the value of an attribute of a tag."""
        name = re.escape(attribute.encode("utf-8"))
        pattern = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*?\s+" + name + rb"\s*=\s*[\"']")
        found = pattern.match(self.data, tag.index)
        value = tag.attributes.get(attribute, "")
        shown = value if len(value) <= 60 else value[:57] + "..."
        return self.error(f'<{tag.name} {attribute}="{shown}">: {problem}', found.end() if found else tag.index)


def read_markup(source: Source) -> list[Tag | str]:
    """The tags and texts of a document in order.

    Args:
        source: the document.

    Returns:
        Texts with references resolved, opening tags, and for each one that closes it. Comments are gone.

    Raises:
        MarkupError: not well-formed, too large, or with a document type, an entity or a processing instruction.
    """
    if len(source.data) > MAX_BYTES:
        raise source.error(
            f"the document has {len(source.data) / 1e6:.1f} MB, more than the {MAX_BYTES / 1e6:g} that are read at once: "
            "cut it into several",
            0,
        )
    body = source.data.lstrip(b" \t\r\n")
    offset = len(source.data) - len(body)
    if not body:
        raise source.error(_NO_SPEAK, 0)
    if not body.startswith((b"<", b"\xef\xbb\xbf<")):
        raise source.error(_OUTSIDE, offset)
    return _Reader(source, offset).read(body)


_OUTSIDE = "text stands outside of <speak>: SSML begins with <speak> and ends with </speak>"
_NO_SPEAK = "there is no <speak> in it: SSML begins with <speak> and ends with </speak>"
_BROKEN = re.compile(rb"[<&][\w.:-]*$")


class _Reader:
    """One run of expat over a document whose first `offset` bytes are white space."""

    def __init__(self, source: Source, offset: int):
        self.source, self.offset = source, offset
        self.events: list[Tag | str] = []
        self.open: list[Tag] = []
        self.elements = 0
        # Always UTF-8, whatever the declaration says: the document came as text.
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = len(source.data) + 1  # a text comes whole
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse("a document type (<!DOCTYPE ...>) is not accepted: remove it")
        parser.EntityDeclHandler = self._refuse("declared entities are not accepted: write the text itself")
        parser.ExternalEntityRefHandler = self._refuse("external references are not accepted: write the text itself")
        parser.ProcessingInstructionHandler = self._refuse(
            "processing instructions (<?...?>) are not accepted: remove it"
        )

    def read(self, body: bytes) -> "list[Tag | str]":
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError as error:
            raise self._explained(error) from None
        return self.events

    @property
    def _place(self) -> int:
        return self.parser.CurrentByteIndex + self.offset

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = Tag(name, attributes, self._place)
        self.elements += 1
        if len(self.open) == MAX_DEPTH:
            raise self.source.error(
                f"<{name}> is nested more than {MAX_DEPTH} deep: take some elements out", tag.index
            )
        if self.elements > MAX_ELEMENTS:
            raise self.source.error(
                f"the document has more than {MAX_ELEMENTS} elements: cut it into several", tag.index
            )
        self.open.append(tag)
        self.events.append(tag)

    def _end(self, name: str) -> None:
        self.open.pop()
        self.events.append(Tag(name, {}, self._place, closes=True))

    def _text(self, text: str) -> None:
        self.events.append(text)

    def _refuse(self, problem: str):
        def handler(*_: object) -> None:
            raise self.source.error(problem, self.source.data.rfind(b"<", 0, self._place + 1))

        return handler

    def _explained(self, error: expat.ExpatError) -> MarkupError:
        what = expat.errors.messages[error.code]
        place = self.parser.ErrorByteIndex + self.offset
        opened = self.open[-1] if self.open else None
        if what == expat.errors.XML_ERROR_TAG_MISMATCH and opened:
            place = self.source.data.rfind(b"</", 0, place + 2)
            closing = re.match(rb"</([^\s>]*)", self.source.data[place : place + 80])
            name = closing[1].decode("utf-8", "replace") if closing else ""
            return self.source.error(
                f"</{name}> comes while <{opened.name}> ({self._where(opened)}) is open: write </{opened.name}> before it",
                place,
            )
        if what in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN) and opened:
            if what == expat.errors.XML_ERROR_NO_ELEMENTS or place >= len(self.source.data):
                return self.source.error(f"<{opened.name}> is never closed: add </{opened.name}>", opened.index)
        if what in (expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT, expat.errors.XML_ERROR_SYNTAX) and not opened:
            return self.source.error(_OUTSIDE, place)
        if what == expat.errors.XML_ERROR_NO_ELEMENTS:
            return self.source.error(_NO_SPEAK, place)
        if what == expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION:
            place = self.source.data.rfind(b"<![CDATA[")
        if what == expat.errors.XML_ERROR_INVALID_TOKEN:  # found behind the sign that should have been escaped
            begun = _BROKEN.search(self.source.data, max(0, place - 60), place)
            place = begun.start() if begun else place
        return self.source.error(_PROBLEMS.get(what, f"this is no well-formed XML ({what}): correct it here"), place)

    def _where(self, tag: Tag) -> str:
        error = self.source.error("", tag.index)
        return f"line {error.line}, column {error.column}"
