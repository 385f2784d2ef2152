/* Keys, the cursor of a list, menus, toasts, errors. Everything here makes a page quicker; nothing here is needed to use it.
   Templates say what a key does: data-key="a" is clicked (an input: focused) when "a" is pressed and it is on screen.
   data-go="a": reached by g then a. data-row, data-peek: rows of a list and what to show beside it.
   data-menu: a <details> menu, opened by c (close) or s (assign). data-open: opens that dialog. data-copy: copies.
   data-dismiss: removes its strip. data-submit: sent by Ctrl or Cmd and Enter. data-focus: focused after a swap. */
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const shown = (element) => element.getClientRects().length > 0 && !element.disabled;
  const announce = (text) => { const line = $("#announce"); if (line) line.textContent = text; };
  const MENU_KEYS = { c: "close", s: "assign" };
  const TOAST_STAYS = 10000;
  let waitingForPlace = 0;

  /* ---- errors ---- */
  function strip(text) {
    const words = $("#strip-words"), place = $("#strip");
    if (!words || !place) return;
    const made = words.content.cloneNode(true);
    $("p", made).textContent = text;
    place.replaceChildren(made);
  }
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const name = $("meta[name=csrf-cookie]").content + "=";
    const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
    if (found) detail.headers["X-CSRFToken"] = decodeURIComponent(found.slice(name.length));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr } = detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget") === "#strip") {
      detail.shouldSwap = Boolean($("#strip"));
    } else if (xhr.status < 400 && detail.requestConfig?.verb !== "get") {
      $("#strip")?.replaceChildren();
    }
  });
  document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
    if (xhr.getResponseHeader("HX-Retarget") === "#strip") return;
    const reference = xhr.getResponseHeader("X-Request-Id");
    strip(`That did not work (${xhr.status}${reference ? `, reference ${reference}` : ""}). What you see may be out of date.`);
  });
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, () => strip("The server does not answer. What you see may be out of date."));
  }

  /* ---- toasts ---- */
  function startToast(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), TOAST_STAYS); };
    const pause = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, pause);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
    start();
  }
  const startToasts = () => $$("[data-toast]").forEach(startToast);

  /* ---- lists ---- */
  const rows = () => $$("[data-row]");
  const cursor = () => $("[data-row].cursor");
  const boxes = () => $$("[data-row] input[type=checkbox]").filter((box) => !box.disabled);
  let peekTimer;
  function moveTo(row) {
    if (!row) return;
    cursor()?.classList.remove("cursor");
    row.classList.add("cursor");
    ($("a[href]", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    const address = new URL(location.href);
    if (row.dataset.id) address.searchParams.set("at", row.dataset.id);
    history.replaceState(history.state, "", address);
    clearTimeout(peekTimer);
    const peek = $("#peek");
    if (row.dataset.peek && peek && shown(peek) && window.htmx) {
      peekTimer = setTimeout(() => htmx.ajax("GET", row.dataset.peek, { target: "#peek", source: "#peek", swap: "innerHTML" }), 60);
    }
  }
  function step(by) {
    const all = rows(), here = all.indexOf(cursor());
    if (!all.length) return false;
    moveTo(all[Math.min(Math.max(here + by, 0), all.length - 1)]);
    return true;
  }
  function showSelection() {
    const all = boxes(), ticked = all.filter((box) => box.checked);
    $$("[data-selected-count]").forEach((place) => { place.textContent = ticked.length; });
    $$("[data-select-all]").forEach((box) => {
      box.hidden = false;
      box.checked = all.length > 0 && ticked.length === all.length;
      box.indeterminate = ticked.length > 0 && ticked.length < all.length;
    });
    all.forEach((box) => box.closest("tr")?.setAttribute("aria-selected", box.checked));
    return ticked.length;
  }
  function selectAll(on) {
    boxes().forEach((box) => { box.checked = on; });
    announce(`${showSelection()} selected`);
  }
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-select-all]")) selectAll(target.checked);
    else if (target.matches("[data-row] input[type=checkbox]")) showSelection();
  });
  document.addEventListener("reset", () => setTimeout(showSelection));

  /* ---- menus, dialogs, copying ---- */
  const openMenus = () => $$("details.menu[open]");
  function closeMenus(except) {
    const open = openMenus().filter((menu) => !menu.contains(except));
    open.forEach((menu) => { menu.open = false; });
    return open;
  }
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches?.("details.menu") && target.open) closeMenus(target);
  }, true);
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy || $(button.dataset.copyFrom).textContent);
      announce("Copied");
      const words = $("[data-copy-words]", button);
      if (words) words.textContent = "Copied";
    } catch {
      announce("The browser did not allow copying");
    }
  }
  document.addEventListener("click", ({ target }) => {
    closeMenus(target);
    target.closest("[data-dismiss]")?.closest(".strip, .toast")?.remove();
    const opener = target.closest("[data-open]");
    if (opener) $(`#${opener.dataset.open}`)?.showModal();
    const copier = target.closest("[data-copy], [data-copy-from]");
    if (copier) copy(copier);
  });

  /* ---- keys ---- */
  const typing = (element) => element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
  function press(element) {
    if (element.matches("input, textarea, select")) element.focus();
    else element.click();
    return true;
  }
  const keyed = (key, from) => $$(`[data-key="${CSS.escape(key)}"]`, from).filter(shown);
  function act(key) {
    const menu = openMenus()[0];
    const inMenu = menu && keyed(key, menu).filter((element) => element.localName !== "summary");
    if (inMenu?.length) return press(inMenu[0]);
    const bulk = $$("[data-row] input:checked").length ? $("#bulk") : null;
    const named = MENU_KEYS[key] && $(`details[data-menu=${MENU_KEYS[key]}]`, bulk || document);
    if (bulk && keyed(key, bulk).length) return press(keyed(key, bulk)[0]);
    if (named && shown(named)) return press($("summary", named));
    return keyed(key).length ? press(keyed(key).at(-1)) : false;
  }
  function escape() {
    const menus = closeMenus();
    if (menus.length) { $("summary", menus[0]).focus(); return true; }
    if (boxes().some((box) => box.checked)) { selectAll(false); return true; }
    return act("Escape");
  }
  function go(key) {
    waitingForPlace = 0;
    const link = $(`[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  }
  function single(event) {
    const { key, target } = event;
    if (waitingForPlace > Date.now()) return go(key);
    if (key === "g") { waitingForPlace = Date.now() + 1500; return true; }
    if (key === "?") { $("#help")?.showModal(); return true; }
    if ((key === "j" || key === "ArrowDown") && !openMenus().length && step(1)) return true;
    if ((key === "k" || key === "ArrowUp") && !openMenus().length && step(-1)) return true;
    if (key === "*") { const all = boxes(); selectAll(!all.every((box) => box.checked)); return all.length > 0; }
    if (key === " " && cursor() && !target.closest("button, summary, input")) {
      const box = $("input[type=checkbox]", cursor());
      if (box && !box.disabled) { box.checked = !box.checked; showSelection(); }
      return true;
    }
    if (key === "o" && !openMenus().length && cursor()) return press($("a[href]", cursor()));
    return act(key);
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || $("dialog[open]")) return;
    const { key, target } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = target.closest?.("form"), button = (form && $("[data-submit]", form)) || $("[data-submit]");
      if (button && shown(button)) button.click(); else form?.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") { if (typing(target)) target.blur(); else escape(); return; }
    if (document.body.dataset.keys === "off" || typing(target)) return;
    if (single(event)) event.preventDefault();
  });

  /* ---- after a swap: focus what the answer names, else the row that took the place of the one that left ---- */
  let lostRow = -1;
  document.addEventListener("htmx:beforeSwap", () => {
    lostRow = document.activeElement?.closest?.("[data-row]") ? rows().indexOf(cursor()) : -1;
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    startToasts();
    showSelection();
    const named = detail.elt?.matches?.("[data-focus]") ? detail.elt : detail.elt && $("[data-focus]", detail.elt);
    if (named) named.focus();
    else if (lostRow >= 0 && !document.activeElement?.closest?.("[data-row]")) moveTo(rows()[Math.min(lostRow, rows().length - 1)]);
    lostRow = -1;
  });
  $(".setnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone the list scrolls
  startToasts();
  showSelection();
})();
