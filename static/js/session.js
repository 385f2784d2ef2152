/* The session ended: a dialog leads to the sign-in in another tab, and what was asked for is sent again afterwards. Before a
   form with something typed is sent that htmx does not send, the session is asked for. */
"use strict";
(() => {
  const { $, $$ } = wb;
  const ALIVE = "/alerts/pulse/", EVERY = 3000;
  let waiting = [], timer;
  /* Of another person nothing is sent that this one began: the page is loaded anew, as hers. */
  async function alive() {
    const { status, headers } = await fetch(ALIVE, { headers: { "HX-Request": "true" } }), now = headers.get("X-Person");
    if (!now || now === document.body.dataset.person) return status !== 401;
    location.reload();
    return new Promise(() => {});
  }
  async function look() {
    const dialog = $("#sign-in-again");
    if (!dialog?.open || !(await alive().catch(() => false))) return;
    clearInterval(timer);
    dialog.close();
    $("#strip")?.replaceChildren();
    $$("input[name=csrfmiddlewaretoken]").forEach((field) => { field.value = wb.token(); });
    const again = waiting;
    waiting = [];
    wb.announce("Signed in again");
    again.forEach((send) => send());
  }
  wb.signInAgain = (send) => {
    const dialog = $("#sign-in-again");
    if (!dialog) { location.reload(); return; }
    waiting.push(send);
    if (dialog.open) return;
    dialog.showModal();
    clearInterval(timer);
    timer = setInterval(look, EVERY);
  };
  function out() {
    if ($("#strip [data-out]")) return;
    wb.strip("Signed out. Sign in, your selection is kept.", true);
    const again = $("#strip [data-again]");
    again.textContent = "Sign in";
    again.dataset.out = $("#strip").dataset.stale = "";
    again.addEventListener("click", (event) => { event.preventDefault(); wb.signInAgain(() => {}); });
  }
  window.addEventListener("focus", look);
  document.addEventListener("click", ({ target }) => { if (target.closest?.("[data-signed-in]")) look(); });

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig, elt } = event.detail;
    if (xhr.status !== 401) return;
    event.preventDefault();
    const { verb, path, parameters, headers } = requestConfig, polls = elt.matches?.("#pulse, .act");
    if (elt.id === "pulse") out();
    if (polls) return;
    const source = elt.isConnected ? elt : document.body;
    wb.signInAgain(() => htmx.ajax(verb.toUpperCase(), path, {
      source, values: parameters, target: event.detail.target, swap: source.getAttribute("hx-swap") || "innerHTML",
      headers: { "HX-Boosted": headers["HX-Boosted"] },
    }));
  });
  const typed = (form) => [...form.elements].some((field) => field.matches("textarea, input:not([type])") || (field.matches("input[type=text], input[type=search]") && field.value));
  document.addEventListener("submit", async (event) => {
    const form = event.target, { submitter } = event;
    if (event.defaultPrevented || form.method !== "post" || form.dataset.alive || !typed(form)) return;
    if (form.hasAttribute("hx-post") || submitter?.hasAttribute("hx-post") || !$("#sign-in-again")) return;
    event.preventDefault();
    /* Its button may be drawn anew meanwhile. */
    const like = (one) => one?.isConnected && one.type === "submit" && one.name === submitter?.name && one.value === submitter.value;
    const send = () => { form.dataset.alive = "yes"; form.requestSubmit([submitter, ...form.elements].find(like)); delete form.dataset.alive; };
    if (await alive().catch(() => true)) send(); else wb.signInAgain(send);
  });
})();
