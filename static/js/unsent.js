/* What was typed and not sent outlives a tab that is opened beside it, an act that draws the page anew, and a reload:
   data-keep="name" on a text field. It is kept in this tab of the browser alone, for this person and what the page is
   about, and no longer once it was sent or given up (data-gives-up). data-whole="name": a form is kept as a whole, and
   asked for anew (data-resumes="address"). */
"use strict";
(() => {
  const { $, $$ } = wb, SENT = "unsent-sent";
  function about() {
    const asked = new URLSearchParams(location.search);
    return [location.pathname, ...["alert", "add", "field", "value"].flatMap((name) => asked.getAll(name))].join();
  }
  const mine = (name) => `unsent:${document.body.dataset.person}:${name}`;
  const named = ({ dataset, elements }) => mine(dataset.whole ? dataset.whole + elements.begun.value : `${about()}:${dataset.keep}`);
  const names = (form) => [mine(form.dataset.whole), ...[form, ...form.elements].filter(({ dataset }) => dataset.keep || dataset.whole).map(named)];
  const forget = (some) => some?.forEach((name) => wb.keep(name, null));
  const restore = () => $$("[data-keep]").forEach((field) => { field.value ||= wb.kept(named(field)) || ""; });
  /* Under what it was begun with, and as the last one, which is that of a form begun with nothing. */
  function keepWhole(form) {
    if (!form?.dataset.whole) return;
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken"); data.delete("from");
    wb.keep(named(form), [...data]); wb.keep(mine(form.dataset.whole), [...data]);
  }
  function resume(form) {
    const left = form && wb.kept(named(form)), values = new FormData();
    if (!left) return;
    for (const [name, value] of left) values.append(name, value);
    htmx.trigger(form, "htmx:abort");
    htmx.ajax("POST", form.dataset.resumes, { target: "#side", swap: "outerHTML", values });
  }
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-keep]")) wb.keep(named(target), target.value || null);
    keepWhole(target.form);
  });
  /* Of a form that leads to another page, that page says with a toast that it was taken. */
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (!defaultPrevented) wb.keep(SENT, names(target));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, requestConfig } }) => {
    if (xhr.status < 400 && requestConfig?.verb !== "get" && requestConfig?.elt.localName === "form") forget(names(requestConfig.elt));
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-gives-up]")) forget($$("form").flatMap(names));
  });
  document.addEventListener("DOMContentLoaded", () => {
    if ($(".toast")) { forget(wb.kept(SENT)); wb.keep(SENT, null); }
    resume($("[data-resumes]"));
  });
  wb.drawn(({ requestConfig } = {}) => {
    restore();
    if (requestConfig?.elt.type === "submit") keepWhole($("[data-whole]"));
  });
})();
