"""Every way in which a server, a library or a file may write a secret."""

import re
from base64 import b64encode, urlsafe_b64encode
from functools import cache


@cache
def list_spellings(*secrets: str) -> re.Pattern[str]:
    """Compile what finds these secrets in a text, longer ones first.

    In whatever case, with any of its characters percent-encoded (once or more often), as an escape
    of JSON, Python or HTML, and all of it in hexadecimal or base64.
    """
    longest_first = sorted(set(secrets), key=len, reverse=True)
    return re.compile("|".join(f"{_escaped(one)}|{_encoded(one)}" for one in longest_first))


def _escaped(secret: str) -> str:
    return "".join(map(_character, secret))


@cache
def _character(char: str) -> str:
    """Match one character however it is written.

    Alternatives begin with plain characters, which the engine finds quickly in long texts.
    """
    cased = {char, char.lower(), char.upper()} if len(char.upper()) == 1 else {char}
    forms = sorted({re.escape(one) for one in cased})
    for one in sorted(cased):
        percent = "".join(f"%(?:25){{0,3}}{_hexadecimal(byte)}" for byte in one.encode())
        forms += [percent, *(f"\\\\{form}" for form in _escapes(ord(one)))]
        forms += [f"&#0{{0,6}}{ord(one)};", f"&#[xX]0{{0,6}}{_any_case(f'{ord(one):x}')};"]
    if not char.isalnum():
        forms.append(rf"\\{{1,4}}{re.escape(char)}")
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _escapes(code: int) -> list[str]:
    escapes = [rf"\\{{0,3}}u{_any_case(f'{code:04x}')}"] if code < 0x10000 else []
    return [*escapes, rf"\\{{0,3}}x{_any_case(f'{code:02x}')}"] if code < 0x100 else escapes


def _encoded(secret: str) -> str:
    data = secret.encode()
    forms = {b64encode(data).decode(), urlsafe_b64encode(data).decode()}
    return "|".join([_any_case(data.hex()), *(re.escape(form.rstrip("=")) for form in forms)])


def _hexadecimal(byte: int) -> str:
    return _any_case(f"{byte:02x}")


def _any_case(digits: str) -> str:
    return "".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in digits)
