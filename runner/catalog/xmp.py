"""What a picture is, written into it: an XMP packet with the IPTC's words for generated media.

Property names and namespaces are those of the IPTC Photo Metadata Standard 2025.1; the digital
source type is a term of the IPTC's NewsCodes, which C2PA and image search engines read too.
"""

from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from runner.catalog import words
from runner.model import Credits
from runner.results.model import Results

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_OWN = "urn:x-lookbook:xmp:1.0:"
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "lookbook": _OWN,
}


NOBODY = Credits()

MAX_PACKET = 65_000
"""Bytes that a packet may have: a little less than what one segment of a JPEG holds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one picture.

    ``generated`` holds for what came from a prompt. A photo, or a look that existed before, may be
    anything; nothing is claimed about it.
    """

    campaign: str
    title: str
    generated: bool
    system: str
    look: str | None = None
    take: int | None = None
    prompt: str | None = None
    avatar_id: str | None = None
    tags: tuple[str, ...] = ()
    whose: Credits = NOBODY


def read_credits(results: Results) -> Credits:
    """Return who made the pictures, as the document says it."""
    written = {
        name: words.strip_controls(str(text)) for name, text in results.get("credits", {}).items()
    }
    return Credits(written.get("creator"), written.get("credit"), written.get("copyright"))


def format_credit(whose: Credits) -> str:
    """Return on one line whom to name and whose the pictures are; empty where nobody says it."""
    return " · ".join(filter(None, (whose.credit, whose.copyright)))


def name_system(*, simulated: bool) -> str:
    """Return what generates pictures, in words."""
    return "lookbook simulator" if simulated else "HeyGen avatars, API v3"


def make_packet(facts: Facts) -> bytes:
    """Return the XMP packet, in UTF-8.

    One that would be too large lacks its tags, then its prompt, then most of its title; that the
    picture was generated, and whose it is, it always says.
    """
    untagged = replace(facts, tags=())
    for told in (facts, untagged, replace(untagged, prompt=None)):
        packet = _write_packet(told)
        if len(packet) <= MAX_PACKET:
            return packet
    return _write_packet(replace(untagged, prompt=None, title=facts.title[:200]))


def _write_packet(facts: Facts) -> bytes:
    properties = [
        _plain("xmp:CreatorTool", "lookbook"),
        _language("dc:title", facts.title),
        _plain("lookbook:campaign", facts.campaign),
    ]
    if facts.look is not None:
        properties += [
            _plain("lookbook:look", facts.look),
            _plain("lookbook:take", str(facts.take)),
        ]
    properties += _credits(facts.whose)
    if facts.avatar_id:
        properties += [
            _plain("dc:identifier", facts.avatar_id),
            _plain("lookbook:avatar_id", facts.avatar_id),
        ]
    if facts.prompt:
        properties.append(_language("dc:description", facts.prompt))
    if facts.tags:
        properties.append(_list("dc:subject", "Bag", facts.tags))
    if facts.generated:
        properties += [
            _plain("Iptc4xmpExt:DigitalSourceType", GENERATED),
            _plain("Iptc4xmpExt:AISystemUsed", facts.system),
        ]
        if facts.prompt:
            properties.append(_plain("Iptc4xmpExt:AIPromptInformation", facts.prompt))
    declared = "".join(f' xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF{declared}><rdf:Description rdf:about="">'
        f"{''.join(properties)}"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _credits(whose: Credits) -> list[str]:
    """Return whose the picture is, in the words of IPTC Core; a creator is a list of one."""
    found = []
    if whose.creator:
        found.append(_list("dc:creator", "Seq", (whose.creator,)))
    if whose.credit:
        found.append(_plain("photoshop:Credit", whose.credit))
    if whose.copyright:
        found.append(_language("dc:rights", whose.copyright))
        found.append(_plain("xmpRights:Marked", "True"))
    return found


def _text(value: str) -> str:
    """Escape for XML, which has no room at all for some characters."""
    return escape(
        words.strip_controls(value).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    )


def _plain(name: str, value: str) -> str:
    return f"<{name}>{_text(value)}</{name}>"


def _language(name: str, value: str) -> str:
    item = f'<rdf:li xml:lang="x-default">{_text(value)}</rdf:li>'
    return f"<{name}><rdf:Alt>{item}</rdf:Alt></{name}>"


def _list(name: str, kind: str, values: tuple[str, ...]) -> str:
    items = "".join(f"<rdf:li>{_text(value)}</rdf:li>" for value in values)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"
