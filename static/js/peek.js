/* The preview beside the list. data-peek: what to show beside a row. Previews of the rows around the cursor are fetched
   ahead, a few at most, so that moving shows them at once. Loaded after lists.js. */
"use strict";
(() => {
  const { $, shown } = wb;
  const REST = 60, MOST = 16, FRESH = 10000, SECOND = 1000;
  const cache = new Map(), coming = new Map();
  let timer, idle, turn = 0;
  const known = (url) => { const found = cache.get(url); return found && Date.now() - found.at < FRESH ? found.html : null; };
  const drop = (which) => { for (const [url, one] of coming) if (which(url, one)) { coming.delete(url); one.stop.abort(); } };
  wb.forgetPreviews = () => { cache.clear(); drop(() => true); };
  /* After an act on these: what the previews of others say may be one judgement behind, so what is not on the screen yet
     is fetched anew, but not before the hands rest: whoever closes one after the other waits for none. */
  wb.agePreviews = (ids) => {
    const acted = (url) => ids.some((id) => url.includes(`/${id}/`));
    for (const url of cache.keys()) if (acted(url)) cache.delete(url);
    drop(acted);
    clearTimeout(idle);
    idle = setTimeout(() => { wb.forgetPreviews(); fetchAhead(turn); }, SECOND);
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
  async function load(url, signal) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, signal });
    return answer.ok ? answer.text() : null;
  }
  /* What is on its way already is waited for; what was forgotten meanwhile is not kept. */
  function get(url) {
    if (coming.has(url)) return coming.get(url).done;
    const one = { stop: new AbortController(), began: Date.now() };
    coming.set(url, one);
    setTimeout(() => one.stop.abort(), 3 * SECOND);
    one.done = load(url, one.stop.signal).catch(() => null).then((html) => {
      if (coming.get(url) !== one) return;
      coming.delete(url);
      if (cache.size >= MOST) cache.delete(cache.keys().next().value);
      if (html) cache.set(url, { html, at: Date.now() });
    });
    return one.done;
  }
  /* A browser asks few things at once: what is for no row near the cursor is not waited for, nor what hangs. */
  function leaveOff(row) {
    const all = wb.rows(), here = all.indexOf(row), near = all.slice(Math.max(here - 2, 0), here + 3).map((one) => one.dataset.peek);
    drop((url, { began }) => !near.includes(url) || (url === row.dataset.peek && Date.now() - began > SECOND));
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
    leaveOff(row);
    const show = (html) => htmx.swap("#peek", html, { swapStyle: "innerHTML" }, { eventInfo: { target: peek } });
    async function look() {
      await get(url);
      if (mine !== turn || wb.cursor()?.dataset.id !== row.dataset.id) return;
      const html = known(url);
      if (html) show(html); else htmx.ajax("GET", url, { target: "#peek", source: "#peek", swap: "innerHTML" });
      fetchAhead(mine);
    }
    const html = known(url);
    if (html) { show(html); timer = setTimeout(fetchAhead, REST, mine); }
    else if (coming.has(url)) look();
    else timer = setTimeout(look, wait);
  };
  wb.peeks = (row, later) => {
    if (later || !known(row.dataset.peek)) watch();
    if (later) wb.painted().then(() => { if (row === wb.cursor()) wb.peekAt(row); }); else wb.peekAt(row);
  };
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target?.id === "peek" && detail.requestConfig?.path !== wb.cursor()?.dataset.peek) detail.shouldSwap = false; // the cursor has gone on
  });
  /* A colleague acted on a row: its preview is drawn anew, but not under the hands of who has a menu of it open. */
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    const note = detail.target.id?.startsWith("note-") && document.getElementById(detail.target.id);
    const row = note && note.closest("[data-row]"), said = note && note.firstChild?.textContent.trim();
    if (row) row.classList.add("touched");
    if (!row || row.dataset.said === said) return;
    row.dataset.said = said;
    wb.forgetPreviews();
    if (row === wb.cursor() && !$("#peek details[open]")) wb.peekAt(row, 0);
  });
  document.addEventListener("DOMContentLoaded", () => {
    if ($("#peek")) new MutationObserver(watch).observe($("#peek"), { childList: true });
    if (wb.cursor()?.dataset.peek) timer = setTimeout(fetchAhead, 4 * REST, turn);
  });
})();
