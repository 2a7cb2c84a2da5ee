"""Reads YAML files as programs do and writes them as one JSON list: `yaml_to_json.py FILE...`."""

import json
import sys

import yaml


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, and takes `on` for the word that it is."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    if len(keys) != len(set(keys)):
        raise yaml.YAMLError(f"a key stands twice: {keys}")
    return loader.construct_mapping(node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in Strict.yaml_implicit_resolvers.items()
}

documents = []
for file in sys.argv[1:]:
    with open(file, encoding="utf-8") as text:
        documents.append(yaml.load(text, Loader=Strict))
json.dump(documents, sys.stdout)
