/* What the other scripts share, under one name. It makes pages quicker; none needs it.
   wb.strip(text): a line of bad news. wb.announce(text): for screen readers. wb.token(): for a form that is sent.
   wb.painted(): when what was changed is on the screen. wb.drawn(act): once for each page and swap. */
"use strict";
const wb = (() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  /* What lies in a closed <details> has a place, too, but nobody sees it. */
  const shown = (element) => !element.disabled && element.getClientRects().length > 0 && element.checkVisibility?.() !== false;
  const typing = (element) => element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range])");
  const announce = (text) => { const line = $("#announce"); if (line) line.textContent = text; };
  function strip(text, again = false) {
    const words = $("#strip-words"), place = $("#strip");
    if (!words || !place) return;
    const made = words.content.cloneNode(true);
    $("p", made).textContent = text;
    const retry = $("[data-again]", made);
    if (retry) { retry.hidden = !again; retry.href = location.href; }
    place.replaceChildren(made);
    delete place.dataset.stale;
  }
  function token() {
    const name = $("meta[name=csrf-cookie]").content + "=";
    const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
    return found ? decodeURIComponent(found.slice(name.length)) : "";
  }
  /* What has to outlive the page, but not the browser; where storage is on. */
  function keep(name, value) {
    try {
      if (value === null) sessionStorage.removeItem(name); else sessionStorage.setItem(name, JSON.stringify(value));
    } catch { /* nothing is kept */ }
  }
  function kept(name) {
    try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; }
  }
  /* When what was just changed is on the screen; soon on one that nobody looks at. */
  const painted = () => new Promise((go) => { requestAnimationFrame(() => setTimeout(go)); setTimeout(go, 99); });
  function drawn(act) {
    let last = 0; // htmx tells of every row
    for (const name of ["htmx:afterSettle", "DOMContentLoaded"]) document.addEventListener(name, ({ detail }) => { if (detail !== last) act(last = detail); });
  }
  const failed = (status, reference) => `That did not work (${status}${reference ? `, reference ${reference}` : ""}). What you see may be out of date.`;

  /* The queue could not be fetched anew: say from when it is, until it can be. True when it was that. */
  const refreshes = ({ elt, target }) => Boolean($("#pulse")) && (elt.id === "pulse" || target?.id === "list");
  function stale(asked, why) {
    const pulse = $("#pulse");
    if (!refreshes(asked)) return false;
    const at = new URL(pulse.getAttribute("hx-get"), location.href).searchParams.get("at");
    const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: pulse.dataset.zone });
    strip(`Could not refresh at ${clock(Date.now())} (${why}).${at ? ` Showing ${clock(at)}.` : ""}`, true);
    if ($("#strip")) $("#strip").dataset.stale = "";
    return true;
  }
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const place = $("#strip[data-stale]");
    if (!place || !detail.successful || !refreshes(detail)) return;
    place.replaceChildren();
    delete place.dataset.stale;
  });
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const value = token();
    if (value) detail.headers["X-CSRFToken"] = value;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr } = detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget") === "#strip") {
      detail.shouldSwap = Boolean($("#strip"));
    } else if (xhr.status < 400 && detail.requestConfig?.verb !== "get") {
      $("#strip")?.replaceChildren();
    }
  });
  document.addEventListener("htmx:responseError", ({ detail }) => {
    const { xhr } = detail;
    if (xhr.status === 401 || xhr.getResponseHeader("HX-Retarget") === "#strip") return;
    const reference = xhr.getResponseHeader("X-Request-Id");
    if (!stale(detail, `${xhr.status}${reference ? `, ref ${reference}` : ""}`)) strip(failed(xhr.status, reference));
  });
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, ({ detail }) => {
      if (!stale(detail, "no answer")) strip("The server does not answer. What you see may be out of date.");
    });
  }
  /* A request that takes its time can be stopped by the button after its link; what was shown so far stays. */
  document.addEventListener("click", ({ target }) => {
    const asked = target.closest("[data-stop]")?.parentElement.previousElementSibling;
    if (asked) { htmx.trigger(asked, "htmx:abort"); asked.focus(); }
  });
  return { $, $$, shown, typing, announce, strip, token, keep, kept, painted, drawn, failed };
})();
