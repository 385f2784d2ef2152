/* Search: who comes back to a row sees it, wherever the page stood scrolled while it had other rows; and what was stopped
   is not counted on. */
"use strict";
addEventListener("load", () => {
  const came = wb.$(".twist[autofocus]");
  history.scrollRestoration = came ? "manual" : "auto";
  if (came) setTimeout(() => came.scrollIntoView({ block: "nearest" }));
});
document.addEventListener("click", ({ target }) => {
  const counted = target.closest?.("#more [data-cancel]") && wb.$("#counted");
  if (counted) htmx.trigger(counted, "htmx:abort");
});
