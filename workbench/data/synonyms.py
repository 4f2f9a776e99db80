"""Words that can stand for each other, and words that must stay: what `augment` knows of English. Written for this project.

A line is a group: every word of it may be replaced by every other one, in the same form (number, tense), so that the grammar
holds. `+` and `-` begin a group of praise or blame: praise is replaced by praise only. No word is in two groups. Not a dictionary: words
with several everyday senses (run, right, well) are left out on purpose.
"""

from __future__ import annotations

GROUPS = """
film movie picture
films movies pictures
actor performer player
actors performers players
story tale narrative
stories tales narratives
song tune melody
songs tunes melodies
books volumes tomes
writer author novelist
writers authors novelists
audience crowd spectators
performance production staging
concert gig recital
concerts gigs recitals
photo photograph snapshot
photos photographs snapshots
shop store outlet
shops stores outlets
restaurant bistro eatery
restaurants bistros eateries
cafe coffeehouse tearoom
hotel inn guesthouse
hotels inns guesthouses
meal dish supper
meals dishes suppers
dinner tea lunch
customer client shopper
customers clients shoppers
guest visitor caller
guests visitors callers
staff personnel crew
employee worker clerk
employees workers clerks
boss manager supervisor
bosses managers supervisors
firm company business
firms companies businesses
job position role
jobs positions roles
wages salaries earnings
bill invoice receipt
bills invoices receipts
price cost tariff
prices costs tariffs
fee charge levy
fees charges levies
sum amount total
sums amounts totals
loan mortgage credit
discount reduction rebate
discounts reductions rebates
parcel package packet
parcels packages packets
letter note message
letters notes messages
email mail memo
emails mails memos
mobile phone handset
laptop computer notebook
laptops computers notebooks
app program application
apps programs applications
website webpage portal
websites webpages portals
screen display monitor
screens displays monitors
device gadget machine
devices gadgets machines
tool instrument implement
tools instruments implements
manual handbook guide
manuals handbooks guides
house dwelling residence
houses dwellings residences
apartment studio maisonette
apartments studios maisonettes
garden yard lawn
gardens yards lawns
kitchen galley cookhouse
sofa couch settee
sofas couches settees
chair seat stool
chairs seats stools
carpet rug mat
carpets rugs mats
bag sack pouch
bags sacks pouches
box carton crate
boxes cartons crates
jacket coat anorak
jackets coats anoraks
boots shoes trainers
clothes garments outfits
car vehicle automobile
cars vehicles automobiles
bus minibus shuttle
buses minibuses shuttles
lorry truck van
lorries trucks vans
boat vessel ship
boats vessels ships
plane aircraft jet
street road lane
streets roads lanes
journey trip voyage
journeys trips voyages
holiday vacation getaway
holidays vacations getaways
town city village
towns cities villages
area district neighbourhood
areas districts neighbourhoods
country nation realm
countries nations realms
river stream brook
rivers streams brooks
hill slope ridge
hills slopes ridges
forest wood woodland
forests woods woodlands
path trail track
paths trails tracks
coast shore seaside
rain drizzle rainfall
wind breeze draught
storm gale tempest
storms gales tempests
man fellow bloke
men fellows blokes
woman lady female
women ladies females
child kid youngster
children kids youngsters
mother mum mummy
father dad daddy
mate pal buddy
mates pals buddies
couple pair twosome
teacher tutor instructor
teachers tutors instructors
pupil student learner
pupils students learners
doctor physician medic
doctors physicians medics
nurse carer midwife
nurses carers midwives
hospital clinic infirmary
hospitals clinics infirmaries
medicine drug remedy
medicines drugs remedies
scientist researcher scholar
scientists researchers scholars
study survey investigation
studies surveys investigations
experiment trial test
experiments trials tests
discovery finding observation
discoveries findings observations
method technique approach
methods techniques approaches
politician statesman lawmaker
politicians statesmen lawmakers
minister secretary chancellor
ministers secretaries chancellors
government cabinet administration
governments cabinets administrations
parliament assembly legislature
council committee panel
councils committees panels
election ballot poll
elections ballots polls
law statute bylaw
laws statutes bylaws
policeman officer constable
policemen officers constables
- thief burglar robber
- thieves burglars robbers
- prison jail gaol
- prisons jails gaols
court tribunal courthouse
lawyer solicitor barrister
lawyers solicitors barristers
judge magistrate justice
judges magistrates justices
team squad lineup
teams squads sides
match game fixture
matches games fixtures
coaching training practice
stadium arena venue
tournament competition contest
tournaments competitions contests
factory mill workshop
farm ranch smallholding
farms ranches smallholdings
farmer grower smallholder
farmers growers smallholders
journalist reporter correspondent
journalists reporters correspondents
newspaper daily paper
newspapers dailies papers
meeting gathering session
meetings gatherings sessions
festival carnival fiesta
festivals carnivals fiestas
morning forenoon dawn
evening dusk nightfall
moment instant second
moments instants seconds
idea thought notion
ideas thoughts notions
plan scheme project
plans schemes projects
answer reply response
answers replies responses
question query enquiry
questions queries enquiries
detail particular specific
details particulars specifics
sort type variety
kinds sorts types varieties
part portion section
parts portions sections
start beginning outset
edge rim border
middle centre midpoint
corner nook recess
groups bunches clusters
piece chunk slice
pieces chunks slices
noise sound din
smell odour scent
colour shade hue
colours shades hues
buy purchase acquire
bought purchased acquired
buying purchasing acquiring
began commenced started
begins starts commences
ended finished concluded
ends finishes concludes
said stated remarked
says remarks comments
told informed notified
asked enquired questioned
asks enquires wonders
answered replied responded
announced declared proclaimed
announces declares proclaims
wrote penned composed
writes pens composes
displayed exhibited showcased
watched viewed observed
watching viewing observing
gazed peered stared
noticed spotted detected
discovered found uncovered
discovers finds uncovers
visited attended frequented
walked strolled wandered
walking strolling wandering
travelled journeyed voyaged
sent posted mailed
send forward dispatch
sends forwards dispatches
delivered brought handed
delivers brings hands
received obtained gained
receive obtain gain
carried hauled lugged
carry haul lug
placed laid positioned
built constructed erected
build construct erect
builds constructs erects
mended repaired fixed
mend repair fix
produced created manufactured
produces creates manufactures
producing creating manufacturing
cooked baked prepared
cleaned washed scrubbed
ate consumed devoured
eat consume devour
rang phoned telephoned
chose picked selected
choose pick select
chooses picks selects
changed altered modified
changes alters modifies
grew expanded increased
grows expands increases
rose climbed mounted
rises climbs mounts
fell dropped sank
falls drops sinks
reduced lowered lessened
helped assisted aided
helps assists aids
allowed permitted let
allows permits lets
wanted wished desired
wants wishes desires
needed required demanded
needs requires demands
believed supposed reckoned
think believe suppose reckon
thinks believes supposes reckons
remembered recalled recollected
remember recall recollect
understood grasped comprehended
understand grasp comprehend
seems appears sounds
seemed appeared sounded
gathered collected assembled
gather collect assemble
shut sealed bolted
shouted yelled bellowed
spoke talked chatted
speaks talks chats
speak talk chat
waited queued lingered
stayed remained lodged
stays remains lodges
explained clarified outlined
explains clarifies outlines
confirmed verified checked
confirm verify check
booked reserved ordered
played performed acted
measured gauged assessed
examined inspected studied
examine inspect assess
published issued printed
elected chosen appointed
- arrested detained apprehended
big large sizeable
huge enormous giant
small compact smallish
smaller slighter lesser
tiny minuscule miniature
older elder senior
modern contemporary current
recent latest newest
entire whole complete
main chief principal
usual normal customary
various several numerous
nearby neighbouring adjacent
local regional provincial
foreign overseas alien
silent soundless hushed
scarlet crimson red
azure navy blue
actually really truly
quickly rapidly swiftly
slowly gradually steadily
immediately instantly promptly
soon shortly presently
often frequently regularly
usually normally generally
sometimes occasionally periodically
always constantly invariably
maybe perhaps possibly
nearly almost virtually
very extremely hugely
quite fairly moderately
completely totally entirely
mainly mostly chiefly
exactly precisely accurately
recently lately newly
suddenly abruptly unexpectedly
eventually finally ultimately
clearly plainly evidently
together jointly collectively
+ good decent solid
+ better finer nicer
+ best finest nicest
+ great superb excellent brilliant
+ wonderful marvellous fantastic amazing
+ perfect flawless faultless
+ beautiful lovely gorgeous
+ delicious tasty scrumptious
+ friendly welcoming cordial
+ helpful obliging accommodating
+ polite courteous civil
+ happy glad pleased
+ delighted thrilled overjoyed
+ funny amusing hilarious
+ clever smart ingenious
+ charming delightful enchanting
+ comfortable comfy cosy
+ quiet calm peaceful
+ reliable dependable trustworthy
+ spotless immaculate pristine
+ fresh crisp unspoilt
+ gripping riveting enthralling
+ love adore cherish
+ loves adores cherishes
+ loved adored cherished
+ enjoy relish savour
+ enjoyed relished savoured
+ praise applaud commend
+ praised applauded commended
+ recommend endorse advocate
+ recommended endorsed advocated
+ triumph victory success
+ joy delight happiness
+ beautifully gorgeously exquisitely
+ perfectly flawlessly faultlessly
+ thankful grateful appreciative
- bad poor lousy
- worse inferior poorer
- worst poorest lousiest
- terrible dreadful horrible awful
- disgusting revolting repulsive
- boring dull tedious
- rude impolite discourteous
- angry furious irate
- sad unhappy miserable
- disappointing underwhelming unsatisfying
- disappointed disillusioned dissatisfied
- dirty filthy grubby
- ugly hideous unsightly
- stupid idiotic foolish
- noisy rowdy raucous
- broken faulty defective
- useless worthless pointless
- tacky tawdry tasteless
- overpriced extortionate exorbitant
- stale rancid mouldy
- confusing baffling bewildering
- clumsy awkward ungainly
- annoying irritating infuriating
- hate detest loathe
- hates detests loathes
- hated detested loathed
- complain moan grumble
- complained moaned grumbled
- broke cracked shattered
- ruined wrecked spoiled
- problem fault defect
- problems faults defects
- mess shambles muddle
- failure fiasco flop
- waste squandering misuse
- nightmare ordeal torment
- badly poorly dreadfully
- sadly unfortunately regrettably
- danger hazard peril
- damage harm injury
- scam swindle fraud
- fake counterfeit bogus
"""

