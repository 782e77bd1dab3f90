"""What is counted in Arabic: one and two are forms of the noun, 3 to 10 take its plural, and the number its gender."""

import re
from dataclasses import dataclass

from .number_words_ar import arabic_number, in_front_of_noun


@dataclass(frozen=True)
class Counted:
    """A noun in the forms that numbers take ("دقيقة", "دقيقتان", "دقائق")."""

    one: str
    two: str
    few: str

    @property
    def feminine(self) -> bool:
        """Whether the noun is feminine."""
        return self.one.split()[0].endswith("ة")

    def spoken(self, number: int) -> str:
        """The number (0 and above) and the noun in words."""
        if number in (1, 2):
            return f"{self.one} {arabic_number(1, self.feminine)}" if number == 1 else self.two
        noun = self.few if 3 <= number % 100 <= 10 else self.one
        return f"{in_front_of_noun(arabic_number(number, self.feminine))} {noun}"


def _regular(one: str, few: str = "") -> Counted:
    """A masculine noun with the dual of its kind, and a plural that may be the same as the singular."""
    return Counted(one, f"{one}ان", few or one)


_KILOMETRE = _regular("كيلومتر", "كيلومترات")
_METRE, _CENTIMETRE = _regular("متر", "أمتار"), _regular("سنتيمتر", "سنتيمترات")
_KILOGRAM, _GRAM = _regular("كيلوغرام", "كيلوغرامات"), _regular("غرام", "غرامات")
_LITRE, _MILLILITRE = _regular("لتر", "لترات"), _regular("مليلتر", "مليلترات")
_SPEED = Counted("كيلومتر في الساعة", "كيلومتران في الساعة", "كيلومترات في الساعة")
_SQUARE_METRE = Counted("متر مربع", "متران مربعان", "أمتار مربعة")
_SQUARE_KILOMETRE = Counted("كيلومتر مربع", "كيلومتران مربعان", "كيلومترات مربعة")
_CUBIC_METRE = Counted("متر مكعب", "متران مكعبان", "أمتار مكعبة")
_CELSIUS = Counted("درجة مئوية", "درجتان مئويتان", "درجات مئوية")
_RIYAL = Counted("ريال سعودي", "ريالان سعوديان", "ريالات سعودية")
_POUND = Counted("جنيه مصري", "جنيهان مصريان", "جنيهات مصرية")
_DIRHAM = Counted("درهم إماراتي", "درهمان إماراتيان", "دراهم إماراتية")

MEASURES = {
    "km": _KILOMETRE, "كم": _KILOMETRE, "كلم": _KILOMETRE, "m": _METRE, "م": _METRE, "cm": _CENTIMETRE, "سم": _CENTIMETRE,
    "mm": _regular("مليمتر", "مليمترات"), "مم": _regular("مليمتر", "مليمترات"),
    "kg": _KILOGRAM, "كغ": _KILOGRAM, "كغم": _KILOGRAM, "كجم": _KILOGRAM, "كلغ": _KILOGRAM, "g": _GRAM, "غم": _GRAM,
    "جم": _GRAM, "غ": _GRAM, "l": _LITRE, "L": _LITRE, "ml": _MILLILITRE, "mL": _MILLILITRE, "مل": _MILLILITRE,
    "km/h": _SPEED, "كم/س": _SPEED, "كم/ساعة": _SPEED, "كم/الساعة": _SPEED, "m²": _SQUARE_METRE, "م²": _SQUARE_METRE,
    "م2": _SQUARE_METRE, "km²": _SQUARE_KILOMETRE, "كم²": _SQUARE_KILOMETRE, "كم2": _SQUARE_KILOMETRE, "m³": _CUBIC_METRE, "م³": _CUBIC_METRE,
    "°C": _CELSIUS, "°م": _CELSIUS, "° م": _CELSIUS, "°": Counted("درجة", "درجتان", "درجات"),
    "h": Counted("ساعة", "ساعتان", "ساعات"), "min": Counted("دقيقة", "دقيقتان", "دقائق"),
    "s": Counted("ثانية", "ثانيتان", "ثوان"),
    "ر.س": _RIYAL, "ج.م": _POUND, "د.إ": _DIRHAM,
    "ر.ق": Counted("ريال قطري", "ريالان قطريان", "ريالات قطرية"),
    "د.ك": Counted("دينار كويتي", "ديناران كويتيان", "دنانير كويتية"),
    "د.أ": Counted("دينار أردني", "ديناران أردنيان", "دنانير أردنية"),
    "د.ع": Counted("دينار عراقي", "ديناران عراقيان", "دنانير عراقية"),
    "د.ج": Counted("دينار جزائري", "ديناران جزائريان", "دنانير جزائرية"),
    "د.ت": Counted("دينار تونسي", "ديناران تونسيان", "دنانير تونسية"),
    "د.م": Counted("درهم مغربي", "درهمان مغربيان", "دراهم مغربية"),
    "ل.ل": Counted("ليرة لبنانية", "ليرتان لبنانيتان", "ليرات لبنانية"),
    "ل.س": Counted("ليرة سورية", "ليرتان سوريتان", "ليرات سورية"),
}  # fmt: skip
SUMS = {
    "USD": _regular("دولار", "دولارات"), "EUR": _regular("يورو"), "cent": _regular("سنت", "سنتات"),
    "GBP": Counted("جنيه إسترليني", "جنيهان إسترلينيان", "جنيهات إسترلينية"),
}  # fmt: skip
# Frequent plurals of feminine nouns; in "-āt" end those of many masculine ones, too.
_FEMININE_PLURALS = frozenset(
    "سنوات سنين ساعات دقائق ثوان ثواني مرات درجات ليرات نقاط كلمات صفحات سيارات شركات دول مدن ولايات جامعات مباريات بطولات "
    "دورات حالات طالبات نساء بنات فتيات غرف صور قطع وجبات رحلات جولات حلقات مدارس محافظات خطوات ملاعق حبات طائرات دبابات "
    "بيضات عائلات أسر قرى جزر نسخ رسائل إصابات وفيات".split()
)
_ENDS_IN_TA_MARBUTA = re.compile(r"\w+ة")


def is_feminine(noun: str, number: int) -> bool:
    """Whether a noun behind a number is feminine: 3 to 10 stand before its plural, larger ones before the singular."""
    if 3 <= number % 100 <= 10:
        return noun in _FEMININE_PLURALS
    return number > 2 and _ENDS_IN_TA_MARBUTA.fullmatch(noun) is not None
