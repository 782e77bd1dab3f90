"""Small frequent words and telling letters of each Latin-script language, for recognising short texts; neighbours of Russian.

A word that several languages share counts for each of them with the inverse of their number.
"""

HINT_WORDS = {
    "en": "the of and to in is that it was for on are as with his they at be this from have not by but what all were "
    "we when your can said there an each which she do how their if will up other about out many then them these so "
    "some her would make like him into has two more no way could my than been who its now did get come made may i you "
    "he yes hello hi good morning night evening thanks thank please welcome goodbye bye where why don't i'm it's ok "
    "let's i'll you're that's isn't doesn't can't won't love okay sorry every very just only over after before also one three four five help stop run go "
    "six seven eight nine ten open close the costs cost day year time people water house me us any many little big small sure maybe listen call never excuse christmas",
    "pt": "o a os as de do da dos das em no na nos nas um uma e que é não para por com se mais mas foi ao à aos às ele "
    "ela eles elas seu sua quando muito já eu também só pelo pela até isso entre depois sem mesmo nós você vocês são "
    "está estão tem têm ser como bem meu minha teu tua nosso nossa este esta isto esse essa aquele aquela lá aqui sim "
    "olá oi bom boa dia tarde noite obrigado obrigada tchau até tudo quem onde porque vai vou amo hoje amanhã ontem "
    "ainda agora então tão fazer pode cada anos ano há era português hora horas às feliz parabéns por favor casa dois três quatro cinco seis oito nove "
    "dez custa pesa gato cachorro água homem mulher menino menina dinheiro me nosso dorme come corre fala diz foi logo desculpe desculpa socorro valeu "
    "vc vcs hj blz vlw obg bjs pra tô tá cadê quero quer acho fica ficou comigo praia mensagem mensagens sair saída senha "
    "boleto puxe empurre prezado prezada atenciosamente partiu fechou venceu bora mãe pai filho filha irmão trabalho ônibus "
    "rua cerveja beijos abraço",
    "es": "el la los las de del en un una unos unas y que no es por con para se lo su sus al como más pero fue ha le "
    "me si sin sobre este esta esto cuando muy también ya todo nos uno hasta hay donde quien desde porque entre ser "
    "son está están yo tú él ella ellos nosotros usted ustedes hola buenos buenas días tardes noches gracias adiós "
    "sí qué cómo dónde cuándo cuál por favor hoy mañana ayer ahora entonces mi tu te quiero eso ese esa aquí allí así "
    "tengo tiene soy eres era fueron hace años señor niño bien muchas dos tres cuatro cinco seis siete ocho nueve diez agua "
    "hombre mujer gato perro dinero come duerme dice habla beber van perdón bienvenidos bienvenido",
    "de": "der die das und ist in zu den mit von auf für nicht ein eine einen einem einer des dem im am sich auch es "
    "an als aus wie wird sie er ich du wir ihr nach bei um noch nur über vor so kann wenn aber oder war hat haben sind "
    "werden dass zum zur durch mein dein sein kein keine ja nein hallo guten gute tag morgen abend nacht danke bitte "
    "tschüss auf wiedersehen wo wer was warum wann heute gestern jetzt sehr gut mehr mich dich uns euch bis unter "
    "schon immer wieder hier dort alles viel straße jahr liebe wurde eins zwei drei vier fünf sechs sieben acht neun zehn wasser haus",
    "fr": "le la les de des du un une et est en que qui dans pour pas sur au aux avec ce cette ces il elle ils elles "
    "on nous vous je tu ne se son sa ses mon ma mes ton ta tes leur leurs plus par mais ou où comme tout tous sont "
    "être avoir fait été même aussi bien très sans bonjour bonsoir salut merci oui non au revoir s'il plaît comment "
    "pourquoi quand qu'est c'est j'ai n'est d'un d'une l'on qu'il aujourd'hui demain hier maintenant deux trois "
    "ça va jour nuit était cela après encore alors peut je suis quel quelle t'aime y un quatre cinq six sept huit neuf dix eau maison chat chien me lui d'accord combien comprends rien",
    "it": "il lo la i gli le di del della dello dei degli delle da dal dalla in nel nella un uno una e è che non per "
    "con si sono a al alla alle ai come più ma anche se o questo questa quello quella io tu lui lei noi voi loro mio "
    "mia tuo suo sua ha ho hai era essere stato molto tutto tutti ciao buongiorno buonasera grazie prego sì no bene "
    "dove quando perché chi cosa oggi domani ieri ora così c'è l'ha dell'anno arrivederci scusi stai come sta buona "
    "notte giorno casa tra fra sulla sul dopo prima ancora ti amo presto natale gira destra sinistra",
    "nl": "de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit door over naar "
    "ze hij zij ik je jij we wij u jullie hun heeft hebben was werd worden kan nog wel geen deze dit die wat wie waar "
    "waarom hoe hallo hoi goedemorgen goedemiddag goedenavond dag dank bedankt alstublieft alsjeblieft ja nee tot "
    "ziens vandaag morgen gisteren nu heel goed meer moet zou onder tegen na veel mijn jouw uw onze haar zo toch straks linksaf rechtsaf lekker",
    "pl": "i w na nie z do to się że jest o jak co po ale od za przez dla czy jego jej ich ten ta te tego tym są był "
    "była było być może tylko już także oraz więc pan pani ja ty on ona my wy oni tak dzień dobry cześć dziękuję "
    "proszę dobranoc gdzie kiedy dlaczego kto dziś jutro wczoraj teraz bardzo dobrze mam masz ma kocham cię mnie ze we",
    "tr": "ve bir bu da de için çok ne o ile gibi daha var ben sen biz siz onlar değil mi mı mu mü ama kadar sonra "
    "olarak olan en her şey ki ya evet hayır merhaba selam günaydın iyi geceler akşamlar teşekkürler teşekkür ederim "
    "lütfen nerede nasıl neden kim bugün yarın dün şimdi güzel yok oldu olduğu seni seviyorum tamam",
    "sv": "och i att det en ett som är på av för med den till inte om de har jag du han hon vi ni men så var sig från "
    "kan när nu skulle vara hade eller efter bara också mycket där här vad vem varför hur hej tack ja nej god morgon "
    "natt kväll dag snälla adjö idag imorgon igår mig dig oss er min din sin ska alla under över älskar ses",
    "nb": "og i å det en et som er på av for med den til ikke om de har jeg du han hun vi dere men så var seg fra kan "
    "når nå skulle være hadde eller etter bare også mye der her hva hvem hvorfor hvordan hei takk ja nei god morgen "
    "natt kveld dag vær i dag i morgen i går meg deg oss min din sin skal alle under over elsker etter unnskyld sees",
    "sw": "na ya wa kwa ni katika la za cha vya hii hiyo huo yake wake kuwa si lakini kama pia au huyo watu mtu sana "
    "habari jambo asante karibu ndiyo hapana tafadhali kwaheri leo kesho jana mimi wewe yeye sisi ninyi wao nini nani "
    "wapi lini kwenda alikuwa hakuna matata ninakupenda nakupenda",
    "eo": "la kaj de en estas mi vi li ŝi ĝi ni ili kiu kio tio ke ne por kun sur al el sed aŭ ĉu jes saluton dankon "
    "bonan tagon matenon vesperon nokton kie kiam kial hodiaŭ morgaŭ hieraŭ tre bone estis estos kiel amas vin",
    "ca": "el la els les de del dels en un una i que no és per amb es al als com més però va ha seu seva quan molt "
    "també ja tot fins hi on qui des perquè entre són està jo tu ell ella nosaltres vosaltres bon dia bona nit tarda "
    "gràcies adéu sí què com avui demà ahir ara aquest aquesta això aquí estàs t'estimo moltes",
    "ro": "și de la în a cu pe nu este că un o din care pentru mai se ce au fost sunt dar sau după până între el ea ei "
    "noi voi eu tu bună ziua dimineața seara noapte salut mulțumesc da te rog unde când cum cine astăzi mâine ieri "
    "foarte bine acum al ale lui iubesc revedere noapte",
}

