/* The queue acts at once: rows leave when they are closed or snoozed, and come back with the reason when that was refused.
   Acts are sent one after the other, so that no older answer draws over a newer one. */
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
    if (next) wb.moveTo(next); else $("#peek")?.replaceChildren();
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
  /* The newest alert there was and when the list was drawn: what came since is announced, and moves no row. */
  function seen() {
    const pulse = $("#pulse"), asked = pulse && new URL(pulse.getAttribute("hx-get"), location.href).searchParams;
    return $("#bulk-form [name=seen]")?.value || (asked ? `${asked.get("since")}:${asked.get("at")}` : "");
  }
  const heads = () => $$("#rows > [data-row]:not([data-fold-of])");
  async function send(act) {
    const { action, data } = act, rows = heads().length + (act.undoes ? gone : 0);
    for (const [name, value] of [["csrfmiddlewaretoken", wb.token()], ["seen", data.get("seen") || seen()], ["rows", rows]]) data.set(name, value);
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
    wb.forgetPreviews();
    draw(text, act, answer.ok ? null : ids[0]);
    gone = ids.filter((id) => !row(id)).length;
  }
  function draw(text, act, back) {
    const at = wb.cursor()?.dataset.id, on = $(":focus"), focused = !on || on.closest("#list, #peek, .toasts");
    const index = wb.rows().indexOf(wb.cursor()), made = new DOMParser().parseFromString(text, "text/html");
    const came = act.undoes && $("#rows .cursor", made)?.dataset.id;
    if (!$("#list", made)) { htmx.swap("#toasts", text, { swapStyle: "innerHTML" }); return; }
    if (!back && $("#rows") && $("#rows", made)) merge(made, act); else htmx.swap("#list", text, { swapStyle: "outerHTML" });
    hide();
    const rows = wb.rows(), wanted = row(came) || (back && row(back)) || row(at) || rows[Math.min(Math.max(index, 0), rows.length - 1)];
    const notice = back && $("#list [role=alert]");
    if (notice) wb.announce(notice.textContent.trim());
    if (wanted && (focused || came) && !(on && wb.typing(on))) {
      if (wanted.dataset.id !== at || act.ids.includes(at) || wb.late()) wb.moveTo(wanted);
      else if (!$(":focus")) $("a[href]", wanted).focus({ preventScroll: true });
    }
    $("#list [data-focus]")?.focus();
    if (!rows.length) $("#peek")?.replaceChildren();
  }
  /* Each row on the screen stays in its place, what left it goes, what came back stands where it stood. All else of the
     answer is drawn as it comes, but for what announces new alerts, and what is being typed for another act stays. */
  function merge(made, { ids, data }) {
    const list = $("#list"), form = $("#bulk-form"), all = $("#rows"), fresh = $$("#rows > [data-row]", made), now = heads();
    const inside = ids.map(row).filter((one) => one?.dataset.foldOf && !one.hidden);
    ids.map(row).filter((one) => one?.dataset.fold).forEach((one) => wb.refold(one));
    const more = $("#more", made), bulk = $("#bulk", made);
    let last;
    for (const [at, drawn] of fresh.entries()) {
      const { id, fold } = drawn.dataset, was = (fold && $(`[data-fold="${CSS.escape(fold)}"]`, all)) || row(id);
      drawn.classList.toggle("cursor", Boolean(was?.classList.contains("cursor")));
      drawn.ariaSelected = was?.ariaSelected ?? null;
      const same = was?.isEqualNode(drawn), one = fresh[at] = same ? was : drawn; // not laid out again
      if (same) $("input", one).checked &&= !ids.includes(id);
      else if (was) {
        const ticked = $("input[type=checkbox]:checked", was), opened = $("[aria-expanded=true]", was);
        if (ticked && !ids.includes(was.dataset.id)) $("input[type=checkbox]", one).checked = true;
        if (opened) $("[data-unfold]", one)?.setAttribute("aria-expanded", "true");
        was.replaceWith(one);
      } else if (last) {
        while (last.nextElementSibling?.dataset.foldOf) last = last.nextElementSibling;
        last.after(one);
      } else all.prepend(one);
      $$(`#alert-${id}`).forEach((other) => { if (other !== one) other.remove(); });
      last = one;
    }
    const left = (one) => one.hidden || (!one.dataset.foldOf && now.indexOf(one) < fresh.length);
    ids.map(row).filter((one) => one && !fresh.includes(one) && left(one)).forEach((one) => one.remove());
    /* An answer that ends before the screen does tells neither what comes next nor that all of it was seen anew. */
    if (more && last !== heads().at(-1)) $("[name=seen]", bulk).value = seen();
    else { $("#more", all)?.remove(); if (more) all.append(more); }
    $$(":scope > :not(#bulk-form)", list).forEach((one) => one.remove());
    form.before(...$$("#list > :not(#bulk-form)", made));
    const used = data.get("reason") ? data.get("note") : data.get("text");
    if (!$$("#bulk textarea").some((one) => (one.value ? one.value !== used : one.matches(":focus")))) $("#bulk")?.replaceWith(bulk);
    else $("#bulk [name=seen]").value = $("[name=seen]", bulk).value;
    for (const id of ["list", "pulse"]) made.getElementById(id)?.remove();
    htmx.process(list);
    htmx.swap("#list", made.body.innerHTML, { swapStyle: "none" });
    inside.forEach((one) => renew(one.dataset.id, one.dataset.foldOf));
  }
  /* A row inside a fold that stays there. */
  async function renew(id, fold) {
    const link = $(`[data-unfold="${CSS.escape(fold)}"]`), url = link?.getAttribute("hx-get");
    const answer = url && await fetch(url, { headers: { "HX-Request": "true" } });
    const made = new DOMParser().parseFromString(`<table>${answer?.ok ? await answer.text() : ""}</table>`, "text/html");
    const one = made.getElementById(`alert-${id}`), was = row(id);
    if (!was) return;
    if (one) one.classList.toggle("cursor", was.classList.contains("cursor"));
    const held = was.contains(document.activeElement);
    if (one) was.replaceWith(one); else if (answer?.ok) was.remove();
    if (one && held) $("a[href]", one).focus({ preventScroll: true });
  }
  const run = (act) => { wb.sending(); return send(act).catch((error) => failed(act, wb.failed(error.name))); };
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

  /* After a swap the preview follows the cursor. */
  function follow() {
    const one = wb.cursor(), peek = $("#peek");
    if (!peek || peek.getClientRects().length === 0) return;
    if (!one) peek.replaceChildren();
    else if (one.dataset.id !== $("[data-peeked]", peek)?.dataset.peeked) wb.peekAt(one, 0);
  }
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    for (const one of heads()) if (row(one.dataset.id) !== one) one.remove(); // further rows may be there already
    hide();
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
