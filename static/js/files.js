/* A file from one's own disk, read into a text field: data-file-into names the field. Nothing is sent before the form is. */
"use strict";
(() => {
  const MOST = 20000000;
  for (const place of document.querySelectorAll("[data-file-pick]")) place.hidden = false;
  document.addEventListener("change", async (event) => {
    const picked = event.target.closest("[data-file-into]");
    if (!picked || !picked.files.length) return;
    const field = document.querySelector(picked.dataset.fileInto), file = picked.files[0];
    if (file.size > MOST) { picked.setCustomValidity("This file is larger than a list may be."); picked.reportValidity(); return; }
    field.value = await file.text();
    field.focus();
  });
})();
