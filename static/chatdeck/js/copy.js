/* [data-copy="text"]: a click copies the text and says so. */
"use strict";
(() => {
  const say = (text, tone) => document.dispatchEvent(new CustomEvent("chatdeck:toast", { detail: { text, tone } }));

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied.", "info");
    } catch {
      // Without https, or when the person said no, the browser keeps the clipboard closed.
      getSelection().selectAllChildren(button.previousElementSibling);
      say("Your browser does not let this page copy. The text is selected: copy it with the keyboard.", "warn");
    }
  });
})();
