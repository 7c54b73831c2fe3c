"""Every code a diagnostic can carry: its severity, what it means and what to do about it.

A code is a promise: programs match on it, so it is never renamed and never reused. The table is
what ``docs/manifest.md``, the SARIF rules and the tests read.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Severity(StrEnum):
    """Errors stop the campaign; warnings and hints never do, and hints can be switched off."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Code(NamedTuple):
    """One kind of finding: ``meaning`` is a sentence for a table, ``cure`` what usually helps."""

    name: str
    severity: Severity
    meaning: str
    cure: str


_ERRORS = (
    # the file itself
    ("file-unreadable", "The manifest cannot be read from the disk.", "Check the path."),
    (
        "file-too-large",
        "The manifest is larger than 64 MiB.",
        "Keep pictures in files of their own.",
    ),
    ("more-errors", "There are more errors than are listed.", "Mend those that are."),
    ("encoding", "The manifest is not UTF-8 text.", "Save it as UTF-8 in your editor."),
    ("empty", "The manifest says nothing.", "Start from `lookbook init`."),
    # YAML
    ("yaml-syntax", "The text is not YAML at this place.", "The message says what was expected."),
    ("yaml-tab", "A tab is used where YAML needs spaces.", "Indent with spaces."),
    (
        "yaml-space",
        "A space that YAML does not take for one stands in the indentation or behind a colon.",
        "Replace it by an ordinary space.",
    ),
    ("yaml-documents", "The file holds several YAML documents (`---`).", "One campaign, one file."),
    ("yaml-tag", "A YAML tag such as `!!python/...` is used.", "Remove the tag."),
    (
        "yaml-alias",
        "An alias `*name` has no anchor `&name` before it.",
        "Declare the anchor first.",
    ),
    ("yaml-alias-bomb", "Aliases blow the document up beyond all sense.", "Use fewer aliases."),
    ("yaml-depth", "Mappings or lists are nested too deeply.", "No manifest needs that depth."),
    ("yaml-merge", "`<<` merges something that is not a mapping.", "Merge an anchored mapping."),
    ("text-too-long", "A text of more than 100,000 characters.", "Shorten it, or use a file."),
    ("duplicate-key", "A key is given twice in one mapping.", "Remove or rename one of them."),
    ("key-not-text", "A key reads as a number, date or boolean.", "Put quotes around the key."),
    (
        "ambiguous-number",
        "A number is written in a form that YAML versions read differently.",
        "Write it in plain digits, or in quotes if it is text.",
    ),
    # shapes
    ("unknown-key", "A key that the manifest language does not have.", "Check the spelling."),
    ("missing-key", "A required key is absent.", "Add it."),
    (
        "wrong-type",
        "A value of the wrong kind, such as a list where text belongs.",
        "Write the kind that the message names.",
    ),
    ("needs-quotes", "Text that YAML reads as a number, date or boolean.", "Put quotes around it."),
    ("bad-value", "A value outside what is allowed here.", "Use a value that the message names."),
    (
        "bad-key",
        "A look key with other characters than `a-z 0-9 . _ -`, or a reserved one.",
        "Rename the look.",
    ),
    ("conflicting-keys", "Keys that exclude each other are given together.", "Keep one of them."),
    (
        "base-missing-source",
        "The base is none of photo, prompt and existing look.",
        "Give `photo`, `prompt` or `avatar_id`.",
    ),
    (
        "group-without-avatar-id",
        "`avatar_group_id` is given and `avatar_id` is not mentioned.",
        "Say `avatar_id: {look: base}` or `avatar_id: null`.",
    ),
    # templates and matrices
    ("unknown-variable", "`${name}` names nothing that is known here.", "Declare the variable."),
    ("variable-cycle", "Variables refer to each other in a circle.", "Break the circle."),
    (
        "bad-template",
        "A `${` that is not closed, or an impossible name in it.",
        "Close it with `}`, or write `$${` for the characters themselves.",
    ),
    ("reserved-name", "A variable or axis has a name with a meaning of its own.", "Rename it."),
    ("too-many-looks", "More looks than `max_looks` allows.", "Raise `max_looks` if it is meant."),
    (
        "matrix-axis",
        "`zip`, `include` or `exclude` does not fit the axes.",
        "Name axes and values that exist.",
    ),
    ("duplicate-look", "Two looks have the same key.", "Let the `id` use every axis."),
    # references and groups
    ("unknown-look", "A `{look: KEY}` that no look has.", "Check the key."),
    (
        "look-key-as-id",
        "A literal id that is the key of a look of this campaign.",
        "Write `{look: KEY}`.",
    ),
    ("reference-cycle", "Looks reference each other in a circle.", "One must come first."),
    (
        "group-mismatch",
        "The reference is not in the group that is given.",
        "Give a reference from that group, or leave the group out.",
    ),
    # requests
    ("prompt-empty", "A prompt that is empty once everything is put in.", "Describe the look."),
    (
        "prompt-too-long",
        "More than 1,000 characters with prefix, suffix and variables put in.",
        "Shorten the part that the message names.",
    ),
    ("too-many-images", "More than three reference images.", "Keep the three that matter."),
    (
        "control-character",
        "A control character in a name, title or prompt; the API refuses it.",
        "Take it out; a title or name is one line.",
    ),
    (
        "name-too-long",
        "A name of more than 255 characters; the API refuses it.",
        "Shorten the title, or give a `name`.",
    ),
    ("duplicate-name", "Two looks have the same name at HeyGen.", "Give one another `name`."),
    # images
    ("image-missing", "A picture's file does not exist.", "Paths are relative to the manifest."),
    ("image-unreadable", "A picture's file cannot be opened, or is damaged.", "Export it again."),
    ("image-format", "A picture that is neither JPEG nor PNG by its bytes.", "Export it again."),
    (
        "image-too-large",
        "A picture larger than 32 MiB, or a PNG of over 64 million pixels.",
        "Export it smaller.",
    ),
    ("photo-too-small", "A photo smaller than 512 x 512 pixels.", "Use a larger picture."),
    ("image-url", "An address that HeyGen will not fetch.", "Use an https URL or a file."),
    (
        "image-data",
        "Inline data that is not base64, or not of the type it claims.",
        "Name the file instead.",
    ),
    ("bad-csv", "A row or column of a spreadsheet cannot be used.", "The message names it."),
)

