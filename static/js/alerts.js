/* The queue: after its list was swapped, the preview follows the row that is under the cursor now.
   app.js does so when it moves the cursor itself, so this waits a moment and looks. */
"use strict";
(() => {
  let timer;
  function follow() {
    const row = document.querySelector("[data-row].cursor"), peek = document.getElementById("peek");
    if (!peek || peek.getClientRects().length === 0) return;
    const shown = peek.querySelector("[data-peeked]")?.dataset.peeked;
    if (!row) peek.replaceChildren();
    else if (row.dataset.id !== shown) htmx.ajax("GET", row.dataset.peek, { target: "#peek", swap: "innerHTML", source: "#peek" });
  }
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "list" && detail.elt?.id !== "list") return;
    clearTimeout(timer);
    timer = setTimeout(follow, 250);
  });
})();
