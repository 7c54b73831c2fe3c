import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from runner.errors import AccountError
from runner.heygen.credentials import Credentials, find_credentials, find_named_credentials

KEY = "sk_planted_0123456789"


def _file(folder: Path, content: str | bytes, mode: int = 0o600) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "credentials"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_the_environment_comes_first(tmp_path: Path) -> None:
    _file(tmp_path / ".heygen", "another-key")
    found, warnings = find_credentials({"HEYGEN_API_KEY": f" {KEY}\r\n"}, tmp_path)
    assert found == Credentials(KEY, "HEYGEN_API_KEY")
    assert warnings == ()


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"api_key": KEY}),
        json.dumps({"api_key": f"  {KEY}\n", "other": [1]}, indent=2) + "\n",
        KEY,
        f"\n  {KEY}\r\n",
        f"\N{ZERO WIDTH NO-BREAK SPACE}{KEY}",
    ],
)
def test_the_file_of_the_official_client_is_read_in_both_forms(
    tmp_path: Path, content: str
) -> None:
    path = _file(tmp_path / ".heygen", content)
    found, warnings = find_credentials({"HEYGEN_API_KEY": "  "}, tmp_path)
    assert (found.key, found.source, warnings) == (KEY, str(path), ())


@pytest.mark.parametrize("given", ["{tmp}/config", "~/config"])
def test_the_folder_can_be_another(tmp_path: Path, given: str) -> None:
    _file(tmp_path / "config", KEY)
    _file(tmp_path / ".heygen", "the-default-one")
    environment = {"HEYGEN_CONFIG_DIR": given.format(tmp=tmp_path)}
    assert find_credentials(environment, tmp_path)[0].key == KEY


def test_without_a_key_the_error_says_where_one_belongs(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="HEYGEN_API_KEY is not set") as caught:
        find_credentials({}, tmp_path)
    assert str(tmp_path / ".heygen" / "credentials") in caught.value.message
    assert "--simulate" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (f'"{KEY}"', "quotation mark"),
        (f"'{KEY}'", "quotation mark"),
        (f"“{KEY}”", "quotation mark"),
        (f"HEYGEN_API_KEY={KEY}", "name of a variable"),
        (f"Bearer {KEY}", "name of a variable"),
    ],
)
def test_a_key_with_something_around_it_is_refused_before_it_is_sent(
    tmp_path: Path, key: str, said: str
) -> None:
    with pytest.raises(AccountError, match=said) as caught:
        find_credentials({"HEYGEN_API_KEY": key}, tmp_path)
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_a_sign_in_by_browser_is_told_as_what_it_is(tmp_path: Path) -> None:
    _file(tmp_path / ".heygen", json.dumps({"oauth": {"access_token": KEY}}))
    with pytest.raises(AccountError, match="sign-in by browser") as caught:
        find_credentials({}, tmp_path)
    assert "API token" in (caught.value.hint or "")
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_a_user_without_a_home_folder_needs_the_variable() -> None:
    assert find_credentials({"HEYGEN_API_KEY": KEY}, None)[0].key == KEY
    with pytest.raises(AccountError, match="no home folder"):
        find_credentials({}, None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "  \n",
        "{}",
        '{"api_key": ""}',
        '{"api_key": 5}',
        '{"api_key": null}',
        '{"api_key": "sk_planted',
        b"\xff\xfe\x00",
        "x" * 100_000,
        "{" * 20_000,
    ],
)
def test_a_file_without_a_usable_key_is_an_account_error(
    tmp_path: Path, content: str | bytes
) -> None:
    _file(tmp_path / ".heygen", content)
    with pytest.raises(AccountError, match="holds no") as caught:
        find_credentials({}, tmp_path)
    assert caught.value.hint
    assert "sk_planted" not in caught.value.message


def test_a_folder_in_place_of_the_file_is_an_account_error(tmp_path: Path) -> None:
    (tmp_path / ".heygen" / "credentials").mkdir(parents=True)
    with pytest.raises(AccountError, match="cannot be read"):
        find_credentials({}, tmp_path)


