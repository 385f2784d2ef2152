/* The queue acts at once: rows leave when they are closed or snoozed, and come back with the reason when that was refused.
   Acts are sent one after the other, so that no older answer draws over a newer one; js/redraw.js draws the answers. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const leaving = new Set();
  let line = Promise.resolve(), busy = 0, gone = 0, timer;
  const row = (id) => document.getElementById(`alert-${id}`);
  const hide = () => { for (const id of leaving) { const one = row(id); if (one) one.hidden = true; } };

  /* The rows of an act: the ticked ones, or the one whose preview sent it. */
  function rowsOf(data) {
    const folds = data.getAll("fold").map((fold) => $(`[data-fold="${CSS.escape(fold)}"]`));
    return [...data.getAll("alert").map((tick) => row(tick.split(":")[0])), ...folds].filter(Boolean);
  }
  /* The list on the page; the preview of a row inside a fold is of a list of the fold alone. */
  function listed() {
    const { searchParams } = new URL(location.href);
    searchParams.delete("at");
    return searchParams.toString();
  }
  function withFold(form, data) {
    const fold = form.closest("#peek") && row(data.get("alert")?.split(":")[0])?.dataset.fold;
    if (fold) { data.delete("alert"); data.set("fold", fold); data.set("seen", $("#bulk-form [name=seen]")?.value || ""); }
    if (form.closest("#peek")) data.set("from", listed());
    return data;
  }
  const goes = (data) => !data.get("all") && (data.get("reason") || data.get("action") === "close" || data.get("until"));
  function leave(rows) {
    const all = wb.rows(), last = Math.max(...rows.map((one) => all.indexOf(one)));
    const next = all.slice(last + 1).find((one) => !rows.includes(one)) || all.slice(0, last).reverse().find((one) => !rows.includes(one));
    for (const one of rows) { leaving.add(one.dataset.id); one.hidden = true; $$("input[type=checkbox]", one).forEach((box) => { box.checked = false; }); }
    wb.showSelection();
    if (next) wb.moveTo(next, true); else $("#peek")?.replaceChildren();
  }
  function comeBack(ids) {
    for (const id of ids) { leaving.delete(id); const one = row(id); if (one) one.hidden = false; }
    const first = row(ids[0]);
    if (first) wb.moveTo(first);
  }
  /* What it was to take back can still be taken back. */
  function failed({ ids, undoes, toast }, said) {
    if (said) wb.strip(said);
    if (undoes) wb.keep("undo", undoes);
    if (toast) $("#toasts")?.append(toast);
    comeBack(ids);
  }
  async function send(act) {
    const { action, data } = act, rows = wb.heads().length + (act.undoes ? gone : 0);
    for (const [name, value] of [["csrfmiddlewaretoken", wb.token()], ["seen", data.get("seen") || wb.listSeen()], ["rows", rows]]) data.set(name, value);
    const answer = await fetch(action, { method: "POST", body: data, headers: { "HX-Request": "true", "HX-Current-URL": location.href } })
      .catch(() => failed(act, "The server does not answer. Nothing was changed."));
    if (answer) await read(answer, act);
  }
  async function read(answer, act) {
    const { ids } = act, to = answer.headers.get("HX-Redirect"), text = await answer.text();
    if (to) { location.assign(to); return; }
    if (answer.status === 401) { comeBack(ids); wb.signInAgain(() => queue(act)); return; }
    if (answer.headers.get("HX-Retarget") === "#strip" || answer.status >= 500) {
      failed(act, answer.status >= 500 && wb.failed(answer.status, answer.headers.get("X-Request-Id")));
      if (answer.status < 500) htmx.swap("#strip", text, { swapStyle: "innerHTML" });
      return;
    }
    ids.forEach((id) => leaving.delete(id));
    if (act.undoes) wb.forgetPreviews(); // it does not say of which
    wb.agePreviews(ids);
    draw(text, act, answer.ok ? null : ids[0]);
    gone = ids.filter((id) => !row(id)).length;
  }
  /* The list as it comes. What is ticked or being typed, for another act or to be sent again, stays. */
  function anew(text, on) {
    const ticked = wb.ticked(), typed = $$("#bulk textarea").filter((one) => one.value).map((one) => [one.id, one.value]);
    htmx.swap("#list", text, { swapStyle: "outerHTML" });
    wb.tick(ticked);
    const peeked = on?.closest("#peek") && wb.typing(on) && row($("#peek [data-peeked]")?.dataset.peeked);
    if (peeked) wb.rows().forEach((one) => one.classList.toggle("cursor", one === peeked));
    for (const [id, value] of typed) { const place = document.getElementById(id); if (place) place.value ||= value; }
    const place = on?.id && !on.isConnected && wb.typing(on) && document.getElementById(on.id);
    if (!place) return;
    $$("#bulk details").forEach((menu) => { menu.open = menu.contains(place); });
    place.focus();
    place.setSelectionRange?.(on.selectionStart, on.selectionEnd);
  }
  function draw(text, act, back) {
    const at = wb.cursor()?.dataset.id, on = $(":focus"), focused = !on || on.closest("#list, #peek, .toasts");
    const index = wb.rows().indexOf(wb.cursor()), made = new DOMParser().parseFromString(text, "text/html");
    const came = act.undoes && $("#rows .cursor", made)?.dataset.id;
    if (!$("#list", made)) { htmx.swap("#toasts", text, { swapStyle: "innerHTML" }); return; }
    if (!back && $("#rows") && $("#rows", made)) wb.merge(made, act); else anew(text, on);
    htmx.trigger("#histogram", "acted"); // drawn again once the hands rest
    hide();
    const rows = wb.rows(), wanted = row(came) || (back && row(back)) || row(at) || rows[Math.min(Math.max(index, 0), rows.length - 1)];
    const notice = back && $("#list [role=alert]");
    if (notice) wb.announce(notice.textContent.trim());
    if (wanted && (focused || came) && !(on && wb.typing(on))) {
      if (wanted.dataset.id !== at || act.ids.includes(at) || wb.late()) wb.moveTo(wanted);
      else if (!$(":focus")) $("a[href]", wanted).focus({ preventScroll: true });
    }
    if (!$(wb.WRITING)) $("#list [data-focus]")?.focus();
    clearTimeout(timer); timer = setTimeout(follow, 250);
    if (!rows.length) $("#peek")?.replaceChildren();
  }
  /* What left is drawn first: sending it takes the time of a frame. */
  const run = async (act) => { wb.sending(); await wb.painted(); return send(act).catch((error) => failed(act, wb.failed(error.name))); };
  const queue = (act) => wb.inTurn(() => run(act));
  wb.inTurn = (work) => {
    const next = async () => { try { await work(); } finally { busy -= 1; } };
    busy += 1;
    line = line.then(next, next);
  };
  /* Taken back here, so that the list stays as it is. */
  wb.undo = (action, toast, turn = wb.inTurn) => {
    if (!$("#list")) return false;
    const url = new URL(action, location.href);
    url.searchParams.delete("alert");
    const act = { action: url.pathname + url.search, data: new URLSearchParams({ from: listed() }), ids: [], undoes: { ...wb.kept("undo"), action }, toast };
    wb.keep("undo", null); toast?.remove();
    return turn(() => run(act)) || true;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target, { submitter } = event, action = form.getAttribute("action");
    if (!$("#list")) return;
    if (action?.includes("/alerts/undo/") && !form.hasAttribute("hx-post") && wb.undo(action, form.closest(".toast"))) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (!action?.endsWith("/alerts/bulk/") || submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const data = withFold(form, new FormData(form, submitter)), rows = rowsOf(data), ids = rows.map((one) => one.dataset.id);
    if (submitter && submitter.value !== "note") data.delete("text");
    wb.closeMenus(); if (goes(data) && rows.length) leave(rows);
    queue({ action, data: new URLSearchParams(data), ids });
  }, true);
  wb.busy = () => busy;
  /* Bars that are being marked or read are not drawn again under the hand. */
  for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) document.addEventListener(name, (event) => {
    if (event.detail.target?.id !== "histogram" || !$("#histogram:is(:focus-within, :active, :has([open]))")) return;
    event.preventDefault();
    htmx.trigger("#histogram", "acted");
  });

  /* After a swap the preview follows the cursor. */
  const from = (place) => $("[name=from]", place)?.value;
  function follow() {
    const one = wb.cursor(), peek = $("#peek");
    if (!peek || peek.getClientRects().length === 0) return;
    if (!one) peek.replaceChildren();
    else if (one.dataset.id !== $("[data-peeked]", peek)?.dataset.peeked || from(peek) !== from($("#density"))) wb.peekAt(one, 0);
  }
  wb.drawn(() => {
    for (const one of wb.heads()) if (row(one.dataset.id) !== one) one.remove(); // further rows may be there already
    hide();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "list" && detail.elt?.id !== "list") return;
    wb.forgetPreviews();
    clearTimeout(timer);
    timer = setTimeout(follow, 250);
  });
  /* A note was left beside the queue: back to its row, unless the cursor has gone on to another. */
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.successful || detail.requestConfig.path !== $("#peek-comment")?.getAttribute("action")) return;
    $("#peek-text").value = ""; wb.closeMenus();
    $("a[href]", wb.cursor() || document).focus({ preventScroll: true });
  });
})();
