"""Credentials for schemathesis: the right key for each operation, and a signature where the surface asks for one.

DOCUMENT is the file with the OpenAPI document; CREDENTIALS says, as JSON, `keys` (by scope, or `*`),
`secret`, and `path` (parameters that every path has).
"""

import hashlib
import hmac
import json
import os
import re
import time
from urllib.parse import urlsplit

import requests
import schemathesis

with open(os.environ["DOCUMENT"], encoding="utf-8") as file:
    DOCUMENT = json.load(file)
CREDENTIALS = json.loads(os.environ["CREDENTIALS"])
BASE = urlsplit(DOCUMENT["servers"][0]["url"]).path
SCHEMES = DOCUMENT["components"]["securitySchemes"]


def pattern(path):
    """What requests of a path look like."""
    segments = [".*" if "{" in segment else re.escape(segment) for segment in path.split("/")]
    return re.compile(re.escape(BASE) + "/".join(segments) + "$")


# Plain paths first: they go before those with parameters.
OPERATIONS = sorted(
    (
        (path.count("{"), method.upper(), pattern(path), operation.get("security", []))
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ),
    key=lambda operation: operation[0],
)


def key(scopes):
    """A key that carries one of these scopes."""
    keys = CREDENTIALS["keys"]
    return next((keys[scope] for scope in scopes if scope in keys), keys.get("*", ""))


def required(method, path):
    """The first way that an operation names to prove who calls, and the scopes that will do."""
    for _, known, matches, security in OPERATIONS:
        if known == method and matches.match(path):
            scopes = [scope for way in security for scopes in way.values() for scope in scopes]
            return (security[0] if security else {}), scopes
    return {}, []


class Keys(requests.auth.AuthBase):
    """Works on the request as it is sent, for a signature is of these bytes."""

    def __call__(self, request):
        way, scopes = required(request.method, urlsplit(request.url).path)
        if not way:
            return request
        if len(way) == 3:
            self.sign(request, key(scopes))
            return request
        scheme = SCHEMES[next(iter(way))]
        if scheme["type"] == "http":
            request.headers["Authorization"] = "Bearer " + key(scopes)
        else:
            request.headers[scheme["name"]] = key(scopes)
        return request

    @staticmethod
    def sign(request, api_key):
        """The three headers, which the surface's schemes describe."""
        timestamp = str(int(time.time()))
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        code = hmac.new(CREDENTIALS["secret"].encode(), timestamp.encode() + b"." + body, hashlib.sha256)
        for name, scheme in SCHEMES.items():
            said = scheme.get("description", "")
            if "HMAC" in said:
                request.headers[name] = code.hexdigest()
            elif "epoch" in said:
                request.headers[name] = timestamp
            else:
                request.headers[name] = api_key


schemathesis.auth.set_from_requests(Keys())


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """What every path of a surface has: a key, and whose it is."""
    for parameter in context.operation.path_parameters:
        if parameter.definition.get("schema", {}).get("format") == "password":
            path_parameters[parameter.name] = key([])
        elif parameter.name in CREDENTIALS["path"]:
            path_parameters[parameter.name] = CREDENTIALS["path"][parameter.name]
    return path_parameters
