/* The palette: where to go, by name, and what to do on this page. Loaded when it is first asked for; js/menus.js has put its
   dialog up by then. The server says where one can go, and works without any of this at /go/; what to do is what the page
   has a key for. The box is an ARIA combobox: arrows choose, Enter takes what fits the text that stands in the box then,
   Escape closes. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const dialog = $(".palette"), box = $("input", dialog);
  let told = null; // the text that the list on the screen answers
  const options = () => $$("[role=option]", dialog);
  const chosen = () => $("[role=option][aria-selected=true]", dialog);
  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    box.setAttribute("aria-expanded", Boolean(option));
    if (!option) { box.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  }

  /* ---- what to do here ---- */
  /* The words of an element as they are read, without its key, its count, and what nobody sees of it. */
  function words(element) {
    const copy = element.cloneNode(true), all = $$("*", element);
    const left = (one, at) => one.matches("kbd, .n, .hint, input, textarea, select") || !all[at].getClientRects().length;
    $$("*", copy).filter(left).forEach((one) => one.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }
  function named(element) {
    const name = element.ariaLabel || words(element.labels?.[0] ?? element) || element.title || element.placeholder;
    const group = element.closest(".seg[aria-label]");
    if (element.matches(".crumbs a[data-key=u]")) return `Back to ${name}`;
    return group ? `${group.ariaLabel}: ${name}` : name;
  }
  /* What it would be done to, where that is not the whole page. */
  function about(element) {
    const reach = !element.closest("[data-menu=note]") && element.closest("[data-reach]");
    if (reach) return reach.dataset.reach;
    if (element.closest("#peek")) return `AL-${$("#peek [data-peeked]").dataset.peeked}`;
    if (element.closest("#bulk")) return $("#bulk strong").innerText;
    if (element.closest(".draft")) return $(".strong", element.closest(".draft")).textContent;
    return element.closest(".toast")?.firstElementChild.textContent || "";
  }
  /* `of` tells what it was offered for: the preview, or the toast, may be another one by the time it is chosen. A preview
     that is not of the row under the cursor is nothing to act on. */
  function act(key) {
    const element = wb.meets(key), peeked = element?.closest("#peek") && $("#peek [data-peeked]");
    if (!element || (peeked && wb.late())) return {};
    const told = about(element), undoes = element.closest(".toast form")?.getAttribute("action");
    return { key, name: named(element), about: told, of: undoes || `${peeked?.dataset.peeked || ""} ${told}` };
  }
  /* The preview of the row under the cursor may be on its way; after a second the list does without. */
  async function previewed() {
    for (const until = Date.now() + 1000; wb.late?.() && Date.now() < until;) await new Promise((go) => { setTimeout(go, 30); });
  }
  const acts = () => [...new Set($$("[data-key]").map((one) => one.dataset.key))].map(act).filter(({ name }) => name);
  /* As the server finds places: each word that is typed begins one of the name. */
  function fits({ name }, text) {
    const all = name.toLowerCase().split(/[\s:]+/);
    return text.toLowerCase().split(/\s+/).every((typed) => all.some((word) => word.startsWith(typed)));
  }
  function ownKey(key) {
    const pairs = [...(document.body.dataset.keymap || "")], at = pairs.findIndex((one, place) => place % 2 === 0 && one === key);
    if (key === "Escape") return "esc";
    return at < 0 ? key : pairs[at + 1];
  }
  function option({ key, name, about, of }, pattern, at) {
    const one = pattern.cloneNode(true), kbd = $("kbd", one);
    one.id += at;
    one.setAttribute("role", "option");
    Object.assign(one.dataset, { here: key, of });
    $(".go-name", one).textContent = name;
    $(".go-note", one).textContent = about;
    kbd.textContent = ownKey(key);
    kbd.hidden = document.body.dataset.keys === "off";
    return one;
  }
  /* After what is found by number and among places, so that a page is gone to by the letters that always led there; before
     all of it while nothing is typed, but then Enter goes to a page. */
  function addActs(text) {
    const found = acts().filter((one) => fits(one, text)), list = $("#go-list", dialog);
    if (!found.length) return;
    const group = $("#go-acts", dialog).content.firstElementChild.cloneNode(true), pattern = $("a", group);
    const places = text && $$("#go-numbers, #go-places", list).at(-1), status = $("[role=status]", dialog);
    status.textContent = `${found.length} on this page, ${options().length} elsewhere`;
    status.className = "visually-hidden";
    pattern.replaceWith(...found.map((one, at) => option(one, pattern, at)));
    if (places) places.parentElement.after(group); else list.prepend(group);
    list.hidden = false;
  }
  /* The same as its key does, unless the page has changed since and the key does something else now. The next key is for
     the menu that was opened, wherever the focus was. */
  function run({ key, name, of }) {
    const now = act(key);
    if (now.name === name && now.of === of) wb.single(key, document.body);
    else wb.strip(`“${name}” is no longer on this page. Nothing was done.`);
    const [menu] = wb.openMenus();
    if (menu && !menu.contains(document.activeElement)) $("summary", menu).focus();
  }

  wb.palette = () => {
    told = null;
    $("#go-found", dialog).replaceChildren();
    choose();
    htmx.trigger(box, "ask");
  };
  function take(option) {
    const { here: key, of } = option.dataset;
    if (!key) location.assign(option.href);
    dialog.close();
    if (key) run({ key, name: $(".go-name", option).textContent, of });
  }
  /* Enter: what is chosen, once the list is that of the text. */
  wb.arrive = () => {
    const { wanted } = dialog.dataset;
    if (wanted === undefined) return;
    if (told !== wanted) { htmx.trigger(box, "ask"); return; }
    delete dialog.dataset.wanted;
    if (chosen()) take(chosen());
  };
  dialog.addEventListener("htmx:afterSettle", async ({ detail }) => {
    const list = $("#go-list", dialog);
    await previewed();
    if (list !== $("#go-list", dialog)) return; // another one has come meanwhile
    told = detail.requestConfig.parameters.q;
    const text = told.trim();
    addActs(text);
    choose((!text && options().find((one) => one.href)) || options()[0]);
    if (dialog.open && dialog.dataset.wanted === told) wb.arrive();
  });
  for (const failed of ["responseError", "sendError", "timeout"]) dialog.addEventListener(`htmx:${failed}`, () => dialog.close()); // js/core.js says so
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.closest("[data-palette-close]")) dialog.close();
    else if (target.closest("[data-here]")) setTimeout(take, 0, target.closest("[data-here]")); // a click closes menus first
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target !== box) return;
    const all = options(), here = all.indexOf(chosen()), { key } = event;
    if ((key !== "ArrowDown" && key !== "ArrowUp") || !all.length) return;
    choose(all[(here + (key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    event.preventDefault();
  });
  if (dialog.open) wb.palette();
})();
