/* Lists: the cursor (j k), what is ticked, and the preview beside the list. data-row, data-peek: rows, and what to show
   beside one. Previews of the rows around the cursor are fetched ahead, a few at most, so that moving shows them at once. */
"use strict";
(() => {
  const { $, $$, shown } = wb;
  const REST = 60, MOST = 16, FRESH = 10000, IDLE = 1000;
  const cache = new Map(), coming = new Map();
  let timer, idle, turn = 0, age = 0;
  wb.rows = () => $$("[data-row]").filter((row) => !row.hidden);
  wb.cursor = () => $("[data-row].cursor:not([hidden])");
  const boxes = () => wb.rows().map((row) => $("input[type=checkbox]", row)).filter((box) => box && !box.disabled);
  wb.boxes = boxes;

  /* ---- previews ---- */
  const known = (url) => { const found = cache.get(url); return found && Date.now() - found.at < FRESH ? found.html : null; };
  wb.forgetPreviews = () => { age += 1; cache.clear(); coming.clear(); };
  /* After an act on these: what the previews of others say may be one judgement behind, so they are fetched anew, but
     not before the hands rest: whoever closes one after the other waits for none. */
  wb.agePreviews = (ids) => {
    for (const url of cache.keys()) if (ids.some((id) => url.includes(`/${id}/`))) cache.delete(url);
    clearTimeout(idle);
    idle = setTimeout(() => { wb.forgetPreviews(); fetchAhead(turn); }, IDLE);
  };
  /* Whether the preview on the screen is not of the row under the cursor: nothing may be done with it then, neither by a
     key (js/keys.js waits) nor by a click. */
  wb.late = () => {
    const peek = $("#peek"), row = wb.cursor();
    return Boolean(row?.dataset.peek && peek && $("[data-peeked]", peek)?.dataset.peeked !== row.dataset.id && shown(peek));
  };
  function watch() {
    const peek = $("#peek"), late = wb.late();
    if (peek) peek.inert = late;
    if (!late) wb.release?.();
  }
  async function load(url, mine) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }), html = await answer.text();
    if (!answer.ok || mine !== age) return;
    if (cache.size >= MOST) cache.delete(cache.keys().next().value);
    cache.set(url, { html, at: Date.now() });
  }
  /* What is on its way already is waited for. */
  function get(url) {
    if (!coming.has(url)) {
      const one = load(url, age).catch(() => {}).finally(() => { if (coming.get(url) === one) coming.delete(url); });
      coming.set(url, one);
    }
    return coming.get(url);
  }
  /* One at a time, the likeliest first, until the cursor goes on. */
  async function fetchAhead(mine) {
    const all = wb.rows(), here = all.indexOf(wb.cursor());
    for (const by of [1, 2, -1, -2]) {
      const url = here >= 0 && all[here + by]?.dataset.peek;
      if (mine !== turn) return;
      if (url && !known(url)) await get(url);
    }
  }
  wb.peekAt = (row, wait = REST) => {
    const peek = $("#peek"), url = row?.dataset.peek, mine = turn += 1;
    clearTimeout(timer);
    if (!url || !peek || !shown(peek) || !window.htmx) return;
    const show = (html) => htmx.swap("#peek", html, { swapStyle: "innerHTML" });
    async function look() {
      await get(url);
      if (mine !== turn) return;
      const html = known(url);
      if (html) show(html); else htmx.ajax("GET", url, { target: "#peek", source: "#peek", swap: "innerHTML" });
      fetchAhead(mine);
    }
    const html = known(url);
    if (html) { show(html); timer = setTimeout(fetchAhead, REST, mine); }
    else if (coming.has(url)) look();
    else timer = setTimeout(look, wait);
  };

  /* ---- the cursor ---- */
  /* `later`: the preview, half of the work, is drawn after the rows are. */
  wb.moveTo = (row, later) => {
    if (!row) return;
    $$("[data-row].cursor").forEach((one) => one.classList.remove("cursor")); // hidden ones, too
    row.classList.add("cursor");
    ($("a[href]", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    const address = new URL(location.href);
    if (row.dataset.id) address.searchParams.set("at", row.dataset.id);
    history.replaceState(history.state, "", address);
    watch();
    if (later) wb.painted().then(() => { if (row === wb.cursor()) wb.peekAt(row); }); else wb.peekAt(row);
  };
  wb.step = (by, extend) => {
    const all = wb.rows(), from = wb.cursor(), here = all.indexOf(from);
    if (!all.length) return false;
    const to = all[Math.min(Math.max(here + by, 0), all.length - 1)];
    if (extend) for (const row of [from, to]) { const box = row && $("input[type=checkbox]", row); if (box && !box.disabled) box.checked = true; }
    wb.moveTo(to);
    if (extend) wb.announce(`${wb.showSelection()} selected`);
    return true;
  };
  /* → opens the fold under the cursor, ← closes the one it is in. */
  wb.unfold = (open) => {
    const row = wb.cursor(), fold = row?.dataset.fold || row?.dataset.foldOf;
    if (!fold) return false;
    const inside = $$(`[data-fold-of="${CSS.escape(fold)}"]`), head = $(`[data-fold="${CSS.escape(fold)}"]`);
    if (open && !inside.length && head) $("[data-unfold]", head)?.click();
    if (!open && head) refold(head, inside);
    return true;
  };
  wb.refold = (head) => refold(head, $$(`[data-fold-of="${CSS.escape(head.dataset.fold)}"]`));
  function refold(head, inside) {
    if (inside.includes(wb.cursor())) wb.moveTo(head);
    inside.forEach((one) => one.remove());
    $("[data-unfold]", head)?.setAttribute("aria-expanded", "false");
    wb.showSelection();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-unfold]"), head = link?.closest("tr");
    if (!head) return;
    const inside = $$(`[data-fold-of="${CSS.escape(link.dataset.unfold)}"]`);
    if (!inside.length) { link.setAttribute("aria-expanded", "true"); return; }
    event.preventDefault();
    event.stopPropagation();
    refold(head, inside);
  }, true);

  /* ---- what is ticked ---- */
  wb.showSelection = () => {
    const all = boxes(), ticked = all.filter((box) => box.checked);
    const number = ticked.reduce((sum, box) => sum + Number(box.dataset.count || 1), 0);
    /* How many rows, alerts, and rules: of one rule alone they go to the composer. */
    const picked = ticked.map((box) => box.closest("[data-row]")), rules = new Set(picked.map((row) => row.dataset.rule)).size;
    for (const [name, said] of [["count", number], ["rows", ticked.length], ["rules", rules]]) $$(`[data-selected-${name}]`).forEach((place) => { place.textContent = said; });
    for (const [name, on] of [["alerts", number !== ticked.length], ["one", rules === 1 && number > 1], ["rules", rules > 1]]) $$(`[data-of-${name}]`).forEach((place) => { place.hidden = !on; });
    const except = $("[data-except]");
    if (except) {
      except.hidden = rules !== 1;
      if (rules === 1) { except.href = $(".name > a", picked[0])?.href || ""; except.search += `${except.search ? "&" : "?"}side=exception`; }
    }
    $$("[data-select-all]").forEach((box) => {
      box.hidden = false;
      box.checked = all.length > 0 && ticked.length === all.length;
      box.indeterminate = ticked.length > 0 && ticked.length < all.length;
    });
    if (!ticked.length) $$("[data-all-matching]").forEach((box) => { box.checked = false; });
    all.forEach((box) => box.closest("tr")?.setAttribute("aria-selected", box.checked));
    return number;
  };
  wb.selectAll = (on) => {
    boxes().forEach((box) => { box.checked = on; });
    wb.announce(`${wb.showSelection()} selected`);
  };
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-select-all]")) wb.selectAll(target.checked);
    else if (target.matches("[data-row] input[type=checkbox]")) wb.showSelection();
  });
  document.addEventListener("reset", () => setTimeout(wb.showSelection));

  /* ---- after a swap: the ticks stay; focus what the answer names, else the row in place of the one that left ---- */
  let lostRow = -1, ticked = [];
  const named = (box) => `${box.name}=${box.value.split(":")[0]}`;
  wb.ticked = () => boxes().filter((box) => box.checked).map(named);
  wb.tick = (names) => { boxes().forEach((box) => { box.checked ||= names.includes(named(box)); }); wb.showSelection(); };
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    lostRow = document.activeElement?.closest?.("[data-row]") ? wb.rows().indexOf(wb.cursor()) : -1;
    const reads = detail.requestConfig?.verb === "get" && detail.target?.id === "list";
    ticked = reads ? wb.ticked() : [];
    if (detail.requestConfig && detail.requestConfig.verb !== "get") wb.forgetPreviews();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    wb.tick(ticked);
    ticked = [];
    const wanted = detail.elt?.matches?.("[data-focus]") ? detail.elt : detail.elt && $("[data-focus]", detail.elt);
    if (wanted?.matches(".twist")) wb.moveTo(wanted.closest("[data-row]"));
    else if (wanted && !$("#bulk textarea:focus")) wanted.focus();
    else if (lostRow >= 0 && !document.activeElement?.closest?.("[data-row]")) wb.moveTo(wb.rows()[Math.min(lostRow, wb.rows().length - 1)]);
    lostRow = -1;
  });
  /* A colleague acted on a row: its preview is drawn anew, but not under the hands of who has a menu of it open. */
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    const note = detail.target.id?.startsWith("note-") && document.getElementById(detail.target.id);
    const row = note && note.closest("[data-row]"), said = note && note.firstChild?.textContent.trim();
    if (row) row.classList.add("told");
    if (!row || row.dataset.said === said) return;
    row.dataset.said = said;
    wb.forgetPreviews();
    if (row === wb.cursor() && !$("#peek details[open]")) wb.peekAt(row, 0);
  });
  document.addEventListener("DOMContentLoaded", () => {
    wb.showSelection();
    if ($("#peek")) new MutationObserver(watch).observe($("#peek"), { childList: true });
    const row = wb.cursor();
    if (row?.dataset.peek) timer = setTimeout(fetchAhead, 4 * REST, turn);
  });
})();
