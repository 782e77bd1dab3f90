"""Portuguese, Brazil first: numbers that agree in gender, dates, times, money and abbreviations."""

import re
from functools import lru_cache

from .language_hints import HINT_WORDS
from .normalization_measures import code_rule
from .normalization_pt_amounts import amount_rules
from .normalization_pt_chat import chat_rules
from .normalization_pt_codes import code_rules
from .normalization_pt_contexts import context_rules
from .normalization_romance import RomanceNormalizer
from .number_words import WrittenNumber, number_words, roman_value


_MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()
_MONTH = "|".join(_MONTHS)
_SHORT_MONTH = "|".join(month[:3] for month in _MONTHS)
_FEMININE = {"um": "uma", "dois": "duas"}
_MASCULINE_NOUNS = frozenset(
    "dia mapa planeta problema programa sistema tema clima grama quilograma miligrama micrograma nanograma poema cinema drama diploma "
    "telegrama idioma fantasma cometa trauma estigma enigma dilema esquema lema teorema axioma diagrama gama "
    "coração sintoma aroma hematoma pijama panorama cronograma ecossistema ciclista economista cientista motociclista "
    "especialista colega guarda pirata poeta atleta turista motorista artista dentista jornalista".split()
)
_FEMININE_NOUNS = frozenset("vez mulher mãe noite parte tarde classe fase frase base chave nave rede sede fonte ponte "
                            "voz luz cruz flor dor cor lei mão canção gente morte sorte arte carne razão equipe colher "
                            "nuvem febre fome dose torre árvore semente greve neve gripe tosse tese crise análise hipótese atriz cicatriz matriz bienal".split())  # fmt: skip


_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "á bê cê dê é éfe gê agá í jota cá éle ême êne ó pê quê érre ésse tê u vê dáblio xis ípsilon zê".split(),
    )
)
_WEEKDAYS = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira")
_SHORT_DAYS = dict(
    zip("seg ter qua qui sex sáb sab dom".split(), "segunda terça quarta quinta sexta sábado sábado domingo".split())
)
_DAYS = "|".join(_SHORT_DAYS)
_RULERS = (
    "Pedro|João|Maria|Carlos|Manuel|José|Luís|Napoleão|Elizabeth|Isabel|Francisco|Nicolau|Guilherme|Jorge|Henrique|Filipe|"
    "Felipe|Afonso|Fernando|Alexandre"
)
_WOMEN = frozenset(
    "Carmen Elizabeth Beatriz Isabel Leonor Inês Raquel Ester Miriam Ruth Alice Rose Salete Lourdes Dulce".split()
)
_EVENTS = frozenset(
    "Congresso Encontro Simpósio Seminário Jornada Semana Fórum Conferência Festival Feira Bienal Copa Mostra Olimpíada Plano "
    "Ciclo Colóquio Concurso Distrito Exército Império República Salão Prêmio Festa Caminhada Corrida Maratona".split()
)
_COUNTED_BY_ROMANS = frozenset("episódio rocky rambo artemis apollo".split())
_SPELLED = frozenset(
    "BO UBS IBGE IBM UTI URL API IPTU IPVA IPI INSS ICMS OAB UE AI IA FGV CPF CNPJ CEO IPCA AGU".split()
)
_WORDS_IN_CAPITALS = frozenset(
    "PIB USP ONU NASA SUS ENEM CEP PIX UNESCO OTAN FUNAI ANVISA EMBRAPA INPE FIFA SENAI SESC SENAC FIES UNICAMP DETRAN LED SAC TED PEC PAC SAF CID TOC BID VAR "
    "PROCON SERASA COVID AIDS RAM PUC UERJ MEC UNICEF OPEP INCRA IBAMA BOPE VIP CUT FAB OFF".split()
)
_SMALL_WORDS = frozenset((*HINT_WORDS["pt"].split(), "ar", "ir", "pé", "fé"))
# Without a vowel, with an end or with a beginning that no Portuguese word has.
_UNPRONOUNCEABLE = re.compile(
    r"[BCDFGHJKLMNPQRSTVWXZ]{3}|[BCDFGHJKPQTVW]$|[BCDFGHJKMNPQRSTVWXZ][BCDFGHJKMNPQTVWXZ]$|"
    r"^(?!S|P[SN]|[BCDFGKPTV][LR]|[CLN]H|QU|WH)[BCDFGHJKLMNPQRSTVWXZ]{2}(?=.{1,2}$)"
)


