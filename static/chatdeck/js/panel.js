/* The chat's panel refreshes itself while somebody may be typing in it. What htmx replaces is put back as the
   person had it: typed values, opened parts, an open dialog. Only after a refresh: a form's own answer decides itself. */
"use strict";
(() => {
  let kept = null;

  const fields = (panel) => panel.querySelectorAll("input:not([type='hidden'])");

  function keep(panel) {
    const typed = new Map();
    for (const field of fields(panel)) if (field.id && field.value !== field.defaultValue) typed.set(field.id, field.value);
    return {
      typed,
      opened: [...panel.querySelectorAll("details[open]")].map((part) => part.id).filter(Boolean),
      dialog: panel.querySelector("dialog[open]")?.id,
    };
  }

  function putBack(panel, { typed, opened, dialog }) {
    for (const [id, value] of typed) {
      const field = panel.querySelector(`#${CSS.escape(id)}`);
      if (field) field.value = value;
    }
    for (const id of opened) panel.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    if (dialog) panel.querySelector(`#${CSS.escape(dialog)}`)?.showModal();
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target?.matches?.("[data-panel]")) kept = requestConfig.verb === "get" && event.detail.shouldSwap ? keep(target) : null;
  });

  document.addEventListener("htmx:afterSwap", () => {
    const panel = kept && document.querySelector("[data-panel]");
    if (!panel) return;
    const state = kept;
    kept = null;
    putBack(panel, state);
  });
})();
