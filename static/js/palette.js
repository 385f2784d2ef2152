/* The palette: where to go, by name. Loaded when it is first asked for; js/menus.js has put its dialog up by then. The
   server says what fits, and works without any of this at /go/. The box is an ARIA combobox: arrows choose, Enter goes to
   what fits the text that stands in the box then, Escape closes. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const dialog = $(".palette"), box = $("input", dialog);
  let told = null; // the text that the list on the screen answers
  const options = () => $$("[role=option]", dialog);
  const chosen = () => $("[role=option][aria-selected=true]", dialog);
  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    box.setAttribute("aria-expanded", Boolean(option));
    if (!option) { box.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  }
  wb.palette = () => {
    told = null;
    $("#go-found", dialog).replaceChildren();
    choose();
    htmx.trigger(box, "ask");
  };
  /* Enter: to what is chosen, once the list is that of the text. */
  wb.arrive = () => {
    const { wanted } = dialog.dataset;
    if (wanted === undefined) return;
    if (told !== wanted) { htmx.trigger(box, "ask"); return; }
    delete dialog.dataset.wanted;
    if (!chosen()) return;
    location.assign(chosen().href);
    dialog.close();
  };
  dialog.addEventListener("htmx:afterSettle", ({ detail }) => {
    told = detail.requestConfig.parameters.q;
    choose(options()[0]);
    if (dialog.open && dialog.dataset.wanted === told) wb.arrive();
  });
  for (const failed of ["responseError", "sendError", "timeout"]) dialog.addEventListener(`htmx:${failed}`, () => dialog.close()); // js/core.js says so
  dialog.addEventListener("click", ({ target }) => { if (target === dialog || target.closest("[data-palette-close]")) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target !== box) return;
    const all = options(), here = all.indexOf(chosen()), { key } = event;
    if ((key !== "ArrowDown" && key !== "ArrowUp") || !all.length) return;
    choose(all[(here + (key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    event.preventDefault();
  });
  if (dialog.open) wb.palette();
})();
