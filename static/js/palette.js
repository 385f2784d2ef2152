/* The palette: where to go, by name. Loaded when it is first asked for (js/keys.js); the server says what fits, and works
   without any of this at /go/. The box is an ARIA combobox: arrows choose, Enter goes, Escape closes. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog palette";
  dialog.setAttribute("aria-label", "Go to");
  document.body.append(dialog);
  const box = () => $("input", dialog);
  const options = () => $$("[role=option]", dialog);
  const chosen = () => $("[role=option][aria-selected=true]", dialog);
  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    box()?.setAttribute("aria-expanded", Boolean(option));
    if (!option) { box()?.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box().setAttribute("aria-activedescendant", option.id);
  }
  wb.palette = async () => {
    if (dialog.open) { dialog.close(); return; }
    wb.closeMenus();
    $$("dialog[open]").forEach((other) => other.close());
    dialog.replaceChildren();
    dialog.showModal();
    try { await htmx.ajax("GET", wb.paletteAt, { target: dialog, swap: "innerHTML" }); } catch { /* js/core.js says so */ }
    if (box()) box().focus(); else dialog.close();
  };
  dialog.addEventListener("htmx:afterSettle", () => choose(options()[0]));
  dialog.addEventListener("click", ({ target }) => { if (target === dialog || target.closest("[data-palette-close]")) dialog.close(); });
  dialog.addEventListener("submit", (event) => { event.preventDefault(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target !== box()) return;
    const all = options(), here = all.indexOf(chosen()), { key } = event;
    if (key === "Enter" && chosen()) { location.assign(chosen().href); dialog.close(); }
    else if ((key === "ArrowDown" || key === "ArrowUp") && all.length) choose(all[(here + (key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    else return;
    event.preventDefault();
  });
})();
