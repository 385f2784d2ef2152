/* An exception while an answer is on its way. An act draws the whole panel anew (another operator, "And"), a look at what
   was typed only its preview. No look makes the page give up an act: it follows it. What was typed meanwhile stays, in the
   condition on the same field, and so does the focus. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const TEXTS = "textarea, input:not([type=hidden], [type=checkbox], [type=radio])";
  let act = null, panel, sent = new Map(), typed = [], look = null;
  const named = (id) => document.getElementById(id);
  const fields = () => $$(`#exception-form :is(${TEXTS}, select, [type=checkbox])`);
  const says = (one) => (one.type === "checkbox" ? one.checked : one.value);
  const rows = () => $$("#conditions [name=field]");
  /* Rows are numbered anew when one comes or goes. */
  function place(id) {
    const [, part, number] = id.match(/^(c[fovc])(\d+)$/) || [];
    if (!part) return named(id);
    const like = rows().filter((one) => one.value === sent.get(`cf${number}`));
    const same = rows().length === sent.get("rows") ? named(`cf${number}`) : null;
    return named(part + (like.length === 1 ? like[0] : same)?.id.slice(2));
  }
  function put([was, from, to]) {
    const one = place(was.id);
    if (one?.localName !== was.localName || says(one) !== sent.get(was.id)) return;
    [one.value, one.checked] = [was.value, was.checked];
    if (typeof from === "number" && one.matches(":focus")) one.setSelectionRange(from, to);
    for (const name of ["input", "change"]) htmx.trigger(one, name);
  }
  function ended() {
    const asked = look;
    act = look = null;
    typed.splice(0).forEach(put);
    if (asked?.type === "submit") named(asked.id)?.click();
    else if ((asked || panel.isConnected) && $("#conditions")) htmx.trigger("#conditions", "input");
  }
  wb.WRITING += `, #exception-form :is(${TEXTS}):focus`;
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target } = event.detail;
    if (!act || (target.id !== "preview" && elt.id !== "rule-name")) return;
    if (look?.type !== "submit") look = elt;
    event.preventDefault();
  });
  document.addEventListener("htmx:beforeSend", ({ detail: { elt, target, xhr } }) => {
    if (target.id !== "side" && elt.name !== "span") return; // a trial is begun with what the form says, too
    [act, panel, look] = [xhr, target, null];
    sent = new Map([["rows", rows().length], ...fields().map((one) => [one.id, says(one)])]);
    xhr.addEventListener("loadend", () => { if (act === xhr) ended(); });
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { target, xhr } }) => {
    if (xhr !== act || target !== panel) return;
    const others = fields().filter((one) => sent.has(one.id) && sent.get(one.id) !== says(one));
    typed = others.map((one) => [one, one.selectionStart, one.selectionEnd]);
  });
})();
