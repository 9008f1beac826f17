// What the desk does without asking the server: keys, drafts, folding, the words of deadlines. Pages work without it.
(() => {
  "use strict";
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const typing = (element) => element && (element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName));

  // No snapshot of a page with customers' data is kept in this browser: "back" asks the server.
  if (window.htmx) Object.assign(htmx.config, { historyCacheSize: 0, refreshOnHistoryMiss: true });

  // Unfold listens to file inputs and expects its own markup around them; on the desk's forms it would only throw.
  Object.defineProperty(HTMLInputElement.prototype, "hasChangeListener", {
    get() { return this.listenedTo || this.closest(".desk") !== null; }, set(value) { this.listenedTo = value; },
  });

  // Errors come back as 409 and 422 with the page that shows them.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  // Signed out meanwhile, or signed in anew elsewhere: what was typed is kept as a draft, and the page comes back with it.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 403 || new URL(xhr.responseURL || location.href).pathname.endsWith("/login/")) {
      event.preventDefault();
      location.reload();
    }
  });

  // Drafts: what is typed survives a time-out, a log-in, a reload and a step taken elsewhere on the page.
  const draftKey = (form, field) => `desk.draft.${form.dataset.draft}.${field.name}`;
  const drafted = (form) => $$("textarea, input:not([type=hidden], [type=file], [type=checkbox], [type=radio], [type=search])", form);

  function restore(root) {
    const forms = [...$$("form[data-draft]", root), ...(root.matches?.("form[data-draft]") ? [root] : [])];
    for (const form of forms) {
      for (const field of drafted(form)) {
        const kept = sessionStorage.getItem(draftKey(form, field));
        if (kept !== null && !$(".wrong", form) && kept !== field.value) {
          field.value = kept;
          const hidden = field.closest("form[hidden]");
          if (hidden) open(hidden.id, true);
        }
      }
    }
  }
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form && drafted(form).includes(event.target)) sessionStorage.setItem(draftKey(form, event.target), event.target.value);
  });
  const forget = (form) => drafted(form).forEach((field) => sessionStorage.removeItem(draftKey(form, field)));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form[data-draft]");
    if (form && event.detail.requestConfig.verb === "post" && event.detail.xhr.status === 200 &&
        event.detail.target?.id === "workspace") forget(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    sessionStorage.setItem("desk.sent", form.dataset.draft);
  });
  window.addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // Folding: a step's form opens in place; its address (?act=…) does the same without scripts.
  function open(id, on) {
    const place = document.getElementById(id);
    if (!place) return;
    if (place instanceof HTMLDialogElement) { on ? place.showModal() : place.close(); return; }
    if (on && place.matches(".step-form")) $$(".step-form").forEach((other) => other !== place && open(other.id, false));
    place.hidden = !on;
    $$(`[data-open="${id}"]`).forEach((button) => button.setAttribute("aria-expanded", String(on)));
    if (on) $("textarea, input:not([type=hidden]), select, button", place)?.focus();
  }
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]"), closer = event.target.closest("[data-shut]"), quick = event.target.closest("[data-at]");
    if (opener) { event.preventDefault(); const place = document.getElementById(opener.dataset.open); open(opener.dataset.open, place instanceof HTMLDialogElement || place.hidden); }
    if (closer) { event.preventDefault(); open(closer.dataset.shut, false); }
    if (quick) setMoment(quick);
    $$("details[data-fold][open]").forEach((fold) => { if (!fold.contains(event.target)) fold.open = false; });
  });

  function setMoment(button) {
    const field = document.getElementById(button.closest("[data-for]").dataset.for);
    const day = new Date(Date.now() + 8 * 3600e3 + (button.dataset.at === "today" ? 0 : Number(button.dataset.at) * 86400e3));
    field.value = `${day.toISOString().slice(0, 10)}T18:00`;  // Shanghai's calendar, wherever this browser is
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // People of the chosen department only.
  function narrowPeople(form) {
    const department = $("[name=department]", form), person = $("[name=assignee]", form);
    if (!department || !person) return;
    const name = department.selectedOptions[0]?.textContent.trim();
    for (const group of $$("optgroup", person)) {
      group.hidden = group.disabled = group.label !== name;
      if (group.disabled && $(":checked", group)) person.value = "";
    }
  }
  document.addEventListener("change", (event) => {
    const people = event.target.name === "department" && event.target.closest("[data-people]");
    if (people) narrowPeople(people);
    if (event.target.matches(".attach input")) {
      const words = $("span[data-none]", event.target.parentElement), names = [...event.target.files].map((file) => file.name);
      words.textContent = names.join(", ") || words.dataset.none;
    }
    if (event.target.matches("[data-all]")) { $$('[form="bulk"]').forEach((box) => { box.checked = event.target.checked; }); countChosen(); }
    if (event.target.matches('[form="bulk"]')) countChosen();
  });
  function countChosen() {
    const bar = $("[data-bulk]"), words = $("[data-chosen]");
    if (!bar) return;
    words.dataset.none ??= words.textContent;
    const count = $$('[form="bulk"]:checked').length;
    bar.classList.toggle("some", count > 0);
    words.textContent = count ? words.dataset.chosen.replace("{n}", count) : words.dataset.none;
  }

  // Deadlines: the bar shrinks and the words change while the page stays open.
  const formats = () => { try { return JSON.parse($("#desk-words").textContent); } catch { return null; } };
  function say(words, values) { return words.replace(/%\((\w+)\)s/g, (_all, name) => values[name]); }
  function duration(ms, words) {
    const minutes = Math.max(1, Math.floor(ms / 60e3)), days = Math.floor(minutes / 1440), hours = Math.floor(minutes / 60) % 24;
    const rest = minutes % 60;
    const key = days >= 2 || (days && !hours) ? "days" : days ? "days_hours" : hours ? (rest ? "hours_minutes" : "hours") : "minutes";
    return say(words[key], { days, hours, minutes: rest });
  }
  function tick() {
    const words = formats();
    if (!words || document.hidden) return;
    const now = Date.now();
    for (const due of $$("[data-due]")) {
      const at = Date.parse(due.dataset.due), left = at - now, soon = words.soon_hours * 3600e3;
      const started = due.dataset.started ? Date.parse(due.dataset.started) : at - 6 * soon;
      const level = left <= 0 ? "late" : left < soon ? "soon" : "quiet";
      $("b", due).textContent = say(level === "late" ? words.late : words.left, { time: duration(Math.abs(left), words) });
      $(".bar span", due).style.width = `${Math.max(0, Math.min(100, (100 * left) / (at - started || 1)))}%`;
      if (!due.classList.contains(`due-${level}`)) {
        due.classList.remove("due-quiet", "due-soon", "due-late");
        due.classList.add(`due-${level}`);
      }
    }
  }
  setInterval(tick, 30e3);

  // Keys.
  let leader = -Infinity;
  const go = { q: "queue/", a: "../desk/", d: "" };
  function move(step) {
    const rows = $$("[data-row]"), at = rows.findIndex((row) => row.matches(".current"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    if (!next) return;
    rows.forEach((row) => row.classList.toggle("current", row === next));
    $(".title", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function press(key) {
    const target = $$(`[data-key="${key}"]`).find((element) => element.offsetParent !== null);
    if (!target) return false;
    typing(target) ? (target.focus(), target.select?.()) : target.click();
    return true;
  }
  function write(kind) {
    const pick = $(`#composer [name=kind][value=${kind}]`);
    if (!pick) return false;
    pick.checked = true;
    const box = $("#composer textarea");
    box.focus();
    box.scrollIntoView({ block: "nearest" });
    return true;
  }
  document.addEventListener("keydown", (event) => {
    const element = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && element.form) { event.preventDefault(); element.form.requestSubmit($("button.primary", element.form) || undefined); return; }
    if (event.key === "Enter" && element.id === "lookup") { event.preventDefault(); return; }
    if (event.key === "Escape") { element.closest?.(".step-form") ? open(element.closest(".step-form").id, false) : typing(element) && element.closest?.(".desk") && element.blur(); $$("details[data-fold][open]").forEach((fold) => { fold.open = false; }); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(element) && !/^(checkbox|radio)$/.test(element.type)) return;
    if (document.querySelector("dialog[open]")) return;
    const home = formats()?.home || "/";
    if (event.timeStamp - leader < 1200 && event.key in go) { event.preventDefault(); leader = -Infinity; location.assign(home + go[event.key]); return; }
    leader = -Infinity;
    const acts = {
      g: () => { leader = event.timeStamp; return true; },
      j: () => { move(1); return Boolean($("[data-row]")); },
      k: () => { move(-1); return Boolean($("[data-row]")); },
      " ": () => { const box = $(".row.current [name=ticket]"); if (box && !typing(element)) { box.click(); return true; } return false; },
      "/": () => press("/"), a: () => press("a"), x: () => press("x"), r: () => write("reply"), n: () => write("note"),
      "?": () => { open("desk-help", true); return true; },
    };
    if (acts[event.key]?.()) event.preventDefault();
  });

  function prepare(root) {
    restore(root);
    $$("[data-people]", root).forEach(narrowPeople);
    $("[data-focus]", root)?.focus();
    $('.tab[aria-current]', root)?.scrollIntoView({ inline: "center", block: "nearest" });
    countChosen();
    tick();
  }
  document.addEventListener("DOMContentLoaded", () => {
    document.documentElement.classList.add("js");
    const sent = sessionStorage.getItem("desk.sent");  // a form that led to another page has done its work
    if (sent) { sessionStorage.removeItem("desk.sent"); if (!$(`form[data-draft="${sent}"]`)) Object.keys(sessionStorage).filter((key) => key.startsWith(`desk.draft.${sent}.`)).forEach((key) => sessionStorage.removeItem(key)); }
    prepare(document);
    $(".step-form:not([hidden]) textarea, .step-form:not([hidden]) select")?.focus();
  });
  document.addEventListener("htmx:afterSettle", (event) => prepare(event.detail.elt));
})();
