"""What a picture is, written into it: an XMP packet with the IPTC's words for generated media.

Property names and namespaces are those of the IPTC Photo Metadata Standard 2025.1; the digital
source type is a term of the IPTC's NewsCodes, which C2PA and image search engines read too.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from runner.catalog import words

__all__ = ["GENERATED", "Facts", "packet"]

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_OWN = "urn:x-lookbook:xmp:1.0:"
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "lookbook": _OWN,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one picture.

    ``generated`` holds for what came from a prompt. A photo, or a look that existed before, may be
    anything; nothing is claimed about it.
    """

    campaign: str
    look: str
    take: int
    title: str
    prompt: str | None
    avatar_id: str | None
    tags: tuple[str, ...]
    generated: bool
    system: str


def packet(facts: Facts) -> bytes:
    """Return the XMP packet, in UTF-8."""
    properties = [
        _plain("xmp:CreatorTool", "lookbook"),
        _language("dc:title", facts.title),
        _plain("lookbook:campaign", facts.campaign),
        _plain("lookbook:look", facts.look),
        _plain("lookbook:take", str(facts.take)),
    ]
    if facts.avatar_id:
        properties += [
            _plain("dc:identifier", facts.avatar_id),
            _plain("lookbook:avatar_id", facts.avatar_id),
        ]
    if facts.prompt:
        properties.append(_language("dc:description", facts.prompt))
    if facts.tags:
        properties.append(_bag("dc:subject", facts.tags))
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


def _bag(name: str, values: tuple[str, ...]) -> str:
    items = "".join(f"<rdf:li>{_text(value)}</rdf:li>" for value in values)
    return f"<{name}><rdf:Bag>{items}</rdf:Bag></{name}>"
