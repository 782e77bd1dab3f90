"""Hindi: its words for signs and currencies, lakh and crore."""

from .normalization_plural_forms import PluralFormsNormalizer


class HindiNormalizer(PluralFormsNormalizer):
    """Hindi with the number format 12,34,567.89; its numbers are left to espeak-ng."""

    decimal = "."
    decimal_words = {",": "दशमलव", ".": "दशमलव"}
    minus, plus, percent = "माइनस", "प्लस", "प्रतिशत"
    range_word, and_word, equals = "से", "और", "बराबर"
    dot, at, slash, dash = "डॉट", "ऐट", "स्लैश", "हाइफ़न"
    cents_joiner = "और"
    magnitude_forms = {10**5: ("लाख",) * 4, 10**7: ("करोड़",) * 4}
    currency_forms = {"INR": ("रुपया", "रुपये", "रुपये"), "USD": ("डॉलर",) * 3}
    abbreviations = {"डॉ": "डॉक्टर", "प्रो": ".प्रोफ़ेसर"}
