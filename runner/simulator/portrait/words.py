"""The vocabulary: which words of a prompt mean which garment, setting, light, colour or trait."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


@cache
def _pattern(alternatives: str) -> re.Pattern[str]:
    words = sorted(alternatives.split("|"), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w])")


def mentions(text: str, alternatives: str) -> bool:
    """Return whether a lower-case text holds one of the words ``a|b|c``."""
    return _pattern(alternatives).search(text) is not None


def without(text: str, alternatives: str) -> str:
    """Take the words ``a|b|c`` out of a lower-case text."""
    return _pattern(alternatives).sub(" ", text)


class Named(NamedTuple):
    """An entry that a text names, the phrase that did, and where."""

    entry: str
    phrase: str
    start: int
    end: int


class Table:
    """Words and what they mean: entries, each with its alternatives ``a|b|c``."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries
        self.every = "|".join(entries.values())
        self._meanings: dict[str, str] = {}
        for entry, alternatives in entries.items():
            for word in alternatives.split("|"):
                self._meanings.setdefault(word, entry)

    def all(self, text: str) -> list[Named]:
        """Return everything that a lower-case text names, in its order, longest phrases first."""
        return [
            Named(self._meanings[match.group()], match.group(), match.start(), match.end())
            for match in _pattern(self.every).finditer(text)
        ]

    def find(self, text: str) -> str:
        """Return the entry that the text names first, or nothing."""
        match = _pattern(self.every).search(text)
        return self._meanings[match.group()] if match else ""

    def strongest(self, text: str) -> str:
        """Return the entry that stands first in the table of those that the text names."""
        named = {found.entry for found in self.all(text)}
        return next((entry for entry in self.entries if entry in named), "")


GARMENTS = Table(
    {
        "shirt-tie": "shirt and tie|shirt and a tie|necktie|tie",
        "trench": "trench coat|trenchcoat|trench|raincoat|overcoat|coat|parka",
        "labcoat": "lab coat|labcoat|white coat|scrubs|doctor|scientist|physician|nurse",
        "leather": "leather jacket|biker jacket|denim jacket|jean jacket|bomber jacket|bomber",
        "sports": (
            "sports jacket|track jacket|tracksuit|sportswear|activewear|athletic|running gear"
            "|windbreaker|gym wear|gym clothes|workout clothes|sports top|jersey"
        ),
        "suit": "suit|tuxedo|linen suit|three-piece|pantsuit",
        "blazer": "blazer|sport coat|sports coat|jacket",
        "hoodie": "hoodie|hooded|sweatshirt",
        "turtleneck": "turtleneck|turtle neck|roll neck|rollneck|polo neck",
        "sweater": "sweater|pullover|jumper|knitwear|knit|cardigan|cable-knit",
        "apron": "apron|chef|baker|barista|chef jacket",
        "wrap": "sari|saree|kimono|wrap|robe|yukata|hanbok",
        "gown": "evening gown|gown|evening dress|cocktail dress|ball gown",
        "dress": "sundress|summer dress|wrap dress|dress|frock",
        "overalls": "overalls|dungarees|workwear|hard hat|hi-vis|high-vis|construction",
        "blouse": "blouse|silk top|silk shirt",
        "polo": "polo shirt|polo",
        "tshirt": "t-shirt|tshirt|tee|tank top|casual top",
        "shirt": "button-down|button-up|oxford shirt|linen shirt|flannel|dress shirt|shirt|uniform",
    }
)

SETTINGS = Table(
    {
        "rooftop": "rooftop|roof terrace|terrace|balcony",
        "forest": "forest|woods|woodland|jungle|trees",
        "beach": "beach|seaside|ocean|sea|coast|shore|island|harbor|harbour",
        "mountains": "mountain|mountains|alpine|hills|hiking|trail|summit|valley|snowy|ski",
        "cafe": "cafe|café|coffee shop|coffeehouse|coffee|restaurant|bar|bistro|bakery",
        "library": "library|bookshop|bookshelf|bookshelves|bookcase|bookstore|books|study",
        "kitchen": "kitchen|cooking|countertop",
        "gym": "gym|fitness|workout|weights|locker room",
        "stage": "stage|conference|keynote|podium|auditorium|spotlight|theater|theatre|concert",
        "lab": "laboratory|lab|hospital|clinic|medical",
        "shop": "shop|store|boutique|retail|showroom|market|storefront",
        "home": "home|living room|lounge|sofa|couch|apartment|bedroom|fireplace|loft|cozy interior",
        "park": "park|garden|meadow|lawn|botanical|outdoors|nature|field|vineyard|orchard",
        "workshop": (
            "workshop|garage|warehouse|factory|studio workshop|construction site|industrial"
        ),
        "classroom": "classroom|blackboard|whiteboard|school|lecture|university|campus",
        "gallery": "gallery|museum|art gallery|exhibition",
        "office": (
            "office|workplace|coworking|co-working|meeting room"
            "|boardroom|desk|corporate|newsroom|lobby"
        ),
        "street": (
            "street|city|downtown|urban|sidewalk|alley|avenue|skyline|crosswalk|cityscape|plaza"
        ),
        "desert": "desert|dunes|canyon",
        "studio": "studio|backdrop|plain background|seamless|neutral background|white background"
        "|solid background|gradient background",
    }
)

