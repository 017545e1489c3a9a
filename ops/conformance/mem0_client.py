#!/usr/bin/env python3
"""Drives mneme with the unmodified client of mem0's platform, sync and async, without keys and with one.

    ops/conformance/run mem0_client [PROGRAM]

The client checks next to nothing of what it is answered, so each documented member is checked here. Every public method
of the client must have been called by the end.
"""

import asyncio
import base64
import hmac
import http.server
import inspect
import json
import logging
import os
import sys
import tempfile
import threading
import time
import warnings

from support import PATIENCE, Server, check, make_key, stop_all

# Before the client is imported: it reports to its maker, and writes into the home folder.
os.environ["MEM0_TELEMETRY"] = "False"
home = tempfile.TemporaryDirectory()
os.environ["HOME"] = home.name
warnings.simplefilter("ignore")

from mem0 import AsyncMemoryClient, MemoryClient  # noqa: E402
from mem0.client.types import (  # noqa: E402
    AddMemoryOptions, DeleteAllMemoryOptions, GetAllMemoryOptions, ProjectUpdateOptions, SearchMemoryOptions,
    UpdateMemoryOptions)
from mem0.exceptions import (  # noqa: E402
    AuthenticationError, MemoryError, MemoryNotFoundError, MemoryQuotaExceededError, NetworkError, RateLimitError,
    ValidationError)

# Each failure that is provoked here.
logging.disable(logging.CRITICAL)

MISSING = "4b0f2a52-0000-4000-8000-000000000001"
TEXT, COUNT, FLAG, NUMBER, LIST, OBJECT, NULL = str, int, bool, (int, float), list, dict, type(None)
MAYBE = (str, NULL)

SCOPE = {"user_id": MAYBE, "agent_id": MAYBE, "app_id": MAYBE, "run_id": MAYBE, "session_id": MAYBE}
MEMORY = {
    **SCOPE, "id": TEXT, "memory": TEXT, "metadata": OBJECT, "categories": LIST, "structured_attributes": (dict, NULL),
    "replaced_by": MAYBE, "synthesized": FLAG, "expiration_date": MAYBE, "created_at": TEXT, "updated_at": TEXT,
    "lifecycle_state": TEXT}
HIT = {**MEMORY, "score": NUMBER, "score_breakdown": OBJECT}
CHANGE = {"id": TEXT, "memory": TEXT, "data": OBJECT, "event": TEXT}
PAGE = {"count": COUNT, "next": MAYBE, "previous": MAYBE, "results": LIST}
HISTORY = {
    **SCOPE, "id": TEXT, "memory_id": TEXT, "input": LIST, "old_memory": MAYBE, "new_memory": MAYBE,
    "categories": LIST, "event": TEXT, "metadata": OBJECT, "created_at": TEXT, "updated_at": TEXT}
EVENT = {
    "id": TEXT, "event_type": TEXT, "status": TEXT, "payload": OBJECT, "metadata": (dict, NULL), "results": LIST,
    "created_at": TEXT, "updated_at": TEXT, "started_at": TEXT, "completed_at": MAYBE, "latency": (*NUMBER, NULL),
    "graph_status": MAYBE, "error": MAYBE}
ENTITY = {
    "id": TEXT, "name": TEXT, "type": TEXT, "owner": TEXT, "total_memories": COUNT, "metadata": OBJECT,
    "created_at": TEXT, "updated_at": TEXT}
PROJECT = {
    "project_id": TEXT, "org_id": TEXT, "name": TEXT, "description": MAYBE, "created_at": MAYBE, "updated_at": MAYBE,
    "members": LIST, "custom_instructions": MAYBE, "custom_categories": (list, NULL), "user_role": TEXT,
    "is_default": FLAG, "multilingual": (bool, NULL), "decay": (bool, NULL), "agent_custom_instructions": MAYBE}
WEBHOOK = {
    "webhook_id": (int, str), "name": TEXT, "url": TEXT, "event_types": LIST, "is_active": FLAG, "project": TEXT,
    "created_at": TEXT, "updated_at": TEXT}


