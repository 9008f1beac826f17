// The approval inbox: keys beside those of desk.js, which row is open, previews of requests that are being written.
(() => {
  "use strict";
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const typing = (element) => element && (element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) && !/^(checkbox|radio)$/.test(event.target.type)) return;
    if ($("dialog[open]")) return;
    if (event.key === " ") {
      const box = $(".inbox-row.current [name=case]");
      if (box && event.target.tagName !== "BUTTON" && event.target !== box) { event.preventDefault(); box.click(); }
      return;
    }
    const target = $$(`[data-press="${event.key}"]`).find((element) => element.offsetParent !== null);
    if (target) { event.preventDefault(); target.click(); }
  });

  // What was sent and taken is no draft any more.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, xhr } = event.detail, form = requestConfig?.elt?.closest?.("form[data-draft]");
    if (!form || requestConfig.verb !== "post" || xhr.status !== 200 || form.querySelector("[name=scope], [name=kind][type=radio]")) return;
    $$("textarea, input", form).forEach((field) => sessionStorage.removeItem(`desk.draft.${form.dataset.draft}.${field.name}`));
  });

  // The row whose case is open is marked; on a phone the case takes the place of the list.
  document.addEventListener("htmx:afterSwap", () => {
    const open = $("#case")?.dataset.keyOf;
    if (!open) return;
    for (const row of $$(".inbox-row")) {
      const mine = $("a[data-case]", row)?.getAttribute("href").includes(open.split(":")[1]);
      row.classList.toggle("current", Boolean(mine));
      $("a[data-case]", row)?.toggleAttribute("aria-current", Boolean(mine));
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a[data-case]") && location.hash === "#inbox-list") history.replaceState(null, "", location.pathname + location.search);
    const evidence = event.target.closest?.('a[href="#evidence"]');
    if (evidence) { const first = $("#evidence a"); if (first) { event.preventDefault(); first.scrollIntoView({ block: "center" }); first.focus(); } }
  });
})();
