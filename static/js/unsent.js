/* What was typed and not sent outlives a tab that is opened beside it, an act that draws the page anew, and a reload:
   data-keep="name" on a text field. It is kept in this tab of the browser alone, for this person and what the page is
   about, and no longer once it was sent or given up (data-gives-up). */
"use strict";
(() => {
  const { $, $$ } = wb, SENT = "unsent-sent";
  function about() {
    const asked = new URLSearchParams(location.search);
    return [location.pathname, ...["alert", "add", "field", "value"].flatMap((name) => asked.getAll(name))].join();
  }
  const named = (field) => `unsent:${document.body.dataset.person}:${about()}:${field.dataset.keep}`;
  const names = (form) => [...form.elements].filter((field) => field.dataset.keep).map(named);
  const forget = (some) => some?.forEach((name) => wb.keep(name, null));
  const restore = () => $$("[data-keep]").forEach((field) => { field.value ||= wb.kept(named(field)) || ""; });
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-keep]")) wb.keep(named(target), target.value || null);
  });
  /* Of a form that leads to another page, that page says with a toast that it was taken. */
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (!defaultPrevented && names(target).length) wb.keep(SENT, names(target));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, requestConfig } }) => {
    if (xhr.status < 400 && requestConfig?.verb !== "get" && requestConfig?.elt.localName === "form") forget(names(requestConfig.elt));
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-gives-up]")) forget($$("[data-keep]").map(named));
  });
  document.addEventListener("DOMContentLoaded", () => {
    if ($(".toast")) { forget(wb.kept(SENT)); wb.keep(SENT, null); }
    restore();
  });
  document.addEventListener("htmx:afterSettle", restore);
})();
