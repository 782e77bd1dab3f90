"""Words for large amounts, and names of units that Babel lacks, in the languages of `OtherNormalizer`."""

# Language -> factor -> names for one, few, many (CLDR plural forms) and for a number with decimals.
MAGNITUDES: dict[str, dict[int, tuple[str, str, str, str]]] = {
    "it": {10**6: ("milione",) + ("milioni",) * 3, 10**9: ("miliardo",) + ("miliardi",) * 3},
    "nl": {10**6: ("miljoen",) * 4, 10**9: ("miljard",) * 4},
    "pl": {10**3: ("tysiąc", "tysiące", "tysięcy", "tysiąca"), 10**6: ("milion", "miliony", "milionów", "miliona"),
           10**9: ("miliard", "miliardy", "miliardów", "miliarda")},
    "ru": {10**3: ("тысяча", "тысячи", "тысяч", "тысячи"), 10**6: ("миллион", "миллиона", "миллионов", "миллиона"),
           10**9: ("миллиард", "миллиарда", "миллиардов", "миллиарда")},
    "tr": {10**3: ("bin",) * 4, 10**6: ("milyon",) * 4, 10**9: ("milyar",) * 4},
    "sv": {10**6: ("miljon",) + ("miljoner",) * 3, 10**9: ("miljard",) + ("miljarder",) * 3},
    "nb": {10**6: ("million",) + ("millioner",) * 3, 10**9: ("milliard",) + ("milliarder",) * 3},
    "hi": {10**5: ("लाख",) * 4, 10**7: ("करोड़",) * 4},
    "ca": {10**6: ("milió",) + ("milions",) * 3},
    "ro": {10**6: ("milion", "milioane", "de milioane", "milioane"),
           10**9: ("miliard", "miliarde", "de miliarde", "miliarde")},
}  # fmt: skip

# The signs for them behind a number; the names themselves count only in front of a currency.
MAGNITUDE_SIGNS: dict[str, dict[str, int]] = {
    "it": {"mln": 10**6, "mld": 10**9},
    "nl": {"mln.": 10**6, "mln": 10**6, "mld.": 10**9, "mld": 10**9},
    "pl": {"tys.": 10**3, "mln": 10**6, "mld": 10**9},
    "ru": {"тыс.": 10**3, "тыс": 10**3, "млн": 10**6, "млрд": 10**9},
    "tr": {"mn": 10**6, "mr": 10**9},
    "sv": {"milj.": 10**6, "mn": 10**6, "md": 10**9, "mdr": 10**9},
    "nb": {"mill.": 10**6, "mrd.": 10**9, "mrd": 10**9},
    "ro": {"mil.": 10**6, "mld.": 10**9, "mld": 10**9},
}

# Language -> written unit -> its name for one and for many.
UNIT_NAMES: dict[str, dict[str, tuple[str, str]]] = {
    "nl": {"h": ("uur",) * 2},
    "fa": {
        "km": ("کیلومتر",) * 2, "m": ("متر",) * 2, "dm": ("دسی‌متر",) * 2, "cm": ("سانتی‌متر",) * 2, "mm": ("میلی‌متر",) * 2,
        "kg": ("کیلوگرم",) * 2, "g": ("گرم",) * 2, "mg": ("میلی‌گرم",) * 2, "t": ("تن",) * 2, "l": ("لیتر",) * 2,
        "L": ("لیتر",) * 2, "ml": ("میلی‌لیتر",) * 2, "mL": ("میلی‌لیتر",) * 2, "h": ("ساعت",) * 2,
        "min": ("دقیقه",) * 2, "s": ("ثانیه",) * 2, "ms": ("میلی‌ثانیه",) * 2, "°": ("درجه",) * 2, "Hz": ("هرتز",) * 2,
        "MHz": ("مگاهرتز",) * 2, "GHz": ("گیگاهرتز",) * 2, "W": ("وات",) * 2, "MW": ("مگاوات",) * 2, "V": ("ولت",) * 2,
        "A": ("آمپر",) * 2, "cal": ("کالری",) * 2, "J": ("ژول",) * 2, "ft": ("فوت",) * 2, "mi": ("مایل",) * 2,
    },
    "ar": {
        "l": ("لتر",) * 2, "L": ("لتر",) * 2, "ha": ("هكتار",) * 2, "Hz": ("هرتز",) * 2, "W": ("واط",) * 2,
        "V": ("فولت",) * 2, "A": ("أمبير",) * 2, "J": ("جول",) * 2, "°": ("درجة",) * 2, "ft": ("قدم",) * 2,
        "TB": ("تيرابايت",) * 2,
    },
    "sw": {
        "m": ("mita",) * 2, "cm": ("sentimita",) * 2, "mm": ("milimita",) * 2, "g": ("gramu",) * 2, "t": ("tani",) * 2,
        "l": ("lita",) * 2, "L": ("lita",) * 2, "ml": ("mililita",) * 2, "mL": ("mililita",) * 2, "ha": ("hekta",) * 2,
        "h": ("saa",) * 2, "min": ("dakika",) * 2, "s": ("sekunde",) * 2, "mi": ("maili",) * 2, "ft": ("futi",) * 2,
        "V": ("volti",) * 2, "W": ("wati",) * 2, "kW": ("kilowati",) * 2, "°": ("digrii",) * 2,
    },
    "eo": {
        "mg": ("miligramo", "miligramoj"), "t": ("tuno", "tunoj"), "ml": ("mililitro", "mililitroj"),
        "mL": ("mililitro", "mililitroj"), "cl": ("centilitro", "centilitroj"), "°": ("grado", "gradoj"),
        "m³": ("kuba metro", "kubaj metroj"), "m3": ("kuba metro", "kubaj metroj"), "Hz": ("herco", "hercoj"),
        "kHz": ("kiloherco", "kilohercoj"), "MHz": ("megaherco", "megahercoj"), "W": ("vato", "vatoj"),
        "kW": ("kilovato", "kilovatoj"), "MW": ("megavato", "megavatoj"), "V": ("volto", "voltoj"),
        "A": ("ampero", "amperoj"), "J": ("ĵulo", "ĵuloj"), "cal": ("kalorio", "kalorioj"),
        "kcal": ("kilokalorio", "kilokalorioj"), "kWh": ("kilovathoro", "kilovathoroj"),
        "m/s": ("metro en sekundo", "metroj en sekundo"),
    },
}  # fmt: skip
