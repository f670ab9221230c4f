/* The chat's panel refreshes itself while somebody may be typing in it. What htmx replaces is put back as the
   person had it: fields with what was typed or refused, opened parts, an open dialog, the focus.
   After a form's own answer the focus goes to the field to correct. */
"use strict";
(() => {
  let next = null; // what to do once the panel has been replaced

  const byId = (panel, id) => panel.querySelector(`#${CSS.escape(id)}`);

  function keep(panel) {
    const inputs = [...panel.querySelectorAll(".field > input")];
    const focused = panel.contains(document.activeElement) ? document.activeElement : null;
    return {
      touched: inputs.filter((input) => input.value !== input.defaultValue || input.hasAttribute("aria-invalid")),
      opened: [...panel.querySelectorAll("details[open]")].map((part) => part.id).filter(Boolean),
      dialog: panel.querySelector("dialog[open]")?.id,
      focused: focused?.id,
      selection: focused instanceof HTMLInputElement ? [focused.selectionStart, focused.selectionEnd] : null,
    };
  }

  function putBack(panel, { touched, opened, dialog, focused, selection }) {
    // The whole old field, so that the sentence of a refusal stays with it.
    for (const input of touched) byId(panel, input.id)?.closest(".field").replaceWith(input.closest(".field"));
    for (const id of opened) byId(panel, id)?.setAttribute("open", "");
    if (dialog) byId(panel, dialog)?.showModal();
    const field = focused && byId(panel, focused);
    if (!field) return;
    field.focus({ preventScroll: true });
    if (selection) field.setSelectionRange(...selection);
  }

  // The button that was pressed is gone, and the focus with it: to the field to correct, or to the panel's begin.
  function answer(panel) {
    (panel.querySelector("[aria-invalid]") || panel).focus();
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig, shouldSwap } = event.detail;
    if (!target?.matches?.("[data-panel]") || !shouldSwap) return;
    const isRefresh = requestConfig.verb === "get";
    next = isRefresh ? { after: putBack, state: keep(target) } : { after: answer };
  });

  document.addEventListener("htmx:afterSwap", () => {
    const panel = next && document.querySelector("[data-panel]");
    if (!panel) return;
    const { after, state } = next;
    next = null;
    after(panel, state);
  });
})();