LIGHTS = Table(
    {
        "night": "night|midnight|nighttime|after dark|neon|moonlight|moonlit|city lights|evening",
        "dusk": "dusk|sunset|twilight|blue hour|nightfall",
        "golden": (
            "golden hour|golden light|golden|late afternoon|warm light|warm natural light|warm"
            "|candlelight|candlelit|autumn|autumnal"
        ),
        "morning": "morning|sunrise|dawn|early light|spring",
        "overcast": "overcast|cloudy|foggy|fog|misty|mist|grey sky|gray sky|moody|dramatic",
        "bright": "bright|sunny|sunlit|daylight|midday|noon|sunshine|summer",
    }
)

WEATHER = Table(
    {
        "rain": "rain|rainy|drizzle|wet|umbrella|storm|stormy",
        "snow": "snow|snowy|winter|snowfall|snowing|wintry",
    }
)

EXPRESSIONS = Table(
    {
        "laugh": (
            "laugh|laughing|joyful|joy|excited|cheerful|beaming|big smile|delighted"
            "|grinning|grin|playful"
        ),
        "serious": (
            "serious|stern|focused|determined"
            "|intense|no smile|solemn|neutral expression|authoritative"
        ),
        "surprised": "surprised|amazed|astonished|wow|curious|intrigued",
        "thoughtful": (
            "thoughtful|pensive|contemplative|dreamy|reflective|calm|serene|relaxed|peaceful"
        ),
        "confident": "confident|self-assured|bold|powerful|smirk|proud|poised|assertive",
        "smile": (
            "smile|smiling|friendly|happy|warm smile|welcoming|approachable|gentle smile"
            "|soft smile|kind"
        ),
    }
)

POSES = Table(
    {
        "arms-crossed": "arms crossed|crossed arms|arms folded",
        "close": "close-up|closeup|close up|headshot|head shot|portrait crop|tight crop|face only",
        "wide": "wide shot|full body|full-body|full length|full-length|from afar|three-quarter",
        "turn": (
            "turned|looking away|looking over"
            "|side view|profile|over the shoulder|three-quarter view"
        ),
        "hand": "waving|wave|pointing|gesturing|presenting|holding",
    }
)

FORMATS = Table(
    {
        "landscape": (
            "landscape format|landscape orientation|horizontal|widescreen|16:9|banner"
            "|panorama|panoramic"
        ),
        "square": "square|1:1|instagram post",
    }
)

COLOURS: dict[str, str] = {
    "midnight blue": "#1b2444",
    "royal blue": "#2b4fa8",
    "sky blue": "#86b6dc",
    "powder blue": "#a9c6de",
    "light blue": "#9cc3e4",
    "dark blue": "#1f3156",
    "navy": "#24365c",
    "cobalt": "#2a4db0",
    "teal": "#1f7a7c",
    "turquoise": "#37aaa6",
    "aqua": "#53b7bd",
    "blue": "#3d6cab",
    "denim": "#4a6a94",
    "dark green": "#23503c",
    "forest green": "#2c5a3e",
    "sage": "#98ab8b",
    "olive": "#6f7546",
    "emerald": "#1d7f5c",
    "mint": "#a5d3bd",
    "khaki": "#a8997a",
    "green": "#4a8559",
    "lime": "#a3bf54",
    "burgundy": "#6d2436",
    "maroon": "#672530",
    "wine": "#6b2539",
    "crimson": "#a82a3c",
    "scarlet": "#bb3030",
    "coral": "#e5796a",
    "terracotta": "#b9634a",
    "rust": "#a4552f",
    "red": "#b53a3a",
    "salmon": "#e0938a",
    "blush": "#e6bdb5",
    "dusty pink": "#cf9c9c",
    "hot pink": "#d64c86",
    "magenta": "#b0397d",
    "fuchsia": "#bd3d86",
    "rose": "#c9808a",
    "pink": "#d98ea0",
    "lavender": "#b3a3cf",
    "lilac": "#baa5cc",
    "violet": "#6d4d94",
    "plum": "#5f3557",
    "purple": "#684a8c",
    "mustard": "#cf9d33",
    "gold": "#c49a43",
    "golden": "#c49a43",
    "amber": "#cd8b35",
    "ochre": "#bf8a3d",
    "yellow": "#e2bd4c",
    "orange": "#d97c3c",
    "peach": "#eebb9b",
    "camel": "#b98d5c",
    "tan": "#c19c70",
    "beige": "#d6c4a6",
    "cream": "#ede0c8",
    "oatmeal": "#d9c9ae",
    "ivory": "#f1e9d8",
    "sand": "#d8c6a2",
    "taupe": "#9b8b7c",
    "chocolate": "#553626",
    "brown": "#74513a",
    "bronze": "#96683a",
    "charcoal": "#3b4048",
    "slate": "#566270",
    "graphite": "#474b52",
    "silver": "#b5bac2",
    "light grey": "#c0c4c9",
    "light gray": "#c0c4c9",
    "grey": "#858b94",
    "gray": "#858b94",
    "off-white": "#efebe2",
    "white": "#f2f1ee",
    "black": "#26272c",
}

