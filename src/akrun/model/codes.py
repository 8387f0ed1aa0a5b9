"""The registry of the codes of faults in files; a number is never used for anything else again.

C1xx: the file is no document. C2xx: a channel's structure. C3xx: a mailing. C4xx: an audience.
C6xx: the configuration. C7xx: a request to the API. C5xx are the pipes', in `akrun.pipes.codes`.
"""

from typing import Final

UNREADABLE: Final = "C101"
UNKNOWN_FORMAT: Final = "C102"
NOT_UTF8: Final = "C103"
EMPTY: Final = "C104"
SYNTAX: Final = "C105"
DUPLICATE_KEY: Final = "C106"
TOO_LARGE: Final = "C107"
LONE_SURROGATE: Final = "C108"
NOT_JSON: Final = "C109"
NUMBER_RANGE: Final = "C110"

KEY_MISSING: Final = "C201"
KEY_UNKNOWN: Final = "C202"
WRONG_TYPE: Final = "C203"
WRONG_VALUE: Final = "C204"
CONTRADICTION: Final = "C205"
FIELD_NAME: Final = "C206"
FIELD_RULE: Final = "C207"
LAYOUT: Final = "C208"
ENTITY: Final = "C209"
EVENT: Final = "C210"
PIPE_ID: Final = "C211"
PIPE_EXIT: Final = "C212"

MAILING_KEY_MISSING: Final = "C301"
MAILING_KEY_UNKNOWN: Final = "C302"
MAILING_WRONG_TYPE: Final = "C303"
MAILING_WRONG_VALUE: Final = "C304"
SCHEDULE: Final = "C305"
VALUE_MISSING: Final = "C311"
VALUE_UNKNOWN: Final = "C312"
VALUE_RULE: Final = "C313"
VALUE_REFERENCE: Final = "C314"

ROW_SYNTAX: Final = "C401"
ROW_SHAPE: Final = "C402"
ROW_COLUMNS: Final = "C403"
HEADER: Final = "C404"
PROFILE_ID: Final = "C405"
SUBSCRIPTION_VALUE: Final = "C406"
ROW_ENCODING: Final = "C407"
ROW_TOO_LARGE: Final = "C408"

SETTING_UNKNOWN: Final = "C601"
SETTING_VALUE: Final = "C602"
SETTING_SYNTAX: Final = "C603"

REQUEST_KEY_MISSING: Final = "C701"
REQUEST_KEY_UNKNOWN: Final = "C702"
REQUEST_WRONG_TYPE: Final = "C703"
REQUEST_WRONG_VALUE: Final = "C704"
REQUEST_SECRET: Final = "C705"  # noqa: S105 - a code

CODES: Final[dict[str, str]] = {
    UNREADABLE: "The file does not exist, is a folder, or may not be read.",
    UNKNOWN_FORMAT: "The file's extension names no format that can be read here.",
    NOT_UTF8: "The file is not UTF-8 text.",
    EMPTY: "The file holds nothing.",
    SYNTAX: "The text is not JSON (RFC 8259) or not YAML 1.2.",
    DUPLICATE_KEY: "An object has the same key twice.",
    TOO_LARGE: "The file, its nesting or what its aliases expand to is larger than is read.",
    LONE_SURROGATE: "A \\u escape gives half a character, which no text can hold.",
    NOT_JSON: "YAML that has no JSON value: a tag, a key that is no text, several documents.",
    NUMBER_RANGE: "A number that JSON does not have or that is too large.",
    KEY_MISSING: "A required key is missing in the channel.",
    KEY_UNKNOWN: "A key that means nothing at this place of the channel.",
    WRONG_TYPE: "A value of the channel has the wrong type.",
    WRONG_VALUE: "A value of the channel is none that is allowed here.",
    CONTRADICTION: "Two parts of the channel contradict each other.",
    FIELD_NAME: "A field's name is no path, or is taken within its object.",
    FIELD_RULE: "A field's constraints cannot be met, or its default breaks them.",
    LAYOUT: "An element stands where the layout does not allow it.",
    ENTITY: "An entity, or what refers to one, names something that is not there or is taken.",
    EVENT: "Two events share an id or a string id.",
    PIPE_ID: "Two pipes of one pipeline share an id.",
    PIPE_EXIT: "An exit leads to a pipe that is not in the pipeline.",
    MAILING_KEY_MISSING: "A required key is missing in the mailing.",
    MAILING_KEY_UNKNOWN: "A key that means nothing at this place of the mailing.",
    MAILING_WRONG_TYPE: "A value of the mailing has the wrong type.",
    MAILING_WRONG_VALUE: "A value of the mailing is none that is allowed here.",
    SCHEDULE: "The schedule's times or time zone cannot be used.",
    VALUE_MISSING: "A field that the channel requires has no value.",
    VALUE_UNKNOWN: "A value is given for a field that the channel does not have.",
    VALUE_RULE: "A value breaks a rule of its field.",
    VALUE_REFERENCE: "A secret is a reference to an environment variable or a file that gives nothing.",
    ROW_SYNTAX: "A row of the audience is not JSON or not CSV.",
    ROW_SHAPE: "A row of the audience is no object of profile and subscription fields.",
    ROW_COLUMNS: "A row of the audience has more or fewer cells than the header.",
    HEADER: "The header of the audience cannot be used.",
    PROFILE_ID: "A row of the audience has no usable profile id.",
    SUBSCRIPTION_VALUE: "A value breaks a rule of its subscription field.",
    ROW_ENCODING: "A row of the audience is not UTF-8 text.",
    ROW_TOO_LARGE: "A row of the audience is larger than is read.",
    SETTING_UNKNOWN: "The configuration file has a setting that there is not.",
    SETTING_VALUE: "A setting has a value that is not allowed.",
    SETTING_SYNTAX: "The configuration file is not TOML.",
    REQUEST_KEY_MISSING: "A required key or parameter is missing in a request to the API.",
    REQUEST_KEY_UNKNOWN: "A key that means nothing at this place of a request to the API.",
    REQUEST_WRONG_TYPE: "A value of a request to the API has the wrong type.",
    REQUEST_WRONG_VALUE: "A value of a request to the API is none that is allowed here.",
    REQUEST_SECRET: "A request to the API brings a secret, or a reference to one, where none is taken.",
}
"""What each code means, in one sentence."""
