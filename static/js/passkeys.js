/* Passkeys: hands what the server asks to the browser, and what the device answers to the form.
   <form data-passkey="sign-in"> fetches its options from its own address; "ask" and "add" carry them in data-options.
   Forms are hidden until the browser says that it can; [data-no-passkeys] is what stands there instead. */
"use strict";
(() => {
  const number = /^[\d.]+$|:/.test(location.hostname);  // passkeys are bound to host names, never to addresses
  const can = Boolean(!number && window.isSecureContext && window.PublicKeyCredential && navigator.credentials);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }
  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function toAsk({ publicKey }) {
    return { publicKey: { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: named(publicKey.allowCredentials) } };
  }
  function toMake({ publicKey }, alone) {
    const wishes = { ...publicKey.authenticatorSelection, residentKey: alone ? "required" : "discouraged", requireResidentKey: alone };
    if (alone) wishes.userVerification = "required";
    return { publicKey: { ...publicKey, challenge: bytes(publicKey.challenge), user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: named(publicKey.excludeCredentials), authenticatorSelection: wishes } };
  }
  function answer(made) {
    const { response } = made, told = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      told.attestationObject = text(response.attestationObject);
      told.transports = response.getTransports?.() || [];
    } else {
      told.authenticatorData = text(response.authenticatorData);
      told.signature = text(response.signature);
      if (response.userHandle) told.userHandle = text(response.userHandle);
    }
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: told,
      authenticatorAttachment: made.authenticatorAttachment, clientExtensionResults: made.getClientExtensionResults() };
  }

  async function optionsOf(form) {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const got = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!got.ok) throw new DOMException(String(got.status), "NetworkError");
    return (await got.json()).request_options;
  }
  async function run(form) {
    const options = await optionsOf(form);
    const made = form.dataset.passkey === "add"
      ? await navigator.credentials.create(toMake(options, form.elements.passwordless.checked))
      : await navigator.credentials.get(toAsk(options));
    form.elements.credential.value = JSON.stringify(answer(made));
    form.submit();
  }
  const WORDS = {
    NotAllowedError: "The device did not answer, or was told no. Try again.",
    InvalidStateError: "This device has a passkey for you already.",
    NetworkError: "The server did not answer. Wait a minute, then try again.",
    SecurityError: "Passkeys do not work at this address: it must be a host name, over https.",
  };
  function say(form, error) {
    const place = form.querySelector("[data-passkey-trouble]");
    place.querySelector("span").textContent = WORDS[error.name] || "That did not work with this device. Try another.";
    place.hidden = false;
  }

  $$("[data-no-passkeys]").forEach((place) => { place.hidden = can; });
  if (!can) return;
  $$("[data-passkey-or]").forEach((place) => { place.hidden = false; });
  $$("form[data-passkey]").forEach((form) => {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button[type=submit]");
      button.disabled = true;
      form.querySelector("[data-passkey-trouble]").hidden = true;
      try { await run(form); } catch (error) { say(form, error); button.disabled = false; }
    });
  });
})();
