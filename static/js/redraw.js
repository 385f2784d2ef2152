/* The answer to an act, laid into the list on the screen. Loaded after lists.js and before alerts.js. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const row = (id) => document.getElementById(`alert-${id}`);
  /* The newest alert there was and when the list was drawn: what came since is announced, and moves no row. */
  function seen() {
    const pulse = $("#pulse"), asked = pulse && new URL(pulse.getAttribute("hx-get"), location.href).searchParams;
    return $("#bulk-form [name=seen]")?.value || (asked ? `${asked.get("since")}:${asked.get("at")}` : "");
  }
  const heads = () => $$("#rows > [data-row]:not([data-fold-of])");
  /* Each row on the screen stays in its place, what left it goes, what came back stands where it stood. All else of the
     answer is drawn as it comes, but for what announces new alerts, and what is being typed for another act stays. */
  function merge(made, { ids, data }) {
    const list = $("#list"), form = $("#bulk-form"), all = $("#rows"), fresh = $$("#rows > [data-row]", made), now = heads();
    const inside = ids.map(row).filter((one) => one?.dataset.foldOf && !one.hidden);
    ids.map(row).filter((one) => one?.dataset.fold).forEach((one) => wb.refold(one));
    const more = $("#more", made), bulk = $("#bulk", made), folds = new Map(now.map((one) => [one.dataset.fold, one]));
    let last;
    for (const [at, drawn] of fresh.entries()) {
      const { id, fold } = drawn.dataset, was = (fold && folds.get(fold)) || row(id);
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
      if (!same) htmx.process(one);
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
    for (const one of $$(":scope > :not(#bulk-form), #bulk, #more", list)) htmx.process(one);
    htmx.swap("#toasts", made.body.innerHTML, { swapStyle: "none" });
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
  Object.assign(wb, { heads, listSeen: seen, merge });
})();
