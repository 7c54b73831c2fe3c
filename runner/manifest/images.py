"""Pictures: the API's forms, and local files checked by their content before anything is sent."""

import base64
import binascii
import io
import re
import stat
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from unicodedata import combining, normalize

from runner.canonical import sha256_hex
from runner.files import read_file
from runner.image_files import UPLOAD_FORMATS, BadImageFile, Flaw, open_image
from runner.manifest.image_hints import doubt_about_alpha, doubts_about_picture
from runner.manifest.url_hints import Doubt, doubts_about
from runner.model import FileImage, Image, InlineImage, UploadedImage, UrlImage
from runner.suggest import suggest

MAX_UPLOAD_BYTES = 32 * 1024 * 1024
"""What ``POST /v3/assets`` takes (docs/api-facts.md)."""

MIN_PHOTO_EDGE = 512
"""The least width and height of a photo, in pixels (docs/api-facts.md)."""

DECODED_EDGE = 64
"""Pixels a side to which a JPEG is reduced while it is checked: every byte is still read."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|data:")
_ESCAPES = re.compile(r"[\x00-\x1f]")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_OTHERS = (
    (rb"GIF8", "a GIF"),
    (rb"(?s)RIFF....WEBP", "a WebP picture"),
    (rb"(?s)....ftyp(?:heic|heix|mif1|msf1|hevc)", "a HEIC picture (iPhone)"),
    (rb"(?s)....ftypavi[fs]", "an AVIF picture"),
    (rb"(?s)....ftyp", "a video"),
    (rb"BM", "a BMP picture"),
    (rb"II\*\x00|MM\x00\*", "a TIFF picture"),
    (rb"%PDF", "a PDF"),
    (rb"\s*<(?:\?xml|svg|!DOCTYPE)", "an SVG or a web page"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)


MAX_SEARCHES = 100
"""For how many missing files the folder is searched for what may have been meant."""


class InspectedImage(NamedTuple):
    """What the bytes of a picture say about themselves."""

    media_type: str
    width: int
    height: int
    doubts: tuple[Doubt, ...] = ()


class BadImage(Exception):
    """A picture that cannot be used; ``code``, ``message`` and ``hint`` are the diagnostic's."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class ImageReader:
    """Resolves the pictures of one manifest; a file that many looks use is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, FileImage | BadImage] = {}
        self._doubts: dict[str, tuple[Doubt, ...]] = {}
        self._missing = 0

    def resolve(self, text: str | dict[str, Any], *, photo: bool = False) -> Image:
        """Turn one image entry, its variables put in, into a value. Raises BadImage.

        ``photo`` asks for what a photo avatar needs: 512 x 512 pixels.
        """
        if isinstance(text, dict):
            return self._form(text, photo=photo)
        scheme = _SCHEME.match(text)
        if scheme is None:
            file = self._file(text)
            if photo:
                _check_photo(file.width, file.height, f"`{text}`")
            return file
        if text.startswith("https://"):
            return UrlImage(_check_url(text))
        if text.startswith("data:"):
            hint = "Write {media_type: image/png, data: ...}, or name the file."
            raise BadImage("image-url", "data URLs are not a form the API takes", hint)
        hint = "Use an https URL, or download the picture and name the file."
        raise BadImage("image-url", f"HeyGen does not fetch `{scheme[0]}` addresses", hint)

    def doubts(self, image: Image) -> tuple[Doubt, ...]:
        """Return what may be wrong with a picture that can be used."""
        known = image_identity(image)
        if isinstance(image, UrlImage) and known not in self._doubts:
            self._doubts[known] = tuple(doubts_about(image.url))
        return self._doubts.get(known, ())

    def _form(self, form: dict[str, Any], *, photo: bool) -> Image:
        if "url" in form:
            return UrlImage(_check_url(form["url"]))
        if "asset_id" in form:
            return UploadedImage(form["asset_id"])
        data = "".join(form["data"].split())
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            hint = "Encode the file again, or simply name it by its path."
            raise BadImage("image-data", "`data` is not base64", hint) from None
        picture = _inspect(content, "the inline picture")
        if picture.media_type != form["media_type"]:
            message = f"the data is {picture.media_type}, not {form['media_type']}"
            raise BadImage("image-data", message, f"Write `media_type: {picture.media_type}`.")
        if photo:
            _check_photo(picture.width, picture.height, "the inline picture")
        image = InlineImage(picture.media_type, data, sha256_hex(content))
        self._doubts.setdefault(image.sha256, picture.doubts)
        return image

    def _file(self, text: str) -> FileImage:
        known = self._files.get(text)
        if known is None:
            try:
                known = self._read(text)
            except BadImage as error:
                known = error
            self._files[text] = known
        if isinstance(known, BadImage):
            raise BadImage(known.code, known.message, known.hint)
        return known

    def _read(self, text: str) -> FileImage:
        try:
            path = (self.folder / text).resolve()
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a file"
                raise BadImage("image-unreadable", f"`{text}` is {kind}", "Name a picture.")
            _check_size(status.st_size, f"`{text}`")
            content = read_file(path, MAX_UPLOAD_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            self._missing += 1
            raise _missing(self.folder, text, search=self._missing <= MAX_SEARCHES) from None
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
            reason = getattr(error, "strerror", None) or str(error)
            raise BadImage("image-unreadable", f"cannot read `{text}`: {reason}") from None
        picture = _inspect(content, f"`{text}`")
        sha256 = sha256_hex(content)
        self._doubts.setdefault(sha256, picture.doubts)
        return FileImage(
            path,
            text,
            sha256,
            picture.media_type,
            len(content),
            picture.width,
            picture.height,
        )


def image_identity(image: Image) -> str:
    """Return what an image is known by: its content's hash, or the text of its URL or id."""
    match image:
        case FileImage() | InlineImage():
            return image.sha256
        case UrlImage():
            return image.url
        case UploadedImage():
            return f"asset {image.asset_id}"


