#!/usr/bin/env python3
"""Drives `mneme mcp` and /mcp with the official Python SDK, in both ways of speaking and over each transport.

    ops/conformance/run mcp_client [PROGRAM]

Starts servers of its own in a temporary folder and prints a line for each thing that holds; exits with 1 at the first
that does not.
"""

import logging
import os
import sys
import tempfile
import time

import anyio
import httpx2
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from support import PATIENCE, Server, check, make_key, stop_all

# The SDK logs each answer whose call was cancelled meanwhile.
logging.disable(logging.ERROR)

READING = {"search_memories", "get_context", "get_memories", "get_memory", "get_event_status"}
WRITING = {"add_memory", "update_memory", "delete_memory", "delete_all_memories"}


def stdio(program, *arguments):
    return StdioServerParameters(command=program, args=["mcp", *arguments])


def structured(result, what):
    check(not result.is_error, what, result)
    check(result.content and result.content[0].type == "text", f"{what}: a text stands beside the structure")
    return result.structured_content


async def fails(code, what, call):
    try:
        result = await call()
    except MCPError as error:
        check(error.code == code, f"{what} is error {code}", error.error)
    else:
        check(False, f"{what} is error {code}", result)


async def tools(client, name):
    """Lists the tools, and uses each of them."""
    listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    check(READING | WRITING <= listed.keys(), f"{name}: tools are listed", listed.keys())
    for tool in listed.values():
        hints = tool.annotations
        check(
            tool.title and tool.description and tool.input_schema["type"] == "object" and tool.output_schema
            and hints.read_only_hint == tool.name.startswith(("get_", "list_", "search_"))
            and hints.destructive_hint is not None and hints.idempotent_hint is not None,
            f"{name}: {tool.name} is described", tool)
        check("user_id" not in tool.input_schema["properties"], f"{name}: {tool.name} takes no user_id")

    async def call(tool, **arguments):
        return structured(await client.call_tool(tool, arguments), f"{name}: {tool}")

    await call("delete_all_memories")
    # mem0's own server passes enable_graph and limit.
    added = await call(
        "add_memory", text="I keep saffron in the blue tin", infer=False, wait=True, metadata={"room": "kitchen"},
        enable_graph=False)
    check(added["status"] == "SUCCEEDED" and len(added["results"]) == 1, f"{name}: what is added is stored", added)
    memory_id = added["results"][0]["id"]
    found = await call("search_memories", query="Where is the saffron?", limit=3, enable_graph=True)
    check([hit["id"] for hit in found["results"]] == [memory_id], f"{name}: it is found", found)
    none = await call("search_memories", query="saffron", filters={"metadata": {"room": "cellar"}})
    check(none["results"] == [], f"{name}: filters hold", none)
    context = await client.call_tool("get_context", {"query": "saffron"})
    check("[1]" in context.content[0].text and "saffron" in context.content[0].text, f"{name}: a context cites it")
    page = await call("get_memories", page=1, page_size=1)
    check(page["count"] == 1 and page["next_page"] is None, f"{name}: memories are listed by pages", page)
    whole = await call("get_memory", memory_id=memory_id)
    check(whole["user_id"] == "ann" and whole["sources"], f"{name}: a memory is shown whole", whole)
    event = await call("get_event_status", event_id=added["event_id"])
    check(event["status"] == "SUCCEEDED", f"{name}: an event tells how it ended", event)
    changed = await call("update_memory", memory_id=memory_id, text="I keep saffron in the red tin")
    check(changed["memory"].endswith("red tin"), f"{name}: a memory is changed", changed)

    resources = (await client.list_resources()).resources
    check([str(one.uri) for one in resources] == ["mneme://user/ann/profile"], f"{name}: the profile is listed")
    check((await client.list_resource_templates()).resource_templates == [], f"{name}: no other profile is offered")
    profile = (await client.read_resource("mneme://user/ann/profile")).contents[0]
    check("red tin" in profile.text and profile.mime_type == "text/markdown", f"{name}: the profile is read", profile)

    await call("delete_memory", memory_id=memory_id)
    gone = await client.call_tool("get_memory", {"memory_id": memory_id})
    check(gone.is_error and "not_found" in gone.content[0].text, f"{name}: what was deleted is gone", gone)
    # What a server has no route for, it does not list.
    if "list_entities" in listed:
        await call("add_memory", text="I keep mace in the grey tin", infer=False, wait=True, agent_id="cook")
        entities = (await call("list_entities"))["results"]
        check({"ann", "cook"} == {one["name"] for one in entities}, f"{name}: entities are listed", entities)
        await call("delete_entities", agent_id="cook")
        left = await call("get_memories", agent_id="cook")
        check(left["count"] == 0, f"{name}: an entity is deleted", left)
        several = await client.call_tool("delete_entities", {"agent_id": "a", "run_id": "b"})
        check(several.is_error and "exactly one" in several.content[0].text, f"{name}: one at a time", several)
    if "list_events" in listed:
        events = await call("list_events", page_size=100, event_type="ADD")
        check(
            added["event_id"] in [one["id"] for one in events["results"]], f"{name}: events are listed", events)


