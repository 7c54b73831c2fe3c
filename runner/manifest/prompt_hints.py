"""Hints on prompts: HeyGen's advice, where a prompt says nothing of what it asks for.

The words are English; a prompt in which no common English word occurs is left alone.
"""

import re

from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.model import Look

_APART = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~0123456789—–…“”’", " "))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words("a an the in on with of and at by her his their wearing same from")

_CLOTHING = _words("""
    accessories anorak apron armor armour attire barefoot bathrobe beanie bikini blazer blouse
    bomber boot boots bowtie breeches camisole cap cape cardigan chinos cloak clothes clothing coat
    collar corset costume coveralls cufflinks culottes denim dinner dress dressed dresses dungarees
    earrings fleece garment gilet glasses gloves gown hat headscarf heels helmet hijab hood hoodie
    jacket jeans jersey jumper jumpsuit kaftan kaftans kilt kimono knit knitwear lapel lapels
    leather leggings lehenga linen loafers necklace outfit overalls overcoat pajamas pantsuit pants
    parka peacoat plaid polo poncho pullover pyjamas raincoat robe sandals sari saree sarong scarf
    scarves scrubs shawl sheath shirt shirts shoes shorts silk skirt slacks sleeves slip sneakers
    sock socks suit suits sundress sunglasses suspenders sweater sweatshirt swimsuit swimwear
    tailored tank tee tie tights top trench trousers tshirt tunic turtleneck tux tuxedo tweed
    undershirt uniform vest waistcoat wardrobe wear wearing wears windbreaker wool yukata
""")
_SETTING = _words("""
    airport alley aquarium arcade arena atelier atrium auditorium backdrop background bakery
    balcony bar barn beach bedroom bench bistro boardwalk boat bookshelf bookshelves bookshop
    boulevard boutique bridge building cabin cafe café campus canyon canyons car castle cathedral
    cityscape city classroom clinic cliff club coast conference corridor cottage countryside
    court courtyard cyclorama deck desert desk dunes farm field fields fireplace florist forest
    gallery garden gardens garage grass greenhouse gym hall harbor harbour hallway highway hill
    hills home hospital hotel house indoors interior island kitchen laboratory lab lake lawn
    library living lobby loft lounge lunar market marina meadow mountain mountains museum newsroom
    ocean office orchard outdoors outside palace park patio pavement piazza pier plain plaza
    poolside pool porch promenade pub ramp restaurant river road rocks roof rooftop room runway
    salon sand scene school sea seamless setting shop shore showroom sidewalk skyline snow spa
    square stadium stage staircase stairs station store street studio subway suite sunroom surf
    temple terrace theater theatre track trail train vineyard village wall warehouse waterfall
    waterfront waves window windows winery woodland woods workshop workspace yacht yard
""")
_LIGHT = _words("""
    afternoon airy ambient atmosphere atmospheric backlight backlit blue bokeh bright brightly
    calm candle candlelight candlelit candles chiaroscuro cinematic cloudy cold contrast cozy
    cosy dark dawn daylight daytime dim dramatic dreamy dusk energetic evening flash flashlight
    floodlit fluorescent foggy gleam glow glowing gloomy golden haze hazy highlight highlights
    illuminated intimate joyful lamp lamplight lantern lanterns lens light lighting lights lit
    luminous midday misty mood moody moonlight moonlit morning neon night nighttime noon overcast
    pastel peaceful playful radiant relaxed rim romantic serene shadow shadows shade shiny
    silhouette soft softbox spotlight spotlights starlight sun sunlight sunlit sunny sunrise
    sunset sunshine twilight vibrant volumetric warm warmth
""")
_AGE = _words("""
    adolescent adult age aged baby boy child eighties elderly fifties forties girl kid
    mature middle ninety old older senior seventies sixties teen teenage teenager thirties toddler
    twenties year years young younger youthful
""")
_GENDER = _words("""
    actress boy businessman businesswoman daughter dad father female feminine gentleman girl guy
    he her hers him his lady male man masculine men mom mother mum nonbinary androgynous
    saleswoman salesman she sister brother son waitress woman women grandmother grandfather
""")
_EXPRESSION = _words("""
    attentive beaming calm caring cheerful composed confident confidently contemplative curious
    delighted determined earnest engaged expression expressive eyes focused friendly frown gaze
    gazing gentle glance grin grinning happy inviting joyful kind laugh laughing laughs look looking
    mischievous neutral pensive playful poised pride proud relaxed serene serious smile smiles
    smiling smirk stern surprised thoughtful warmly welcoming wink
""")

_EVERY_PROMPT = (
    ("prompt-no-clothing", _CLOTHING, "no clothing", "Say what the person wears: a navy blazer."),
    ("prompt-no-setting", _SETTING, "no setting", "Say where it is: a modern office with plants."),
    ("prompt-no-light", _LIGHT, "no light or mood", "Say what it is like: soft morning light."),
)
_BORN_FROM_PROMPT = (
    *_EVERY_PROMPT,
    ("prompt-no-age", _AGE, "no age", "Say one, as in: in her 40s."),
    ("prompt-no-gender", _GENDER, "no gender", "Say one, as in: a woman."),
    ("prompt-no-expression", _EXPRESSION, "no expression", "Say one, as in: a warm smile."),
)
_DIGITS = re.compile(r"\b\d\d(?:s|\b)")


def check_prompt(look: Look, draft: Draft, findings: Findings) -> None:
    """Report as hints what a look's prompt leaves open."""
    prompt = look.prompt or ""
    words = prompt.lower().translate(_APART).split()
    rules = _EVERY_PROMPT if look.reference else _BORN_FROM_PROMPT
    for code, known, lacks, hint in rules:
        if not known.isdisjoint(words) or _ENGLISH.isdisjoint(words):
            continue
        if code == "prompt-no-age" and _DIGITS.search(prompt):
            continue
        message = f"the prompt names {lacks}"
        findings.report(code, message, draft.at("prompt"), look=look.key, hint=hint, fold=True)