class Receiver:
    """Whom a webhook calls: takes every message, and keeps it."""

    def __init__(self):
        self.calls = calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                calls.append((self.headers, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Session:
    """A client, and what of it was called."""

    def __init__(self, client, name):
        self.client = client
        self.name = name
        self.called = set()

    async def call(self, method, *arguments, **options):
        """Calls `method`, or `project.METHOD`, and waits where it is to be waited for."""
        self.called.add(method)
        target = self.client
        for part in method.split("."):
            target = getattr(target, part)
        result = target(*arguments, **options)
        return await result if inspect.isawaitable(result) else result

    async def get(self, path):
        """What the client has no method for, by its own connection."""
        http = getattr(self.client, "async_client", None) or self.client.client
        result = http.get(path)
        response = await result if inspect.isawaitable(result) else result
        response.raise_for_status()
        return response.json()

    def check(self, condition, what, detail=None):
        check(condition, f"{self.name}: {what}", detail)

    def shaped(self, value, members, what):
        """Checks that each of `members` is there and of its type."""
        wrong = [
            name for name, type in members.items()
            if name not in value or not isinstance(value[name], type)
            or isinstance(value[name], bool) and bool not in (type if isinstance(type, tuple) else (type,))]
        self.check(not wrong, f"{what} has its members", (wrong, value))
        return value

    async def fails(self, error, status, what, method, *arguments, **options):
        """Checks that a call is answered with `status`, and that the client makes `error` of it."""
        try:
            result = await self.call(method, *arguments, **options)
        except MemoryError as failure:
            self.check(
                type(failure) is error and failure.error_code == f"HTTP_{status}" and failure.message
                and not failure.message.startswith("{"), f"{what} is a {error.__name__}", repr(failure))
            return failure
        self.check(False, f"{what} is a {error.__name__}", result)

    async def refuses(self, what, method, *arguments, **options):
        """Checks that the client itself refuses a call."""
        try:
            result = await self.call(method, *arguments, **options)
        except (ValueError, NotImplementedError):
            self.check(True, f"the client refuses {what}")
        else:
            self.check(False, f"the client refuses {what}", result)

    async def keep(self, text, **ids):
        """Stores a message as it stands and returns its memory's id."""
        added = await self.call("add", text, infer=False, **ids)
        return added["results"][0]["id"]


# -- Memories


async def adds(s):
    pending = s.shaped(
        await s.call("add", "I live in Berlin and I am allergic to peanuts", user_id="al ice/x"),
        {"event_id": TEXT, "status": TEXT, "message": TEXT}, "an add")
    s.check(pending["status"] == "PENDING", "an add is queued", pending)
    end = time.monotonic() + PATIENCE
    while (event := await s.get(f"/v1/event/{pending['event_id']}/"))["status"] == "PENDING" and time.monotonic() < end:
        await asyncio.sleep(0.05)
    s.shaped(event, EVENT, "an event")
    s.check(event["status"] == "SUCCEEDED" and event["event_type"] == "ADD", "an add ends well", event)
    s.check(any("Berlin" in one["memory"] for one in event["results"]), "it tells what was understood", event)
    for one in event["results"]:
        s.shaped(one, CHANGE, "a change")

    stored = await s.call(
        "add", [{"role": "user", "content": "Likes tea"}, {"role": "assistant", "content": None, "tool_calls": []}],
        user_id="bob", agent_id="cook", app_id="kitchen", run_id="r1", infer=False, metadata={"room": "blue"})
    s.shaped(stored, {"message": TEXT, "status": TEXT, "event_id": TEXT, "results": LIST}, "an add without inference")
    s.check(stored["status"] == "SUCCEEDED" and len(stored["results"]) == 1, "it is stored at once", stored)
    s.shaped(stored["results"][0], CHANGE, "what was stored")
    s.check(stored["results"][0]["data"]["memory"].endswith("Likes tea"), "its text stands in data, too", stored)

    typed = await s.call("add", "Works at Acme", AddMemoryOptions(
        filters={"user_id": "bob"}, infer=False, custom_categories=[{"work": "jobs"}], timestamp=1700000000,
        expiration_date="2099-01-01", structured_data_schema={"a": 1}, custom_instructions="Keep it"))
    s.check(typed["status"] == "SUCCEEDED", "typed options are taken", typed)
    whole = await s.call("get", typed["results"][0]["id"])
    s.check(
        whole["expiration_date"] == "2099-01-01" and whole["valid_from"].startswith("2023-11-14"),
        "expiry and time are kept", whole)
    loose = await s.call(
        "add", {"role": "user", "content": "Owns a bike"}, user_id="bob", infer=False, includes="a", excludes="b",
        immutable=True, enable_graph=True, output_format="v1.1", version="v2", timezone="UTC", source="s",
        async_mode=False, org_id=s.client.org_id, project_id=s.client.project_id)
    s.check(loose["status"] == "SUCCEEDED", "options of other versions are tolerated", loose)
    again = [
        await s.call("add", "Has a cat", user_id="bob", infer=False, event_id=f"same-{s.name}") for _ in range(2)]
    s.check(again[0]["results"] == again[1]["results"], "an add that is sent again changes nothing", again)
    await s.fails(ValidationError, 400, "an add without an id", "add", "Likes tea")
    await s.fails(MemoryNotFoundError, 404, "somebody else's project", "add", "x", user_id="bob", org_id="other")
    await s.fails(
        MemoryQuotaExceededError, 413, "a message of more than a megabyte", "add", "x" * (1 << 20 | 1), user_id="bob")
    await s.refuses("messages that are none", "add", 5)


async def reads(s):
    memory = await s.keep("Likes green tea", user_id="bob", run_id="r2")
    one = s.shaped(await s.call("get", memory), MEMORY, "a memory")
    s.check(one["user_id"] == "bob" and one["session_id"] == one["run_id"] == "r2", "its ids stand there", one)
    s.check(one["lifecycle_state"] == "active" and one["synthesized"] is False, "it is active", one)
    await s.fails(ValidationError, 400, "an id that is none", "get", "a/b?c#d")
    await s.fails(MemoryNotFoundError, 404, "a memory that is not there", "get", MISSING)

    page = s.shaped(await s.call("get_all", filters={"user_id": "bob"}), PAGE, "a list")
    s.check(page["count"] == len(page["results"]) > 2, "it is counted", page)
    for one in page["results"]:
        s.shaped(one, MEMORY, "a listed memory")
    first = await s.call("get_all", filters={"user_id": "*"}, page=1, page_size=2)
    s.check(len(first["results"]) == 2 and first["next"] and first["previous"] is None, "pages are linked", first)
    following = s.shaped(
        await s.call("get_all", GetAllMemoryOptions(filters={"user_id": "*"}, page=2, page_size=2)), PAGE, "page 2")
    s.check(following["previous"], "back as well", following)
    some = await s.call("get_all", GetAllMemoryOptions(
        filters={"AND": [{"user_id": "bob"}, {"NOT": {"run_id": "r1"}}]}, start_date="2020-01-01", end_date="2099-01-01",
        latest_only=True, show_expired=True), fields=["memory"])
    s.check(
        memory in [one["id"] for one in some["results"]] and set(some["results"][0]) == {"id", "memory"},
        "filters and fields hold", some)
    await s.fails(ValidationError, 400, "a list without filters", "get_all")
    await s.fails(ValidationError, 400, "a filter that is not understood", "get_all", filters={"user": "bob"})
    await s.fails(ValidationError, 400, "page 0", "get_all", filters={"user_id": "bob"}, page=0, page_size=2)
    await s.fails(ValidationError, 400, "a page that is too large", "get_all", filters={"user_id": "b"}, page_size=500)
    await s.refuses("ids at the top of a list", "get_all", user_id="bob")


async def searches(s):
    found = await s.call("search", "  Which tea? ", filters={"user_id": "bob"})
    s.check(set(found) == {"results"} and found["results"], "a search finds something", found)
    for one in found["results"]:
        s.shaped(one, HIT, "a hit")
        s.check(0 <= one["score"] <= 1 and {"semantic", "bm25", "entity"} <= set(one["score_breakdown"]), "it is scored")
    scores = [one["score"] for one in found["results"]]
    s.check(scores == sorted(scores, reverse=True), "the best hit comes first", scores)
    typed = await s.call("search", "tea", SearchMemoryOptions(
        filters={"AND": [{"user_id": "bob"}, {"agent_id": "cook"}]}, top_k=3, threshold=0.0, rerank=True,
        keyword_search=True, latest_only=True, show_expired=True, reference_date=1700000000, fields=["memory"],
        categories=None, metadata={"room": "blue"}))
    s.check(
        len(typed["results"]) == 1 and set(typed["results"][0]) <= {"id", "memory", "score"}, "typed options hold", typed)
    nobody = await s.call("search", "tea", filters={"user_id": "nobody"})
    s.check(nobody == {"results": []}, "nobody's memories are none", nobody)
    await s.fails(ValidationError, 400, "a search without filters", "search", "tea")
    await s.fails(ValidationError, 400, "top_k 0", "search", "tea", filters={"user_id": "bob"}, top_k=0)
    await s.refuses("an empty query", "search", " ", filters={"user_id": "bob"})
    await s.refuses("ids at the top of a search", "search", "tea", user_id="bob")


async def as_mem0_mcp(s):
    """mem0's own MCP server passes what the client's signatures lack, in bodies."""
    one = await s.call("search", "tea", filters={"AND": [{"user_id": "bob"}]}, limit=1, enable_graph=True)
    s.check(len(one["results"]) == 1, "limit is top_k", one)
    listed = await s.call(
        "get_all", filters={"AND": [{"user_id": "bob"}]}, page=1, page_size=2, limit=1, enable_graph=True)
    s.check(len(listed["results"]) == 2, "a list goes by page_size", listed)
    added = await s.call("add", [{"role": "user", "content": "x"}], user_id="bob", enable_graph=False, infer=False)
    s.check(added["status"] == "SUCCEEDED", "enable_graph is tolerated", added)


async def changes(s):
    memory = await s.keep("Plays chess", user_id="bob")
    changed = s.shaped(await s.call("update", memory, text="Plays go", metadata={"z": 1}), MEMORY, "a changed memory")
    s.check(changed["memory"] == "Plays go" and changed["metadata"] == {"z": 1}, "it says what it is to", changed)
    await s.call("update", memory, expiration_date="2099-01-31")
    s.check((await s.call("get", memory))["expiration_date"] == "2099-01-31", "it expires")
    cleared = await s.call("update", memory, UpdateMemoryOptions(timestamp=1700000001, expiration_date=None))
    s.check(cleared["expiration_date"] is None, "null clears the expiry", cleared)
    await s.fails(MemoryNotFoundError, 404, "changing what is not there", "update", MISSING, text="x")
    await s.fails(ValidationError, 400, "changing nothing", "update", memory, colour="red")
    await s.fails(
        ValidationError, 409, "an event id of another event", "update", memory, text="x", event_id=f"same-{s.name}")
    await s.refuses("an update without anything", "update", memory)

    history = await s.call("history", memory)
    s.check(isinstance(history, list) and len(history) == 4, "a history is a list", history)
    for entry in history:
        s.shaped(entry, HISTORY, "an entry")
    s.check([entry["event"] for entry in history][:2] == ["ADD", "UPDATE"], "it tells what happened", history)
    s.check(history[1]["old_memory"].endswith("Plays chess") and history[1]["new_memory"] == "Plays go", "and how")
    await s.fails(MemoryNotFoundError, 404, "a history of nothing", "history", MISSING)

    gone = s.shaped(await s.call("delete", memory, delete_linked=True), {"message": TEXT, "event_id": TEXT}, "a deletion")
    s.check(gone["message"] == "Memory deleted successfully!" and gone["cascade_count"] == 0, "it is deleted", gone)
    await s.fails(MemoryNotFoundError, 404, "what was deleted", "get", memory)
    await s.fails(MemoryNotFoundError, 404, "deleting it again", "delete", memory)
    s.check((await s.call("history", memory))[-1]["event"] == "DELETE", "its history stays")


async def batches(s):
    ids = [await s.keep("Owns a boat", user_id="bob"), await s.keep("Owns a house", user_id="ann")]
    changed = await s.call("batch_update", [{"memory_id": id, "text": "sold"} for id in ids])
    s.check(changed["message"] == "Successfully updated 2 memories", "a batch is changed", changed)
    s.check([(await s.call("get", id))["memory"] for id in ids] == ["sold", "sold"], "all of it")
    await s.fails(
        MemoryNotFoundError, 404, "a batch with a stranger", "batch_delete",
        [{"memory_id": ids[0]}, {"memory_id": MISSING}])
    await s.fails(ValidationError, 400, "an empty batch", "batch_update", [])
    deleted = await s.call("batch_delete", [{"memory_id": id} for id in ids])
    s.check(deleted["message"] == "Successfully deleted 2 memories", "a batch is deleted", deleted)


async def summaries(s):
    summary = s.shaped(
        await s.call("get_summary", {"user_id": "bob"}), {"summary": TEXT, "count": COUNT, "memories": LIST}, "a summary")
    s.check("tea" in summary["summary"], "it says something", summary)
    await s.fails(ValidationError, 400, "a summary of nobody", "get_summary")


async def deletions(s):
    keep = await s.keep("stays", user_id="stay'er")
    deleted = {"message": TEXT, "event_id": TEXT}
    await s.keep("goes", user_id="goer", agent_id="a1", metadata={"k": "v"})
    s.shaped(await s.call("delete_all", user_id="goer", metadata={"k": "v"}), deleted, "a deletion by ids")
    s.check((await s.call("get_all", filters={"user_id": "goer"}))["count"] == 0, "what matches is gone")
    await s.keep("goes", user_id="go'er", app_id="a\"2")
    await s.call("delete_all", DeleteAllMemoryOptions(filters={"user_id": "go'er", "app_id": "a\"2"}))
    s.check((await s.call("get_all", filters={"user_id": "go'er"}))["count"] == 0, "filters arrive as Python prints them")
    await s.call("delete_all", user_id="q", version="v2", org_id=s.client.org_id)
    await s.fails(ValidationError, 400, "deleting without a condition", "delete_all")
    await s.fails(ValidationError, 400, "a condition that is not known", "delete_all", user_id="q", colour="red")
    s.check((await s.call("get", keep))["memory"].endswith("stays"), "nothing else is deleted")


# -- Entities, projects


async def entities(s):
    await s.keep("Has a dog", user_id="al ice/x", agent_id="vet", app_id="shop", run_id="visit 1")
    listed = s.shaped(await s.call("users"), {
        **PAGE, "total_users": COUNT, "total_agents": COUNT, "total_apps": COUNT, "total_runs": COUNT}, "entities")
    for one in listed["results"]:
        s.shaped(one, ENTITY, "an entity")
    names = {(one["type"], one["name"]) for one in listed["results"]}
    s.check(
        {("user", "al ice/x"), ("agent", "vet"), ("app", "shop"), ("run", "visit 1")} <= names, "each id is one", names)
    for kind, name in [("run_id", "visit 1"), ("app_id", "shop"), ("agent_id", "vet"), ("user_id", "al ice/x")]:
        gone = await s.call("delete_users", **{kind: name})
        s.check(gone == {"message": "Entity deleted successfully."}, f"an entity is deleted by {kind}", gone)
    left = {one["name"] for one in (await s.call("users"))["results"]}
    s.check(not left & {"al ice/x", "vet", "shop", "visit 1"}, "they are gone", left)
    await s.keep("Has a fish", user_id="eve")
    everything = await s.call("delete_users")
    s.check(everything == {"message": "All users, agents, apps and runs deleted."}, "all are deleted", everything)
    s.check((await s.call("users"))["results"] == [], "none is left")
    await s.refuses("deleting none", "delete_users")
    await s.keep("Has a bird", user_id="eve", agent_id="vet")
    reset = await s.call("reset")
    s.check(reset["message"].startswith("Client reset successful"), "all is reset", reset)
    s.check((await s.call("get_all", filters={"user_id": "*"}))["count"] == 0, "no memory is left")


async def projects(s):
    s.shaped(await s.call("project.get"), PROJECT, "a project")
    text = f"Keep what {s.name} eats"
    for method in ["update_project", "project.update"]:
        said = await s.call(method, custom_instructions=text, custom_categories=[{"food": "what is eaten"}])
        s.check(said["message"] == "Project updated successfully", f"{method} says so", said)
        some = await s.call("project.get", fields=["custom_instructions", "custom_categories"])
        s.check(
            some == {"custom_instructions": text, "custom_categories": [{"food": "what is eaten"}]},
            "settings are kept as they were given", some)
    await s.call("update_project", ProjectUpdateOptions(memory_depth="deep", multilingual=True))
    await s.call("project.update", decay=False, custom_instructions="", agent_custom_instructions="x")
    some = await s.call("get_project", fields=["decay", "multilingual", "custom_instructions"])
    s.check(some == {"decay": False, "multilingual": True, "custom_instructions": ""}, "false and empty are values", some)
    made = s.shaped(await s.call("project.create", "Shop", "A shop"), {"message": TEXT, "project_id": TEXT}, "a new project")
    s.check(made["project_id"] != s.client.project_id, "it is another one", made)
    await s.refuses("an update of nothing", "project.update")
    await s.refuses("an update of nothing", "update_project")


async def members(s):
    email = f"{s.name.split()[0]}@example.com"
    said = [await s.call("project.add_member", email, "READER"), await s.call("project.update_member", email, "OWNER")]
    s.check(all(isinstance(one["message"], str) for one in said), "members are added and changed", said)
    listed = (await s.call("project.get_members"))["members"]
    mine = [one for one in listed if one["email"] == email]
    s.check(len(mine) == 1 and mine[0]["role"] == "OWNER" and mine[0]["username"], "they are listed", listed)
    await s.fails(ValidationError, 409, "adding a member twice", "project.add_member", email)
    await s.fails(MemoryNotFoundError, 404, "changing a stranger", "project.update_member", "no@example.com", "READER")
    await s.call("project.remove_member", email)
    await s.fails(MemoryNotFoundError, 404, "removing them again", "project.remove_member", email)
    await s.refuses("a role that is none", "project.add_member", email, "KING")


async def project_deletion(s):
    """The last one: what the key opens goes, and the key goes on."""
    await s.keep("Has a horse", user_id="eve")
    gone = await s.call("project.delete")
    s.check(gone["message"] == "Project and related data deleted successfully.", "a project is deleted", gone)
    s.check((await s.call("get_all", filters={"user_id": "*"}))["count"] == 0, "with its memories")
    s.check((await s.get("/v1/ping/"))["project_id"] == s.client.project_id, "and its keys go on")


async def chat(s):
    await s.refuses("a chat", "chat")


# -- Exports, profiles, webhooks, feedback


async def exports(s):
    await s.keep("Likes saffron", user_id="gus")
    schema = {"type": "object", "properties": {"likes": {"type": "array", "items": {"type": "string"}}}}
    made = s.shaped(
        await s.call("create_memory_export", schema=schema, filters={"user_id": "gus"}, export_instructions="Briefly"),
        {"message": TEXT, "id": TEXT}, "an export")
    by_id = await s.call("get_memory_export", memory_export_id=made["id"])
    by_filters = await s.call("get_memory_export", filters={"user_id": "gus"})
    s.check(isinstance(by_id, dict) and by_id == by_filters, "it is found by id and by filters", (by_id, by_filters))
    s.check("likes" in by_id, "it has the members of its schema", by_id)
    await s.fails(MemoryNotFoundError, 404, "an export that nobody made", "get_memory_export", memory_export_id=MISSING)


async def profiles(s):
    await s.keep("Likes sage", user_id="hal")
    settings = {"enabled": FLAG, "capabilities": OBJECT, "entities": OBJECT}
    before = s.shaped(await s.call("get_profile_settings"), settings, "profile settings")
    s.check({"schema", "custom_instructions"} <= set(before["entities"]["user"]), "of users", before)
    members = {
        "profile": (dict, str, list, NULL), "status": TEXT, "entity_type": TEXT, "entity_id": TEXT, "updated_at": MAYBE,
        "generation_count": COUNT}
    await s.call("update_profile_settings", enabled=False)
    off = s.shaped(await s.call("get_profile", "hal"), members, "a profile")
    s.check(off["status"] == "not_enabled" and off["entity_id"] == "hal", "it says that profiles are off", off)
    await s.fails(ValidationError, 400, "a profile while they are off", "generate_profile", "hal")
    schema = {"type": "object", "properties": {"likes": {"type": "string", "description": "What they like"}}}
    on = await s.call("update_profile_settings", enabled=True, schema=schema, custom_instructions="Briefly")
    s.check(on["enabled"] is True and on["entities"]["user"]["schema"] == schema, "settings are kept", on)
    cleared = await s.call("update_profile_settings", schema=None)
    s.check(
        cleared["entities"]["user"] == {"schema": None, "custom_instructions": "Briefly"}, "null clears one", cleared)

    key = f"profile-{s.name}"
    job = {"job_id": TEXT, "status": TEXT, "status_url": TEXT, "operation": TEXT, "entity_type": TEXT,
           "entity_count_reserved": COUNT, "event_id": MAYBE, "replayed": FLAG}
    first = s.shaped(await s.call("generate_profile", "hal", idempotency_key=key), job, "a job")
    again = await s.call("generate_profile", "hal", idempotency_key=key)
    s.check(again["job_id"] == first["job_id"] and again["replayed"] is True, "the same key is the same job", again)
    progress = {"status": TEXT, "total": (int, NULL), "completed": COUNT, "succeeded": COUNT, "failed": COUNT,
                "skipped": COUNT, "enumeration_complete": FLAG}
    for name in [first["job_id"], first["status_url"]]:
        s.shaped((await s.call("get_profile_job", name))["job"], progress, "its progress")
    done = await s.call("get_profile", "hal")
    s.check(done["status"] == "succeeded" and done["profile"] and done["generation_count"] >= 1, "it is made", done)
    sample = s.shaped(
        await s.call("sample_profiles", limit=1),
        {"job_id": TEXT, "status": TEXT, "status_url": TEXT, "sampled": COUNT, "entity_ids": LIST}, "a sample")
    s.check(sample["sampled"] == len(sample["entity_ids"]) <= 1, "it is as large as it is to be", sample)
    await s.fails(MemoryNotFoundError, 404, "a profile of nobody", "get_profile", "nobody at all")
    await s.fails(MemoryNotFoundError, 404, "a job that is none", "get_profile_job", MISSING)
    await s.call("update_profile_settings", enabled=False, custom_instructions=None)


async def webhooks(s):
    project = s.client.project_id
    receiver = Receiver()
    made = s.shaped(
        await s.call("create_webhook", receiver.url, "Hook", project, ["memory_add"]), WEBHOOK, "a webhook")
    memory = await s.keep("Likes fennel", user_id="hugo")
    end = time.monotonic() + PATIENCE
    while not receiver.calls and time.monotonic() < end:
        await asyncio.sleep(0.02)
    receiver.stop()
    s.check(receiver.calls, "it is called")
    headers, body = receiver.calls[0]
    told = json.loads(body)["event_details"]
    s.check(
        told["id"] == memory and told["event"] == "ADD" and told["data"]["memory"].endswith("Likes fennel"),
        "it is told what happened", told)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    s.check(headers["webhook-signature"] == f"v1,{signature}", "with its signature", dict(headers))
    s.check(abs(time.time() - int(headers["webhook-timestamp"])) < PATIENCE, "made just now", dict(headers))
    path = f"/api/v1/webhooks/{made['webhook_id']}/deliveries/"
    while (told := (await s.get(path))["results"])[0]["status"] != "delivered" and time.monotonic() < end:
        await asyncio.sleep(0.02)
    s.check(
        [(one["id"], one["status"], one["attempts"]) for one in told] == [(headers["webhook-id"], "delivered", 1)],
        "what became of it is listed", told)
    listed = await s.call("get_webhooks", project)
    s.check(isinstance(listed, list), "webhooks are a bare list", listed)
    mine = [s.shaped(one, WEBHOOK, "a listed webhook") for one in listed if one["webhook_id"] == made["webhook_id"]]
    s.check(len(mine) == 1 and "secret" not in mine[0], "it is among them, without its secret", mine)
    said = await s.call(
        "update_webhook", made["webhook_id"], name="Other", url="https://hooks.invalid/b", event_types=["memory_delete"])
    s.check(said == {"message": "Webhook updated successfully"}, "it is changed", said)
    listed = await s.call("get_webhooks", project)
    mine = [one for one in listed if one["webhook_id"] == made["webhook_id"]]
    s.check(mine[0]["name"] == "Other" and mine[0]["event_types"] == ["memory_delete"], "all of it", mine)
    said = await s.call("delete_webhook", made["webhook_id"])
    s.check(said == {"message": "Webhook deleted successfully"}, "it is deleted", said)
    await s.fails(MemoryNotFoundError, 404, "deleting it again", "delete_webhook", made["webhook_id"])
    await s.fails(ValidationError, 400, "an event that is none", "create_webhook", "https://hooks.invalid/", "x", project, ["x"])


async def feedback(s):
    memory = await s.keep("Likes thyme", user_id="ian")
    given = s.shaped(
        await s.call("feedback", memory, "positive", "It helped"), {"message": TEXT, "feedback": MAYBE}, "feedback")
    s.check(given["feedback"] == "POSITIVE", "it is kept", given)
    whole = await s.call("get", memory)
    s.check((whole["feedback"], whole["feedback_reason"]) == ("POSITIVE", "It helped"), "with its memory", whole)
    s.check((await s.call("history", memory))[-1]["change"] == "FEEDBACK", "and in its history")
    events = (await s.get("/v1/events/?event_type=FEEDBACK"))["results"]
    s.check(events and events[0]["event_type"] == "FEEDBACK", "and as an event", events)
    withdrawn = await s.call("feedback", memory)
    s.check(withdrawn["feedback"] is None, "null withdraws it", withdrawn)
    await s.fails(MemoryNotFoundError, 404, "feedback on nothing", "feedback", MISSING, "NEGATIVE")
    await s.refuses("a word that is none", "feedback", memory, "meh")


# In this order, as `projects` and `entities` end with less than there was.
CHECKS = [
    adds, reads, searches, as_mem0_mcp, changes, batches, summaries, deletions, exports, profiles, webhooks, feedback,
    entities, projects, members, chat, project_deletion]


def methods(client):
    """What the client has, and its project."""
    return {
        prefix + name for prefix, part in [("", client), ("project.", client.project)]
        for name, _ in inspect.getmembers(part, callable) if not name.startswith("_")
        and inspect.isroutine(getattr(part, name))}


async def every_method(client, name):
    session = Session(client, name)
    session.check(client.org_id and client.project_id and client.user_email is None, "a ping names no person")
    for one in CHECKS:
        await one(session)
    left = methods(client) - session.called
    session.check(not left, "every method was called", left)


async def refusals(url, keys):
    """Keys that are wrong, too low, of somebody else, or used too often."""
    for make in [MemoryClient, AsyncMemoryClient]:
        try:
            make(api_key="no such key", host=url)
        except ValueError as error:
            check(str(error).startswith("Error: ") and "{" not in str(error), f"{make.__name__}: a wrong key", error)
        except Exception as error:
            # The async client asks with another library, whose errors it does not catch.
            check("401" in str(error), f"{make.__name__}: a wrong key is refused", error)
        else:
            check(False, f"{make.__name__}: a wrong key is refused")
        name = make.__name__
        reader = Session(make(api_key=keys["reader"], host=url), f"{name}, a reader")
        await reader.fails(AuthenticationError, 403, "writing", "add", "x", user_id="bob")
        await reader.call("users")
        bound = Session(make(api_key=keys["ann"], host=url), f"{name}, ann's key")
        await bound.keep("Likes dill", user_id="ann")
        await bound.fails(AuthenticationError, 403, "writing for bob", "add", "x", user_id="bob")
        # The other client's requests count as well.
        await asyncio.sleep(1.1)
        slow = Session(make(api_key=keys["slow"], host=url), f"{name}, one a second")
        for _ in range(20):
            try:
                await slow.call("users")
            except RateLimitError as error:
                info = error.debug_info
                slow.check(
                    isinstance(info["retry_after"], int) and info["x_ratelimit_limit"] == "1"
                    and info["x_ratelimit_remaining"] == "0", "it is told when to come again", info)
                break
        else:
            slow.check(False, "a key is held to its rate")


async def main(program):
    with tempfile.TemporaryDirectory() as folder:
        # Theirs are called on this machine.
        hooks = ["--webhook-allow-private", "on"]
        server = Server(program, "up", f"{folder}/open", "--path-prefix", "/mem0", *hooks)
        await every_method(MemoryClient(api_key="any", host=server.url), "sync")
        await every_method(AsyncMemoryClient(api_key="any", host=f"{server.url}/"), "async")
        check(MemoryClient(api_key="any", host=f"{server.url}/mem0").org_id, "a path before all others is kept")
        gone = Session(MemoryClient(api_key="any", host=server.url), "a server that is gone")
        server.stop()
        try:
            await gone.call("users")
        except NetworkError as error:
            check(error.error_code == "NET_CONNECT", "a server that is gone is a NetworkError", error)
        else:
            check(False, "a server that is gone is a NetworkError")

        file = f"{folder}/keys.json"
        key = make_key(program, file, "--role", "admin", "--tenant", "acme")
        others = {
            "reader": make_key(program, file, "--role", "reader"),
            "ann": make_key(program, file, "--owner", "user:ann"), "slow": make_key(program, file, "--rate", "1")}
        server = Server(program, "up", f"{folder}/keyed", "--api-keys", file, *hooks)
        await every_method(MemoryClient(api_key=key, host=server.url), "sync with a key")
        await every_method(AsyncMemoryClient(api_key=key, host=server.url), "async with a key")
        await refusals(server.url, others)
        server.stop()
    print("all holds", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(os.path.abspath(sys.argv[1])))
    finally:
        stop_all()
