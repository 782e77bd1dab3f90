"""English words that are written alike and said differently, where their neighbours tell which one is meant.

espeak-ng knows most of them by the word in front ("to close", "I have read"). Here is what it misses: commands ("Close
the door"), verbs behind a plural ("The shops close at nine"), the past tense of "read", and the rarer of two words
("took a bow", "lead pipes"). A rule holds only where the other reading would hardly make sense.
"""

from collections.abc import Callable
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OBJECTS = _words("the your my our his her their its it them these those a an all both each every any")
_OWNED = _words("the your my our his her their its it them")  # nothing that begins "every time", "all day"
_THEM = _words("him them us you me her it people")
_NOUN_MARKERS = _words("the a an this that these those my your our his her its their no every each some any")
# What stands in front of a command, or of a verb that goes on with one; "" is the beginning of the clause.
_IN_FRONT_OF_COMMANDS = _words("please and or but then always never now just also simply carefully") | {""}
_COMMANDS = _words(
    "close use record separate estimate duplicate insert update increase project permit export conduct contrast tear "
    "polish"
)
_COMMANDS_OR_ADJECTIVES = _words("present perfect")
# Verbs in spite of what espeak-ng takes them for, behind a plural noun and in front of such words.
_VERBS = _words(
    "close increase decrease conflict graduate rebel protest export import record contract project permit conduct insult"
)
_BEHIND_VERBS = (
    _words(
        "at on in early late later tomorrow today tonight soon when before after for during from until every each because "
        "if automatically again with against higher lower sharply rapidly slowly quickly only once twice daily here there"
    )
    | _OBJECTS
    | {""}
)
_BE = _words("is are was were be been being isn't aren't wasn't weren't")
_IN_FRONT_OF_VERBS = _words(
    "i we you they to will would can could should must may might shall don't didn't can't let's"
)
_NO_PLURALS = _words("is was has his this its as us does yes always sometimes perhaps besides towards afterwards news")
_NEARNESS = _words(  # "so close the windows shook", "was close the whole time"
    "so too very as how this that is are was were be been being am get got getting came come stay stayed the a an at "
    "really pretty quite i'm you're we're they're he's she's it's that's"
)
_USERS = _words("people users who often usually sometimes still")
_INHABITANTS = _words("people who families children animals humans women men birds fish")
_AUXILIARIES = _words(
    "do does did will would shall should can could may might must let let's to don't doesn't didn't won't wouldn't "
    "shouldn't can't couldn't that or"
)
_READERS = _words("i we they you")
_LAST = _words("night week month year summer winter monday tuesday wednesday thursday friday saturday sunday")
_OF_METAL = _words("pipe pipes poisoning paint paints acetate bullet bullets crystal ore oxide solder")
_NEAR_METAL = _words("metal metals toxic mercury zinc copper tin arsenic drinking pipes roof poisonous")
_ROUND = _words("up down around through round along back into in on")
_CLOTH = _words("eye eyes corner gas voice drop drops silence")  # what a tear of the eye is about
_ROWS = _words("terrible huge heated blazing diplomatic political furious bitter flaming")
_TINY = _words(
    "trace traces amount amounts detail details particle particles quantity quantities difference differences fraction "
    "fractions change changes crack cracks hole holes dose doses fragment fragments droplets bubbles variations insects "
    "organisms creatures"
)
_FRESH = _words("fresh organic local dairy farm garden of the some seasonal agricultural raw")
_HAPPY = _words("seemed seem seems looked looks felt feel feels remain remained perfectly quite very")
_CAUGHT = _words("caught catch catches catching fish lake river pond fishing")
_DIVES = _words("into off under headfirst in down through toward towards")
_DIVERS = _words("i he she they we you who")


@dataclass(frozen=True)
class _Place:
    """A word of a clause in small letters, with its neighbours; "" is beyond the ends."""

    words: list[str]
    index: int

    def at(self, offset: int) -> str:
        place = self.index + offset
        return self.words[place] if 0 <= place < len(self.words) else ""

    @property
    def before(self) -> str:
        return self.at(-1)

    @property
    def after(self) -> str:
        return self.at(1)

    @property
    def earlier(self) -> list[str]:
        return self.words[max(self.index - 3, 0) : self.index]

    @property
    def is_command(self) -> bool:
        return self.before in _IN_FRONT_OF_COMMANDS and self.after in _OBJECTS

    @property
    def behind_plural(self) -> bool:
        """Whether the noun in front is probably the plural subject of a verb here ("the shops close")."""
        plural = len(self.before) > 3 and self.before.endswith("s") and not self.before.endswith(("ss", "us", "'s"))
        return plural and self.before not in _NO_PLURALS and self.at(-2) not in ("a", "an")


def model_phrase(words: list[str], index: int) -> str | None:
    """What is read in place of a word, so that espeak-ng gives its sounds to the last word of it.

    Args:
        words: a clause in small letters.
        index: which of its words.

    Returns:
        A phrase such as "to close", or None where espeak-ng is trusted.
    """
    word, place = words[index], _Place(words, index)
    if word in _COMMANDS and place.is_command:
        return f"to {word}"
    if word in _COMMANDS_OR_ADJECTIVES and place.before in _IN_FRONT_OF_COMMANDS and place.after in _OWNED:
        return f"to {word}"
    if word in _VERBS and _is_verb(place):
        return "inssult" if word == "insult" else f"to {word}"
    rule = _RULES.get(word)
    return rule(place) if rule else None


def _is_verb(place: _Place) -> bool:
    if place.words[place.index] == "insult":
        return place.after in _THEM and place.before not in _NOUN_MARKERS
    if place.words[place.index] == "close" and _BE & set(place.words[: place.index]):
        return False  # "Are the shops close?"
    return place.behind_plural and place.after in _BEHIND_VERBS


