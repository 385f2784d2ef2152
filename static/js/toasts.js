/* Toasts: what was just done, for ten seconds; z undoes the last act for ten minutes (data-toast="final": there is none).
   An act on all that match keeps its toast until it has ended; then the list is fetched again. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const STAYS = 10000, UNDOABLE = 600000;
  function start(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    let timer;
    const pause = () => clearTimeout(timer);
    const begin = () => { pause(); if (!toast.matches(":hover, :focus-within")) timer = setTimeout(() => toast.remove(), STAYS); };
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, pause);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, begin);
    begin();
    const undo = $("form[action*='/undo/']", toast);
    if (undo || toast.dataset.toast) wb.keep("undo", undo && { action: undo.getAttribute("action"), until: Date.now() + UNDOABLE });
  }
  let told, before;
  function look() {
    $$("[data-toast]").forEach(start);
    const act = $("[data-act]");
    if (!act) return;
    const ended = act.hasAttribute("data-act-ended");
    if (ended && wb.kept("act") === act.dataset.act && $("#list")) {
      htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "outerHTML" });
    }
    wb.keep("act", ended ? null : act.dataset.act);
    const words = $("span", act).textContent;
    if (words !== told) wb.announce(words);
    told = words;
  }
  /* The last act may be on its way: its answer tells how to undo it, if at all, and the undo goes before what is begun
     meanwhile. What could be undone before is remembered as it is sent: its answer may be half read. */
  wb.sending = () => { look(); before = wb.kept("undo")?.action; };
  function undoAnswered() {
    look();
    return wb.kept("undo")?.action === before ? nothing() : wb.undoLast((work) => work());
  }
  function nothing() {
    wb.announce("Nothing to undo");
    $("[data-toast] span")?.replaceChildren("z undoes the last act alone: Activity has the rest");
    return false;
  }
  wb.undoLast = (turn) => {
    if (!turn && wb.busy?.()) { wb.inTurn(undoAnswered); return true; }
    const last = wb.kept("undo");
    if (!last || last.until < Date.now()) return nothing();
    const sent = wb.undo?.(last.action, undefined, turn);
    if (sent) return sent;
    wb.keep("undo", null);
    const form = document.createElement("form"), field = document.createElement("input");
    Object.assign(form, { method: "post", action: last.action, hidden: true });
    Object.assign(field, { name: "csrfmiddlewaretoken", value: wb.token() });
    form.append(field);
    document.body.append(form);
    form.submit();
    return true;
  };
  document.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action")?.includes("/undo/")) wb.keep("undo", null);
  });
  wb.drawn(look);
  document.addEventListener("DOMContentLoaded", () => {
    const running = wb.kept("act");
    if (running && !$("[data-act]") && $("#toasts")) htmx.ajax("GET", running, { target: "#toasts", swap: "innerHTML" });
  });
})();
