"""Griffe extension: docstrings as transformers writes them, turned into Markdown before mkdocstrings renders them.

``Args:``, ``Returns:``, ``Yields:`` and ``Raises:`` become titled lists, types keep their backticks, and [`Name`] becomes a link
where the reference has an entry of that name, else code. No parser of Griffe knows this style: the one for Google's takes
``name (`int`, *optional*)`` for a type with marks in it, and free sentences under ``Returns:`` for names.
"""

import re
from pathlib import Path
from typing import Any

import griffe


TITLES = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Returns": "Returns",
    "Yields": "Yields",
    "Raises": "Raises",
    "Example": "Example",
}
REFERENCE = re.compile(r"(?<!\\)\[`([~\w.]+)`\](?![\[(])")
TYPE = r"\((?:[^()]|\([^()]*\))*\)"
NAMED = rf"[*\w]+(?: {TYPE})?"
ARGUMENT = re.compile(rf"({NAMED}(?:, {NAMED})*): (.*)", re.DOTALL)
RAISED = re.compile(r"`?\b([A-Z]\w+(?:Error|Unavailable|Crash))`?((?: \(an? `\w+`\))?): ")


class HuggingFaceDocstrings(griffe.Extension):
    """Rewrites every docstring that the pages under `docs/api/` show."""

    def __init__(self, pages: str = "docs/api") -> None:
        self.entries = entries_of(Path(pages))

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            given = {item.name: item for item in getattr(obj, "parameters", None) or ()}
            obj.docstring.value = to_markdown(obj.docstring.value, self.entries, given)


def entries_of(pages: Path) -> dict[str, str]:
    """Last part of a name -> the name that the reference lists it under."""
    listed = [
        name for page in sorted(pages.glob("*.md")) for name in re.findall(r"^::: (\S+)", page.read_text(), re.M)
    ]
    return {name.rpartition(".")[2]: name for name in listed}


def to_markdown(text: str, entries: dict[str, str], parameters: dict[str, griffe.Parameter] | None = None) -> str:
    """A docstring as Markdown.

    Args:
        text (`str`): the docstring, without the indentation of the code.
        entries (`dict`): what links can lead to, see [`entries_of`].
        parameters (`dict`, *optional*): of the function, by name: their annotations stand in for types that the text does
            not give.
    """
    lines, out, position = text.splitlines(), [], 0
    while position < len(lines):
        title = TITLES.get(lines[position].removesuffix(":")) if lines[position].endswith(":") else None
        position += 1
        if title is None:
            out.append(lines[position - 1])
            continue
        block = []
        while position < len(lines) and (not lines[position].strip() or lines[position].startswith(" ")):
            block.append(lines[position])
            position += 1
        if not any(line.strip() for line in block):  # what follows is not indented: fenced code
            out += [f"**{title}**", ""]
            continue
        out += ["", f"**{title}**", "", *section(title, block, parameters or {}), ""]
    return REFERENCE.sub(lambda found: link(found[1], entries), "\n".join(without_prompts(out)).strip())


def link(name: str, entries: dict[str, str]) -> str:
    """[`Name`] or [`Name.method`] as a link to the reference, or as code if that has no such entry."""
    name = name.removeprefix("~").removeprefix("transformers.")
    first, _, rest = name.partition(".")
    if "." in name and first not in entries:  # a whole path: shown by its end
        first, rest = name.rpartition(".")[2], ""
        name = first
    if first not in entries:
        return f"`{name}`"
    return f"[`{name}`][{entries[first]}{'.' + rest if rest else ''}]"


def section(title: str, block: list[str], parameters: dict[str, griffe.Parameter]) -> list[str]:
    """The lines under a title as a list, or as a paragraph where they are sentences."""
    if title in ("Arguments", "Attributes"):
        return [f"- {argument(entry, parameters)}" for entry in items(block)]
    if title == "Raises":
        return [f"- {part}" for part in raised(" ".join(line.strip() for line in block).strip())]
    if title == "Example":
        code = [line[4:] for line in block]
        return code if any(line.startswith("```") for line in code) else ["```python", *code, "```"]
    return [line.strip() for line in block]


def items(block: list[str]) -> list[str]:
    """Entries of a block: a line that is indented deeper belongs to the one before it."""
    filled = [line for line in block if line.strip()]
    if not filled:
        return []
    indent = len(filled[0]) - len(filled[0].lstrip())
    entries: list[str] = []
    for line in filled:
        if entries and line.startswith(" " * (indent + 1)):
            entries[-1] += " " + line.strip()
        else:
            entries.append(line.strip())
    return entries


def argument(entry: str, parameters: dict[str, griffe.Parameter]) -> str:
    """`a (type), b (type): meaning` with the names in bold; a type of the signature stands in for one that is not there."""
    found = ARGUMENT.fullmatch(entry)
    if found is None:
        return entry
    names, meaning = found.groups()
    if names in parameters and parameters[names].annotation is not None:
        names += f" (`{parameters[names].annotation}`)"
    bold = re.sub(rf"{TYPE}|([*\w]+)", lambda part: f"**`{part[1]}`**" if part[1] else part[0], names)
    return f"{bold}: {meaning}"


def raised(text: str) -> list[str]:
    """`A: when. B: when.`, in one line or several, as one text for each error."""
    starts = [found.start() for found in RAISED.finditer(text)]
    if not starts or starts[0] != 0:
        return [text]
    parts = [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)])]
    return [RAISED.sub(r"**`\1`**\2: ", part, count=1) for part in parts]


def without_prompts(lines: list[str]) -> list[str]:
    """Examples as they are typed: `>>>` goes, and what is printed stays as a comment."""
    out: list[str] = []
    fence = prompted = False
    for line in lines:
        if line.lstrip().startswith("```"):
            fence, prompted = not fence, False
        elif fence and re.match(r"\s*(>>>|\.\.\.)", line):
            line, prompted = re.sub(r"^(\s*)(>>>|\.\.\.) ?", r"\1", line), True
        elif fence and prompted and line.strip():
            line = f"# {line}"
        out.append(line)
    return out