def _close(place: _Place) -> str | None:
    noun = place.before in ("a", "the") and place.at(-2) in ("to", "at", "by", "until") and place.after in ("", "of")
    verb = place.after in _OWNED and place.before not in _NEARNESS
    return "to close" if noun or verb else None


def _use(place: _Place) -> str | None:
    return "to use" if place.after in _OBJECTS and place.before in _USERS else None


def _excuse(place: _Place) -> str | None:
    return "excuze" if place.after in ("me", "us") else None


def _live(place: _Place) -> str | None:
    inhabits = place.before in _INHABITANTS or place.after in ("your", "my", "their", "his")
    return "to live" if inhabits else None


def _read(place: _Place) -> str | None:
    if place.index > 1 and place.at(-2) in _AUXILIARIES:
        return None
    if place.before in ("he", "she"):
        return "have read"
    if place.before not in _READERS:
        return None
    words = place.words
    ago = "yesterday" in words or "ago" in words or any(a == "last" and b in _LAST for a, b in zip(words, words[1:]))
    return "have read" if ago else None


def _lead(place: _Place) -> str | None:
    if place.after in _OF_METAL or place.earlier[-2:] == ["made", "of"]:
        return "led"
    if place.before in _BE and not place.after and place.at(-2).endswith("s"):
        return "led"  # "The pipes are lead"
    is_noun = place.before not in _NOUN_MARKERS | _IN_FRONT_OF_VERBS and not place.before.endswith("s")
    return "led" if is_noun and _NEAR_METAL & set(place.words) else None


def _wind(place: _Place) -> str | None:
    if place.before in _NOUN_MARKERS:
        return "the wind"
    verb = place.before in _IN_FRONT_OF_VERBS and place.after in _OBJECTS | _ROUND
    return "wined" if place.is_command or verb or (place.behind_plural and place.after in _ROUND) else None


def _tear(place: _Place) -> str | None:
    rips = place.after == "in" and place.at(2) in _OWNED and place.at(3) not in _CLOTH | {""}
    worn = place.earlier[-2:] == ["wear", "and"]
    return "to tear" if (place.before in ("a", "the", "small") and rips) or worn else None


def _tears(place: _Place) -> str | None:
    verb = place.after in _OBJECTS and place.before not in _NOUN_MARKERS | {"", "in", "into", "with", "of", "and"}
    return "tares" if verb else None


def _bow(place: _Place) -> str | None:
    of_ship = place.before in ("ship's", "boat's") or place.words[place.index + 1 : place.index + 3] == ["of", "the"]
    taken = place.before == "a" and place.at(-2) in ("took", "take", "takes", "taken", "taking")
    return "bough" if of_ship or taken or place.before in ("deep", "slight", "low", "final") else None


def _row(place: _Place) -> str | None:
    quarrel = place.before in _ROWS or place.after in ("over", "about", "erupted", "broke")
    return "rau" if quarrel and place.at(2) not in ("there", "here") else None


def _sow(place: _Place) -> str | None:
    return "sau" if place.before in ("the", "a", "pregnant", "old") and place.after not in _OBJECTS else None


def _minute(place: _Place) -> str | None:
    timed = place.before in ("last", "first", "one", "per") or place.before.isdigit()
    tiny = place.after in _TINY or (place.before in ("are", "were") and not place.after)
    return "mynewt" if tiny and not timed else None


def _invalid(place: _Place) -> str | None:
    person = place.before in ("an", "the", "lifelong", "elderly") and place.after in _BE | {
        "",
        "sat",
        "lay",
        "had",
        "who",
    }
    return "innvalid" if person else None


def _produce(place: _Place) -> str | None:
    return "the produce" if place.before in _FRESH and place.after not in _OBJECTS else None


def _content(place: _Place) -> str | None:
    if place.before in _HAPPY:
        return "is content"
    return "the content" if place.before in ("new", "online", "digital", "free", "more", "original") else None


def _refuse(place: _Place) -> str | None:
    return "the refuse" if place.before in ("household", "domestic", "garden", "kitchen") else None


def _bass(place: _Place) -> str | None:
    if place.after in ("player", "guitar", "guitarist", "line", "drum", "singer", "clef"):
        return None
    fish = place.before in ("sea", "striped", "largemouth", "grilled", "fried") or place.after in (
        "fishing",
        "fisherman",
    )
    return "bas" if fish or _CAUGHT & set(place.words) else None


def _dove(place: _Place) -> str | None:
    dived = place.before in _DIVERS or place.at(-2) in ("the", "a", "my", "his", "her")
    return (
        "doave"
        if dived and place.after in _DIVES and place.before not in ("white", "little", "grey", "gray")
        else None
    )


def _wound(place: _Place) -> str | None:
    turned = place.before in _DIVERS and place.after in _OBJECTS | _ROUND
    went = place.before in ("road", "path", "trail", "river", "street") and place.after in _ROUND | {"its"}
    return "wownd" if turned or went else None


_RULES: dict[str, Callable[[_Place], str | None]] = {
    "close": _close, "use": _use, "excuse": _excuse, "live": _live, "read": _read, "lead": _lead, "wind": _wind,
    "tear": _tear, "tears": _tears, "bow": _bow, "row": _row, "sow": _sow, "minute": _minute, "invalid": _invalid,
    "produce": _produce, "content": _content, "refuse": _refuse, "bass": _bass, "dove": _dove, "wound": _wound,
    "a": lambda place: "the A" if place.after == "to" else None,
}  # fmt: skip
