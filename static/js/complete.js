/* Completing a query while it is written: <input data-complete="address">. The server says what fits (a listbox); arrows
   choose, Enter or Tab takes, Escape closes. The box is an ARIA combobox; nothing is chosen until an arrow is pressed. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const WAIT = 90;
  let box = null, list = null, timer, asked;
  const options = () => (list ? $$("[role=option]", list) : []);
  const chosen = () => options().find((one) => one.getAttribute("aria-selected") === "true");
  function ready(field) {
    if (field.getAttribute("role") === "combobox") return;
    const told = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "complete", autocomplete: "off" };
    Object.entries(told).forEach(([name, value]) => field.setAttribute(name, value));
  }
  function close() {
    clearTimeout(timer);
    asked?.abort();
    list?.remove();
    box?.setAttribute("aria-expanded", "false");
    box?.removeAttribute("aria-activedescendant");
    list = null;
  }
  function choose(by) {
    const all = options(), here = all.indexOf(chosen());
    all[here]?.setAttribute("aria-selected", "false");
    const next = all[(here + by + all.length) % all.length] || all[0];
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", next.id);
  }
  function take(option) {
    const { insert, from, to } = option.dataset, field = box;
    close();
    field.setRangeText(insert, Number(from), Number(to), "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function show(html, field) {
    const holder = document.createElement("div");
    holder.innerHTML = html;
    const found = $("[role=listbox]", holder);
    close();
    if (!found || !$("[role=option]", found) || document.activeElement !== field) return;
    list = found;
    list.id = "complete";
    field.parentElement.append(list);
    field.setAttribute("aria-expanded", "true");
    $$("[role=option]", list).forEach((one) => one.setAttribute("aria-selected", "false"));
  }
  async function ask(field) {
    const at = field.selectionStart ?? field.value.length;
    const address = new URL(field.dataset.complete, location.href);
    address.searchParams.set("q", field.value);
    address.searchParams.set("at", at);
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: asked.signal });
      if (answer.ok && field.selectionStart === at) show(await answer.text(), field);
    } catch { /* a newer question was asked, or the server does not answer: there is nothing to offer */ }
  }
  const later = (field) => { box = field; clearTimeout(timer); timer = setTimeout(() => ask(field), WAIT); };
  document.addEventListener("focusin", ({ target }) => { if (target.dataset?.complete) { box = target; ready(target); } });
  document.addEventListener("input", ({ target }) => { if (target.dataset?.complete) later(target); });
  document.addEventListener("focusout", ({ target }) => { if (target === box) setTimeout(() => { if (document.activeElement !== box) close(); }, 150); });
  document.addEventListener("submit", close);
  wb.drawn(() => { if (box) box.ariaInvalid = $("#mistake") && "true"; });
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.(".complete [role=option]");
    if (option) { event.preventDefault(); take(option); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.target !== box || event.isComposing) return;
    const { key } = event;
    if (key === " " && event.ctrlKey) { event.preventDefault(); ask(box); return; }
    if (!list) return;
    if (key === "ArrowDown" || key === "ArrowUp") choose(key === "ArrowDown" ? 1 : -1);
    else if (key === "Escape") close();
    else if ((key === "Enter" || key === "Tab") && chosen()) take(chosen());
    else return; // Tab goes on to what follows, or nobody could leave the box by keyboard
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
})();
