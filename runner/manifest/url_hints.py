"""Addresses of pictures that HeyGen will hardly get a picture from, or not the same one twice."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit


class Doubt(NamedTuple):
    """What may be wrong with a picture that can be used: a warning's code, words and cure."""

    code: str
    message: str
    hint: str


_SIGNING_PREFIXES = ("x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-bce-")
_SIGNING = frozenset(
    {
        *("expires", "signature", "sig", "token", "access_token", "auth_token", "hmac", "jwt"),
        *("key-pair-id", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "q-signature"),
        *("hdnts", "hdnea", "__token__", "expirationtimestamp"),
    }
)
"""Query parameters of links that end: AWS, CloudFront, Google, Azure, Firebase, Akamai, Notion."""

_SIGNING_TOGETHER = (frozenset({"ex", "hm"}), frozenset({"oe", "oh"}))  # Discord, Facebook
_SIGNING_HOSTS = ("airtableusercontent.com",)

_DOWNLOAD = "Download the picture, and name the file."
_PAGES: tuple[tuple[str, str, str, str], ...] = (
    # host and what its paths begin with; what in the query makes it the picture itself; the cure
    ("drive.google.com", "/(?:file|open|drive|folders)", "", _DOWNLOAD),
    ("docs.google.com", "/", "", _DOWNLOAD),
    ("photos.google.com", "/", "", _DOWNLOAD),
    ("photos.app.goo.gl", "/", "", _DOWNLOAD),
    ("dropbox.com", "/", "(?:^|&)(?:raw|dl)=1(?:&|$)", "End the address in `raw=1` instead."),
    ("1drv.ms", "/", "", _DOWNLOAD),
    ("onedrive.live.com", "/(?!download)", "", _DOWNLOAD),
    ("sharepoint.com", "/", "(?:^|&)download=1(?:&|$)", "End the address in `download=1`."),
    ("icloud.com", "/", "", _DOWNLOAD),
    ("notion.so", "/(?!image)", "", _DOWNLOAD),
    ("notion.site", "/(?!image)", "", _DOWNLOAD),
    ("airtable.com", "/", "", _DOWNLOAD),
    ("box.com", "/(?!shared/static)", "", _DOWNLOAD),
    ("wetransfer.com", "/", "", _DOWNLOAD),
    ("we.tl", "/", "", _DOWNLOAD),
    ("figma.com", "/", "", _DOWNLOAD),
    ("canva.com", "/", "", _DOWNLOAD),
    ("instagram.com", "/", "", _DOWNLOAD),
    ("unsplash.com", "/photos", "", _DOWNLOAD),
    ("pexels.com", "/photo", "", _DOWNLOAD),
    ("github.com", "/[^/]+/[^/]+/blob/", "(?:^|&)raw=(?:true|1)", "Use the address of `Raw`."),
)
_NOT_PAGES = ("images.unsplash.com", "images.pexels.com", "dl.dropbox.com", "i.imgur.com")

_OTHER_FORMATS = {
    "heic": "HEIC (iPhone)", "heif": "HEIF", "webp": "WebP", "avif": "AVIF", "gif": "GIF",
    "tif": "TIFF", "tiff": "TIFF", "bmp": "BMP", "svg": "SVG", "pdf": "PDF", "psd": "Photoshop",
    "jxl": "JPEG XL", "ico": "an icon", "dng": "raw", "cr2": "raw", "nef": "raw", "mp4": "video",
    "mov": "video", "html": "a web page", "htm": "a web page",
}  # fmt: skip
_FORMAT_PARAMETERS = frozenset({"format", "fm", "ext"})

_PRIVATE_NAMES = ("localhost", "local", "internal", "lan", "home", "corp", "home.arpa", "test")
_NUMERIC_HOST = re.compile(r"[0-9.]+\Z|.*:")


def doubts_about(url: str) -> list[Doubt]:
    """Return what may be wrong with the address of a picture."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    found = [
        _private(host),
        _share_page(host, parts),
        _doubt_signature(host, parts),
        _format(parts),
    ]
    return [doubt for doubt in found if doubt is not None]


def _private(host: str) -> Doubt | None:
    if not _is_private(host):
        return None
    message = f"`{host}` is an address of your own network; HeyGen cannot reach it"
    return Doubt("private-address", message, "Name the picture's file: it is uploaded then.")


def _is_private(host: str) -> bool:
    if _NUMERIC_HOST.match(host):
        from ipaddress import ip_address  # few addresses are numbers

        try:
            return not ip_address(host).is_global
        except ValueError:
            return True  # 2130706433 and the like: no public address is written so
    return "." not in host or host.endswith(tuple(f".{name}" for name in _PRIVATE_NAMES))


def _share_page(host: str, parts: SplitResult) -> Doubt | None:
    if host in _NOT_PAGES:
        return None
    for site, path, direct, cure in _PAGES:
        if _is_of(host, site) and re.match(path, parts.path or "/"):
            if direct and re.search(direct, parts.query):
                return None
            message = f"this is a page of {site} that shows a picture, not the picture itself"
            return Doubt("share-page", message, cure)
    return None


def _doubt_signature(host: str, parts: SplitResult) -> Doubt | None:
    if not parts.query and not host.endswith(_SIGNING_HOSTS):
        return None
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    lower = {name.lower() for name in names}
    signs = [
        name
        for name in names
        if name.lower() in _SIGNING or name.lower().startswith(_SIGNING_PREFIXES)
    ]
    signs += [name for pair in _SIGNING_TOGETHER if pair <= lower for name in sorted(pair)]
    if not signs and not host.endswith(_SIGNING_HOSTS):
        return None
    by = f" (`{signs[0]}`)" if signs else ""
    message = f"the link is signed{by}: it expires, and a new signature counts as a new picture"
    hint = (
        "With the next link this is bought again. Download the picture and name the file, which is"
        " known by its content; or use an address that stays, or an `asset_id`."
    )
    return Doubt("signed-url", message, hint)


def _format(parts: SplitResult) -> Doubt | None:
    endings = [parts.path.rpartition(".")[2]]
    endings += [value for name, value in parse_qsl(parts.query) if name in _FORMAT_PARAMETERS]
    kind = next((_OTHER_FORMATS[e.lower()] for e in endings if e.lower() in _OTHER_FORMATS), None)
    if kind is None:
        return None
    message = f"by its address this is {kind}; the API takes JPEG and PNG"
    return Doubt("url-format", message, "Use a JPEG or PNG.")


def _is_of(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")
