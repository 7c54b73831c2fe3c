"""Any bytes as a manifest: findings or a campaign, each form of the findings, and a plan."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from runner.manifest import Reading, load
from runner.manifest.diagnostics import Diagnostic, Findings, count_findings
from runner.manifest.formats import as_github, as_json, as_sarif, as_text
from runner.manifest.quick import conforms
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.source import Source
from runner.model import Campaign
from runner.plan import plan
from runner.plan.saved_plan import plan_document
from runner.resources import schema, validator
from runner.takes import Snapshot
from tests.fuzz.target import Target, demand, folder, written
from tests.manifest.sarif import SARIF

ROOT = Path(__file__).parents[2]

WORDS = (
    *("version: 1\n", "campaign: ", "base:", "name: ", "photo: ", "prompt: ", "looks:", "matrix:"),
    *("avatar_id: ", "avatar_group_id: ", "reference_images: ", "existing: ", "title: ", "tags: "),
    *("defaults:", "variables: ", "prompt_prefix: ", "prompt_suffix: ", "takes: ", "retries: "),
    *("axes:", "include:", "exclude:", "zip:", "id: ", "max_looks: ", "budget:", "run_usd: "),
    *("campaign_usd: ", "prices:", "look: ", "url: ", "asset_id: ", "base64", "media_type: "),
    *("data: ", "type: ", "{look: base}", "${", "}", "${base.name}", "${title}", "$${", "a.png"),
    *("x-", "<<: *a", "&a ", "*a", "!!", "--- ", "...", "? ", "- ", ": ", "| \n", "> \n", "\n  "),
    *("null", "true", "no", "0x1", "1e3", ".inf", ".nan", "2026-01-01", "1:30", "~", '"', "'"),
    *("\t", "\r\n", "\ufeff", "\u2028", "\x85", "\\u0000", "\\ud800", "\u202e", "#", "%YAML 1.2"),
    *(" #a", "{light}", "%light%", "$light", "“", "”", "\xad", "\x0b", "\xa0", "\u200b", "e\u0301"),
    *(
        "https://drive.google.com/file/d/1",
        "https://e.com/a.heic?sig=1",
        "https://10.0.0.1/",
        "|-\n",
    ),
    *("https://e.com/a.png", "look_abc", "[", "]", "{", "}", ",", "image/png", "iVBORw0KGgo="),
)


def run(data: bytes) -> None:
    """Read and render it, and plan what is valid."""
    path = place() / "fuzz.yaml"
    path.write_bytes(data)
    reading = load(path, variables={"light": "soft"})
    errors = any(found.severity == "error" for found in reading.diagnostics)
    demand(errors is (reading.campaign is None), "an error, or a campaign, and never both")
    rendered(reading)
    agreed(data)
    if reading.campaign is not None:
        planned(reading.campaign)


def rendered(reading: Reading) -> None:
    """Render the findings in every form that ``validate --format`` has."""
    found = reading.diagnostics
    for item in found:
        demand(item.line >= 1 and item.column >= 1, "a place is counted from 1")
    written(as_text(found) + count_findings(found), "text")
    told = as_json(found)
    written(json.dumps(told, ensure_ascii=False), "json")
    for error in findings_schema().iter_errors(told):
        demand(False, f"json keeps to its schema: {error.message}")
    lines = as_github(found).splitlines()
    written("\n".join(lines), "github")
    demand(len(lines) == len(found), "one annotation is one line")
    demand(all(line.startswith("::") for line in lines), "every line is an annotation")
    sarif(as_sarif(found), found)


def sarif(log: dict[str, Any], found: tuple[Diagnostic, ...]) -> None:
    written(json.dumps(log, ensure_ascii=False), "sarif")
    for error in SARIF.iter_errors(log):
        demand(False, f"sarif keeps to the standard: {error.message}")
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    demand(len(only["results"]) == len(found), "one finding is one result")
    for result in only["results"]:
        demand(rules[result["ruleIndex"]]["id"] == result["ruleId"], "a result names its rule")
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        demand(region["endColumn"] > region["startColumn"] >= 1, "a region has a width")


def agreed(data: bytes) -> None:
    """Compare the quick check of the schema with jsonschema: what it passes is not looked at."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    value = parse_yaml(text, Findings(Source(place() / "fuzz.yaml", text)))
    if isinstance(value, Map) and conforms(value):
        refused = next(validator("manifest").iter_errors(value), None)
        demand(refused is None, f"the quick check passes what the schema refuses: {refused}")


def planned(campaign: Campaign) -> None:
    """A valid campaign can be planned and the plan written down."""
    made = plan_document(plan(campaign, Snapshot()))
    written(json.dumps(made, ensure_ascii=False, allow_nan=False), "the plan")
    demand(len(made["actions"]) == len(campaign.looks), "one action for each look")


@cache
def place() -> Path:
    """A folder of its own with one picture in it, for manifests that name files."""
    from PIL import Image

    made = folder() / "manifest"
    made.mkdir()
    Image.new("RGB", (512, 512)).save(made / "a.png")
    return made


@cache
def findings_schema() -> Draft7Validator:
    return Draft7Validator(schema("diagnostics"))


def seeds() -> list[bytes]:
    """The manifests that tests and people read already."""
    corpus = ROOT / "tests" / "manifest" / "corpus"
    demo = (ROOT / "manifests" / "spring-lookbook.yaml").read_bytes()
    return [demo, *(path.read_bytes() for path in sorted(corpus.glob("*/*.yaml")))]


WATCHED = ("runner.manifest", "runner.plan")
TARGET = Target("manifest", run, seeds, WORDS, WATCHED, longest=3000)
