/* The queue acts at once: rows leave when they are closed or snoozed, and come back with the reason when that was refused.
   Acts are sent one after the other, so that no older answer draws over a newer one. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const leaving = new Set();
  let line = Promise.resolve(), busy = 0, timer;
  const row = (id) => document.getElementById(`alert-${id}`);
  const hide = () => { for (const id of leaving) { const one = row(id); if (one) one.hidden = true; } };

  /* The rows that an act is about: the ticked ones, or the one whose preview sent it. */
  function rowsOf(data) {
    const folds = data.getAll("fold").map((fold) => $(`[data-fold="${CSS.escape(fold)}"]`));
    return [...data.getAll("alert").map((tick) => row(tick.split(":")[0])), ...folds].filter(Boolean);
  }
  /* The list that the page shows; the preview of a row inside a fold is that of a list of the fold alone. */
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
  async function send(action, data, ids) {
    let answer;
    data.set("csrfmiddlewaretoken", wb.token());
    try {
      answer = await fetch(action, { method: "POST", body: data, headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
    } catch {
      comeBack(ids);
      wb.strip("The server does not answer. Nothing was changed.");
      return;
    }
    await read(answer, action, data, ids);
  }
  async function read(answer, action, data, ids) {
    const to = answer.headers.get("HX-Redirect"), text = await answer.text();
    if (to) { location.assign(to); return; }
    if (answer.status === 401) { comeBack(ids); wb.signInAgain(() => queue(action, data, ids)); return; }
    if (answer.headers.get("HX-Retarget") === "#strip" || answer.status >= 500) {
      comeBack(ids);
      if (answer.status >= 500) wb.strip(wb.failed(answer.status, answer.headers.get("X-Request-Id")));
      else htmx.swap("#strip", text, { swapStyle: "innerHTML" });
      return;
    }
    ids.forEach((id) => leaving.delete(id));
    wb.forgetPreviews();
    draw(text, answer.ok ? null : ids[0]);
  }
  function draw(text, back) {
    const at = wb.cursor()?.dataset.id, focused = document.activeElement === document.body || document.activeElement?.closest?.("#list, #peek");
    const index = wb.rows().indexOf(wb.cursor());
    htmx.swap("#list", text, { swapStyle: "outerHTML" });
    hide();
    const rows = wb.rows(), wanted = (back && row(back)) || row(at) || rows[Math.min(Math.max(index, 0), rows.length - 1)];
    const notice = back && $("#list [role=alert]");
    if (notice) wb.announce(notice.textContent.trim());
    if (wanted && focused) wb.moveTo(wanted);
    $("#list [data-focus]")?.focus();
    if (!rows.length) $("#peek")?.replaceChildren();
  }
  function queue(action, data, ids) {
    busy += 1;
    line = line.then(() => send(action, data, ids)).finally(() => { busy -= 1; });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target, { submitter } = event;
    if (!form.getAttribute("action")?.endsWith("/alerts/bulk/") || submitter?.hasAttribute("formaction") || !$("#list")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const data = withFold(form, new FormData(form, submitter)), rows = rowsOf(data), ids = rows.map((one) => one.dataset.id);
    wb.closeMenus();
    if (goes(data) && rows.length) leave(rows);
    queue(form.getAttribute("action"), new URLSearchParams(data), ids);
  }, true);
  wb.busy = () => busy;
  wb.settled = () => line;

  /* After the list was swapped, the preview follows the row that is under the cursor now. */
  function follow() {
    const one = wb.cursor(), peek = $("#peek");
    if (!peek || peek.getClientRects().length === 0) return;
    if (!one) peek.replaceChildren();
    else if (one.dataset.id !== $("[data-peeked]", peek)?.dataset.peeked) wb.peekAt(one, 0);
  }
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    hide();
    if (detail.target?.id !== "list" && detail.elt?.id !== "list") return;
    wb.forgetPreviews();
    clearTimeout(timer);
    timer = setTimeout(follow, 250);
  });
})();
