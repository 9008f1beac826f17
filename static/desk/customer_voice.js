// "Put into the reply": the article's title and address go where the cursor stands in the composer.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-article]");
  if (!button) return;
  const box = document.querySelector("#composer textarea");
  if (!box) return;
  const text = `${box.value && !box.value.endsWith("\n") ? "\n" : ""}${button.dataset.article}\n`;
  box.setRangeText(text, box.selectionEnd, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
});
