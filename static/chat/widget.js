/* The chat button of a website. The site has one tag:
   <script src="https://OUR-ADDRESS/chat/widget.js" data-door="…" data-lang="zh-hans" async></script>
   Everything that is typed stays inside an iframe of our own; this script only shows, hides and counts. It sets styles by
   the object model, so it runs under a strict Content-Security-Policy (script-src and frame-src name our address). */
(() => {
  "use strict";
  const tag = document.currentScript;
  if (!tag || !tag.dataset.door || window.feedbackChat) return;
  const origin = new URL(tag.src).origin, door = tag.dataset.door, known = `feedback-chat:${door}`;
  const asked = (tag.dataset.lang || document.documentElement.lang || navigator.language || "").toLowerCase();
  const lang = /^zh\b.*(hant|tw|hk|mo)/.test(asked) ? "zh-hant" : /^zh/.test(asked) || !asked ? "zh-hans" : "en";
  const words = {  // the only words outside of the iframe
    "zh-hans": { open: "在线客服", close: "收起在线客服", unread: "条新消息" },
    "zh-hant": { open: "線上客服", close: "收起線上客服", unread: "則新訊息" },
    "en": { open: "Chat with customer service", close: "Close the chat", unread: "new messages" },
  }[lang];
  const colour = /^#[0-9a-f]{6}$/i.test(tag.dataset.colour || "") ? tag.dataset.colour : "#1a56b4";
  const dress = (element, style) => { for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value, "important"); };
  let frame = null, shown = false, ready = false, unread = 0;

  const button = document.createElement("button"), label = document.createElement("span"), count = document.createElement("span");
  button.type = "button";
  button.append(label, count);
  dress(button, {
    all: "initial", position: "fixed", right: "20px", bottom: "20px", "z-index": "2147483000", "box-sizing": "border-box", display: "flex",
    "align-items": "center", gap: "8px", "min-height": "48px", padding: "0 18px", "border-radius": "24px", background: colour, color: "#fff",
    font: '600 15px/1.3 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif', cursor: "pointer", "box-shadow": "0 4px 16px rgb(0 0 0 / .25)",
  });
  dress(count, {
    display: "none", "min-width": "20px", padding: "0 5px", "border-radius": "10px", background: "#fff", color: colour, "text-align": "center",
    font: "inherit", "font-size": "13px", "line-height": "20px", "box-sizing": "border-box",
  });
  button.addEventListener("focus", () => dress(button, { outline: "3px solid #fff", "outline-offset": "-6px" }));
  button.addEventListener("blur", () => button.style.removeProperty("outline"));

  function paint() {
    const small = window.matchMedia("(max-width: 480px)").matches;
    label.textContent = shown ? words.close : words.open;
    count.textContent = unread > 99 ? "99+" : String(unread);
    dress(count, { display: unread && !shown ? "block" : "none" });
    button.setAttribute("aria-label", unread && !shown ? `${words.open}, ${unread} ${words.unread}` : label.textContent);
    button.setAttribute("aria-expanded", String(shown));
    dress(button, { display: shown && small ? "none" : "flex" });  // on a phone the iframe fills the screen and closes itself
    if (!frame) return;
    dress(frame, {
      display: shown ? "block" : "none", position: "fixed", "z-index": "2147483001", border: "0", margin: "0", background: "#fff", "color-scheme": "auto",
      ...(small
        ? { inset: "0", width: "100%", height: "100%", "max-height": "none", "border-radius": "0" }
        : { inset: "auto 20px 80px auto", width: "380px", height: "620px", "max-height": "calc(100vh - 100px)", "border-radius": "14px", "box-shadow": "0 8px 40px rgb(0 0 0 / .28)" }),
    });
  }
  function tell() {
    if (frame && ready) frame.contentWindow.postMessage({ from: "feedback-chat", open: shown, page: location.href }, origin);
  }
  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = words.open;
    frame.referrerPolicy = "origin";
    frame.src = `${origin}/chat/${encodeURIComponent(door)}/?lang=${lang}`;
    document.body.append(frame);
  }
  function show(on) {
    if (on) load();
    const was = shown;
    shown = on;
    paint();
    tell();
    if (was && !on) button.focus();
  }

  button.addEventListener("click", () => show(!shown));
  window.addEventListener("message", (event) => {
    if (event.origin !== origin || !frame || event.source !== frame.contentWindow || event.data?.from !== "feedback-chat") return;
    const { act } = event.data;
    if (act === "ready") { ready = true; tell(); }
    if (act === "close") show(false);
    if (act === "unread") { unread = Number(event.data.unread) || 0; paint(); }
    if (act === "known") {  // a conversation is going on: the next page of this site listens for answers at once
      try { event.data.known ? localStorage.setItem(known, "1") : localStorage.removeItem(known); } catch { /* then only when opened */ }
    }
  });
  window.addEventListener("resize", paint);
  window.feedbackChat = { open: () => show(true), close: () => show(false) };

  function begin() {
    document.body.append(button);
    let going = false;
    try { going = localStorage.getItem(known) === "1"; } catch { /* private mode */ }
    if (going) load();
    paint();
  }
  if (document.body) begin(); else document.addEventListener("DOMContentLoaded", begin);
})();
