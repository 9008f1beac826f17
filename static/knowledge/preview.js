// The text beside the box as readers will see it. Without scripts there is the article's own page for that.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-preview]");
  const out = document.getElementById("article-preview");
  if (!box || !out) return;
  out.closest("section").hidden = false;
  let timer = 0;
  let running = null;
  const show = async () => {
    if (running) running.abort();
    running = new AbortController();
    const body = new FormData();
    body.append("body", box.value);
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    try {
      const answer = await fetch(box.dataset.preview, { method: "POST", body, signal: running.signal });
      if (answer.ok) out.innerHTML = await answer.text(); // cleaned by the server
    } catch { /* offline, or typed on: the next one shows it */ }
  };
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 400); });
  show();
});
