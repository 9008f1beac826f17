// Help articles while somebody types (INT-11). Comfort only: it never holds a form back, and fails in silence.
"use strict";

for (const box of document.querySelectorAll("textarea[data-suggest-into]")) {
  const out = document.getElementById(box.dataset.suggestInto);
  let timer = 0;
  let running = null;
  let last = "";
  const ask = async () => {
    const text = box.value.trim();
    if (text === last) return;
    last = text;
    if (running) running.abort();
    if (text.length < 4) { out.replaceChildren(); return; }
    running = new AbortController();
    const body = new URLSearchParams({ text: text.slice(0, 1000), csrfmiddlewaretoken: box.form.elements.csrfmiddlewaretoken.value });
    try {
      const answer = await fetch(out.dataset.suggest, { method: "POST", body, signal: running.signal });
      out.innerHTML = answer.ok ? await answer.text() : "";
    } catch { /* offline, or typed on */ }
  };
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 600); });
  if (box.value.trim()) timer = setTimeout(ask, 600);
}
