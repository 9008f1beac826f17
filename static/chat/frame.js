// The chat itself, inside the iframe. It keeps the visitor's key and what is not sent yet in this browser, and asks for
// news every 2 to 10 seconds (why: apps/channels/chat/views.py). What was typed is cleared only when the server has it.
"use strict";

const body = document.body, words = JSON.parse(document.getElementById("words").textContent);
const by = (id) => document.getElementById(id);
const say = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);
const place = `chat:${body.dataset.door}`;
const memory = {};  // where the browser keeps nothing for us, the page itself remembers as long as it is open
const kept = {
  read() { try { return JSON.parse(localStorage.getItem(place)) || { ...memory }; } catch { return { ...memory }; } },
  write(values) {
    const all = { ...kept.read(), ...values };
    Object.assign(memory, all);
    try { localStorage.setItem(place, JSON.stringify(all)); } catch { /* full or forbidden: see memory */ }
  },
  clear() {
    for (const name of Object.keys(memory)) delete memory[name];
    try { localStorage.removeItem(place); } catch { /* as above */ }
  },
};
const FIELDS = ["name", "phone", "email", "text"];
const FAST = 2000, SLOW = 10000, ASIDE = 15000, HIDDEN = 30000;
let token = kept.read().token || "", etag = "", chat = null, chosen = [], busy = false, wait = FAST, timer = 0;
let open = window.parent === window, page = "", seen = kept.read().seen || 0;

const random = () => [...crypto.getRandomValues(new Uint8Array(18))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const parent = (act, values = {}) => { if (window.parent !== window) window.parent.postMessage({ from: "feedback-chat", act, ...values }, "*"); };

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...(token ? { Authorization: `Chat ${token}` } : {}), ...options.headers };
  const address = new URL(path, location.origin);
  address.searchParams.set("lang", body.dataset.lang);
  for (const [name, value] of Object.entries(options.query || {})) address.searchParams.set(name, value);
  return fetch(address, { method: options.method || "GET", body: options.body, headers, credentials: "omit", cache: "no-store" });
}

// What is said -----------------------------------------------------------------------------------------------------------

const shownAt = (iso) => {
  const at = new Date(iso), today = new Date().toDateString() === at.toDateString();
  const pad = (n) => String(n).padStart(2, "0"), time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return today ? time : `${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}`;
};
const element = (name, attributes = {}, ...content) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) key in made && key !== "list" ? (made[key] = value) : made.setAttribute(key, value);
  made.append(...content);
  return made;
};

const pictures = new Map();  // attachment id → address of its content in this page
async function fetched(file) {
  if (!pictures.has(file.id)) {
    const response = await ask(`${body.dataset.talk}files/${file.id}/`);
    if (!response.ok) throw new Error(response.status);
    pictures.set(file.id, URL.createObjectURL(await response.blob()));
  }
  return pictures.get(file.id);
}
function fileShown(file) {
  const link = element("button", { type: "button", className: "file" }, file.name);
  link.setAttribute("aria-label", say(words.open_file, file));
  if (file.picture) {
    const image = element("img", { alt: file.name });
    fetched(file).then((address) => { image.src = address; link.replaceChildren(image); }).catch(() => {});
  }
  link.addEventListener("click", async () => {
    try { element("a", { href: await fetched(file), download: file.name }).click(); } catch { refuse(words.offline); }
  });
  return link;
}
function entry(message) {
  const who = element("p", { className: "who" }, element("b", {}, message.who || words.you), ` ${shownAt(message.at)}`);
  const item = element("li", { className: message.who ? "ours" : "mine" }, who);
  item.dataset.id = message.id;
  if (message.text) item.append(element("p", { className: "words" }, message.text));
  if (message.files.length) item.append(element("p", { className: "attached" }, ...message.files.map(fileShown)));
  return item;
}

