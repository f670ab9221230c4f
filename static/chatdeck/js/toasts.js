/* Toasts: short notes that a live region reads out.
   From a script: document.dispatchEvent(new CustomEvent("chatdeck:toast", {detail: {text, tone}})).
   From the server: HX-Trigger: {"chatdeck:toast": {"text": "…", "tone": "bad"}}. Tones: ok, warn, bad, info.
   It also says so when a request of htmx gets no answer or a refusal. */
"use strict";
(() => {
  const STAYS = 6000; // milliseconds; a failure stays until it is closed
  const MOST = 3;
  const WORDS = { ok: "Done.", warn: "Careful.", bad: "Failed.", info: "" };
  const tray = document.querySelector("[data-toasts]");
  if (!tray) return;

  function toast(text, tone) {
    for (const other of tray.children) if (other.dataset.text === text) other.remove();
    const box = document.createElement("div");
    box.className = `toast toast-${tone}`;
    box.dataset.text = text;
    const body = document.createElement("span");
    if (WORDS[tone]) {
      const word = document.createElement("span");
      word.className = "toast-word";
      word.textContent = `${WORDS[tone]} `;
      body.append(word);
    }
    body.append(text);
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => box.remove());
    box.append(body, close);
    tray.append(box);
    while (tray.children.length > MOST) tray.firstElementChild.remove();
    if (tone !== "bad") setTimeout(() => box.remove(), STAYS);
  }

  document.addEventListener("chatdeck:toast", (event) => {
    const { text, tone } = event.detail;
    if (text) toast(String(text), Object.hasOwn(WORDS, tone) ? tone : "info");
  });
  document.addEventListener("htmx:sendError", () => {
    toast("The server did not answer. Check your connection and try again.", "bad");
  });
  document.addEventListener("htmx:timeout", () => {
    toast("The server took too long. Look whether it happened before you try again.", "bad");
  });
  document.addEventListener("htmx:responseError", (event) => {
    const sentences = {
      403: "You may not do this, or the page was open too long. Reload it and try again.",
      404: "This is gone, or not yours to see.",
      409: "Someone else changed this first. Reload the page.",
      429: "Too many requests. Wait a moment and try again.",
    };
    toast(sentences[event.detail.xhr.status] || "The server could not do this. Try again in a moment.", "bad");
  });
})();
