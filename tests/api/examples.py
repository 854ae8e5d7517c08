"""Whether the examples of a description fit their schemas. Its file is the only argument; what does not fit is named."""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker

document = json.load(open(sys.argv[1], encoding="utf-8"))
seen = wrong = 0


def check(place, schema, value):
    global seen, wrong
    seen += 1
    # What it refers to has to stand in the same document.
    whole = {"allOf": [schema], "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    for error in validator.iter_errors(value):
        wrong += 1
        print(f"{place}: {error.message[:300]}")


def resolved(value):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def walk(place, value):
    if isinstance(value, list):
        for i, inner in enumerate(value):
            walk(f"{place}/{i}", inner)
    if not isinstance(value, dict):
        return
    # A media type, a parameter or a header: only these have a schema beside their examples.
    if "schema" in value:
        if "example" in value:
            check(place, value["schema"], value["example"])
        for name, example in value.get("examples", {}).items():
            check(f"{place} {name}", value["schema"], resolved(example)["value"])
    for key, inner in value.items():
        if key not in ("example", "examples"):
            walk(f"{place}/{key}", inner)


walk("", {name: document[name] for name in ("paths", "webhooks", "components")})
print(f"{seen} examples, {wrong} do not fit")
sys.exit(wrong != 0 or seen == 0)
