"""Holds events, one a line on stdin, to the schemas of the specification in a folder, and each facet to its own."""

import json
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

folder = Path(sys.argv[1])
schemas = [json.loads(file.read_text()) for file in [folder / "OpenLineage.json", *sorted(folder.glob("facets/*.json"))]]
registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)
formats = FormatChecker(["uuid"])
formats.checks("date-time", ValueError)(lambda text: datetime.fromisoformat(text).tzinfo is not None)
formats.checks("uri")(lambda text: bool(urlsplit(text).scheme) and " " not in text)


def faults(address, value):
    validator = Draft202012Validator({"$ref": address}, registry=registry, format_checker=formats)
    return [f"{address}: {fault.json_path}: {fault.message}" for fault in validator.iter_errors(value)]


def facets(value):
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, dict) and "_schemaURL" in value:
        yield value
    for item in items:
        yield from facets(item)


found, met, events = [], set(), 0
for line in sys.stdin:
    event = json.loads(line)
    events += 1
    found += faults(event["schemaURL"], event) + faults(schemas[0]["$id"], event)
    for facet in facets(event):
        address = facet["_schemaURL"]
        if not address.startswith("urn:mltrace:"):
            found += faults(address, facet)
            met.add(address.rsplit("/", 1)[1])
wrong = json.loads(line) | {"eventTime": "yesterday"}
assert faults(schemas[0]["$id"], wrong), "the validator finds no fault"
print(f"{events} events, {len(met)} facets, {len(found)} faults")
for fault in found[:20]:
    print(fault)
sys.exit(1 if found else 0)
