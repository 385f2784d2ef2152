/* What was typed and not sent outlives a tab that is opened beside it, an act that draws the page anew, and a reload:
   data-keep="name" on a text field. It is kept in this tab of the browser alone, and no longer once it is sent. */
"use strict";
(() => {
  const { $$ } = wb;
  const about = () => [location.pathname, ...new URLSearchParams(location.search).getAll("alert")].join();
  const named = (field) => `unsent:${about()}:${field.dataset.keep}`;
  const restore = () => $$("[data-keep]").forEach((field) => { field.value ||= wb.kept(named(field)) || ""; });
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-keep]")) wb.keep(named(target), target.value || null);
  });
  document.addEventListener("submit", ({ target }) => {
    [...target.elements].filter((field) => field.dataset.keep).forEach((field) => wb.keep(named(field), null));
  });
  document.addEventListener("DOMContentLoaded", restore);
  document.addEventListener("htmx:afterSettle", restore);
})();
