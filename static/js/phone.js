/* What the queue does on a phone: its filters and its selection. */
"use strict";
(() => {
  const { $, $$ } = wb;
  /* On a phone time, order and folding stand in the sheet of filters; rows are ticked by a tap after "Select" or a long press. */
  const phone = matchMedia("(max-width: 47.99rem)").matches, sheet = phone && $("#filters .menu-panel"), selecting = $("#selecting");
  if (sheet) {
    for (const select of $$("#filters > select").reverse()) {
      const field = document.createElement("div"), label = select.previousElementSibling;
      field.className = "field";
      label.className = "";
      field.append(label, select);
      sheet.prepend(field);
    }
    sheet.prepend($(".foldseg"));
  }
  function tap(event, on) {
    const one = event.target.closest?.("[data-row]"), box = one && $("input[type=checkbox]", one);
    if (!phone || !box || box.disabled || event.target === box || !(on || selecting?.checked)) return;
    event.preventDefault();
    selecting.checked = true;
    box.checked = on || !box.checked;
    wb.showSelection();
  }
  document.addEventListener("click", (event) => tap(event, false), true);
  document.addEventListener("contextmenu", (event) => tap(event, true));
  selecting?.addEventListener("change", () => { if (!selecting.checked) wb.selectAll(false); });
  document.addEventListener("submit", ({ target }) => { if (target.id === "filters") wb.closeMenus(); });
})();
