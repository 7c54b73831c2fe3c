"""The API key: found where the official client keeps it, shown nowhere.

Places, in order (docs/api-facts.md#service): ``HEYGEN_API_KEY``; then the file ``credentials`` in
``$HEYGEN_CONFIG_DIR``, by default in ``~/.heygen``, which holds ``{"api_key": "..."}`` or, in old
files, the bare key. Environment and home are handed in.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import AccountError
from runner.files import open_file
from runner.heygen.spellings import list_spellings

_WHERE_TO_GET_ONE = (
    "Make an API key at HeyGen (Settings, API, API token) and set HEYGEN_API_KEY to it."
)
_HINT = (
    f"{_WHERE_TO_GET_ONE} Or save the key with the official heygen client, which writes "
    "~/.heygen/credentials. With --simulate no key is needed."
)
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_COPIED_WITH_IT = re.compile(
    r"(?i)(?:export\s+)?(?:heygen_api_key|x-api-key|authorization|bearer)\b"
)
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(HEYGEN_[A-Z_]+)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*(?:#.*)?\Z""")
_MAX_FILE_BYTES = 65_536
_MIN_REDACTED_CHARS = 8


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key that can go into a header. Neither ``repr`` nor ``str`` shows it.

    ``source`` says where it was found, in words for people. Raises AccountError for a key that is
    empty, is quoted, has a label before it, or has white space or characters that no header can
    carry; the message never repeats it.
    """

    key: str = field(repr=False)
    source: str = "given"

    def __post_init__(self) -> None:
        if self.key[:1] in _QUOTES and self.key:
            raise AccountError(
                f"The API key from {self.source} begins with a quotation mark, which is sent as "
                "part of it.",
                hint="Take the quotation marks away. In a .env file, a Windows `set` and the "
                "settings of a CI a value is written without them.",
            )
        if _COPIED_WITH_IT.match(self.key):
            raise AccountError(
                f"The API key from {self.source} begins with the name of a variable or a header.",
                hint="Give the key alone: what stands after the name, the = or the colon.",
            )
        if not _HEADER_SAFE.fullmatch(self.key):
            raise AccountError(
                f"The API key from {self.source} is empty, or has white space or characters that "
                "a header cannot carry.",
                hint="Copy the key again: it is one word of plain letters, digits and signs.",
            )

    def hide(self, text: str) -> str:
        """Redact the API key in a text, however a server or a library wrote it.

        A key of fewer than 8 characters is nobody's secret (a simulator's), and redacting it
        would spoil ordinary words.
        """
        if len(self.key) < _MIN_REDACTED_CHARS:
            return text
        return list_spellings(self.key).sub("***", text)


def find_credentials(
    environment: Mapping[str, str], home: str | os.PathLike[str] | None
) -> tuple[Credentials, tuple[str, ...]]:
    """Find the key as the official client does; return it, and warnings for a person to read.

    ``home`` is the user's folder, where there is one. Raises AccountError, with what to do, where
    there is no key or the file cannot be used.
    """
    key = environment.get("HEYGEN_API_KEY", "").strip()
    if key:
        return Credentials(key, "HEYGEN_API_KEY"), ()
    folder = _folder(environment, home)
    if folder is None:
        raise AccountError(
            "There is no API key: HEYGEN_API_KEY is not set, and this user has no home folder.",
            hint=_HINT,
        )
    path = folder / "credentials"
    try:
        with open_file(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise AccountError(
            f"There is no API key: HEYGEN_API_KEY is not set, and there is no {path}.", hint=_HINT
        ) from None
    except OSError as error:
        raise AccountError(
            f"The credentials file {path} cannot be read: {error.strerror}.", hint=_HINT
        ) from None
    return Credentials(_key_in(data, path), str(path)), _warnings(mode, path)


def find_named_credentials(
    name: str, environment: Mapping[str, str], home: str | os.PathLike[str] | None
) -> Credentials:
    """Find the key of an account that has a name here, as a worker of several accounts does.

    It is in ``HEYGEN_API_KEY_NAME`` (in capitals, - is _), or in the file ``accounts/NAME`` beside
    the official client's, which nobody but its owner may read. Raises AccountError.
    """
    variable = variable_of("HEYGEN_API_KEY", name)
    key = environment.get(variable, "").strip()
    if key:
        return Credentials(key, variable)
    path = (_folder(environment, home) or Path()) / "accounts" / name
    hint = f"Set {variable}, or write the key into {path} (chmod 600)."
    try:
        with open_file(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise AccountError(f"There is no API key of the account {name}.", hint=hint) from None
    except OSError as error:
        raise AccountError(f"{path} cannot be read: {error.strerror}.", hint=hint) from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccountError(
            f"The API key in {path} can be read by others.", hint=f"Run: chmod 600 {path}"
        )
    return Credentials(_key_in(data, path), str(path))


def variable_of(variable: str, name: str) -> str:
    """Return the variable that holds for the account of a name what ``variable`` holds for one."""
    return f"{variable}_{re.sub('[^A-Z0-9]', '_', name.upper())}"


def read_env_file(path: Path) -> tuple[Credentials, tuple[str, ...]]:
    """Read the key out of a file of assignments that a person named, and nothing else.

    Return it, and warnings for a person to read: of other variables, which are not set because a
    file must not choose where the key goes, and of who can read the file. Raises AccountError
    where there is no usable key in it.
    """
    hint = f"A line HEYGEN_API_KEY=... in it sets the key. {_WHERE_TO_GET_ONE}"
    try:
        with open_file(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE_BYTES)
    except OSError as error:
        problem = f"The file {path} cannot be read: {error.strerror}."
        raise AccountError(problem, hint=hint) from None
    text = data.decode("utf-8-sig", "replace")
    found = [match for line in text.splitlines() if (match := _ASSIGNMENT.match(line))]
    values = {match[1]: _unquote(match[2]) for match in found}
    key = values.pop("HEYGEN_API_KEY", "")
    if not key:
        raise AccountError(f"The file {path} sets no HEYGEN_API_KEY.", hint=hint)
    others = ", ".join(sorted(values))
    ignored = f"{others} in {path} {'is' if len(values) == 1 else 'are'} not read: only the key is."
    return Credentials(key, str(path)), (*((ignored,) if values else ()), *_warnings(mode, path))


def _unquote(value: str) -> str:
    """Return the value of an assignment without quotes around it, or a comment behind it."""
    quoted = _QUOTED.match(value)
    return quoted[2].strip() if quoted else re.split(r"\s#", value)[0].strip()


def _folder(environment: Mapping[str, str], home: str | os.PathLike[str] | None) -> Path | None:
    given = environment.get("HEYGEN_CONFIG_DIR", "").strip()
    if given and given != "~" and not given.startswith("~/"):
        return Path(given)
    if home is None:
        return None
    return Path(home) / given[2:] if given else Path(home) / ".heygen"


def _key_in(data: bytes, path: Path) -> str:
    """Read the key out of a credentials file. No error repeats anything that the file holds."""
    try:
        text = data.decode("utf-8-sig").strip() if len(data) <= _MAX_FILE_BYTES else ""
        value = json.loads(text) if text.startswith("{") else {"api_key": text}
        key = value.get("api_key")
    except (ValueError, RecursionError):
        value, key = {}, None
    if not isinstance(key, str) or not key.strip():
        if "oauth" in value:
            raise AccountError(
                f"The credentials file {path} holds a sign-in by browser and no API key. lookbook "
                "needs a key: what a browser sign-in buys is charged to the credits of the web "
                "plan, not to the API wallet that plans and ceilings are about.",
                hint=_WHERE_TO_GET_ONE,
            )
        raise AccountError(f'The credentials file {path} holds no "api_key".', hint=_HINT)
    return key.strip()


def _warnings(mode: int, path: Path) -> tuple[str, ...]:
    if os.name != "posix" or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return ()
    readers = "everybody on this machine" if mode & stat.S_IROTH else "its group"
    return (f"The API key in {path} can be read by {readers}; run: chmod 600 {path}",)
