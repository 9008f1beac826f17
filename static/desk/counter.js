// At the counter: pictures one after another from the camera, an order's facts by one touch, printing. All works without.
(() => {
  "use strict";
  // The receipt: this customer's words must not stand in the next one's form.
  if (document.body?.matches("[data-registered]")) {
    Object.keys(sessionStorage).filter((key) => key === "desk.sent" || key.startsWith("desk.draft.new.")).forEach((key) => sessionStorage.removeItem(key));
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const order = event.target.closest("[data-order]");
    if (!order) return;
    for (const [name, value] of [["order_number", order.dataset.order], ["product", order.dataset.product]]) {
      const field = document.querySelector(`#new-form [name=${name}]`);
      if (!field || !value) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const other of document.querySelectorAll("[data-order]")) other.setAttribute("aria-pressed", String(other === order));
  });
  // A camera's input holds one picture: the next one gets an input of its own, and what was taken is shown.
  document.addEventListener("change", (event) => {
    const input = event.target.closest("[data-camera]");
    if (!input || !input.files.length) return;
    const label = input.closest("label"), list = document.querySelector("[data-taken]"), next = input.cloneNode();
    next.value = "";
    for (const file of input.files) {
      const image = document.createElement("img"), remove = document.createElement("button"), item = document.createElement("li");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `${list.dataset.remove} ${file.name}`);
      remove.addEventListener("click", () => { URL.revokeObjectURL(image.src); item.remove(); });
      item.append(image, remove, input);
      list.append(item);
    }
    input.removeAttribute("data-camera");
    input.hidden = true;
    label.append(next);
  });
})();
