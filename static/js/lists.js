/* Lists: the cursor (j k) and what is ticked. data-row: rows. */
"use strict";
(() => {
  const { $, $$ } = wb;
  wb.rows = () => $$("[data-row]").filter((row) => !row.hidden);
  wb.cursor = () => $("[data-row].cursor:not([hidden])");
  const boxes = wb.boxes = () => wb.rows().flatMap((row) => $$("input[type=checkbox]:enabled", row));

  function keep(row) {
    const address = new URL(location.href);
    if (row.dataset.id) address.searchParams.set("at", row.dataset.id);
    history.replaceState(history.state, "", address);
  }
  let owed; // a step from the last row, until there are more
  /* `later`: the preview is drawn after the rows are. */
  wb.moveTo = (row, later) => {
    if (!row) return;
    owed = null;
    $$("[data-row].cursor").forEach((one) => one.classList.remove("cursor")); // hidden ones, too
    row.classList.add("cursor");
    ($("a[href]", row) || $("button", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    keep(row);
    wb.peeks?.(row, later);
  };
  document.addEventListener("click", ({ target }) => {
    const row = target.closest?.("[data-row]");
    if (row && target === $("a[href]", row)) keep(row);
    else if (row && !target.closest("a, button, input, label, summary") && getSelection().isCollapsed) wb.moveTo(row);
  });
  wb.step = (by, extend) => {
    const all = wb.rows(), from = wb.cursor(), here = all.indexOf(from);
    if (!all.length) return false;
    const to = all[Math.min(Math.max(here + by, 0), all.length - 1)], more = by > 0 && all.length - here < 7 && $("tr#more a");
    if (more) more.click();
    if (more && to === from) { owed = () => wb.step(by, extend); return true; }
    if (extend) boxes().forEach((box) => { box.checked ||= [from, to].includes(box.closest("[data-row]")); });
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

  /* ---- after a swap: ticks stay; focus what is named, else the row in place of the one that left ---- */
  let lostRow = -1, ticked = [];
  const named = (box) => `${box.name}=${box.value.split(":")[0]}`;
  wb.WRITING = "#bulk textarea:focus, #peek textarea:focus, #filters :focus"; // an answer takes no letters away from here
  wb.ticked = () => boxes().filter((box) => box.checked).map(named);
  wb.tick = (names) => { boxes().forEach((box) => { box.checked ||= names.includes(named(box)); }); wb.showSelection(); };
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    lostRow = document.activeElement?.closest?.("[data-row]") ? wb.rows().indexOf(wb.cursor()) : -1;
    const reads = detail.requestConfig?.verb === "get" && detail.target?.id === "list";
    ticked = reads ? wb.ticked() : [];
    if (detail.requestConfig && detail.requestConfig.verb !== "get") wb.forgetPreviews?.();
  });
  wb.drawn((detail) => { if (detail?.target?.id !== "peek") wb.tick(ticked); ticked = []; });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const wanted = detail.elt?.matches?.("[data-focus]") ? detail.elt : detail.elt && $("[data-focus]", detail.elt);
    if (wanted?.matches(".twist")) wb.moveTo(wanted.closest("[data-row]"));
    else if (wanted && !(detail.requestConfig?.verb === "get" ? wb.typing(document.activeElement) : $(wb.WRITING))) wanted.focus();
    else if (lostRow >= 0 && !document.activeElement?.closest?.("[data-row]")) wb.moveTo(wb.rows()[Math.min(lostRow, wb.rows().length - 1)]);
    else if (owed && wb.rows().at(-1) !== wb.cursor()) owed();
    lostRow = -1;
  });
})();
