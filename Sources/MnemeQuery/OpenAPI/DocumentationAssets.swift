/// What the page of the documentation brings with it.
enum DocumentationAssets {
  /// Finds operations by what somebody types, and opens what an address names.
  static let script = """
    "use strict";
    const filter = document.getElementById("filter");
    const operations = [...document.querySelectorAll("details.operation, details.schema")];
    const texts = operations.map(one => one.id.toLowerCase() + " " + one.querySelector("summary").textContent.toLowerCase());
    function show() {
      const words = filter.value.toLowerCase().split(/\\s+/).filter(word => word);
      operations.forEach((one, index) => { one.hidden = !words.every(word => texts[index].includes(word)); });
      for (const section of document.querySelectorAll("main > section"))
        section.hidden = words.length > 0 && ![...section.querySelectorAll("details")].some(one => !one.hidden);
    }
    function open() {
      const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!target || target.tagName !== "DETAILS") return;
      filter.value = "";
      show();
      target.open = true;
      target.scrollIntoView();
    }
    filter.hidden = false;
    filter.addEventListener("input", show);
    window.addEventListener("hashchange", open);
    open();
    """

  /// How it looks.
  static let style = """
    :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
    body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
    code, pre { font: 0.875rem/1.4 ui-monospace, monospace; }
    pre { background: #8881; border-radius: 4px; overflow-x: auto; padding: 0.5rem; white-space: pre-wrap; word-break: break-word; }
    nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; padding: 0; }
    input { font: inherit; padding: 0.4rem; width: 100%; box-sizing: border-box; }
    details { border-bottom: 1px solid #8884; padding: 0.25rem 0; }
    details > *:not(summary) { margin-left: 1rem; }
    summary { cursor: pointer; }
    summary b { display: inline-block; min-width: 4.5rem; }
    summary i, small, em { color: #888; }
    h3 { font-size: 1rem; margin-bottom: 0.25rem; }
    dt { margin-top: 0.5rem; }
    .get { color: #2a7; } .post { color: #27c; } .put, .patch { color: #b70; } .delete { color: #c33; }
    """
}