_WARNINGS = (
    ("group-without-reference", "A group without a reference: the face will differ.",
     "Reference a look if the character should stay the same."),
    ("identical-request", "Two looks send the same request: two payments for one picture.",
     "Use `takes` for more candidates of one look."),
    ("names-differ-in-case", "Two names differ only in capitals.", "Give one another name."),
    ("repeated-image", "One look is given the same reference image twice.", "Remove one."),
    ("unused-exclude", "An `exclude` entry that excludes nothing.", "Check its values."),
    ("no-looks", "Only the base is declared.", "Add `looks` or `matrix`."),
    ("text-cut-by-comment", "Text that YAML ends at a ` #`: the rest is a comment.",
     "Put quotes around the text if `#` belongs to it; else write a space after `#`."),
    ("axis-text-unused", "An axis has texts, and the prompt says only the key of the value.",
     "Write `${axis.text}` where the text is meant."),
    ("placeholder-as-text", "A name in another form than `${name}`, which is sent as it stands.",
     "Write `${name}`."),
    ("quotes-as-text", "Typographic quotes around a text: they are sent as part of it.",
     "Use straight quotes, or none."),
    ("stray-character", "A soft hyphen, or what is left of a character that was lost.",
     "Take it out or write it anew."),
    ("signed-url", "A picture's link is signed: it expires, and the next one is another.",
     "Name the file, or use an address that stays."),
    ("share-page", "A picture's address is a page that shows it (Drive, Dropbox, iCloud).",
     "Download the picture and name the file."),
    ("private-address", "A picture's address is one of your own network.", "Name the file."),
    ("url-format", "A picture's address says that it is neither JPEG nor PNG.",
     "Use a JPEG or PNG."),
    ("image-rotated", "A picture is stored on its side, with a note (EXIF) to turn it.",
     "Turn it and save it anew."),
    ("image-location", "A picture says where it was taken (GPS).",
     "Export it without its location."),
    ("image-cmyk", "A picture has the colours of print.", "Export it as RGB."),
    ("image-deep-colour", "A picture has 16 bits a channel.", "Export it with 8 bits a channel."),
    ("image-transparent", "A picture is transparent in places.", "Give it a background."),
    ("image-animated", "A picture is animated.", "Export one frame."),
    ("image-shape", "A picture is more than 2.5 times as long as it is wide.", "Cut it."),
    ("more-warnings", "There are more warnings than are listed.", "Mend those that are."),
    ("x-key-is-a-look", "A look key that begins with `x-`: it is a look, and is paid for.",
     "Move anchors to an `x-` key at the top."),
)  # fmt: skip

_HINTS = (
    ("prompt-no-clothing", "The prompt names no clothing.", "Say what the person wears."),
    ("prompt-no-setting", "The prompt names no setting or background.", "Say where it is."),
    ("prompt-no-light", "The prompt names no light or mood.", "Say what the light is like."),
    ("prompt-no-age", "A character born from a prompt, and no age.", "Say an age."),
    ("prompt-no-gender", "A character born from a prompt, and no gender.", "Say it."),
    ("more-hints", "There are more hints than are listed.", "Begin with those that are."),
    ("prompt-no-expression", "A character born from a prompt, and no expression.",
     "Say how they look at us."),
)  # fmt: skip

CODES = MappingProxyType(
    {
        name: Code(name, severity, meaning, cure)
        for severity, table in (
            (Severity.ERROR, _ERRORS),
            (Severity.WARNING, _WARNINGS),
            (Severity.HINT, _HINTS),
        )
        for name, meaning, cure in table
    }
)
"""Every code by its name."""
