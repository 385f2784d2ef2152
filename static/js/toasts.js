/* Toasts: what was just done, for ten seconds, and the way back: z undoes the last act for ten minutes, also when its toast
   is gone. An act on all that match keeps its toast over pages until it has ended; the list is then fetched again. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const STAYS = 10000, UNDOABLE = 600000;
  function start(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    let timer;
    const begin = () => { timer = setTimeout(() => toast.remove(), STAYS); };
    const pause = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, pause);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, begin);
    begin();
    const undo = $("form[action*='/undo/']", toast);
    if (undo) wb.keep("undo", { action: undo.getAttribute("action"), until: Date.now() + UNDOABLE });
  }
  function look() {
    $$("[data-toast]").forEach(start);
    const act = $("[data-act]");
    if (!act) return;
    const ended = act.hasAttribute("data-act-ended");
    if (ended && wb.kept("act") === act.dataset.act && $("#list")) {
      htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "outerHTML" });
    }
    wb.keep("act", ended ? null : act.dataset.act);
    wb.announce($("span", act).textContent);
  }
  /* An act that is still on its way is the last one: its answer tells how to undo it, or that there is nothing to undo.
     What could be undone before is remembered as it is sent: the answer may be there already, but not quite read. */
  let before;
  wb.sending = () => { look(); before = wb.kept("undo")?.action; };
  async function undoWhenAnswered() {
    await wb.settled();
    look();
    if (wb.kept("undo")?.action === before) wb.announce("Nothing to undo"); else wb.undoLast();
  }
  wb.undoLast = () => {
    if (wb.busy?.()) { undoWhenAnswered(); return true; }
    const last = wb.kept("undo");
    if (!last || last.until < Date.now()) { wb.announce("Nothing to undo"); return false; }
    if (wb.undo?.(last.action)) return true;
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
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("DOMContentLoaded", () => {
    look();
    const running = wb.kept("act");
    if (running && !$("[data-act]") && $("#toasts")) htmx.ajax("GET", running, { target: "#toasts", swap: "innerHTML" });
  });
})();
