// The composer's helpers (reply templates, names after "@") and the timer of time spent. Without scripts the page works.
(() => {
  "use strict";
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const box = () => $("#composer textarea");
  const kind = () => $("#composer [name=kind]:checked")?.value;
  const token = () => $("#composer [name=csrfmiddlewaretoken]")?.value;

  // Text goes in where the cursor stands and stays the writer's own; undo takes it out again.
  function insert(text, from = null) {
    const area = box();
    area.focus();
    if (from !== null) area.setSelectionRange(from, area.selectionEnd);
    if (!document.execCommand("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    grow(area);
  }
  function grow(area) {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, window.innerHeight * 0.5)}px`;
  }

  // One list to choose from with the keyboard: templates and names share it.
  const options = (list) => $$("[role=option]", list);
  function step(list, by) {
    const all = options(list), at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    all.forEach((each) => each.setAttribute("aria-selected", String(each === next)));
    next?.scrollIntoView({ block: "nearest" });
  }
  const chosen = (list) => $("[aria-selected=true]", list);

  // Reply templates.
  const picker = () => $("#picker");
  function openPicker(on) {
    const place = picker();
    if (!place) return;
    place.hidden = !on;
    $("[data-picker]")?.setAttribute("aria-expanded", String(on));
    if (!on) { box()?.focus(); return; }
    const find = $("#picker-find");
    find.value = "";
    find.focus();
    htmx.trigger(find, "open");
  }
  async function pick(option) {
    const address = picker().dataset.insert.replace("00000000-0000-0000-0000-000000000000", option.dataset.pick);
    const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": token() } });
    if (!answer.ok || answer.redirected) { location.reload(); return; }
    const text = await answer.text();
    openPicker(false);
    if (!["reply", "progress"].includes(kind())) $("#composer [name=kind][value=reply]")?.click();
    insert(text);
  }

  // Names after "@" in internal notes.
  let asked = 0;
  function mark() {
    const area = box();
    if (!area || kind() !== "note") return null;
    const before = area.value.slice(0, area.selectionStart);
    const found = /(?:^|[^\w.@])[@＠]([^\s@＠，。,、;；:：()（）]{0,20})$/.exec(before);
    return found ? { typed: found[1], from: area.selectionStart - found[1].length } : null;
  }
  const names = () => $("#mentions");
  async function suggest() {
    const found = mark(), list = names();
    if (!list) return;
    if (!found) { list.hidden = true; return; }
    const mine = ++asked;
    const answer = await fetch(`${list.dataset.from}?q=${encodeURIComponent(found.typed)}`);
    if (mine !== asked || !answer.ok || answer.redirected) return;
    list.innerHTML = await answer.text();
    list.hidden = !options(list).length;
  }
  function name(option) {
    const found = mark();
    names().hidden = true;
    if (found) insert(`${option.dataset.mention} `, found.from);
  }

  document.addEventListener("input", (event) => {
    if (event.target === box()) { grow(event.target); suggest(); }
  });
  document.addEventListener("keydown", (event) => {
    const list = !picker()?.hidden && event.target.id === "picker-find" ? $("#picker-list")
      : event.target === box() && names() && !names().hidden ? names() : null;
    if (event.key === "Escape" && picker() && !picker().hidden) { event.preventDefault(); event.stopPropagation(); openPicker(false); return; }
    if (!list) {
      const typing = /^(input|textarea|select)$/i.test(event.target.tagName) && !/^(checkbox|radio)$/.test(event.target.type);
      if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && picker()) { event.preventDefault(); openPicker(true); }
      return;
    }
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) { event.preventDefault(); step(list, moves[event.key]); }
    else if (event.key === "Enter" || (event.key === "Tab" && list === names())) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      const option = chosen(list);
      if (!option) return;
      event.preventDefault();
      event.stopPropagation();
      list === names() ? name(option) : pick(option);
    } else if (event.key === "Escape" && list === names()) { event.preventDefault(); event.stopPropagation(); names().hidden = true; }
  }, true);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-picker]"), template = event.target.closest("[data-pick]");
    const colleague = event.target.closest("[data-mention]"), clear = event.target.closest("[data-clear]");
    if (opener) { event.preventDefault(); openPicker(picker().hidden); return; }
    if (template) { pick(template); return; }
    if (colleague) { name(colleague); return; }
    if (clear) { event.preventDefault(); document.getElementById(clear.dataset.clear).replaceChildren(); }
    if (picker() && !picker().hidden && !event.target.closest("#picker")) openPicker(false);
    if (event.target.closest("[data-timer-start]")) start(event.target.closest("[data-timer]"), true);
    if (event.target.closest("[data-timer-stop]")) start(event.target.closest("[data-timer]"), false);
    const item = event.target.closest(".fold.menu a");
    if (item) item.closest("details").open = false;
  });

  // The timer: kept in this browser, so that it goes on while one works elsewhere; stopping fills in the minutes.
  const key = (place) => `desk.timer.${place.dataset.timer}`;
  function start(place, on) {
    if (on) localStorage.setItem(key(place), String(Date.now()));
    else {
      const minutes = Math.max(1, Math.round((Date.now() - Number(localStorage.getItem(key(place)))) / 60e3));
      localStorage.removeItem(key(place));
      const field = $("[name=minutes]", place.closest("form"));
      field.value = String(minutes + (Number(field.value) || 0));
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
    showTimer(place);
  }
  function showTimer(place) {
    const since = Number(localStorage.getItem(key(place)));
    place.hidden = false;
    $("[data-timer-start]", place).hidden = Boolean(since);
    $("[data-timer-stop]", place).hidden = !since;
    const seconds = since ? Math.max(0, Math.floor((Date.now() - since) / 1000)) : 0;
    const two = (n) => String(n).padStart(2, "0");
    $("[data-timer-shown]", place).textContent = since
      ? `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : "";
  }
  setInterval(() => $$("[data-timer]").forEach(showTimer), 1000);
  const prepare = () => { $$("[data-timer]").forEach(showTimer); $("#adding form:not([data-seen])")?.setAttribute("data-seen", "1"); };
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSettle", (event) => {
    prepare();
    if (event.detail.target?.id === "adding") $("#adding input:not([type=hidden]), #adding select, #adding textarea")?.focus();
  });
})();