function show(state) {
  const log = by("log"), atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60, first = !chat;
  chat = state;
  const there = new Set([...log.children].map((item) => item.dataset.id));
  if (first) {
    log.append(element("li", { className: "note" }, say(words.received, state), " ",
      element("a", { href: state.progress, target: "_blank", rel: "noopener" }, words.progress)));
  }
  let fresh = 0;
  state.messages.forEach((message, index) => {
    if (there.has(message.id)) return;
    const after = [...log.querySelectorAll("li[data-id]")][index];  // a result may belong between two known ones
    after && after.dataset.id !== message.id ? after.before(entry(message)) : log.append(entry(message));
    fresh += 1;
  });
  by("greeting").hidden = true;
  by("who").hidden = by("agree").hidden = true;
  by("status").textContent = state.status;
  by("status").dataset.open = state.open ? "yes" : "no";
  by("rate").hidden = !state.rate;
  if (state.rate) by("rate").firstElementChild.href = state.rate;
  by("again").hidden = !state.may_reopen;
  by("anew").hidden = state.may_write;
  by("offers").hidden = !state.rate && !state.may_reopen && state.may_write;
  by("form").hidden = !state.may_write && !state.may_reopen;
  by("send").hidden = !state.may_write;
  if (fresh && (first || atEnd)) log.scrollTop = log.scrollHeight;
  if (fresh) wait = FAST;
  counted();
}
function counted() {
  const answers = chat ? chat.messages.filter((message) => message.who).length : 0;
  if (open && !document.hidden) { seen = answers; kept.write({ seen }); }
  parent("unread", { unread: Math.max(0, answers - seen) });
}

// News -------------------------------------------------------------------------------------------------------------------

async function news() {
  clearTimeout(timer);
  if (!token) return;
  try {
    const response = await ask(body.dataset.talk, {
      query: open && !document.hidden ? { here: "1" } : {}, headers: etag ? { "If-None-Match": etag } : {},
    });
    if (response.status === 401) return forget();
    if (response.ok) { etag = response.headers.get("ETag") || ""; show(await response.json()); }
    if (by("refusal").dataset.why === "offline") refuse("");
  } catch { /* offline for a moment: asked again */ }
  next();
}
function next() {
  clearTimeout(timer);
  wait = Math.min(SLOW, wait * 1.5);
  timer = setTimeout(news, document.hidden ? HIDDEN : open ? wait : ASIDE);
}
function forget() {
  kept.clear();
  token = etag = "";
  chat = null;
  seen = 0;
  parent("known", { known: false });
  by("log").replaceChildren();
  by("offers").hidden = true;
  for (const id of ["form", "who", "agree", "greeting", "send"]) by(id).hidden = false;
}

// Sending ----------------------------------------------------------------------------------------------------------------

function refuse(text, why = "") {
  const place = by("refusal");
  place.textContent = text;
  place.hidden = !text;
  place.dataset.why = why;
}
function marked(errors) {
  for (const wrong of document.querySelectorAll(".wrong")) wrong.hidden = true;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const loose = [];
  let first = null;
  for (const { field, words: said } of errors) {
    const name = { contact: "phone", body: "text", reason: "text" }[field] || field, wrong = by(`${name}-wrong`);
    if (!wrong) { loose.push(said); continue; }
    wrong.textContent = said;
    wrong.hidden = false;
    const input = by(name === "files" ? "choose" : name);
    input.setAttribute("aria-invalid", "true");
    first = first || input;
  }
  refuse(loose.join(" ") || (first ? words.wrong : ""));
  if (first) first.focus();
}

