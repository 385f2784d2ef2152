/* The queue: after its list was swapped, the preview follows the row that is under the cursor now. */
"use strict";
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "list" && detail.elt?.id !== "list") return;
  const row = document.querySelector("[data-row].cursor"), peek = document.getElementById("peek");
  if (!peek || peek.getClientRects().length === 0) return;
  if (row) htmx.ajax("GET", row.dataset.peek, { target: "#peek", source: row });
  else peek.replaceChildren();
});
