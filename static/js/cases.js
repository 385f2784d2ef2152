/* The pages of cases: what opens for typing takes the focus. [data-first] marks a <details> whose first field is meant. */
"use strict";
(() => {
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.("details[data-first]") || !target.open) return;
    target.querySelector("input:not([type=hidden], [type=checkbox]), textarea, select")?.focus();
  }, true);
  /* A press on Escape in an opened field closes it again and goes back to what opened it. */
  document.addEventListener("keydown", ({ key, target }) => {
    const open = key === "Escape" && target.closest?.("details[data-first][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
})();
