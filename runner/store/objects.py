"""Stores of objects: a folder that machines share, or S3 and what speaks its language.

The one module that knows ``obstore``. Credentials, region and endpoint of S3 are those of the
environment (``AWS_*``), or of the machine's role; they are read there and nowhere else.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as errors
from obstore.store import LocalStore, S3Store

from runner.errors import UsageError, shorten
from runner.store.port import ObjectStore, StoreTrouble

TIMEOUT = timedelta(seconds=60)
"""For one request, with its body: a picture weighs some megabytes."""
CONNECT_TIMEOUT = timedelta(seconds=5)
RETRIES = 3
RETRY_TIMEOUT = timedelta(seconds=30)
"""No request is sent again so long after its first attempt."""

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
USUAL_REGION = "us-east-1"
"""The region that requests are signed for where none is given, as S3's own clients do."""

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""What browsers are told of objects by the ends of their names; a folder's files need no telling.
"""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]*)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_HINT = "It is a folder, or s3://BUCKET or s3://BUCKET/FOLDER."


def find_store_secrets(environment: Mapping[str, str]) -> list[str]:
    """Return what must never be shown of the settings that a store reads."""
    found = [environment.get(name, "") for name in SECRETS]
    for name in ENDPOINTS:
        try:
            found.append(urlsplit(environment.get(name, "")).password or "")
        except ValueError:
            continue
    return found


def open_store(address: str, environment: Mapping[str, str]) -> ObjectStore:
    """Return the store that an address names; nobody is asked yet. Raises UsageError."""
    if "://" not in address:
        return Objects(LocalStore(_check_folder(address)))
    bucket, folder = _read_s3(address)
    client: Any = {"timeout": TIMEOUT, "connect_timeout": CONNECT_TIMEOUT}
    if _is_plain(environment):
        client["allow_http"] = True
    retry: Any = {"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT}
    # A variable that is empty is none: obstore would sign for a region without a name.
    region = next(filter(None, map(environment.get, REGIONS)), USUAL_REGION)
    place: Any = {"prefix": folder or None, "region": region}
    try:
        return Objects(S3Store(bucket, **place, client_options=client, retry_config=retry))
    except (errors.BaseError, ValueError) as error:
        raise UsageError(
            f"The store {address} cannot be used: {_explain(error)}.",
            hint="Its settings are the variables AWS_*.",
        ) from None


def _check_folder(address: str) -> Path:
    """Return a store's folder, which must be there: a disk that is not mounted is no store."""
    folder = Path(address).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(
            f"The store {folder} is not a folder that is there.",
            hint="Mount it, or make it first. Nothing was sent.",
        )
    return folder


def _read_s3(address: str) -> tuple[str, str]:
    """Return bucket and folder of an address. Raises UsageError, which shows no password."""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UsageError("The store's address cannot be read.", hint=_HINT) from None
    if "@" in address:
        raise UsageError(
            "The store's address holds a user name or a password, and is not shown here.",
            hint="Put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if parts.query or parts.fragment:
        raise UsageError("The store's address holds a query or a fragment.", hint=_HINT)
    if parts.scheme.lower() != "s3":
        raise UsageError(f"The store {shorten(address)} is of no kind known here.", hint=_HINT)
    if not _BUCKET.fullmatch(parts.netloc):
        raise UsageError(f"The store {shorten(address)} names no bucket.", hint=_HINT)
    folder = parts.path.strip("/")
    if any(part in ("", ".", "..") for part in folder.split("/")) and folder:
        raise UsageError(f"The store {shorten(address)} names no folder.", hint=_HINT)
    return parts.netloc, folder


def _is_plain(environment: Mapping[str, str]) -> bool:
    """Return whether the endpoint speaks plain http and may: on this machine, or where allowed.

    Raises UsageError where it may not: keys sign requests, but pictures would be read by anybody.
    """
    name = next((name for name in ENDPOINTS if environment.get(name)), None)
    try:
        parts = urlsplit(environment[name] if name else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "http":
        return False
    if parts.hostname in _LOOPBACK or environment.get("AWS_ALLOW_HTTP", "").lower() == "true":
        return True
    raise UsageError(
        f"{name} is plain http to another machine.",
        hint="Use https, or set AWS_ALLOW_HTTP=true if the network between is really yours.",
    )


class Objects:
    """A store of ``obstore``'s (``runner.store.port.ObjectStore``)."""

    def __init__(self, store: "S3Store | LocalStore") -> None:
        self._store = store

    def put(self, name: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write an object atomically; return whether it was written."""
        more: Any = {"mode": "create" if if_absent else "overwrite", "use_multipart": False}
        kind = _KINDS.get(PurePosixPath(name).suffix)
        if kind is not None and isinstance(self._store, S3Store):
            more["attributes"] = {"Content-Type": kind}
        with _trouble():
            try:
                obstore.put(self._store, name, data, **more)
            except (errors.AlreadyExistsError, errors.PreconditionError):
                return False
        return True

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """Return an object; None where there is none."""
        with _trouble():
            try:
                found = obstore.get(self._store, name)
                if found.meta["size"] > max_bytes:
                    raise StoreTrouble(f"{name} is larger than {max_bytes:,} bytes")
                return bytes(found.bytes())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

    def list(self, prefix: str) -> Iterator[str]:
        with _trouble():
            for batch in obstore.list(self._store, prefix):
                for found in batch:
                    yield found["path"]


@contextmanager
def _trouble() -> Iterator[None]:
    """Raise what the library raises as a StoreTrouble."""
    try:
        yield
    except (errors.BaseError, OSError, ValueError, RuntimeError) as error:
        refused = (errors.PermissionDeniedError, errors.UnauthenticatedError)
        reason = _explain(error)
        raise StoreTrouble(
            reason, lasting=isinstance(error, refused) or "NoSuchBucket" in reason
        ) from error


def _explain(error: Exception) -> str:
    """Return the reason in an error: the status and the store's own word, or the last words."""
    text = str(error)
    if (status := _STATUS.search(text)) is not None:
        code = _CODE.search(text)
        return f"HTTP {status[1].strip()}{f' ({code[1]})' if code else ''}"
    first = text.partition("\n")[0]
    return shorten(first.rpartition(" - ")[2] or type(error).__name__)
