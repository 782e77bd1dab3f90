"""English and French words, brands, and names that are not spelled as in Portuguese, as Brazilians say them.

espeak-ng knows many of them ("shopping", "marketing", "design", "online"); here is what it reads by the letters. The
plurals of `_NOUNS` follow by themselves.
"""

_NOUNS = """
airbag érbégue
app épi
background béquigraund
backup becápi
banner bâner
bike baique
bitcoin bitcóin
blazer blêizer
broker brôuker
browser bráuzer
budget bâdjete
bug bâgui
chat chéte
chatgpt tchétigêpetê
checklist chéclíste
cheeseburger chisbúrguer
closet clôzete
coach côutche
cookie cúqui
cupcake câpiqueique
deadline dédilaine
download dáunlôude
e-book ibúque
ebook ibúque
email e-mail
feed fídi
flat fléte
flyer fláier
folder fôlder
framework freimeuórque
freelancer frilâncer
freezer frízer
gamer guêimer
geek guique
hacker ráquer
hater rêiter
headset rédisséte
hit rite
hobby róbi
hostel róstel
hub râbe
influencer influêncer
insight insáite
ipad aipéde
iphone aifone
jingle djíngou
job djóbe
legging léguim
like laique
look lúqui
makeup meicápi
meeting mítim
milk-shake milquicheique
milkshake milquicheique
notebook nôutibúque
outlet áutilete
pen-drive pendraive
pendrive pendraive
piercing pírcim
player plêier
playground pleigráunde
podcast pódiquéste
post pôusti
poster pôster
pub pâbe
rapper réper
recall ricól
reel ril
remix rimícs
round ráunde
scanner iscâner
scooter iscúter
selfie sélfi
showroom churrum
skate isqueite
smartphone ismartefône
smartwatch ismartiuótche
spoiler ispóiler
spray isprei
stalker istólquer
startup istartápi
story istóri
tablet táblete
target târguete
ticket tíquete
timer táimer
trader trêider
trailer trêiler
trainee treiní
trainer trêiner
trend trêndi
tweet tuíte
upgrade ápigrêide
vibe vaibe
videogame videogueime
voucher váutcher
workshop uórquichópi
"""
_WORDS = """
airbnb érbienbi
airfryer érfráier
amazon âmazom
ballet balé
best-seller béssséler
big bigue
black bléque
blockchain blóquichêim
bluetooth blutúfe
brainstorming breinstórmim
briefing brífim
buffet bufê
bullying búlim
business bíznes
call cól
camping câmpim
cashback quéchibéque
check-in tchequim
check-out tchecáuti
checkout tchecáuti
cheddar chédar
cheese chis
coaching côutchim
coffee cófi
commodities comóditis
compliance compláience
cover cóver
coworking couórquim
cream crim
cringe crindje
crossfit crósfite
crush crâche
day dei
delivery delíveri
diet dáiete
disney dísnei
facebook feicebúque
fake feique
fashion féchom
feedback fídbéque
feedbacks fídbéques
fitness fítness
food fude
friday fráidei
fryer fráier
google gúgou
gospel góspel
gourmet gurmê
hackeada raqueada
hackeado raqueado
hackear raqueár
handebol rendebol
hardware rárduér
holding rôldim
home rôume
hour áuer
hype raipe
ifood aifude
impeachment impítchmente
indie índi
jackson djéquissom
jazz djéz
jeans djins
jogging djóguim
know-how nôu-ráu
leasing lízim
level lével
linkedin linquedim
live laive
lives laives
living lívim
lockdown lóquidáum
machine machim
make meique
mcdonald's mequidônaldis
michael máicou
mindset maindissete
networking netuórquim
news nius
nuggets nâguetis
off-line offline
office ófice
on-line online
onix ônix
open ôupen
peeling pílim
personal pérsonal
peugeot pejô
playstation pleistêichom
prime praime
publi públi
punk pânque
reality riáliti
reggae régue
release rilíse
renault renô
royalties róialtis
running rânim
réveillon reveiom
self-service séufi-sérvice
serial sírial
shakespeare chêicspir
skatista isqueitista
skatistas isqueitistas
skincare isquinquér
software sóftuér
spinning ispínim
spotify ispótifai
stand-up istendápi
store istór
stories istóris
storytelling istoritélim
streaming istrímim
street istrite
sundae sândei
teams tims
tech téque
test-drive tésti-dráivi
thriller tríler
tiktok tiquetóque
timeline taimelaine
trade treide
uber úber
underground ândergráunde
volkswagen fóquisváguem
wall uól
whatsapp uatsápi
wi-fi uaifai
wifi uaifai
wireless uáierles
xbox équisbócs
youtube iutúbi
"""
_NAMES = """
barrichello barriquelo
beth béti
cavalcanti cavalcânti
cleiton cléiton
corinthians coríntians
drummond drumom
edith edíti
elizabeth elizabéti
goulart gulár
harvard rárvarde
judith judíti
kleber cléber
maycon máicom
messi méssi
miami maiâmi
nathalia natália
niemeyer niemáier
oxford ócsforde
paraty parati
piquet piquê
putin pútim
ruth rúti
senna sena
thiago tiago
waldemar valdemar
waldir valdir
walmir valmir
wanderley vanderlei
wanessa vanessa
"""


def _table(lines: str) -> dict[str, str]:
    return dict(line.split() for line in lines.strip().splitlines())


def _plural(spelled: str) -> str:
    return f"{spelled[:-1]}ns" if spelled.endswith("m") else f"{spelled}s"


_nouns = _table(_NOUNS)
# Word in small letters -> how espeak-ng must see it.
LOAN_WORDS = {
    **_nouns,
    **{f"{word}s": _plural(spelled) for word, spelled in _nouns.items()},
    **_table(_WORDS),
    **_table(_NAMES),
}
