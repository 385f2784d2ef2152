/* Menus are <details>. On closing, Shift and a key chooses a reason and waits for the note, which Enter sends;
   data-needs-note waits for one; data-asks: asks which alert it is a duplicate of. */
"use strict";
(() => {
  const { $, $$ } = wb;
  wb.openMenus = () => $$("details.menu[open]");
  function putBack(menu) {
    $$("[data-originals]", menu).forEach((asked) => asked.remove());
    Object.assign($("[name=fault]", menu) || {}, { checked: true });
    $$("details.part[open]", menu).forEach((part) => { part.open = false; });
  }
  wb.closeMenus = (except) => {
    const open = wb.openMenus().filter((menu) => !menu.contains(except));
    open.forEach((menu) => { menu.open = false; putBack(menu); }); // at once: the next key may be there
    return open;
  };
  /* What is typed next is meant for the menu's first field. */
  document.addEventListener("click", (event) => {
    const menu = event.target.closest?.("details.menu:not([open]) > summary")?.parentElement, field = menu && $("[autofocus]", menu);
    if (field) { event.preventDefault(); menu.open = true; field.focus(); }
  });
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.("details.menu")) return;
    if (!target.open) { putBack(target); return; }
    wb.closeMenus(target);
    const note = $("#bulk-note", target);
    if (note) note.value ||= $("#bulk-text").value; // begun as a note, meant for the closing
    $$("select[data-like]", target).forEach((select) => { if (!select.length) select.innerHTML = $(select.dataset.like)?.innerHTML || ""; });
  }, true);

  /* ---- closing ---- */
  wb.pick = (button) => {
    const panel = button.closest(".menu-panel"), note = panel && $("[data-commits]", panel);
    if (!note) return false;
    $$("[data-reasons] .btn", panel).forEach((one) => one.setAttribute("aria-pressed", one === button));
    note.focus();
    wb.announce(`${button.firstChild.textContent.trim()}: write a note, then Enter`);
    return true;
  };
  async function ask(button) {
    const panel = button.closest(".menu-panel");
    const answer = await fetch(`${button.dataset.asks}?${wb.ticked().slice(0, 4).join("&")}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) { button.form.requestSubmit(button); return; }
    panel.insertAdjacentHTML("afterbegin", await answer.text());
    $("[data-originals] button", panel)?.focus();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-reasons] button");
    if (!button) return;
    const note = $("[data-commits]", button.closest(".menu-panel"));
    if (button.hasAttribute("data-needs-note") && !note.value.trim()) { event.preventDefault(); wb.pick(button); }
    else if (button.dataset.asks) { event.preventDefault(); ask(button); }
  });
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (target.name === "recurs") { event.preventDefault(); target.nextElementSibling.click(); }
    const panel = target.closest(".menu-panel"), why = target.name === "fault";
    if (!why && !target.matches("[data-commits]")) return;
    const picked = $("[aria-pressed=true]", panel) || (why && $("[data-key=f]", panel));
    if (picked) { event.preventDefault(); picked.click(); }
  });

  /* ---- copying, dialogs, strips ---- */
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy || $(button.dataset.copyFrom).textContent);
      wb.announce("Copied");
      const words = $("[data-copy-words]", button);
      if (words) words.textContent = "Copied";
    } catch {
      wb.announce("The browser did not allow copying");
    }
  }
  document.addEventListener("click", ({ target }) => {
    wb.closeMenus(target);
    target.closest("[data-dismiss]")?.closest(".strip, .toast")?.remove();
    const opener = target.closest("[data-open]");
    if (opener) $(`#${opener.dataset.open}`)?.showModal();
    const copier = target.closest("[data-copy], [data-copy-from]");
    if (copier) copy(copier);
  });
  /* The palette. */
  wb.goAnywhere = () => {
    const link = $("[data-palette]");
    if (!link || $("dialog[open]:not(.palette, #help)")) return false;
    const dialog = $(".palette") || loaded(link), box = $("input", dialog);
    if (dialog.open) { dialog.close(); return true; }
    wb.closeMenus();
    $("#help")?.close();
    box.value = "";
    delete dialog.dataset.wanted;
    dialog.showModal();
    box.focus();
    wb.palette?.();
    return true;
  };
  /* The box is there before its script: what is typed meanwhile is text and no shortcut, and Enter is remembered. */
  function loaded(link) {
    const dialog = $("#palette").content.firstElementChild.cloneNode(true), box = $("input", dialog);
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: link.dataset.paletteStyle });
    const script = Object.assign(document.createElement("script"), { src: link.dataset.palette });
    script.onerror = () => location.assign(`${link.href}?q=${encodeURIComponent(box.value)}`);
    dialog.addEventListener("submit", (event) => { event.preventDefault(); dialog.dataset.wanted = box.value; wb.arrive?.(); });
    document.body.append(dialog);
    htmx.process(dialog);
    document.head.append(style, script);
    return dialog;
  }
  /* On a phone there is room for one part of an alert: what was asked for last. */
  document.addEventListener("htmx:pushedIntoHistory", ({ detail }) => {
    const page = $(".detail[data-part]"), side = page && new URL(detail.path, location.href).searchParams.get("side");
    if (!side) return;
    page.dataset.part = "side";
    for (const one of document.querySelectorAll(".seg.phone [data-part]")) {
      if (one.dataset.part === (side === "related" ? side : "guide")) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
    }
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || !event.target.closest?.("[data-palette]")) return;
    if (wb.goAnywhere()) event.preventDefault();
  });
})();
