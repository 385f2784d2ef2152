/* Marking a stretch of time on a histogram: <svg data-brush="form" data-brush-from data-brush-to data-brush-bars>. The mark
   snaps to bars and goes into the form's data-brush-input=from and =to (else what is named so), and the form is sent. There
   are two sliders, too (data-brush-ranges). Without the script each bar is a link. */
"use strict";
(() => {
  const { $, $$ } = wb;
  let held = null;
  const told = (svg) => ({ bars: Number(svg.dataset.brushBars), from: Date.parse(svg.dataset.brushFrom), to: Date.parse(svg.dataset.brushTo) });
  function barAt(svg, x, round) {
    const box = svg.getBoundingClientRect(), { bars } = told(svg);
    return Math.min(Math.max(round(((x - box.left) / box.width) * bars), 0), bars);
  }
  function mark(svg, first, last) {
    const { bars } = told(svg), view = svg.viewBox.baseVal, width = view?.width || svg.clientWidth, height = view?.height || svg.clientHeight;
    let drawn = $(".brushed", svg);
    if (!drawn) { drawn = document.createElementNS("http://www.w3.org/2000/svg", "rect"); drawn.setAttribute("class", "brushed"); svg.append(drawn); }
    const set = { x: (width * first) / bars, y: 0, width: (width * Math.max(last - first, 0)) / bars, height };
    Object.entries(set).forEach(([name, value]) => drawn.setAttribute(name, value));
  }
  function send(svg, first, last) {
    const form = document.getElementById(svg.dataset.brush), { bars, from, to } = told(svg);
    if (!form || last <= first) return;
    const at = (bar) => new Date(from + ((to - from) * bar) / bars).toISOString();
    for (const [name, value] of [["from", at(first)], ["to", at(last)]]) {
      let field = $(`[data-brush-input=${name}]`, form) || form.elements[name];
      if (!field) { field = document.createElement("input"); Object.assign(field, { type: "hidden", name }); form.append(field); }
      field.value = value;
    }
    $$("[data-brush-span]", form).forEach((select) => { select.value = ""; });
    form.requestSubmit();
  }
  document.addEventListener("pointerdown", (event) => {
    const svg = event.button === 0 && event.target.closest?.("svg[data-brush]");
    if (svg) held = { svg, x: event.clientX, first: barAt(svg, event.clientX, Math.floor), moved: false };
  });
  document.addEventListener("pointermove", (event) => {
    if (!held || (!held.moved && Math.abs(event.clientX - held.x) < 4)) return;
    held.moved = true;
    const here = event.clientX < held.x ? barAt(held.svg, event.clientX, Math.floor) : barAt(held.svg, event.clientX, Math.ceil);
    held.range = event.clientX < held.x ? [here, held.first + 1] : [held.first, here];
    mark(held.svg, ...held.range);
  });
  document.addEventListener("pointerup", () => {
    const done = held;
    held = null;
    if (!done?.moved) return;
    document.addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => send(done.svg, ...done.range));
  });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.("svg[data-brush]")) event.preventDefault(); });
  const ranges = (place) => $$("[data-brush-range]", place).map((one) => Number(one.value)).sort((one, other) => one - other);
  const near = (place) => $("svg[data-brush]", place.parentElement);
  document.addEventListener("input", ({ target }) => {
    const place = target.closest?.("[data-brush-ranges]");
    if (place) mark(near(place), ...ranges(place));
  });
  function let_go(target) {
    const place = target.closest?.("[data-brush-ranges]");
    if (place) send(near(place), ...ranges(place));
    return Boolean(place);
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && let_go(event.target)) event.preventDefault(); });
  document.addEventListener("change", ({ target }) => { if (target.matches("[data-brush-range]") && !target.matches(":focus-visible")) let_go(target); });
  wb.drawn(() => $$("[data-brush-ranges]").forEach((place) => { place.hidden = false; }));
})();
