"""Validates an OpenAPI document, given as a file, by the official schema and by what no schema can say."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
OpenAPIV31SpecValidator(document).validate()
