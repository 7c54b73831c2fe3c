"""What SARIF 2.1.0 demands of the parts that are written here, read from the standard's own schema.

No package ships that schema, so these parts of it are written down: what is required, what may
be there, the least numbers and the known words. Objects are closed here as they are there.
"""

from typing import Any

from jsonschema import Draft7Validator

__all__ = ["SARIF"]

TEXT = {"type": "string"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
FROM_ONE = {"type": "integer", "minimum": 1}
URI_REFERENCE = {
    "type": "string",
    "pattern": r"^([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$",
}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def listed(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


MESSAGE = {  # a message has a text or the id of one
    **closed([], text=TEXT, markdown=TEXT, id=TEXT, arguments=listed(TEXT)),
    "anyOf": [{"required": ["text"]}, {"required": ["id"]}],
}
STRINGS = closed(["text"], text=TEXT, markdown=TEXT)
RULE = closed(
    ["id"],
    id=TEXT,
    name=TEXT,
    shortDescription=STRINGS,
    fullDescription=STRINGS,
    help=STRINGS,
    defaultConfiguration=closed([], enabled={"type": "boolean"}, level=LEVEL),
)
REGION = closed([], startLine=FROM_ONE, startColumn=FROM_ONE, endLine=FROM_ONE, endColumn=FROM_ONE)
LOCATION = closed(
    [],
    physicalLocation=closed(
        [], artifactLocation=closed([], uri=URI_REFERENCE, uriBaseId=TEXT), region=REGION
    ),
)
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations=listed(LOCATION),
)
DRIVER = closed(["name"], name=TEXT, version=TEXT, rules=listed(RULE, uniqueItems=True))
LOG = {
    **closed(
        ["version", "runs"],
        **{"$schema": {"type": "string", "pattern": "^https://"}},
        version={"enum": ["2.1.0"]},
        runs=listed(
            closed(
                ["tool"],
                tool=closed(["driver"], driver=DRIVER),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                results=listed(RESULT),
            )
        ),
    ),
    "$schema": "http://json-schema.org/draft-07/schema#",
}

SARIF = Draft7Validator(LOG)
"""Refuses what a reader of SARIF 2.1.0 would."""
