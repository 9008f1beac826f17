// Comfort only: every page works without it. Text that was not sent yet survives a reload, a crash and a time-out.
"use strict";

const stored = {
  read(key) {
    try { return JSON.parse(sessionStorage.getItem(key)) || {}; } catch { return {}; }
  },
  write(key, value) {
    try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* private mode, or full: then not */ }
  },
  forget(key) {
    try { sessionStorage.removeItem(key); } catch { /* as above */ }
  },
};

// Drafts belong to one form on one address; the path without its last act is the ticket's.
const place = location.pathname.replace(/(sent|message|supervisor|reopen|nudge|my-data)\/$/, "");
const draftKey = (name) => `draft:${name}:${name === "feedback" ? "" : place}`;
const typed = (form) =>
  [...form.elements].filter((e) => e.name && e.id && !["hidden", "file", "submit", "checkbox"].includes(e.type) && e.name !== "website");

function keepDraft(form) {
  const key = draftKey(form.dataset.draft);
  if ("fresh" in form.dataset) {
    const draft = stored.read(key);
    for (const field of typed(form)) {
      if (!(field.name in draft)) continue;
      if (field.type === "radio") field.checked = field.value === draft[field.name];
      else if (!field.value) field.value = draft[field.name];
    }
    for (const more of form.querySelectorAll("details")) {
      if ([...more.querySelectorAll("input")].some((e) => e.value)) more.open = true;
    }
  }
  const save = () => {
    const draft = {};
    for (const field of typed(form)) {
      if (field.type !== "radio") draft[field.name] = field.value;
      else if (field.checked) draft[field.name] = field.value;
    }
    stored.write(key, draft);
  };
  form.addEventListener("input", save);
  form.addEventListener("change", save);
}

function count(area) {
  const limit = Number(area.dataset.count);
  const output = document.getElementById(`${area.id}_count`);
  if (!output) return;
  const show = () => {
    const length = [...area.value].length;
    output.hidden = length < limit * 0.8;
    output.textContent = output.dataset.words.replace("{count}", length.toLocaleString()).replace("{limit}", limit.toLocaleString());
  };
  area.addEventListener("input", show);
  show();
}

// Said before megabytes travel; the server says the same again.
function fileComplaint(input) {
  const files = [...input.files];
  const { maxBytes, maxTotal, maxFiles, tooLarge, tooMuch, tooMany } = input.dataset;
  const large = files.find((f) => f.size > Number(maxBytes));
  if (large) return tooLarge.replace("{name}", large.name);
  if (files.reduce((sum, f) => sum + f.size, 0) > Number(maxTotal)) return tooMuch;
  return files.length > Number(maxFiles) ? tooMany : "";
}

function watchFiles(input) {
  const output = document.getElementById(input.getAttribute("aria-describedby").split(" ").pop());
  input.addEventListener("change", () => {
    output.textContent = fileComplaint(input);
    output.hidden = !output.textContent;
  });
}

function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    const input = form.querySelector("input[type=file]");
    if (form.dataset.sent || (input && fileComplaint(input))) {
      event.preventDefault();
      if (!form.dataset.sent) input.focus();
      return;
    }
    if (event.submitter && event.submitter.name === "language") return;
    form.dataset.sent = "yes";
    const button = form.querySelector("button[type=submit]");
    button.dataset.words = button.textContent;
    button.textContent = form.dataset.sending;
    button.setAttribute("aria-disabled", "true");
  });
}

// Coming "back" shows the page as it was left: ready to send again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    const button = form.querySelector("button[type=submit]");
    delete form.dataset.sent;
    button.textContent = button.dataset.words;
    button.removeAttribute("aria-disabled");
  }
});

function copy(button) {
  const input = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    input.select();
    try { await navigator.clipboard.writeText(input.value); } catch { document.execCommand("copy"); }
    button.textContent = button.dataset.done;
  });
}

for (const done of document.querySelectorAll("[data-clear-draft]")) {
  for (const name of done.dataset.clearDraft.split(" ")) stored.forget(draftKey(name));
}
document.querySelectorAll("form[data-draft]").forEach((form) => { keepDraft(form); sendOnce(form); });
document.querySelectorAll("textarea[data-count]").forEach(count);
document.querySelectorAll("input[type=file]").forEach(watchFiles);
document.querySelectorAll("[data-copy]").forEach(copy);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
