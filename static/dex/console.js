// Small helps of the console's pages; everything works without them.

// Copy the text of an element: <button data-dex-copy="#id" data-dex-copied="Copied">.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-dex-copy]");
  if (!button) return;
  const text = document.querySelector(button.dataset.dexCopy).textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange(); // no clipboard over plain http: select it instead
    range.selectNodeContents(document.querySelector(button.dataset.dexCopy));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  button.querySelector("[data-dex-copy-text]").textContent = button.dataset.dexCopied;
});

// A preset fills the switches in; a switch that is changed makes the set a custom one.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-dex-presets]");
  if (!form) return;
  if (event.target.name === "preset") {
    const presets = JSON.parse(document.getElementById("dex-presets").textContent);
    const values = presets[event.target.value] || {};
    for (const [name, value] of Object.entries(values)) {
      const radio = form.querySelector(`input[name="switch_${name}"][value="${value}"]`);
      if (radio) radio.checked = true;
    }
  } else if (event.target.name.startsWith("switch_")) {
    const custom = form.querySelector('input[name="preset"][value="custom"]');
    if (custom) custom.checked = true;
  }
});

// Unfold prints the steps of an axis as they are summed up: 8.200000000000001.
document.addEventListener("DOMContentLoaded", () => {
  const ticks = DEFAULT_CHART_OPTIONS.scales.y.ticks;
  const print = ticks.callback;
  ticks.callback = function (value) {
    return print.call(this, Number(value.toPrecision(6)));
  };
});

// The filters of a list open beside it: the focus goes there, and comes back with Escape.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dex-filters]");
  if (!opener) return;
  const filters = document.getElementById(opener.getAttribute("aria-controls"));
  requestAnimationFrame(() => filters.querySelector("a[href], input, select")?.focus());
  filters.onkeydown = ({ key }) => key === "Escape" && opener.focus();
});
