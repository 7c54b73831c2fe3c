import pytest

from runner.errors import UsageError
from runner.heygen.settings import read_settings


def test_an_empty_environment_means_the_real_api_over_https() -> None:
    for environment in (
        {},
        {"HEYGEN_API_BASE": " ", "HEYGEN_ALLOW_HTTP": "", "HEYGEN_MAX_RETRIES": ""},
    ):
        settings = read_settings(environment)
        assert settings.address.url == "https://api.heygen.com"
        assert settings.allow_http is False
        assert settings.max_retries is None


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        ("on", True),
        ("0", False),
        ("False", False),
        ("no", False),
    ],
)
def test_plain_http_is_allowed_by_a_word(value: str, allowed: bool) -> None:
    assert read_settings({"HEYGEN_ALLOW_HTTP": value}).allow_http is allowed


def test_the_base_and_the_permission_belong_together() -> None:
    base = {"HEYGEN_API_BASE": "http://build-box:9000/"}
    with pytest.raises(UsageError, match=r"HEYGEN_API_BASE.*plain http") as caught:
        read_settings(base)
    assert "HEYGEN_ALLOW_HTTP" in (caught.value.hint or "")
    assert read_settings({**base, "HEYGEN_ALLOW_HTTP": "1"}).address.url == "http://build-box:9000"


@pytest.mark.parametrize(("value", "count"), [("0", 0), (" 7 ", 7), ("100", 100)])
def test_retries_are_a_whole_number(value: str, count: int) -> None:
    assert read_settings({"HEYGEN_MAX_RETRIES": value}).max_retries == count


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEYGEN_MAX_RETRIES", "-1"),
        ("HEYGEN_MAX_RETRIES", "101"),
        ("HEYGEN_MAX_RETRIES", "3.5"),
        ("HEYGEN_MAX_RETRIES", "many"),
        ("HEYGEN_MAX_RETRIES", "²"),
        ("HEYGEN_MAX_RETRIES", "9" * 5000),
        ("HEYGEN_ALLOW_HTTP", "maybe"),
        ("HEYGEN_API_BASE", "api.heygen.com"),
    ],
)
def test_an_unusable_value_names_its_variable_and_what_it_may_be(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        read_settings({name: value})
    assert caught.value.hint