@pytest.mark.parametrize(
    ("mode", "readers"), [(0o644, "everybody"), (0o604, "everybody"), (0o640, "its group")]
)
def test_a_file_that_others_can_read_is_warned_about(
    tmp_path: Path, mode: int, readers: str
) -> None:
    path = _file(tmp_path / ".heygen", KEY, mode)
    _, (warning,) = find_credentials({}, tmp_path)
    assert readers in warning
    assert f"chmod 600 {path}" in warning
    assert KEY not in warning


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "naïve", "tab\t", "nul\0", "\x7f"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(AccountError) as caught:
        Credentials(key, "HEYGEN_API_KEY")
    assert caught.value.hint
    assert not key or key not in f"{caught.value.message}{caught.value.hint}"


def test_a_key_is_shown_nowhere() -> None:
    credentials = Credentials(KEY)
    for shown in (repr(credentials), str(credentials), f"{credentials}", f"{[credentials]!r}"):
        assert KEY not in shown
        assert "given" in shown


def test_a_key_is_blotted_out_of_texts_unless_it_is_a_common_word() -> None:
    assert Credentials(KEY).hide(f"bad key {KEY}!") == "bad key ***!"
    assert Credentials("demo").hide("this is a demo") == "this is a demo"


SPELLED = [
    *(KEY, KEY.upper(), KEY.lower(), KEY.title(), json.dumps(KEY)[1:-1], repr(KEY)[1:-1]),
    *(quote(KEY), quote(KEY.upper(), safe=""), quote(quote(KEY, safe=""), safe="")),
    "".join(f"%{byte:02x}" for byte in KEY.encode()),
    "".join(f"%{byte:02X}" for byte in KEY.encode()),
    "".join(f"\\u{ord(char):04x}" for char in KEY),
    "".join(f"\\x{ord(char):02X}" for char in KEY),
    "".join(f"&#{ord(char)};" for char in KEY),
    "".join(f"&#x{ord(char):X};" for char in KEY),
    *(KEY.encode().hex(), KEY.encode().hex().upper(), b64encode(KEY.encode()).decode()),
]


@pytest.mark.parametrize("spelled", SPELLED)
def test_the_key_is_hidden_however_it_is_written(spelled: str) -> None:
    hidden = Credentials(KEY).hide(f"https://a.example/?k={spelled.rstrip('=')}&x=1 and {spelled}")
    assert hidden.rstrip("=") == "https://a.example/?k=***&x=1 and ***"
    assert KEY[3:9].lower() not in unquote(unquote(hidden)).lower()


def test_looking_for_the_key_takes_time_in_proportion_to_the_text() -> None:
    """A text that begins like the key again and again is walked through once."""
    hide = Credentials(KEY).hide
    for text in (KEY[:-1], "%73%4B", "\\\\", "%25", "&#0"):
        assert hide(text * (200_000 // len(text))) == text * (200_000 // len(text))


def test_an_account_with_a_name_has_a_key_of_its_own(tmp_path: Path) -> None:
    environment = {"HEYGEN_API_KEY": "another-key", "HEYGEN_API_KEY_STUDIO_A": f" {KEY}\n"}
    found = find_named_credentials("studio-a", environment, tmp_path)
    assert found == Credentials(KEY, "HEYGEN_API_KEY_STUDIO_A")
    with pytest.raises(AccountError, match="no API key of the account b") as missing:
        find_named_credentials("b", environment, tmp_path)
    assert "HEYGEN_API_KEY_B" in str(missing.value.hint)
    path = _file(tmp_path / ".heygen" / "accounts", KEY).rename(
        tmp_path / ".heygen" / "accounts" / "b"
    )
    assert find_named_credentials("b", environment, tmp_path).key == KEY
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(AccountError, match="can be read by others") as open_to_all:
            find_named_credentials("b", environment, tmp_path)
        assert f"chmod 600 {path}" in str(open_to_all.value.hint)
