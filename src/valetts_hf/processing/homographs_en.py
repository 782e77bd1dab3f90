"""English words that are written alike and said differently, where their neighbours tell which one is meant.

espeak-ng knows most of them by the word in front ("to close", "I have read"). Here is what it misses: commands ("Close
the door"), the past tense of "read", the metal. A rule holds only where the other reading would hardly make sense.
"""

_OBJECTS = frozenset("the your my our his her their its it them these those a an all both each every any".split())
_OWNED = frozenset("the your my our his her their it them".split())  # nothing that begins "every time", "all day"
# What stands in front of a command, or of a verb that goes on with one; "" is the beginning of the clause.
_IN_FRONT_OF_COMMANDS = frozenset(("", *"please and or but then always never now just also simply carefully".split()))
_COMMANDS = frozenset(
    "close use record separate estimate duplicate insert update increase project permit export conduct contrast tear".split()
)
_COMMANDS_OR_ADJECTIVES = frozenset(("present", "perfect"))
_NEARNESS = frozenset(  # "so close the windows shook", "was close the whole time"
    "so too very as how this that is are was were be been being am get got getting came come stay stayed the a an at "
    "really pretty quite i'm you're we're they're he's she's it's that's".split()
)
_USERS = frozenset("people users who often usually sometimes still".split())
_INHABITANTS = frozenset("people who families children animals humans women men birds fish".split())
_AUXILIARIES = frozenset(
    "do does did will would shall should can could may might must let let's to don't doesn't didn't won't wouldn't "
    "shouldn't can't couldn't that or".split()
)
_READERS = frozenset("i we they you".split())
_LAST = frozenset(
    "night week month year summer winter monday tuesday wednesday thursday friday saturday sunday".split()
)
_OF_METAL = frozenset("pipe pipes poisoning paint paints acetate bullet bullets crystal ore oxide solder".split())


def model_phrase(words: list[str], index: int) -> str | None:
    """What is read in place of a word, so that espeak-ng gives its sounds to the last word of it.

    Args:
        words: a clause in small letters.
        index: which of its words.

    Returns:
        A phrase such as "to close", or None where espeak-ng is trusted.
    """
    word = words[index]
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    if word in _COMMANDS and before in _IN_FRONT_OF_COMMANDS and after in _OBJECTS:
        return f"to {word}"
    if word in _COMMANDS_OR_ADJECTIVES and before in _IN_FRONT_OF_COMMANDS and after in _OWNED:
        return f"to {word}"
    if word == "close" and after in _OWNED and before not in _NEARNESS:
        return "to close"
    if word == "use" and after in _OBJECTS and before in _USERS:
        return "to use"
    if word == "excuse" and after in ("me", "us"):
        return "excuze"
    if word == "live" and (before in _INHABITANTS or after in ("your", "my", "their", "his")):
        return "to live"
    if word == "read" and _is_past(words, index, before):
        return "have read"
    if word == "lead" and (after in _OF_METAL or words[max(index - 2, 0) : index] == ["made", "of"]):
        return "led"
    if word == "a" and after == "to":
        return "the A"
    return None


def _is_past(words: list[str], index: int, before: str) -> bool:
    if index > 1 and words[index - 2] in _AUXILIARIES:
        return False
    if before in ("he", "she"):
        return True
    if before not in _READERS:
        return False
    return "yesterday" in words or "ago" in words or any(a == "last" and b in _LAST for a, b in zip(words, words[1:]))
