#!/usr/bin/env python3
"""%ABOUT%

%USAGE%
Needs Python 3.9 or newer and nothing else.
"""
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BASE_URL = os.environ.get("BASE_URL", %BASE_URL%).rstrip("/")
%VARIABLES%
# Some values are taken only once: this makes those of every run its own.
RUN = str(int(time.time() * 1000))
failures = 0


def authorize(headers, key, body):
    """Proves who calls; `body` is what is sent, byte by byte."""
%AUTHORIZE%

def call(name, method, path, key=None, query=None, body=None):
    """Sends a request and gives what the answer says."""
    global failures
    if key == "":
        print(f"{name}: skipped, its key is not set\n")
        return None
    url = BASE_URL + path
    if query:
        url += "?" + urllib.parse.urlencode(query)
    headers = {"Accept": "application/json"}
    data = b""
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    if key is not None:
        authorize(headers, key, data)
    request = urllib.request.Request(url, data or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            status, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    if status >= 400:
        failures += 1
    print(f"{name}: {status}\n{text}\n")
    try:
        return json.loads(text)
    except ValueError:
        return None


def pick(answer, pointer):
    """What an answer has at a JSON Pointer (RFC 6901)."""
    for step in pointer.split("/")[1:]:
        if isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        elif isinstance(answer, dict):
            answer = answer.get(step)
        else:
            return None
    return answer


def segment(value):
    """A value as a part of a path."""
    return urllib.parse.quote(str(value), safe="")


%CALLS%
sys.exit(1 if failures else 0)