_TURNS = (
    "no not never none nobody nothing nowhere neither nor cannot without hardly barely scarcely rarely seldom few little less "
    "least lack lacks lacked lacking too unless except instead despite but although though however yet only"
)
NEGATIONS = frozenset(_TURNS.split())

_SENTIMENT = {
    "+": "like liked likes nice warm warmly bargain beat beats celebrate celebrates champion clean cured easy elegant excited "
    "favourite flourish free fun generous gift healthy honest hope impressed improve improved improves lucky pleasant pleasure "
    "polished pretty prize proud quick record rescue rescued safe saved smile smooth spacious special sturdy sweet thanks thank "
    "thrive tireless treat value welcome win winner winning wins won worth worthy yes enough",
    "-": "abandoned afraid against appalling avoid ban blame blamed bug collapse collapsed complaint complaints crash crashed "
    "crawled cried crime cruel crying cancelled cold dead death delay delayed delays died dirt disaster disgrace dismal "
    "expensive failed fails fear fears flimsy gone grim hurt ignored ill jammed late leak leaked leaks lied lose loses loss losses lost "
    "lukewarm missed missing mistake mould nasty never-ending overcooked pain pity polluted pricey refuse refused regret rotten rubbish "
    "scratched shame shoddy shortage sick slow smelly smells soggy sorry stolen stuck tired tiresome unfair wait war warn "
    "warned weak worn wrong",
}  # praise and blame that stay as they are: words that flip or carry an opinion without a safe substitute


def _read(groups: str) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """(word -> the others of its group, word -> "+" or "-")."""
    others: dict[str, tuple[str, ...]] = {}
    polarity = {word: sign for sign, words in _SENTIMENT.items() for word in words.split()}
    for line in groups.strip().splitlines():
        sign, words = ("", line.split()) if line[0] not in "+-" else (line[0], line[1:].split())
        for word in words:
            others[word] = tuple(w for w in words if w != word)
            if sign:
                polarity[word] = sign
    return others, polarity


SYNONYMS, POLARITY = _read(GROUPS)


def protected(word: str) -> bool:
    """Whether a word carries an opinion or turns one round: `good`, `broken`, `not`, `don't`, `but`.

    >>> protected("Don't"), protected("superb"), protected("kettle")
    (True, True, False)
    """
    plain = word.lower().replace("’", "'")
    return plain in NEGATIONS or plain in POLARITY or plain.endswith("n't")