@lru_cache(maxsize=8)
def _is_upper(text: str) -> bool:
    return text.isupper()


class PortugueseNormalizer(RomanceNormalizer):
    """`language` is `"pt-br"` or `"pt-pt"`; they differ in number words ("dezesseis", "dezasseis")."""

    decimal = ","
    decimal_words = {",": "vírgula", ".": "ponto"}
    range_word = "a"
    minus, percent, permille = "menos", "por cento", "por mil"
    score_word, times_word, size_word = "a", "vezes", "por"
    fold_words = ("vez", "vezes")
    power_word = "elevado a"
    per_word = "por"
    per_nouns = r"(?:hora|minuto|dia|noite|semana|mês|ano|pessoa|aluno|litro|quilo|metro|unidade)\b"
    dot, at, slash, dash, underscore, plus, equals = "ponto", "arroba", "barra", "hífen", "underline", "mais", "igual"
    month_year_joiner = "de"
    date_before = "em|para|dia|dias|até|de|desde|no dia|data|antes de|depois de"
    cents_joiner, and_word = "e", "e"
    one_word, half_words, third_word, over_word = "um", "meio", "terço", "sobre"
    powers = ("ao quadrado", "ao cubo")
    plural_endings = (
        ("ções", "ção"),
        ("sões", "são"),
        ("zões", "zão"),
        ("zes", "z"),
        ("ores", "or"),
        ("eres", "er"),
        ("gens", "gem"),
        ("s", ""),
    )
    feminine_endings = ("a", "ã", "ção", "são", "dade", "tude", "gem", "ice", "ie", "ade")
    feminine_words = _FEMININE_NOUNS
    masculine_words = _MASCULINE_NOUNS
    roman_contexts = (
        "[Ss]éculos?|[Ss]éc\\.|[Cc]apítulo|[Cc]ap\\.|[Vv]olume|[Vv]ol\\.|[Tt]omo|[Ii]ncisos?|[Ii]nc\\.|[Pp]arte|[Aa]to|[Cc]ena|[Tt]ítulo|[Aa]rtigo|[Aa]nexo|"
        "[Ff]ase|[Tt]ipo|Guerra Mundial|(?:Dom|Papa|Rei|rei|Rainha|rainha|Imperador|imperador|João|Pedro) [A-ZÀ-Ý]\\w+"
    )
    magnitudes = {
        "mil": 10**3, "milhão": 10**6, "milhões": 10**6, "bilhão": 10**9, "bilhões": 10**9, "trilhão": 10**12,
        "trilhões": 10**12, "mi": 10**6, "bi": 10**9, "tri": 10**12, "k": 10**3, "K": 10**3,
    }  # fmt: skip
    currencies = {
        "BRL": ("real", "reais", "centavo", "centavos"),
        "USD": ("dólar", "dólares", "centavo", "centavos"),
        "EUR": ("euro", "euros", "centavo", "centavos"),
        "GBP": ("libra", "libras", "centavo", "centavos"),
        "JPY": ("iene", "ienes", "", ""),
        "CHF": ("franco suíço", "francos suíços", "centavo", "centavos"),
    }
    unit_overrides = {"kg": ("quilo", "quilos"), "min": ("minuto", "minutos"), "°": ("grau", "graus")}
    feminine_units = frozenset(("h", "t", "lb", "lbs", "mi", "oz", "yd", "mph", "cal", "kcal"))
    symbols = {
        "&": "e", "+": "mais", "=": "igual a", "%": "por cento", "@": "arroba", "°": "graus", "±": "mais ou menos",
        "×": "vezes", "÷": "dividido por", "≈": "aproximadamente", "≠": "diferente de", "≤": "menor ou igual a",
        "≥": "maior ou igual a", "√": "raiz quadrada de", "∞": "infinito", "§": "parágrafo", "©": "copyright",
        "№": "número", "µ": "micro", "€": "euros", "£": "libras", "$": "dólares", "¥": "ienes", "¢": "centavos",
        "‰": "por mil", "<": "menor que", ">": "maior que", "→": "para", "*": "vezes", "#": "número",
        "?": "interrogação", ":": "dois pontos",
    }  # fmt: skip
    abbreviations = {
        "sr": "senhor", "sra": "senhora", "srs": "senhores", "sras": "senhoras", "srta": "senhorita", "dr": "doutor",
        "dra": "doutora", "drs": "doutores", "dras": "doutoras", "prof": ".professor", "profa": "professora",
        "profª": "professora", "prof.ª": "professora", "exmo": "excelentíssimo", "exma": "excelentíssima",
        "av": ".avenida", "trav": ".travessa", "rod": ".rodovia", "pç": ".praça", "pça": ".praça", "al": ".#alameda",
        "apto": "#apartamento", "ap": ".#apartamento", "nº": "número", "n°": "número", "n.º": "número",
        "no": ".#número", "nr": ".#número", "pág": "página", "págs": "páginas", "p": ".#página", "pp": ".#páginas",
        "tel": ".telefone", "cel": ".#celular", "p. ex": "por exemplo", "p.ex": "por exemplo", "ex": ".exemplo",
        "etc": "etcétera", "obs": "observação", "ltda": "limitada", "cia": ".companhia", "s.a": "S A", "s/a": "S A",
        "jr": "júnior", "vs": "versus", "séc": "século", "art": ".#artigo", "cap": ".#capítulo", "vol": ".#volume",
        "fig": ".#figura", "ed": ".#edição", "gov": ".governador", "dep": ".deputado", "sen": ".senador",
        "pres": ".presidente", "eng": ".engenheiro", "gen": ".general", "min": ".ministro", "fl": ".#folha",
        "fls": ".#folhas", "sáb": "sábado", "inc": ".#inciso", "hab": ".habitantes", "dorm": ".dormitório",
        "dorms": ".dormitórios", "dr.ª": "doutora", "drª": "doutora", "sr.ª": "senhora", "srª": "senhora",
        "aprox": "aproximadamente", "máx": "máximo", "mín": "mínimo", "seg": ".segundos", "vc": "você",
        "vcs": "vocês", "tbm": "também", "tb": "também", "pq": "porque", "hj": "hoje", "qdo": "quando",
        "vlr": "valor", "temp": ".temperatura", "eng.º": "engenheiro", "eng.ª": "engenheira", "arq.ª": "arquiteta",
        "n": ".#número", "ag": ".#agência", "esq": ".esquina", "doc": ".documento", "att": "atenciosamente",
        "ref": ".referência", "tab": ".#tabela", "val": ".#validade", "venc": ".vencimento", "i.e": "isto é",
        "e.g": "por exemplo", "pe": ".padre", "sta": ".santa", "sto": ".santo",
    }  # fmt: skip

    def __init__(self, language: str):
        self.space_groups = language == "pt-pt"
        super().__init__(language)

    def first_rules(self) -> list:
        return [
            *chat_rules(),
            *code_rules(self),
            *amount_rules(self),
            *context_rules(self),
            (re.compile(rf"(?<!\w)(?P<day>(?i:{_DAYS}))\.(?=:|\se\sferiado)"), lambda m: _SHORT_DAYS[m["day"].lower()]),
            (re.compile(rf"(?<!\w)(?<!\d\s)(?!ter|dom)(?P<day>(?i:{_DAYS}))\.(?=,?\s\d)"),  # "ter." may end a sentence
             lambda m: _SHORT_DAYS[m["day"].lower()]),
            (re.compile(r"(?<!\w)dom\.(?=,\s\d|\s\d{1,2}h)"), lambda m: "domingo"),
            (re.compile(rf"(?<!\w)(?P<name>{_RULERS})\sI(?!\w|\.\s?[A-ZÀ-Ý])"),
             lambda m: f"{m['name']} {'primeira' if self._is_woman(m['name']) else 'primeiro'}"),
            (re.compile(r"(?<=[\dIVX]\s)(?P<era>[aAdD])\.\s?C\.?(?!\w)"), self._era),
            (re.compile(r"(?<!\w)D\.\s(?P<name>[A-ZÀ-Ý]\w+)\sI(?!\w)"), self._first_of_the_name),
            (re.compile(r"(?<![\w.-])(?P<roman>[IVX]{2,6})(?=\s(?P<event>[A-ZÀ-Ý][a-zà-ý]{3,}))"), self._event),
            (re.compile(r"(?<=[IVX]\s[ea]\s)(?P<roman>[IVX]{2,6})(?!\w)"), lambda m: self.cardinal(roman_value(m["roman"]) or 0)),
            (re.compile(r"(?:(?<=\b[nd]esta )|(?<=\b[hH]oje é )|(?<=\b[aA]manhã é ))(?P<n>[2-6])ª(?=\s?\(|[,.]|$)"), lambda m: _WEEKDAYS[int(m["n"]) - 2]),
            (re.compile(r"(?<!\w)D\.(?=\s(?P<name>[A-ZÀ-Ý]\w+))"),
             lambda m: "Dona" if self._is_woman(m["name"]) else "Dom"),
            (re.compile(r"(?<!\w)(?P<roman>I{1,3})(?=\sGuerra(?!\w))"),
             lambda m: self.ordinal(len(m["roman"]), feminine=True).capitalize()),
            (re.compile(rf"(?<!\w)(?P<first>{_DAYS})\.?(?P<to>\s(?:a|à|e)\s|-)(?P<last>{_DAYS})(?!\w)\.?", re.I),
             lambda m: _SHORT_DAYS[m["first"].lower()] + m["to"].replace("-", " a ") + _SHORT_DAYS[m["last"].lower()]),
            (re.compile(r"(?<!\w)(?<!\d\s)[Kk]m(?=\s\d)"), lambda m: self.unit("km", 1)),
            self.height_rule("e"),
            self.length_rule("e"),
            (re.compile(r"(?<=\b[nd]a )R\.(?=\s[A-ZÀ-Ý]\w)|(?<=\bà )R\.(?=\s[A-ZÀ-Ý]\w)"), lambda m: "Rua"),
            (re.compile(r"(?<!\w)(?P<w>[cCsSpP])/(?=\s|\w\w)"),
             lambda m: {"c": "com ", "s": "sem ", "p": "para "}[m["w"].lower()]),
            (re.compile(r"(?<![\w.,])(?P<n>[2-6])[ªaº°]?[\s-]*[Ff]eira(?!\w)"), lambda m: _WEEKDAYS[int(m["n"]) - 2]),
            (re.compile(r"(?<![\w.@#/-])[A-Z]{2,5}(?![\w@]|\.\w)"), self._acronym),
            (re.compile(r"(?<![\w.@#/])[A-ZÀ-Ý]{2,}(?![\w@]|\.\w)"), self._shouted),
            (re.compile(r"(?<![\w/.,])(?:(?P<n>\d{1,3})(?:\s|(?=½)))?(?:1/2|½)\s?(?P<unit>kg|km|m|l|L|h)(?!\w)"), self._half_a_unit),
            (re.compile(r"(?m)^[^\S\n]{0,20}\*(?=\s)"), lambda m: ""),  # of a list
            (re.compile(r"(?<![\w/.,])(?P<n>\d{1,3})(?:\s|(?=½))(?:1/2|½)\s(?P<noun>[a-zà-ý]{3,})"), self._and_a_half),
            (re.compile(r"(?<![\w/.,])(?<!\d\s)(?:1/2|½)(?=\s+(?:de\s+)?(?P<noun>[^\W\d]+))"), self._half),
            (re.compile(r"(?<!\w)24/7(?!\w)"), lambda m: "vinte e quatro por sete"),
        ]  # fmt: skip

    @staticmethod
    def _is_woman(name: str) -> bool:
        return name.endswith("a") or name in _WOMEN

    def _first_of_the_name(self, match: re.Match) -> str:
        title, first = ("Dona", "primeira") if self._is_woman(match["name"]) else ("Dom", "primeiro")
        return f"{title} {match['name']} {first}"

    @staticmethod
    def _era(match: re.Match) -> str:
        stop = "." if not re.search(r"\w", match.string[match.end() :]) else ""
        return f"{'antes' if match['era'] in 'aA' else 'depois'} de Cristo{stop}"

    def _event(self, match: re.Match) -> str | None:
        value = roman_value(match["roman"])
        if value is None or match["event"] not in _EVENTS:
            return None
        return self.ordinal(value, feminine=self.is_feminine(match["event"], True)).capitalize()

    def _slash_fraction(self, match: re.Match) -> str | None:
        """What looks like a date is one: "10/11", "14/5"."""
        day, month = int(match["a"]), int(match["b"])
        if not self._in_equation(match) and (month in (11, 12) or day > 12):
            return self._checked_date(day, month, None) or super()._slash_fraction(match)
        return super()._slash_fraction(match)

    def _short_date(self, match: re.Match) -> str | None:
        if match["before"].lower() == "para" and int(match["a"]) < int(match["b"]) < 11:
            return None  # "para 1/4 dela"
        fraction = int(match["a"]) < int(match["b"]) and re.match(r"\sd[aeo]s?\s(?!\d)", match.string[match.end() :])
        return None if fraction else super()._short_date(match)

    def _half_a_unit(self, match: re.Match) -> str:
        hours = match["unit"] == "h"
        half, whole = "meia" if hours else "meio", int(match["n"] or 0)
        if not whole:
            return f"{half} {self.unit(match['unit'], 1)}"
        return f"{self.cardinal(whole, hours)} {self.unit(match['unit'], whole)} e {half}"  # "um quilo e meio"

    def _half(self, match: re.Match) -> str:
        return "meia" if self.is_feminine(match["noun"], True) else "meio"

    def _and_a_half(self, match: re.Match) -> str:
        feminine = self.is_feminine(match["noun"], match["n"] == "1")
        half = "meia" if feminine else "meio"
        return f"{self.cardinal(int(match['n']), feminine)} {match['noun']} e {half}"  # "uma xícara e meia"

    def _acronym(self, match: re.Match) -> str | None:
        word = match[0]
        if set(word) <= set("IVX") and roman_value(word):
            return None
        if word in _WORDS_IN_CAPITALS:
            return word.capitalize()
        shouted = _is_upper(match.string) and set(word) & set("AEIOU")  # "GRANDE SHOW DE ROCK"
        if word in _SPELLED or (len(word) > 2 and _UNPRONOUNCEABLE.search(word) and not shouted):
            return self._spell_part(word)
        return None

    @staticmethod
    def _shouted(match: re.Match) -> str | None:
        """A word of a line in capitals, which espeak-ng would take for an acronym among those that are spelled."""
        word = match[0].lower()
        known = len(word) > 3 or word in _SMALL_WORDS or re.fullmatch(r"[^aeiou][aeiou][^aeiou]", word)
        return word if known and _is_upper(match.string) and " " in match.string else None

    def _spell_part(self, part: str) -> str:
        if len(part) == 2 and part.islower() or part.isupper():
            return " ".join(_LETTERS.get(letter, letter) for letter in part.upper())
        return part

    def written_date_patterns(self) -> list:
        year = r"(?P<y>1\d{3}|20\d\d)"
        return [
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})(?P<o>[º°oª])?\s+de\s+(?P<month>{_MONTH})(?:\s+de\s+{year}(?!\w|[.,]\d))?(?!\w)",
             self._written_date, re.I),
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})[ /-](?:de )?(?P<month>{_SHORT_MONTH})\.?[ /-](?:de )?{year}(?!\w|[.,]\d)",
             self._written_date, re.I),
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})(?:/(?P<month>{_SHORT_MONTH})(?!\w)\.?|\s(?P<short>{_SHORT_MONTH})\.(?!\w))",
             self._day_and_month, re.I),
            (rf"(?<!\w)(?P<month>{_MONTH}|{_SHORT_MONTH})(?:\.?/|\.\s){year}(?!\w|[.,/]\d)",
             lambda m: f"{self._month(m['month'])} de {self.year(int(m['y']))}", re.I),
            (rf"(?<![\w/])(?P<month>{_SHORT_MONTH})/(?P<y>\d\d)(?![\w/]|[.,]\d)",
             lambda m: f"{self._month(m['month'])} de {self.year(2000 + int(m['y']))}", re.I),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        hour, minute = r"(?P<h>[01]?\d|2[0-4])", r"(?P<m>[0-5]\d)"
        return [
            (r"(?<![\w:.,])(?P<h>\d{1,2})\s?h(?:oras)?\s?(?:e\s)?(?P<m>[0-5]?\d)\s?(?:m|min)\s?(?:(?P<s>[0-5]?\d)\s?s)?(?!\w)",
             self._duration, 0),
            (r"(?P<before>\b(?:por|durante|há|dura|durou|leva|levou|demora|demorou|em|cerca de|mais de|daqui a|duração:?|duração de|"
             r"tempo:|preparo:)\s)"
             rf"(?P<h>\d)h{minute}(?![\w:]|[.,]\d)", lambda m: m["before"] + self._duration(m), re.I),
            (rf"(?<![\w:.,]){hour}\s?(?:h|hs|hrs)\s?{minute}(?![\w:]|[.,]\d)", self._time, 0),
            (rf"(?<![\w:.,]){hour}\s?(?:hs|hrs|h)(?:\.(?=,?\s[a-zà-ý\d]))?(?![\w:/])", self._time, 0),
            (rf"(?<![\w:.,]){hour}:{minute}(?::(?P<s>[0-5]\d))?(?:\s?(?:h|hs|hrs|horas)(?!\w))?(?![\w:]|[.,]\d)",
             self._time, 0),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        if self.language == "pt-pt":
            return [
                (r"(?<![\w.,])(?:\+351 ?)?[29]\d{2} \d{3} \d{3}(?! ?\w)", self.digits, 0),
                *super().phone_patterns(),
                (*code_rule(self), 0),
            ]
        return [
            (r"(?<![\w.,])(?:\+55[ -]?)?\(?0?\d{2}\)?[ -]?9?[ ]?\d{4}[ -]\d{4}(?![\w-])", self.digits, 0),
            (r"(?<![\w.,-])9?\d{4}-\d{4}(?![\w-])", self.digits, 0),
            (r"(?<![\w.,-])0[3589]00[ -]?\d{3}[ -]?\d{4}(?!\w)", self.digits, 0),
            *super().phone_patterns(),
            (*code_rule(self), 0),
        ]

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?P<n>\d{1,3}\.\d{3}|\d{1,4})\.?(?P<o>[ºª])s?(?!\w)", self._ordinal, 0),
            (r"(?<![\w.,])(?P<n>\d{1,3})(?P<o>[oa])(?=\s+\w|[-.,;!?]|$)", self._ordinal, 0),
            (r"(?<![\w.,])(?P<n>\d{1,2})(?P<o>°)(?=\s+[a-zà-ý]{4,})", self._ordinal, 0),
        ]

    def _ordinal(self, match: re.Match) -> str:
        return self.ordinal(int(match["n"].replace(".", "")), match["o"] in "ªa")

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language).split()
        if feminine:
            last = max((i for i, w in enumerate(words) if w.endswith(("ilhão", "ilhões"))), default=-1)
            words[last + 1 :] = [
                w[:-2] + "as" if w.endswith(("entos", "nhentos")) else _FEMININE.get(w, w) for w in words[last + 1 :]
            ]
        return " ".join(words)

    def counted(self, number: int, following: str) -> str:
        return self.cardinal(number, feminine=self.is_feminine(following, number == 1))

    def _month(self, name: str) -> str:
        return next(month for month in _MONTHS if month.startswith(name.lower()[:3]))

    def _written_date(self, match: re.Match) -> str | None:
        return self._checked_date(int(match["d"]), _MONTHS.index(self._month(match["month"])) + 1, match["y"])

    def _day_and_month(self, match: re.Match) -> str | None:
        """ "30/set", "12 ago." """
        month = _MONTHS.index(self._month(match["month"] or match["short"])) + 1
        ends = match[0].endswith(".") and not re.search(r"\w", match.string[match.end() :])
        spoken = self._checked_date(int(match["d"]), month, None)
        return spoken and spoken + ("." if ends else "")

    def date(self, day: int, month: int, year: int | None) -> str:
        day_words = "primeiro" if day == 1 else self.cardinal(day)
        tail = "" if year is None else f" de {self.cardinal(year)}"
        return f"{day_words} de {_MONTHS[month - 1]}{tail}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = self.cardinal(hour, feminine=True)
        if not minute and not second:
            return f"{words} {'hora' if hour < 2 else 'horas'}"
        if not hour:
            words = "zero hora"
        if minute:
            words += f" e {self.cardinal(minute)}"
        return words + (f" e {self.cardinal(second)} segundos" if second else "")

    def _duration(self, match: re.Match) -> str:
        groups = match.groupdict()
        units = (("h", "hora", "horas"), ("m", "minuto", "minutos"), ("s", "segundo", "segundos"))
        parts = [
            f"{self.cardinal(int(groups[unit]), unit == 'h')} {one if int(groups[unit]) == 1 else many}"
            for unit, one, many in units
            if groups.get(unit)
        ]
        return f"{', '.join(parts[:-1])} e {parts[-1]}"

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        if factor == 1000:
            return "mil"
        stem = {10**6: "milh", 10**9: "bilh", 10**12: "trilh"}[factor]
        return stem + ("ão" if count.value < 2 else "ões")

    def roman(self, value: int, word: str) -> str:
        key = word.split()[-1].lower().rstrip(".")
        if key.startswith(("inc", "vol")) or key in _COUNTED_BY_ROMANS:
            return self.cardinal(value)
        if key in ("século", "séculos", "séc") or word.split()[-1][0].isupper() and key != "mundial":
            if value <= 10:
                return self.ordinal(value, feminine=key.endswith(("a", "beth")))
        if key == "mundial":
            return self.ordinal(value, feminine=True)
        return self.cardinal(value)
