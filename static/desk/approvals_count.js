// The number beside "Approvals" in the sidebar: asked for after the page has come, so that no page waits for it.
(() => {
  "use strict";
  const EVERY = 60e3;
  function show(link, count) {
    let badge = link.querySelector(".approvals-badge");
    if (!badge && count) { badge = document.createElement("span"); badge.className = "approvals-badge"; link.append(badge); }
    if (!badge) return;
    badge.textContent = count || "";
    badge.hidden = !count;
  }
  async function ask() {
    const link = document.querySelector('#nav-sidebar-apps a[href="/desk/"]');
    if (!link || document.hidden) return;
    try {
      const answer = await fetch("/desk/count/", { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.ok) show(link, (await answer.json()).count);
    } catch { /* signed out, or the network is away: the number stays as it is */ }
  }
  document.addEventListener("DOMContentLoaded", () => { ask(); setInterval(ask, EVERY); });
  // Somebody has just decided here: the number beside the entry falls at once.
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.requestConfig?.verb === "post") ask(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
})();