HAIR_COLOURS: dict[str, str] = {
    "black": "#221d20",
    "jet black": "#19171b",
    "dark brown": "#38251d",
    "brown": "#5b3b28",
    "brunette": "#4c3125",
    "chestnut": "#703f28",
    "auburn": "#853c26",
    "red": "#a8492b",
    "ginger": "#bd6030",
    "redhead": "#a8492b",
    "copper": "#ad5733",
    "strawberry blonde": "#cd8c5e",
    "dark blonde": "#9c7548",
    "blonde": "#cfa464",
    "blond": "#cfa464",
    "platinum": "#e3d3b0",
    "grey": "#9a9ba0",
    "gray": "#9a9ba0",
    "silver": "#b9bbc1",
    "white": "#dcdbd9",
    "salt and pepper": "#77777b",
    "pink": "#cb7590",
    "blue": "#43638f",
}

HAIR_STYLES = Table(
    {
        "bald": "bald|shaved head|shaven",
        "afro": "afro",
        "braids": "braid|braids|braided|dreadlocks|locs|cornrows",
        "bun": "bun|updo|chignon|hair up|top knot",
        "ponytail": "ponytail|pony tail",
        "curly": "curly|curls|coily",
        "wavy": "wavy|waves",
        "bob": "bob|chin-length",
        "pixie": "pixie|cropped hair",
        "long": "long hair|long straight|long-haired",
        "crop": "short hair|buzz cut|crew cut|short-haired|close-cropped",
        "quiff": "quiff|pompadour|slicked|undercut|swept back|side part",
        "hijab": "hijab|headscarf|veil",
    }
)

BEARDS = Table(
    {
        "none": "clean-shaven|clean shaven|no beard|beardless",
        "stubble": "stubble|five o'clock shadow|unshaven",
        "moustache": "moustache|mustache",
        "goatee": "goatee",
        "full": "beard|bearded",
    }
)

SKINS = Table(
    {
        "deep": (
            "black woman|black man|african|african-american|nigerian|kenyan|dark skin"
            "|dark-skinned|ghanaian"
        ),
        "brown": "indian|south asian|brown skin|bangladeshi|pakistani|sri lankan|brown-skinned",
        "tan": (
            "latina|latino|hispanic|mexican|brazilian|middle eastern|arab|mediterranean"
            "|olive skin|tanned|filipino"
        ),
        "light": "asian|east asian|chinese|japanese|korean|light skin",
        "fair": (
            "caucasian|european|scandinavian|nordic|irish|fair skin|pale|white woman"
            "|white man|british|german"
        ),
    }
)

WOMAN = (
    "woman|women|female|lady|girl|she|her|businesswoman|saleswoman|actress|mother|grandmother|queen"
)
MAN = "man|men|male|gentleman|guy|boy|he|his|businessman|salesman|actor|father|grandfather|king"

WOMENS_WEAR = "dress|sundress|gown|blouse|sari|skirt|heels"
MENS_WEAR = "tie|necktie|tuxedo|beard|bearded|moustache|stubble|goatee"

AGES = Table(
    {
        "20": "20s|twenties|young|student|youthful|teenage|twenty-something",
        "30": "30s|thirties|thirty-something",
        "40": "40s|forties|mid-career",
        "50": "50s|fifties|middle-aged|middle aged|mature",
        "62": "60s|sixties|older|retired",
        "72": "70s|seventies|80s|elderly|senior citizen|grandfather|grandmother|old man|old woman",
    }
)

ALONE = ("salt and pepper", "blonde", "blond", "brunette", "redhead")
"""Colours that mean the hair though nobody says hair."""

_HAIR = re.compile(
    rf"(?<![\w-])(?:({'|'.join(sorted(HAIR_COLOURS, key=len, reverse=True))})(?:[ -][a-z]+){{0,2}}?"
    r"[ -](?:hair|haired|beard|bearded|curls|bob|braids|ponytail|bun|waves)"
    rf"|({'|'.join(ALONE)}))(?!\w)"
)


def hair_colour(text: str) -> str | None:
    """Return the colour that a lower-case text gives somebody's hair, as ``#rrggbb``."""
    match = _HAIR.search(text)
    return HAIR_COLOURS[match[1] or match[2]] if match else None


def colours(text: str) -> list[str]:
    """Return the colours that a lower-case text names, in their order, as ``#rrggbb``."""
    return [COLOURS[match.group()] for match in _pattern("|".join(COLOURS)).finditer(text)]


_LENGTH = re.compile(r"(?<![\w-])(short|long)(?: [a-z-]+){0,2} hair(?!\w)")


def hair_length(text: str) -> str:
    """Return ``short`` or ``long`` when a lower-case text says it of somebody's hair."""
    match = _LENGTH.search(text)
    return match[1] if match else ""
