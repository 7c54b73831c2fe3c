import pytest

from runner.errors import UsageError
from runner.heygen.address import explain_insecure, is_loopback, parse_address, path_segment


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("https://api.heygen.com", "https://api.heygen.com", "api.heygen.com"),
        ("https://api.heygen.com/", "https://api.heygen.com", "api.heygen.com"),
        ("  https://API.HeyGen.com:443 ", "https://api.heygen.com", "api.heygen.com"),
        (
            "https://gateway.example:8443/heygen/",
            "https://gateway.example:8443/heygen",
            "gateway.example:8443",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost:80", "http://localhost", "localhost"),
        ("http://[::1]:9", "http://[::1]:9", "[::1]:9"),
    ],
)
def test_a_usable_base_is_given_in_one_form(text: str, url: str, host: str) -> None:
    address = parse_address(text)
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must begin with https"),
        ("api.heygen.com", "must begin with https"),
        ("ftp://api.heygen.com", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("https://", "no usable host"),
        ("https://:443", "no usable host"),
        ("https://a b", "characters"),
        ("https://exa\nmple.com", "characters"),
        ("https://api.heygen.com\\@evil.example", "characters"),
        ("https://bücher.example", "characters"),
        ("https://[::1", "not a URL"),
        ("https://host:port", "not a URL"),
        ("https://host:99999", "not a URL"),
        ("https://me@api.heygen.com", "user name"),
        ("https://me:secret@api.heygen.com", "user name"),
        ("https://@api.heygen.com", "user name"),
        ("me:secret@api.heygen.com", "must begin with https"),
        ("https://me:secret@a pi.heygen.com", "characters"),
        ("https://me:secret@api.heygen.com:port", "not a URL"),
        ("https://api.heygen.com?x=1", "query"),
        ("https://api.heygen.com/#part", "query"),
        ("http://api.heygen.com", "plain http"),
        ("http://127.0.0.1.evil.example", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://0.0.0.0", "plain http"),
        ("http://127.1", "plain http"),
    ],
)
def test_a_base_that_could_mislead_the_key_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_address(text, source="HEYGEN_API_BASE")
    assert caught.value.message.startswith("HEYGEN_API_BASE")
    assert caught.value.hint
    assert "secret" not in caught.value.message


def test_plain_http_to_another_machine_needs_permission() -> None:
    assert parse_address("http://10.0.0.1:8000", allow_http=True).url == "http://10.0.0.1:8000"


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("localhost.example", False),
        ("evil-localhost", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_known_by_its_address_alone(host: str, is_this_machine: bool) -> None:
    assert is_loopback(host) is is_this_machine


@pytest.mark.parametrize(
    "url",
    ["", "nothing", "//host/x", "ftp://host/x", "https:///x", "https://[", "data:image/png,x"],
)
def test_what_is_no_web_address_is_insecure(url: str) -> None:
    assert explain_insecure(url) is not None
    assert explain_insecure(url, allow_http=True) is not None


def test_why_a_link_is_insecure_never_repeats_its_signature() -> None:
    reason = explain_insecure("http://cdn.example/x.png?signature=SECRET")
    assert reason is not None
    assert "SECRET" not in reason


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("look_1", "look_1"),
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a..b", "a..b"),
        ("é", "%C3%A9"),
    ],
)
def test_an_id_stays_one_segment_of_a_path(text: str, segment: str) -> None:
    assert path_segment(text) == segment


def test_an_empty_id_is_no_segment() -> None:
    with pytest.raises(ValueError, match="empty"):
        path_segment("")
