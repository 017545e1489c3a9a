import MnemeCore

extension OperationArea {
  /// Tools for agents.
  static let agents = OperationArea(
    "Agents", "The Model Context Protocol over streamable HTTP, answered with JSON.",
    [
      "POST /mcp": Operation(
        "sendAgentMessage", "Takes one message of an agent's client",
        details: "Revisions 2024-11-05 to 2025-11-25 and 2026-07-28. From the latter on, header "
          + "`MCP-Protocol-Version` and `params._meta` say so. `tools/list` lists the tools.",
        [
          .header("MCP-Protocol-Version", .string(), "The revision that the client speaks."),
          .header(
            "Mcp-Session-Id", .string(length: 0...QueryAPI.maxSessionIDByteCount), "The session, if there is one."),
          .header("Mcp-Method", .string(), "The method, from revision 2026-07-28 on."),
          .header("Mcp-Name", .string(), "The tool or the resource, from revision 2026-07-28 on."),
        ],
        body: Operation.Body(
          .reference(.rpcMessage),
          example: [
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": ["name": "search_memories", "arguments": ["query": "Where does Alex live?"]],
          ]),
        replies: [
          Operation.Reply("The response to a request.", .reference(.rpcResponse), headers: ["Mcp-Session-Id"]),
          Operation.Reply("A notification was taken.", nil, status: 202),
          Operation.Reply("The message is none, or the request is not understood.", fault, status: 400),
          Operation.Reply("There is no such method.", fault, status: 404),
          Operation.Reply("The client takes no JSON.", fault, status: 406),
          Operation.Reply("The message is no JSON, or has a content encoding.", fault, status: 415),
          Operation.Reply("Too many calls at a time, or the service cannot answer now.", fault, status: 503),
        ])
    ])

  private static let fault = Schema.any(of: [.reference(.rpcFault), .reference(.error)])

  /// The service itself.
  static let service = OperationArea(
    "Service", "Who asks, whether it runs, what it does.",
    [
      "GET /v1/ping/": Operation(
        "ping", "Tells who asks", replies: [Operation.Reply("Who asks.", .reference(.ping))]),
      "GET /v1/lag/": Operation(
        "getLag", "Tells how much is under way", replies: [Operation.Reply("How much waits.", .reference(.lag))]),
      "GET /": Operation(
        "getRoot", "Leads browsers to the page",
        replies: [
          Operation.Reply(
            "To the page.", .object(nil, ["docs": .string("Path of the page.").example("/docs")]), status: 303,
            headers: ["Location"])
        ]),
      "GET /healthz": Operation(
        "getHealth", "Tells whether the process answers",
        replies: [Operation.Reply("It does.", .reference(.health))]),
      "GET /readyz": Operation(
        "getReadiness", "Tells whether log and projection answer",
        replies: [
          Operation.Reply("They do.", .reference(.readiness)),
          Operation.Reply(
            "One of them does not.", .any(of: [.reference(.readiness), .reference(.error)]), status: 503),
        ]),
      "GET /metrics": Operation(
        "getMetrics", "Counters, gauges and histograms in Prometheus' text format",
        replies: [Operation.Reply("The metrics.", .string(), contentType: "text/plain")]),
      "GET /openapi.json": Operation(
        "getDocument", "This document", replies: [Operation.Reply("OpenAPI 3.1.", .map())]),
      "GET /docs": Operation(
        "getDocumentation", "This document as a page",
        replies: [Operation.Reply("The page.", .string(), contentType: "text/html")]),
    ])
}
