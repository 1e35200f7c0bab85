"""The API's description, to hold answers against."""

import json

import jsonschema

from gan.screen import api

DESCRIPTION = json.loads(api.DESCRIPTION.read_text(encoding="utf-8"))


def check(schema, answer):
    """Fails if an answer is not as a schema of the description, or the name of one, says."""
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/schemas/{schema}"}
    whole = {**schema, "components": DESCRIPTION["components"]}
    jsonschema.Draft202012Validator(whole).validate(json.loads(json.dumps(answer)))