# Words of greetings that no other of the languages has: one of them is enough.
TELLING_WORDS = {
    "de": "vielen",
    "es": "navidad",
    "eo": "saluton revido",
    "ca": "t'estimo adéu",
    "ro": "revedere",
}

HINT_LETTERS = {
    "ñ": ("es",),
    "¿": ("es",),
    "¡": ("es",),
    "ã": ("pt",),
    "õ": ("pt",),
    "ê": ("pt", "fr"),
    "ô": ("pt", "fr"),
    "ç": ("pt", "fr", "tr", "ca"),
    "á": ("pt", "es"),
    "í": ("pt", "es"),
    "ó": ("pt", "es", "pl"),
    "ú": ("pt", "es"),
    "é": ("pt", "es", "fr", "it", "ca"),
    "à": ("fr", "it", "ca", "pt"),
    "è": ("fr", "it", "ca"),
    "ì": ("it",),
    "ò": ("it", "ca"),
    "ù": ("it", "fr"),
    "œ": ("fr",),
    "î": ("fr", "ro"),
    "ß": ("de",),
    "ä": ("de", "sv"),
    "ö": ("de", "sv", "tr"),
    "ü": ("de", "tr"),
    "å": ("sv", "nb"),
    "ø": ("nb",),
    "æ": ("nb",),
    "ł": ("pl",),
    "ą": ("pl",),
    "ę": ("pl",),
    "ś": ("pl",),
    "ź": ("pl",),
    "ż": ("pl",),
    "ć": ("pl",),
    "ń": ("pl",),
    "ı": ("tr",),
    "İ": ("tr",),
    "ğ": ("tr",),
    "ş": ("tr",),
    "ă": ("ro",),
    "ș": ("ro",),
    "ț": ("ro",),
    "â": ("ro", "pt", "fr", "tr"),
    "ĉ": ("eo",),
    "ĝ": ("eo",),
    "ĥ": ("eo",),
    "ĵ": ("eo",),
    "ŝ": ("eo",),
    "ŭ": ("eo",),
    "·": ("ca",),
}

# Languages in Cyrillic letters that are not read here: the letters they have beyond the Russian ones, and Russian ones
# they do without.
CYRILLIC_NEIGHBOURS = {
    "Ukrainian": ("іїєґ", "ыэёъ"),
    "Belarusian": ("іў", "ищъ"),
    "Serbian": ("ђћљњџј", "йыэёъьщюя"),
    "Macedonian": ("ѓќѕљњџј", "йыэёъьщюя"),
}
# Bulgarian has no letter of its own: everyday words that are not Russian ones, and letters it does without.
BULGARIAN_WORDS = (
    "това този тази тези който която което които съм беше няма трябва здравей здравейте какво още нещо сме сте когато "
    "обаче днес някой всичко"
)
NOT_BULGARIAN = "ыэё"
