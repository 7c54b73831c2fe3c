"""A local picture, read at the moment it is uploaded: what was checked is what leaves."""

from runner.canonical import sha256_hex
from runner.files import read_file
from runner.model import FileImage
from runner.replies import NotSent

LARGEST_UPLOAD = 32 * 1024 * 1024
"""The largest file that ``POST /v3/assets`` takes, in bytes (docs/api-facts.md); what is larger is
no picture of a manifest (docs/manifest.md)."""


def read_picture(image: FileImage) -> tuple[str, bytes, str] | NotSent:
    """Return a picture's name, content and media type; NotSent where it is gone or changed."""
    try:
        content = read_file(image.path, LARGEST_UPLOAD)
    except OSError as error:
        return _refuse_changed(image, f"it cannot be read ({error.strerror})")
    if sha256_hex(content) != image.sha256:
        return _refuse_changed(image, "its content is another")
    # Bytes of a name that are no UTF-8 cannot go into a header.
    name = image.path.name.encode("utf-8", "replace").decode()
    return name, content, image.media_type


def _refuse_changed(image: FileImage, why: str) -> NotSent:
    reason = f"the file changed since it was read: {image.source}: {why}"
    return NotSent(reason, final=True)
