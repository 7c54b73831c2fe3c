"""What takes part in an identity, and what does not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.canonical import canonical_json, sha256_hex
from runner.folding import fold_text
from runner.manifest.draft import normalize_spaces
from runner.model import (
    BASE,
    FileImage,
    Image,
    InlineImage,
    LikenessRule,
    LiteralRef,
    Look,
    LookKind,
    LookRef,
    Reference,
    UploadedImage,
    UrlImage,
)
from runner.plan.identity import (
    collect_ingredients,
    compute_identity,
    current_identity,
    first_identity,
    ingredients_json,
    rename_references,
)

FILE = FileImage(Path("/a/style.png"), "style.png", "ab" * 32, "image/png", 10, 600, 600)
LOOK = Look(
    "navy",
    LookKind.PROMPT,
    "Navy",
    "Sarah — Navy",
    prompt="a navy blazer",
    reference=LookRef(BASE),
    images=(FILE,),
)
PHOTO = Look(BASE, LookKind.PHOTO, "Sarah", "Sarah", photo=FILE)
THERE = Look("hired", LookKind.EXISTING, "Hired", None, existing="look_1")


def identity(look: Look, *others: Look) -> str:
    looks = {one.key: one for one in (PHOTO, THERE, *others, look)}
    return compute_identity(canonical_json(collect_ingredients(look, looks)))


TAKES_PART: dict[str, Any] = {
    "kind": LookKind.PHOTO,
    "prompt": "a red blazer",
    "reference": LookRef("hired"),
    "group": LiteralRef("group_1"),
    "images": (UrlImage("https://example.com/a.png"),),
}
TAKES_NO_PART: dict[str, Any] = {
    "key": "navy-office",
    "title": "Office",
    "name": "Sarah — Office",
    "takes": 3,
    "retries": 2,
    "tags": ("hero",),
    "matrix": "m",
    "axes": (("outfit", "navy"),),
    "line": 12,
    "likeness": LikenessRule(hold="default"),
    "approval": True,
}
OF_OTHER_KINDS = {"photo", "existing"}
"""What a prompt does not have; tested with a look that does."""


def test_every_field_of_a_look_either_takes_part_or_does_not() -> None:
    named = set(Look._fields)
    assert named == TAKES_PART.keys() | TAKES_NO_PART.keys() | OF_OTHER_KINDS


@pytest.mark.parametrize("field", TAKES_PART)
def test_what_is_paid_for_changes_the_identity(field: str) -> None:
    assert identity(LOOK._replace(**{field: TAKES_PART[field]})) != identity(LOOK)


@pytest.mark.parametrize("field", TAKES_NO_PART)
def test_what_is_free_does_not(field: str) -> None:
    assert identity(LOOK._replace(**{field: TAKES_NO_PART[field]})) == identity(LOOK)


def test_a_photo_is_its_content() -> None:
    moved = FILE._replace(path=Path("/b/other.png"), source="other.png", size_bytes=11, width=700)
    assert identity(PHOTO._replace(photo=moved)) == identity(PHOTO)
    assert identity(PHOTO._replace(photo=FILE._replace(sha256="cd" * 32))) != identity(PHOTO)


def test_a_look_that_exists_is_its_id() -> None:
    assert identity(THERE._replace(title="Another")) == identity(THERE)
    assert identity(THERE._replace(existing="look_2")) != identity(THERE)


def test_a_file_and_the_same_content_as_base64_are_one_picture() -> None:
    inline = InlineImage("image/png", "aGk=", FILE.sha256)
    assert identity(LOOK._replace(images=(inline,))) == identity(LOOK)


@pytest.mark.parametrize("other", [UrlImage("style.png"), UploadedImage("style.png")])
def test_pictures_of_different_kinds_are_never_mixed_up(other: UrlImage | UploadedImage) -> None:
    first, second = UrlImage("x"), UploadedImage("x")
    assert identity(LOOK._replace(images=(first,))) != identity(LOOK._replace(images=(second,)))
    assert identity(LOOK._replace(images=(other,))) != identity(LOOK)


def test_the_order_of_reference_images_takes_part() -> None:
    pictures = (UrlImage("https://a"), UrlImage("https://b"))
    there = LOOK._replace(images=pictures)
    assert identity(there) != identity(LOOK._replace(images=pictures[::-1]))


def test_which_look_is_referenced_takes_part_but_not_what_that_look_says() -> None:
    other = Look("other", LookKind.PROMPT, "Other", "Other", prompt="one", reference=LookRef(BASE))
    on_other = LOOK._replace(reference=LookRef("other"))
    changed = other._replace(prompt="two")
    assert identity(on_other, other) == identity(on_other, changed)
    assert identity(on_other, other) != identity(LOOK, other)


def test_a_reference_to_an_existing_look_is_its_id_however_it_is_spelled() -> None:
    by_key = LOOK._replace(reference=LookRef("hired"))
    by_id = LOOK._replace(reference=LiteralRef("look_1"))
    assert identity(by_key) == identity(by_id)


def test_no_reference_is_not_the_base() -> None:
    assert identity(LOOK._replace(reference=None)) != identity(LOOK)


def test_an_identity_is_a_known_hash_that_never_changes() -> None:
    # Ledgers and results files out there hold it: another hash would buy everything again.
    assert identity(LOOK) == "0faea92ad4283456c4229eaf7f5ccd55afa7b94672007f7ef272a0dc5c43bc00"
    assert collect_ingredients(LOOK, {BASE: PHOTO}) == {
        "type": "prompt",
        "group": None,
        "prompt": "a navy blazer",
        "reference": {"look": BASE},
        "images": [f"sha256:{'ab' * 32}"],
    }


KEYED = st.sampled_from(("hired", BASE, "navy")).map(LookRef)
REFERENCES = st.none() | st.builds(LiteralRef, st.text()) | KEYED
PICTURES = st.sampled_from(((), (FILE,), (UrlImage("https://a"), UploadedImage("x"))))


@given(st.text(), REFERENCES, REFERENCES, PICTURES)
def test_the_quick_spelling_of_ingredients_is_the_canonical_one(
    prompt: str, reference: Reference | None, group: Reference | None, images: tuple[Image, ...]
) -> None:
    looks = {one.key: one for one in (PHOTO, THERE, LOOK)}
    look = LOOK._replace(prompt=prompt, reference=reference, group=group, images=images)
    for one in (look, PHOTO, THERE):
        assert ingredients_json(one, looks) == canonical_json(collect_ingredients(one, looks))


# --- renames --------------------------------------------------------------------------------------

KEYS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
TEXTS = st.text(max_size=40)


@given(TEXTS, TEXTS)
def test_two_prompts_share_an_identity_only_when_they_fold_to_one(one: str, other: str) -> None:
    same = identity(LOOK._replace(prompt=one)) == identity(LOOK._replace(prompt=other))
    assert fold_text(one) == fold_text(other) if same else one != other


@given(title=TEXTS, name=TEXTS, takes=st.integers(1, 100), tags=st.lists(TEXTS).map(tuple))
def test_no_free_field_ever_costs_anything(
    title: str, name: str, takes: int, tags: tuple[str, ...]
) -> None:
    changed = LOOK._replace(title=title, name=name, takes=takes, tags=tags)
    assert identity(changed) == identity(LOOK)


@given(KEYS, KEYS, TEXTS)
def test_a_reference_is_followed_through_a_rename(old: str, new: str, prompt: str) -> None:
    def on(key: str) -> str:
        looks = {key: PHOTO._replace(key=key)}
        look = LOOK._replace(prompt=prompt, reference=LookRef(key), group=LookRef(key))
        return canonical_json(collect_ingredients(look, looks))

    assert rename_references(on(old), {old: new}) == on(new)
    assert rename_references(on(new), {new: old}) == on(old)


@given(KEYS)
def test_a_rename_touches_nothing_but_references(key: str) -> None:
    prompt = canonical_json({"look": key})
    look = LOOK._replace(prompt=prompt, reference=None)
    text = canonical_json(collect_ingredients(look, {}))
    assert rename_references(text, {key: "other"}) == text


FOLDED_ALIKE = {
    "no-break space": "a navy\u00a0blazer, caf\u00e9",
    "narrow no-break and thin spaces": "a\u202fnavy\u2009blazer, caf\u00e9",
    "ideographic space": "a navy\u3000blazer, caf\u00e9",
    "a run of them": "\u00a0a navy \u00a0 blazer,\u2003caf\u00e9\u2028",
    "spaces of no width": "a na\u200bvy blazer\u2060, \ufeffcaf\u00e9",
    "vertical tab, form feed, next line": "a\x0bnavy\x0cblazer,\x85caf\u00e9",
    "decomposed": "a navy blazer, cafe\u0301",
}
STAY_APART = {
    "zero width joiner": "a navy\u200d blazer, caf\u00e9",
    "zero width non-joiner": "a navy\u200c blazer, caf\u00e9",
    "compatibility form": "a navy blazer, \uff43af\u00e9",
    "a space less": "a navyblazer, caf\u00e9",
}


def prompted(prompt: str) -> str:
    return identity(LOOK._replace(prompt=prompt))


@pytest.mark.parametrize("prompt", FOLDED_ALIKE.values(), ids=FOLDED_ALIKE.keys())
def test_white_space_and_normal_form_of_a_prompt_take_no_part(prompt: str) -> None:
    assert prompted(prompt) == prompted("a navy blazer, caf\u00e9")


@pytest.mark.parametrize("prompt", STAY_APART.values(), ids=STAY_APART.keys())
def test_what_makes_other_words_takes_part(prompt: str) -> None:
    assert prompted(prompt) != prompted("a navy blazer, caf\u00e9")


def test_control_characters_are_folded_where_all_else_is_ascii() -> None:
    assert prompted("a\x0bnavy\x1cblazer\x0c") == prompted("a navy blazer")


def test_urls_are_known_by_their_text() -> None:
    urls = ["https://example.com/caf\u00e9.png", "https://example.com/cafe\u0301.png"]
    first, second = (identity(LOOK._replace(images=(UrlImage(url),))) for url in urls)
    assert first != second


ODD = st.text(st.sampled_from(' \u00a0\u200b\u0301\u200d\u3000\x0b\\"aeé나가\u212b'))


@given(ODD)
def test_folding_is_idempotent(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)


@given(ODD)
def test_a_take_of_the_first_version_is_recognised_by_what_it_recorded(prompt: str) -> None:
    prompt = normalize_spaces(prompt)  # as every prompt of a manifest is
    look = LOOK._replace(prompt=prompt)
    recorded = ingredients_json(look, {BASE: PHOTO, look.key: look})
    hashed_to_the_letter = sha256_hex(f"lookbook.identity.v1\n{recorded}".encode())
    assert current_identity(hashed_to_the_letter, recorded) == prompted(fold_text(prompt))
    assert first_identity(prompted(prompt), recorded) == hashed_to_the_letter
