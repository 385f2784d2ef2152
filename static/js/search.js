/* Search: who comes back to a row sees it, wherever the page stood scrolled while it had other rows. */
"use strict";
addEventListener("load", () => {
  const came = wb.$(".twist[autofocus]");
  history.scrollRestoration = came ? "manual" : "auto";
  if (came) setTimeout(() => came.scrollIntoView({ block: "nearest" }));
});