async def mistakes(client, name, is_current):
    """Faults of the protocol are errors, mistakes in arguments are results that a model can read."""
    await fails(types.INVALID_PARAMS, f"{name}: an unknown tool", lambda: client.call_tool("no_such_tool", {}))
    await fails(
        types.INVALID_PARAMS if is_current else -32002, f"{name}: somebody else's profile",
        lambda: client.read_resource("mneme://user/bob/profile"))
    await fails(types.METHOD_NOT_FOUND, f"{name}: a method that we lack", client.list_prompts)
    for tool, arguments, text in [
        ("search_memories", {}, "query is required"), ("search_memories", {"query": "x", "user_id": "bob"}, "fixed"),
        ("get_memory", {"memory_id": "x"}, "UUID"), ("search_memories", {"query": "x", "filters": {"no": 1}}, "no"),
        ("get_memories", {"colour": "red"}, "an argument is not known here"),
    ]:
        result = await client.call_tool(tool, arguments)
        check(result.is_error and text in result.content[0].text, f"{name}: {tool} says {text!r}", result)


async def cancellation(client, name, server):
    """A call that waits for workers that do not run is taken back; what it appended stays."""
    event_id = f"event-{name}"
    arguments = {"text": "I keep cumin in the green tin", "infer": False, "event_id": event_id}
    with anyio.move_on_after(1.5) as scope:
        await client.call_tool("add_memory", {**arguments, "wait": True})
    check(scope.cancelled_caught, f"{name}: a call is taken back")
    if server:
        end = time.monotonic() + 10
        while await anyio.to_thread.run_sync(server.requests_in_flight) > 0 and time.monotonic() < end:
            await anyio.sleep(0.05)
        check(server.requests_in_flight() == 0, f"{name}: nothing of it runs on")
    check((await client.list_tools(cache_mode="bypass")).tools, f"{name}: others are answered")
    again = structured(
        await client.call_tool("add_memory", {**arguments, "wait": False}), f"{name}: it is sent again")
    check(again["event_id"] == event_id and again["status"] == "PENDING", f"{name}: it is the same event", again)


async def connected(target, mode, name, body):
    with anyio.fail_after(PATIENCE * 3):
        async with Client(target, mode=mode) as client:
            is_current = client.protocol_version == "2026-07-28"
            check(is_current == (mode == "auto"), f"{name}: {client.protocol_version} is agreed on")
            check(client.server_info.name == "mneme", f"{name}: the server names itself")
            await body(client, is_current)


async def keys(program, folder):
    """With keys: no key, a reader's key, a key of one owner."""
    file = f"{folder}/keys.json"

    reader = make_key(program, file, "--role", "reader", "--owner", "user:ann")
    ann = make_key(program, file, "--owner", "user:ann")
    server = Server(program, "up", f"{folder}/keyed", "--api-keys", file)

    def target(key):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return streamable_http_client(f"{server.url}/mcp", http_client=httpx2.AsyncClient(headers=headers))

    async def reads(client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        check(READING <= names and not WRITING & names, "keys: a reader sees no tools that write", names)
        said = await client.call_tool("add_memory", {"text": "x"})
        check(said.is_error and "forbidden" in said.content[0].text, "keys: nor may it use them", said)

    async def writes(client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        check(WRITING <= names, "keys: a writer sees them", names)
        added = await client.call_tool("add_memory", {"text": "I like tea", "infer": False, "wait": True})
        check(not added.is_error, "keys: a key of one owner fixes whose memories they are", added)

    for mode in ["legacy", "auto"]:
        await connected(target(reader), mode, f"keys, {mode}", reads)
        await connected(target(ann), mode, f"keys, {mode}", writes)
        try:
            async with Client(target(None), mode=mode) as client:
                check(False, "keys: nobody is let in without one", client.protocol_version)
        except (MCPError, BaseExceptionGroup) as error:
            check(True, f"keys, {mode}: nobody is let in without one")
    server.stop()


async def main(program):
    with tempfile.TemporaryDirectory() as folder:
        owner = ["--mcp-owner", "user:ann"]
        server = Server(program, "up", f"{folder}/data", *owner)
        # Nothing is processed here any more, so that whoever waits for it waits.
        Server(program, "up", f"{folder}/idle").stop()
        idle = Server(program, "serve", f"{folder}/idle", *owner)
        for mode in ["legacy", "auto"]:
            transports = {
                "http": (f"{server.url}/mcp", f"{idle.url}/mcp", idle),
                "stdio": (
                    stdio(program, "--data-dir", f"{folder}/data", *owner),
                    stdio(program, "--data-dir", f"{folder}/idle", *owner), None),
                "relay": (stdio(program, "--url", server.url), stdio(program, "--url", idle.url), idle),
            }
            for transport, (working, waiting, watched) in transports.items():
                name = f"{transport}, {mode}"

                async def use(client, is_current):
                    await tools(client, name)
                    await mistakes(client, name, is_current)

                async def cancel(client, _):
                    await cancellation(client, name, watched)

                await connected(working, mode, name, use)
                await connected(waiting, mode, name, cancel)
        await keys(program, folder)
        server.stop()
        idle.stop()
    print("all holds", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        anyio.run(main, os.path.abspath(sys.argv[1]))
    finally:
        stop_all()
