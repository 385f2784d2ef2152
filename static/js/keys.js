/* Keys. Templates say what a key does: data-key="a" is clicked (an input: focused) when "a" is pressed and it is on screen.
   data-go="a": reached by g then a. data-submit: sent by Ctrl or Cmd and Enter. <body data-keys>: on, off, or alt (Alt in
   front of each). <body data-keymap>: pairs of a key and the one in its place; all else speaks of the usual keys. */
"use strict";
(() => {
  const { $, $$, shown, typing } = wb;
  const MENU_KEYS = { c: "close", s: "assign", w: "snooze", e: "case", n: "note" };
  let waitingForPlace = 0, toNote;
  /* A menu may be a part of another ("…"), which is opened with it. */
  const around = (summary) => summary.closest("details").parentElement.closest("details.menu");
  const reachable = (summary) => shown(summary) || Boolean(around(summary) && shown($("summary", around(summary))));
  function press(element) {
    if (element.matches("input:not([type=radio], [type=checkbox]), textarea, select")) { element.focus(); return true; }
    if (element.matches("a[data-key=n]")) toNote = true;
    if (element.localName === "summary" && around(element)) around(element).open = true;
    element.click();
    if (element.localName === "summary" && element.dataset.key === "n") $("textarea", element.parentElement)?.focus();
    return true;
  }
  /* What is pressed while the preview of the row under the cursor is on its way waits for it: it is meant for that row. */
  const WAITS = 5000;
  let held = [], givenUp;
  function hold(key, shift = false) {
    held.push([key, shift]);
    clearTimeout(givenUp);
    givenUp = setTimeout(() => { held = []; wb.strip("The preview did not come. Nothing was done."); }, WAITS);
    return true;
  }
  function letGo() {
    const keys = held;
    clearTimeout(givenUp);
    held = [];
    return keys;
  }
  wb.release = () => letGo().forEach(([key, shift]) => wb.single(key, document.activeElement, shift));
  const keyed = (key, from) => $$(`[data-key="${CSS.escape(key)}"]`, from).filter(shown);
  /* Of several: the one in the row under the cursor, that for what is ticked, a menu, else the last. */
  wb.meets = (key) => {
    const row = wb.cursor(), bulk = wb.boxes().some((box) => box.checked) && $("#bulk"), menu = MENU_KEYS[key];
    return (row && keyed(key, row)[0]) || (bulk && !menu && keyed(key, bulk)[0])
      || (menu && $$(`details[data-menu=${menu}] > summary`, bulk || document).find(reachable))
      || keyed(key).findLast((one) => !one.closest("[data-row]"));
  };
  function act(key) {
    const menu = wb.openMenus()[0];
    const inMenu = menu && keyed(key, menu).filter((element) => element.localName !== "summary");
    if (inMenu?.length) return press(inMenu.at(-1));
    const upper = menu && key.length === 1 && key !== key.toLowerCase() && keyed(key.toLowerCase(), menu).find((element) => element.closest("[data-reasons]"));
    if (upper) return wb.pick(upper);
    const found = wb.meets(key);
    if (key !== "Escape" && (!found || found.closest("#peek")) && wb.late?.()) return hold(key);
    return found ? press(found) : false;
  }
  function escape() {
    if (letGo().length) return true;
    const menus = wb.closeMenus();
    if (menus.length) { $("summary", menus[0]).focus(); return true; }
    if (wb.boxes().some((box) => box.checked)) { wb.selectAll(false); return true; }
    return act("Escape");
  }
  function go(key) {
    waitingForPlace = 0;
    const link = $(`[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  }
  /* [ and ]: the tab beside the one that is open. */
  function tab(by) {
    const tabs = $$("#side .tabs a"), here = tabs.findIndex((one) => one.hasAttribute("aria-current"));
    const next = tabs[here + by];
    return next ? press(next) : false;
  }
  /* → and ← in a tree: into what is under it, out to what is above; → from elsewhere goes to its top. */
  function walk(target, into) {
    const tree = target.closest("[data-tree]") || (into && !wb.cursor() && $("[data-tree]"));
    if (!tree) return false;
    const stops = (from) => $$("a[href], summary", from).filter(shown), item = target.closest("li"), fold = target.closest("summary")?.parentElement;
    if (!tree.contains(target)) { stops(tree)[0]?.focus(); return true; }
    if (!into && fold?.open) { fold.open = false; return true; }
    if (into && fold) fold.open = true;
    const above = item?.parentElement.closest("li"), all = stops(tree);
    const next = into ? stops(item || tree).find((one) => one.closest("li") !== item) || all[all.indexOf(target) + 1] : stops(above || tree)[0];
    next?.focus();
    return true;
  }
  /* + and -: only what has the value in focus, or all but it. */
  function filter(target, key) {
    const found = target.closest(".val, .tops li"), field = target.closest(".f, [data-value]");
    const link = found ? $(`[data-key-value="${CSS.escape(key)}"]`, found) : field && $$(".acts a", field)[key === "+" ? 0 : 1];
    return link ? press(link) : false;
  }
  /* → and ← on a row that opens in place. */
  function twist(open) {
    const link = wb.cursor() && $(".twist", wb.cursor());
    if (link && link.getAttribute("aria-expanded") !== String(open)) press(link);
    return Boolean(link);
  }
  function brush() {
    const range = $$("[data-brush-range=from]").find((one) => one.getClientRects().length);
    range?.focus();
    return Boolean(range);
  }
  function histogram() {
    const place = $("#histogram");
    if (!place) return false;
    place.hidden = !place.hidden;
    wb.keep("histogram", place.hidden);
    return true;
  }
  const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, J: 1, K: -1 };
  const PLAIN = {
    "?": () => { $("#help")?.showModal(); return true; },
    "*": () => { const all = wb.boxes(); wb.selectAll(!all.every((box) => box.checked)); return all.length > 0; },
    "[": () => tab(-1),
    "]": () => tab(1),
    h: () => act("h") || histogram(),
    b: () => act("b") || brush(),
    z: () => (!wb.busy?.() && act("z")) || wb.undoLast(), // the toast on the screen is that of the act before
  };
  function tick(target) {
    if (!wb.cursor() || target.closest("button, summary, input")) return false;
    const box = $("input[type=checkbox]:enabled", wb.cursor());
    if (box) { box.checked = !box.checked; wb.showSelection(); }
    return true;
  }
  wb.single = (key, target, shift) => {
    if (held.length) return hold(key, shift);
    if (waitingForPlace > Date.now()) return go(key);
    if (key === "g") { waitingForPlace = Date.now() + 1500; return true; }
    const menu = wb.openMenus().length > 0;
    if (!menu && key in MOVES && !target.closest("[role=listbox]") && wb.step(MOVES[key], shift)) return true;
    if (key === "ArrowRight" || key === "ArrowLeft") return walk(target, key === "ArrowRight") || twist(key === "ArrowRight") || wb.unfold(key === "ArrowRight");
    if ((key === "+" || key === "-") && filter(target, key)) return true;
    if (key === " ") return tick(target);
    if (key === "o" && !menu && wb.cursor()) return press($("a[href]", wb.cursor()) || $("button", wb.cursor()));
    return !menu && PLAIN[key] ? PLAIN[key]() : act(key);
  };
  /* What the person pressed, as the usual key; nothing for one whose place another took. */
  const pairs = [...(document.body?.dataset.keymap || "")], meant = new Map(), own = new Map();
  for (let at = 0; at < pairs.length; at += 2) { own.set(pairs[at], pairs[at + 1]); meant.set(pairs[at + 1], pairs[at]); }
  function usual(key) {
    const lower = key.length === 1 ? key.toLowerCase() : key, found = meant.get(lower) ?? (own.has(lower) ? "" : lower);
    return key === lower ? found : found.toUpperCase();
  }
  /* Every hint names the person's own key, and none while keys are off; the lists of keys say it themselves. */
  function relabel() {
    const off = document.body.dataset.keys === "off";
    if (own.size || off) $$("kbd:not([data-own], .keylist *, .go-keys *, .ownkeys *)").forEach((kbd) => {
      kbd.dataset.own = "";
      kbd.hidden = off && kbd.textContent.length === 1;
      kbd.textContent = own.get(kbd.textContent) ?? kbd.textContent;
    });
  }
  /* With Alt a letter may come as another sign: the key's place counts. */
  function named(event) {
    if (!event.altKey) return event.key;
    const plain = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
    return plain ? (event.shiftKey ? plain : plain.toLowerCase()) : event.key;
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    toNote = false;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      waitingForPlace = 0; if (wb.goAnywhere()) event.preventDefault();
      return;
    }
    if ($("dialog[open]")) return;
    const { target } = event, mode = document.body.dataset.keys;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = target.closest?.("form"), button = (form && $("[data-submit]", form)) || $("[data-submit]");
      if (button && shown(button)) button.click(); else form?.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && !event.altKey) { if (typing(target)) target.blur(); else escape(); return; }
    if (mode === "off" || event.altKey !== (mode === "alt") || typing(target)) return;
    if (target.matches("[type=range], [type=radio]") && event.key.startsWith("Arrow")) return;
    const pressed = named(event), key = waitingForPlace > Date.now() ? pressed : usual(pressed);
    if (key && wb.single(key, target, event.shiftKey)) event.preventDefault();
  });
  function putAway() {
    const place = $("#histogram");
    if (place && wb.kept("histogram")) place.hidden = true;
  }
  wb.drawn(() => {
    putAway(); relabel();
    if (toNote && $("#comment")) { toNote = false; if (!typing(document.activeElement)) $("#comment").focus(); }
  });
  document.addEventListener("DOMContentLoaded", () => {
    $(".setnav [aria-current], tr.cursor")?.scrollIntoView({ block: "nearest", inline: "center" });
  });
})();
