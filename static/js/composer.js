/* An exception while an answer is on its way. An act draws the whole panel anew (another operator, "And"), a look at what
   was typed only its preview. No look makes the page give up an act, and what was typed meanwhile stays. */
"use strict";
(() => {
  const { $, $$ } = wb;
  let act = null, held = false, sent = new Map(), typed = [];
  const fields = () => $$("#exception-form [id]:is(input, select, textarea):not([type=hidden])");
  const says = (one) => (one.type === "checkbox" ? one.checked : one.value);
  const isAct = (elt, target) => target.id === "side" || (target.id !== "preview" && elt.closest("[hx-sync]")?.id === "exception-form");
  /* Into the field that was drawn anew, if it says what was sent. */
  function put([was, from, to]) {
    const one = document.getElementById(was.id);
    if (!one || says(one) !== sent.get(was.id)) return;
    [one.value, one.checked] = [was.value, was.checked];
    if (from !== null && one.matches(":focus")) one.setSelectionRange?.(from, to);
    for (const name of ["input", "change"]) htmx.trigger(one, name);
  }
  function ended() {
    act = null;
    typed.splice(0).forEach(put);
    if (held && $("#conditions")) htmx.trigger("#conditions", "input");
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!act || event.detail.target.id !== "preview") return;
    held = true;
    event.preventDefault();
  });
  document.addEventListener("htmx:beforeSend", ({ detail: { elt, target, xhr } }) => {
    if (!isAct(elt, target)) return;
    [act, held, sent] = [xhr, false, new Map(fields().map((one) => [one.id, says(one)]))];
    xhr.addEventListener("loadend", () => { if (act === xhr) ended(); });
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { target, xhr } }) => {
    if (xhr !== act || target.id !== "side") return;
    const other = fields().filter((one) => sent.has(one.id) && sent.get(one.id) !== says(one));
    typed = other.map((one) => [one, one.selectionStart, one.selectionEnd]);
  });
})();
