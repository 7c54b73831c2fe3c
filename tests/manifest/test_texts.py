"""Prompts, names and tags: defaults, variables, prefixes, and the bounds of the API."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.manifest import Reading
from runner.manifest.draft import join_prompt
from runner.manifest.template import MAX_NESTING, Scope
from runner.model import Campaign, Credits

Valid = Callable[..., Campaign]
Codes = Callable[..., list[tuple[str, int, int]]]
Read = Callable[..., Reading]


def prompts(campaign: Campaign) -> dict[str, str | None]:
    return {look.key: look.prompt for look in campaign.looks[1:]}


def test_variables_may_use_variables_and_a_look_has_its_own(campaign: Valid) -> None:
    read = campaign(
        "variables: {light: 'warm ${tone} light', tone: amber}\nlooks:\n"
        "  a: {prompt: 'A coat, ${light}'}\n"
        "  b: {prompt: 'A hat, ${light}', variables: {tone: rose}}\n"
    )
    assert prompts(read) == {"a": "A coat, warm amber light", "b": "A hat, warm rose light"}


def test_the_command_line_replaces_variables_and_is_taken_literally(campaign: Valid) -> None:
    text = "variables: {light: dim}\nlooks:\n  a: {prompt: 'A coat, ${light}'}\n"
    assert prompts(campaign(text, variables={"light": "${bright}"}))["a"] == "A coat, ${bright}"


def test_a_variable_that_only_the_command_line_gives_may_be_used(campaign: Valid) -> None:
    text = "looks:\n  a: {prompt: 'A coat, ${light}'}\n"
    assert prompts(campaign(text, variables={"light": "dim"}))["a"] == "A coat, dim"


def test_a_misspelt_variable_on_the_command_line_is_an_error(codes: Codes) -> None:
    text = "variables: {light: dim}\nlooks:\n  a: {prompt: 'A coat, ${light}'}\n"
    assert codes(text, variables={"ligth": "x"}) == [("unknown-variable", 4, 1)]


def test_names_of_the_campaign_the_base_and_the_look_are_known(campaign: Valid) -> None:
    read = campaign(
        "looks:\n  navy: {title: 'Look ${key}', name: '${campaign}: ${base.name}, ${title}',"
        " prompt: 'A coat for ${base.name}, ${title}'}\n"
    )
    look = read.looks[1]
    assert look.title == "Look navy"
    assert look.name == "spring: Sarah, Look navy"
    assert look.prompt == "A coat for Sarah, Look navy"


def test_the_escape_gives_the_characters_themselves(campaign: Valid) -> None:
    read = campaign("looks:\n  a: {prompt: 'A $${price} tag for $5, and $$5'}\n")
    assert prompts(read)["a"] == "A ${price} tag for $5, and $$5"


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (["Photo of her.", "A coat", ", soft light"], "Photo of her. A coat, soft light"),
        (["Photo: ", "A coat", "in rain"], "Photo: A coat in rain"),
        (["A coat\n", ", soft\n  light"], "A coat, soft light"),
        (["", "  A   coat ", ""], "A coat"),
        ([" ", " "], ""),
    ],
)
def test_prefix_prompt_and_suffix_are_joined_as_people_mean_it(
    parts: list[str], joined: str
) -> None:
    assert join_prompt(parts) == joined


@given(st.lists(st.text(st.sampled_from("ab,. \n\t"), max_size=6), max_size=4))
def test_joining_loses_no_word_and_leaves_no_white_space_uneven(parts: list[str]) -> None:
    joined = join_prompt(parts)
    assert joined == joined.strip()
    assert "  " not in joined
    assert joined.replace(" ", "") == "".join("".join(part.split()) for part in parts)


def test_a_look_may_change_or_drop_the_default_prefix_and_suffix(campaign: Valid) -> None:
    read = campaign(
        "defaults: {prompt_prefix: Photo., prompt_suffix: ', dim'}\nlooks:\n"
        "  a: {prompt: A coat}\n  b: {prompt: A hat, prompt_prefix: '', prompt_suffix: ', lit'}\n"
    )
    assert prompts(read) == {"a": "Photo. A coat, dim", "b": "A hat, lit"}


def test_a_bases_prompt_stands_alone(read: Read) -> None:
    reading = read(
        "version: 1\ncampaign: x\nbase: {name: Ada, prompt: 'A woman, ${light}'}\n"
        "variables: {light: dim}\ndefaults: {prompt_suffix: ', extra', tags: [x], takes: 3}\n"
    )
    assert reading.campaign is not None
    base = reading.campaign.looks[0]
    assert (base.prompt, base.tags, base.takes) == ("A woman, dim", (), 1)


@pytest.mark.parametrize(("length", "errors"), [(1000, 0), (1001, 1)])
def test_a_prompt_has_at_most_a_thousand_characters_as_it_is_sent(
    read: Read, length: int, errors: int
) -> None:
    suffix = ", dim"
    prompt = "é" * (length - len(suffix))
    reading = read(
        f"defaults: {{prompt_suffix: '{suffix}'}}\nlooks:\n  a:\n    prompt: {prompt}\n",
        head=True,
        hints=False,
    )
    found = [(item.code, item.line, item.column) for item in reading.diagnostics]
    assert found == [("prompt-too-long", 7, 13)] * errors


def test_a_prompt_too_long_after_expansion_says_which_part_came_from_where(read: Read) -> None:
    reading = read(
        "variables: {light: " + "x" * 700 + "}\ndefaults: {prompt_suffix: ', ${light}'}\n"
        "looks:\n  a:\n    prompt: A coat " + "y" * 400 + "\n",
        head=True,
        hints=False,
    )
    message = reading.diagnostics[0].message
    assert "1,109 characters" in message
    assert "407 from `prompt`" in message
    assert "702 from `prompt_suffix` (line 5), of which 700 by `${light}`" in message


def test_variables_that_double_each_other_stop_at_a_bound() -> None:
    names = {f"v{n}": f"${{v{n - 1}}}${{v{n - 1}}}" for n in range(1, 60)}
    scope = Scope().child({"v0": "x" * 10, **names})
    assert [problem.code for problem in scope.expand("${v50}")[1]] == ["bad-template"]
    assert [problem.code for problem in scope.expand("${v59}")[1]] == ["bad-template"]
    assert scope.expand("${v10}")[1] == []


def test_variables_that_multiply_nothing_are_quick() -> None:
    names = {f"v{n}": f"${{v{n - 1}}}${{v{n - 1}}}" for n in range(1, MAX_NESTING)}
    assert Scope().child({"v0": "", **names}).expand(f"${{v{MAX_NESTING - 1}}}") == ("", [])
    _, problems = Scope().child({"v0": "${none}", **names}).expand("${v12}")
    assert [problem.code for problem in problems] == ["unknown-variable"]


@given(st.text(st.sampled_from("ab${}. $"), max_size=24))
def test_any_template_expands_or_says_what_is_wrong(text: str) -> None:
    scope = Scope().child({"a": "1", "b": "${a}"}, {"a.b": "2"})
    expanded, problems = scope.expand(text)
    assert scope.expand(text) == (expanded, problems)
    for problem in problems:
        assert problem.needle.strip() in text


@given(st.text(max_size=24))
def test_escaping_gives_back_any_text(text: str) -> None:
    escaped = text.replace("${", "$${")
    assert Scope().expand(escaped) == (text, [])


def test_tags_of_defaults_and_look_add_up(campaign: Valid) -> None:
    read = campaign(
        "variables: {season: spring}\ndefaults: {tags: ['${season}', paid]}\nlooks:\n"
        "  a: {prompt: A coat, tags: [office, paid]}\n  b: {prompt: A hat}\n"
        "  c: {existing: look_1, tags: [old]}\n"
    )
    assert [look.tags for look in read.looks[1:]] == [
        ("spring", "paid", "office"), ("spring", "paid"), ("spring", "paid", "old"),
    ]  # fmt: skip


def test_defaults_hold_where_a_look_says_nothing(campaign: Valid) -> None:
    read = campaign(
        "defaults: {takes: 3, retries: 2, reference_images: ['https://e.com/a.png']}\nlooks:\n"
        "  a: {prompt: A coat}\n  b: {prompt: A hat, takes: 1, retries: 0, reference_images: []}\n"
    )
    first, second = read.looks[1:]
    assert (first.takes, first.retries, len(first.images)) == (3, 2, 1)
    assert (second.takes, second.retries, len(second.images)) == (1, 0, 0)


def test_the_campaign_and_the_base_may_use_variables(read: Read) -> None:
    reading = read(
        "version: 1\ncampaign: spring-${year}\nvariables: {year: '2026', who: Sarah}\n"
        "base: {name: '${who}', photo: https://e.com/a.jpg}\n"
        "looks:\n  a: {prompt: 'A coat for ${campaign}'}\n"
    )
    assert reading.campaign is not None
    assert reading.campaign.name == "spring-2026"
    base, look = reading.campaign.looks
    assert (base.name, base.title) == ("Sarah", "Sarah")
    assert (look.name, look.prompt) == ("Sarah — a", "A coat for spring-2026")


@pytest.mark.parametrize(
    "field", ["title: '${none}'", "name: '${none}'", "tags: ['${none}']", "avatar_id: '${none}'"]
)
def test_a_text_that_becomes_nothing_is_an_error(codes: Codes, field: str) -> None:
    found = codes(f"variables: {{none: ''}}\nlooks:\n  a: {{prompt: A coat, {field}}}\n")
    assert [code for code, _, _ in found] == ["bad-value"]


@pytest.mark.parametrize(
    ("look", "code"),
    [
        ('prompt: "A\\x0bcoat"', "control-character"),
        ('prompt: "A\\u0085coat"', "control-character"),
        ('{prompt: A coat, title: "A\\x07"}', "control-character"),
        ('{prompt: A coat, name: "A\\x7f"}', "control-character"),
        ("{prompt: A coat, title: %s}" % ("x" * 248), "name-too-long"),  # behind Sarah
        ("{prompt: A coat, name: %s}" % ("x" * 256), "name-too-long"),
    ],
)  # fmt: skip
def test_what_the_api_refuses_of_a_name_or_text_is_refused(
    codes: Codes, look: str, code: str
) -> None:
    look = look if look[0] == "{" else f"{{{look}}}"
    assert [found for found, _, _ in codes(f"looks:\n  a: {look}\n")] == [code]


def test_a_name_may_have_255_characters(campaign: Valid) -> None:
    looks = "looks:\n  a: {prompt: A coat, name: %s}\n  b: {prompt: A hat, title: %s}\n"
    read = campaign(looks % ("x" * 255, "y" * 247))
    assert [len(look.name or "") for look in read.looks[1:]] == [255, 255]


def test_what_the_command_line_puts_in_is_held_to_the_same(codes: Codes) -> None:
    text = "variables: {tone: amber}\nlooks:\n  a: {prompt: 'A ${tone} coat'}\n"
    assert codes(text, variables={"tone": "a\x1bb"}) == [("control-character", 6, 15)]


@pytest.mark.parametrize(
    "line",
    [
        "prompt: A coat # like this",
        "prompt: 'A coat in' #1A2B3C",
        "prompt: A coat in teal#1A2B3C",
        'prompt: "A coat in #1A2B3C"',
        "prompt: A coat\n    takes: 2 #two",
        "prompt: A coat\n    #takes: 3",
        "prompt: A coat\n    avatar_id: look_1 #hero",
        "prompt: >-\n      A coat #1",
        "prompt: A coat for ${base.name}, $5 and 10% off {big} [sic]",
    ],
)
def test_what_is_nobodys_mistake_is_not_warned_of(codes: Codes, line: str) -> None:
    assert codes(f"looks:\n  a:\n    {line}\n") == []


@pytest.mark.parametrize("form", ["{tone}", "{{tone}}", "{{ tone }}", "%tone%", "$tone", "<tone>",
                                  "[tone]", "$(tone)", "$env:tone", "{TONE}"])  # fmt: skip
def test_a_name_in_another_form_is_warned_of(codes: Codes, form: str) -> None:
    text = f"variables: {{tone: amber}}\nlooks:\n  a:\n    prompt: 'A coat in {form}, office'\n"
    assert [code for code, _, _ in codes(text)] == ["placeholder-as-text"]


@pytest.mark.parametrize(
    ("prompt", "warned"),
    [
        ("Wearing ${outfit}, office", True),
        ("Wearing a coat, office", True),
        ("Wearing ${outfit.text}, office", False),
        ("Wearing ${both}, office", False),
    ],
)
def test_texts_of_an_axis_that_nothing_uses_are_warned_of_at_the_entry(
    codes: Codes, prompt: str, warned: bool
) -> None:
    text = (
        f"matrix:\n  - id: '${{outfit}}'\n    prompt: {prompt}\n"
        "    variables: {both: 'fine ${outfit.text}'}\n    axes: {outfit: {navy: a navy blazer}}\n"
    )
    text = (
        text
        if "both" in prompt
        else text.replace("    variables: {both: 'fine ${outfit.text}'}\n", "")
    )
    assert codes(text) == ([("axis-text-unused", 5, 5)] if warned else [])


def test_prompts_that_differ_in_kinds_of_space_alone_are_one_request(codes: Codes) -> None:
    text = "looks:\n  a: {prompt: A navy\u00a0coat}\n  b: {prompt: A navy coat}\n"
    assert [code for code, _, _ in codes(text)] == ["identical-request"]


def test_a_text_that_is_all_comment_says_so(read: Read) -> None:
    found = read("looks:\n  a:\n    prompt: #1A2B3C navy\n", head=True, hints=False).diagnostics
    assert [(item.code, "put quotes around" in (item.hint or "")) for item in found] == [
        ("wrong-type", True)
    ]


def test_credits_are_texts_of_the_campaign_and_no_part_of_a_look(
    campaign: Valid,
) -> None:
    looks = "looks: {a: {prompt: A coat}}\n"
    stated = campaign(looks + "credits: {creator: Jo, copyright: '© ${campaign}'}\n")
    assert stated.credits == Credits(creator="Jo", copyright="© spring")
    assert replace(stated, credits=Credits()) == campaign(looks)