async function send(path, form, done) {
  if (busy) return;
  busy = true;
  by("send").setAttribute("aria-disabled", "true");
  refuse(words.sending);
  try {
    const response = await ask(path, { method: "POST", body: form });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) { marked([]); done(answer); }
    else if (response.status === 401) { const text = by("text").value; forget(); by("text").value = text; save(); marked(answer.errors || []); }
    else if (answer.errors) { marked(answer.errors); if (token) news(); }
    else refuse(words.broken);
  } catch { refuse(words.offline, "offline"); }
  busy = false;
  by("send").removeAttribute("aria-disabled");
}
function letter() {
  const form = new FormData();
  form.set("text", by("text").value);
  for (const file of chosen) form.append("files", file, file.name);
  return form;
}
function sent(state) {
  by("text").value = "";
  chosen = [];
  listFiles();
  kept.write({ text: "", key: "" });
  etag = "";
  wait = FAST;
  show(state);
  by("log").scrollTop = by("log").scrollHeight;
  by("text").focus();
  next();
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (by("send").hidden) return;
  if (!by("text").value.trim() && !chosen.length) { by("text").focus(); if (!token) marked([{ field: "text", words: by("text").placeholder }]); return; }
  if (!kept.read().key) kept.write({ key: random() });
  const form = letter();
  form.set("key", kept.read().key);
  if (token) { send(`${body.dataset.talk}say/`, form, sent); return; }
  for (const name of ["name", "phone", "email"]) form.set(name, by(name).value);
  form.set("consent", by("consent").checked ? "yes" : "");
  form.set("page", page);
  send(body.dataset.start, form, (answer) => {
    token = answer.token;
    kept.write({ token, name: "", phone: "", email: "" });
    parent("known", { known: true });
    sent(answer);
  });
});
by("take-up").addEventListener("click", () => {
  if (!by("text").value.trim()) { refuse(words.reason); by("text").focus(); return; }
  send(`${body.dataset.talk}reopen/`, letter(), (state) => sent(state));
});
by("start-anew").addEventListener("click", () => { const text = by("text").value; forget(); by("text").value = text; save(); by("text").focus(); });

by("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && window.matchMedia("(hover: hover)").matches) {
    event.preventDefault();
    by("form").requestSubmit();
  }
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") parent("close"); });
by("close").addEventListener("click", () => parent("close"));

// Files ------------------------------------------------------------------------------------------------------------------

by("choose").addEventListener("change", () => {
  const limit = Number(body.dataset.megabytes) * 1024 * 1024, large = [...by("choose").files].find((file) => file.size > limit);
  by("files-wrong").hidden = !large;
  if (large) by("files-wrong").textContent = say(words.too_large, { name: large.name, megabytes: body.dataset.megabytes });
  chosen = [...chosen, ...[...by("choose").files].filter((file) => file.size <= limit)];
  by("choose").value = "";
  changed();
  listFiles();
});
function listFiles() {
  by("files").hidden = !chosen.length;
  by("files").replaceChildren(...chosen.map((file) => {
    const remove = element("button", { type: "button" }, "×");
    remove.setAttribute("aria-label", say(words.remove, file));
    remove.addEventListener("click", () => { chosen = chosen.filter((other) => other !== file); changed(); listFiles(); });
    return element("li", {}, file.name, remove);
  }));
}

// What is not sent yet ---------------------------------------------------------------------------------------------------

const changed = () => kept.write({ key: "" });  // other words are another message
const save = () => kept.write(Object.fromEntries(FIELDS.map((name) => [name, by(name).value])));
by("form").addEventListener("input", (event) => { save(); if (event.target.id === "text" && token) changed(); });
for (const name of FIELDS) by(name).value ||= kept.read()[name] || "";  // what was typed while this script was loading stays

// Who is already writing keeps the cursor: the word that the window is open comes late on a slow line.
const writing = () => document.hasFocus() && document.activeElement?.matches("input, textarea");

// The site around us -----------------------------------------------------------------------------------------------------

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.from !== "feedback-chat") return;
  open = Boolean(event.data.open);
  page = String(event.data.page || "").slice(0, 2000);
  counted();
  if (open) { wait = FAST; news(); if (!writing()) (token ? by("text") : by("name")).focus(); }
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) { counted(); news(); } });
if (body.dataset.colour) document.documentElement.style.setProperty("--accent", body.dataset.colour);
parent("known", { known: Boolean(token) });
parent("ready");
news();
