/* The menu of a message: a dialog that htmx fills. What it does is merged into the thread (thread.js), and then it
   closes; a refusal stands in it. "Reply" marks the composer. */
"use strict";
(() => {
  const body = document.body;
  const dialog = () => document.getElementById("message-menu");
  const reply = () => document.getElementById("composer-reply");
  let opener = ""; // the message whose menu is open: its bubble may be replaced meanwhile

  body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target !== dialog() || !(dialog() instanceof HTMLDialogElement)) return;
    const message = detail.requestConfig.elt.closest(".msg");
    if (message) opener = message.id;
    if (!dialog().open) dialog().showModal();
    dialog().querySelector("[aria-invalid]")?.focus();
  });

  // Merged means done.
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr, requestConfig: { elt } } = detail;
    if (elt.dataset.merge === "thread" && xhr.status === 200 && elt.closest("#message-menu")) dialog().close();
  });

  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    dialog().replaceChildren();
    if (opener) document.querySelector(`#${CSS.escape(opener)} .msg-menu`)?.focus({ preventScroll: true });
  }, true);

  function answer(pk, who, text) {
    const place = reply();
    if (!place) return;
    place.querySelector("[name=reply_to]").value = pk;
    place.querySelector("[data-reply-who]").textContent = who;
    place.querySelector("[data-reply-text]").textContent = text;
    place.hidden = !pk;
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest("[data-reply]");
    if (button) {
      answer(button.dataset.reply, button.dataset.replyWho, button.dataset.replyText);
      opener = "";
      dialog().close();
    } else if (target?.closest("[data-no-reply]")) answer("", "", "");
    else return;
    document.getElementById("composer-text")?.focus();
  });
  body.addEventListener("composer-sent", () => answer("", "", ""));
})();
