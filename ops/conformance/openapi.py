#!/usr/bin/env python3
"""Sends schemathesis through every operation of /openapi.json, with a key, against a server of its own.

    ops/conformance/run openapi [PROGRAM]

No answer may be a 5xx, or one that the document does not describe: its status, its media type, its headers, its
schema; a method that a path lacks is a 405 that lists those that it has; without a key nobody is let in; a body that
breaks its schema is refused. The seed is fixed, so that a run can be repeated; SEED chooses another one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

from support import PATIENCE, Server, check, make_key, processes, stop_all

SEED = os.environ.get("SEED", "7")
# Made-up requests of each operation, beside those that follow from its schemas.
EXAMPLES = 12
# How long the whole run may take, in seconds.
BOUND = 300
# A rule that a schema cannot state refuses much that fits it: that one of four ids is there, that two event ids agree.
# The Swift tests have these rules one by one.
LEFT_OUT = "positive_data_acceptance,object_level_authorization"
SAMPLE_ID = "279986d6-129b-53d5-9629-6c4a70c95880"


def send(url, key, method, path, body=None):
    request = urllib.request.Request(
        url + path, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return response.status, json.loads(response.read())


def without_waiting(part):
    """Takes `min_position` out: a made-up one is waited for, for 10 s, and answered with 503, as documented."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            part["properties"].pop("min_position", None)
        if isinstance(part.get("parameters"), list):
            part["parameters"] = [one for one in part["parameters"] if one["name"] != "min_position"]
        for inner in part.values():
            without_waiting(inner)
    elif isinstance(part, list):
        for inner in part:
            without_waiting(inner)


def with_small_filters(document):
    """Keeps the whole grammar of filters in one list alone: its combinations are by the thousand, in each operation."""
    schemas = document["components"]["schemas"]
    nested = schemas["NestedFilters"]["properties"]
    for name in set(nested) - {"user_id", "created_at"}:
        del nested[name]
    schemas["SmallFilters"] = {
        "type": "object", "required": ["user_id"], "additionalProperties": False,
        "properties": {"user_id": schemas["Identifier"]}}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if operation["operationId"] != "listMemories" and "requestBody" in operation:
                text = json.dumps(operation["requestBody"])
                for name in ["Filters", "NestedFilters"]:
                    text = text.replace(f'"#/components/schemas/{name}"', '"#/components/schemas/SmallFilters"')
                operation["requestBody"] = json.loads(text)


def with_nobody_to_call(document):
    """Webhooks would be called wherever a made-up URL leads: here, that is a name that nobody has."""
    text = json.dumps(document)
    taken = json.dumps(r"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$")
    check(text.count(taken) == 2, "webhooks are made and changed by URL")
    return json.loads(text.replace(taken, json.dumps(r"^https?://[a-z]{1,20}\.invalid/[a-z]{0,9}$")))


def run(document, url, key, what, *arguments):
    """Runs schemathesis; its report is shown where it found something."""
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    process = subprocess.Popen(
        # What it remembers of earlier runs would make this one another.
        [program, "run", document, "--url", url, "-H", f"Authorization: Bearer {key}", "--seed", SEED,
         "--max-examples", str(EXAMPLES), "--checks", "all", "--exclude-checks", LEFT_OUT, "--generation-database",
         "none", "--suppress-health-check", "all", "--continue-on-failure", "--warnings", "off", "--no-color",
         "--request-timeout", str(PATIENCE), *arguments],
        cwd=os.path.dirname(document), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    processes.append(process)
    try:
        said, _ = process.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        check(False, f"{what}: schemathesis ends within {BOUND} s")
    check(process.returncode == 0, f"{what}: nothing is found", said[-100_000:])
    cases = re.search(r"(\d+) generated", said)
    tested = re.search(r"Tested: (\d+)", said)
    check(cases and tested, f"{what}: requests were made", said[-2000:])
    print(f"{what}: {tested.group(1)} operations, {cases.group(1)} requests, seed {SEED}", flush=True)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        keys = f"{folder}/keys.json"
        # Its requests are not to be told that they are too many.
        key = make_key(program, keys, "--role", "admin", "--rate", "1000000")
        server = Server(program, "up", f"{folder}/data", "--api-keys", keys, "--mcp-any-owner", "on")
        with urllib.request.urlopen(f"{server.url}/docs", timeout=PATIENCE) as page:
            check("default-src 'none'" in page.headers["Content-Security-Policy"], "/docs has a strict policy")
        with urllib.request.urlopen(f"{server.url}/openapi.json", timeout=PATIENCE) as response:
            document = json.loads(response.read())
        check(document["openapi"].startswith("3.1"), "/openapi.json is OpenAPI 3.1", document["openapi"])

        # What examples name is there.
        _, added = send(server.url, key, "POST", "/v3/memories/add/", {
            "messages": [{"role": "user", "content": "I moved to Berlin last month"}], "user_id": "alex",
            "event_id": "chat-7/3", "infer": False})
        memory = added["results"][0]["id"]
        without_waiting(document)
        with_small_filters(document)
        document = with_nobody_to_call(document)
        file = f"{folder}/openapi.json"
        with open(file, "w") as copy:
            copy.write(json.dumps(document).replace(SAMPLE_ID, memory))

        # It would revoke the key that it uses.
        run(file, server.url, key, "with a key", "--exclude-operation-id", "serverRevokeKey")
        status, _ = send(server.url, key, "GET", "/v1/ping/")
        check(status == 200, "the server answers afterwards")
        run(file, server.url, make_key(program, keys, "--role", "admin"), "revoking",
            "--include-operation-id", "serverRevokeKey")
        server.stop()
    print("all holds", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(os.path.abspath(sys.argv[1]))
    finally:
        stop_all()