def _inspect(content: bytes, name: str) -> InspectedImage:
    """Read a picture's type from its bytes, and decode it to see that it is whole."""
    _check_size(len(content), name)
    media_type = next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
    if media_type is None:
        other = next((kind for magic, kind in _OTHERS if re.match(magic, content)), None)
        kind = other or ("empty" if not content else "no picture that is known here")
        hint = "Export it as JPEG or PNG; the name's ending does not matter, the content does."
        raise BadImage("image-format", f"{name} is {kind}; the API takes JPEG and PNG", hint)
    try:
        with open_image(io.BytesIO(content), UPLOAD_FORMATS, reduce_to=DECODED_EDGE) as opened:
            doubts = doubts_about_picture(opened, content, name)
            opened.image.load()
            if alpha := doubt_about_alpha(opened.image, name):
                doubts.append(alpha)
            return InspectedImage(media_type, opened.width, opened.height, tuple(doubts))
    except BadImageFile as error:
        if error.flaw is Flaw.TOO_LARGE:
            hint = "Export it smaller, or as JPEG."
            raise BadImage("image-too-large", f"{name} is too large: {error}", hint) from None
        raise _damaged(name, "its header cannot be read") from None
    except Exception as error:  # noqa: BLE001  # broken data raises almost anything in decoders
        raise _damaged(name, str(error)) from None


def _damaged(name: str, problem: str) -> BadImage:
    hint = "Open it in an image editor and export it again."
    return BadImage("image-unreadable", f"{name} is damaged: {problem}", hint)


def _check_size(size: int, name: str) -> None:
    if size > MAX_UPLOAD_BYTES:
        limit = MAX_UPLOAD_BYTES // 1024**2
        message = f"{name} has {size / 1024**2:.1f} MiB; the API takes {limit} MiB"
        raise BadImage("image-too-large", message, "Export it smaller, or as JPEG.")


def _check_photo(width: int, height: int, name: str) -> None:
    if min(width, height) < MIN_PHOTO_EDGE:
        least = f"{MIN_PHOTO_EDGE} x {MIN_PHOTO_EDGE}"
        message = f"{name} has {width} x {height} pixels; a photo needs at least {least}"
        raise BadImage("photo-too-small", message, "Use a larger picture with a clear front face.")


def _check_url(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host or not url.startswith("https://") or re.search(r"\s", url):
        raise BadImage("image-url", f"`{url}` is no https URL", "HeyGen fetches https URLs only.")
    return url


def _find_alike(folder: Path, text: str) -> tuple[str, str] | None:
    """Return the file that was meant, and in what its name differs; None where there is none.

    Capitals and the way accents are composed are alike on some machines, and differ on others.
    """
    found: list[str] = []
    for part in PurePosixPath(text).parts:
        try:
            here = folder.joinpath(*found)
            names = [part] if part in ("..", "/") else [entry.name for entry in here.iterdir()]
        except OSError:
            return None
        name = part if part in names else next((n for n in names if _fold(n) == _fold(part)), None)
        if name is None:
            return None
        found.append(name)
    path = PurePosixPath(*found).as_posix()
    if not folder.joinpath(path).is_file():
        return None
    if path == text:
        return path, "folders are parted by / in a manifest"
    if normalize("NFC", path) == normalize("NFC", text):
        return path, "its accents are composed in another way, as macOS and zip files do; copy this"
    if path.casefold() == text.casefold():
        return path, "capitals and small letters are different files on most servers"
    return path, "its name has other accents or capitals"


def _fold(name: str) -> str:
    """Return a file's name without capitals and accents."""
    letters = normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not combining(letter))


def _missing(folder: Path, text: str, *, search: bool) -> BadImage:
    message = f"there is no file `{text}`"
    if _ESCAPES.search(text):
        hint = 'In "..." a backslash begins an escape, such as \\t for a tab: write / in paths.'
        return BadImage("image-missing", message, hint)
    there = _find_alike(folder, text.replace("\\", "/")) if search else None
    if there is not None:
        return BadImage("image-missing", message, f"Write `{there[0]}`: {there[1]}.")
    beside = (folder / text).parent
    try:
        found = beside.iterdir() if search and beside.is_dir() else ()
        names = sorted(entry.name for entry in found)
    except OSError:
        names = []
    meant = suggest(Path(text).name, names)
    if meant:
        return BadImage(
            "image-missing", message, f"Did you mean `{Path(text).with_name(meant[0])}`?"
        )
    if text.startswith("~"):
        return BadImage("image-missing", message, "`~` is not expanded; write the path out.")
    hint = f"Paths are relative to the manifest's folder, {folder}."
    return BadImage("image-missing", message, hint)
