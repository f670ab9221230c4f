/* The frame: keyboard shortcuts, the rail's sheet on small screens, dialogs, panes.
   g + letter goes to a room ([data-go]), / to the search field ([data-search]), ? opens the shortcuts.
   [data-open-dialog="id"] opens a <dialog>; [data-show-pane="list|thread|side"] turns the nearest .split-2 / .split-3. */
"use strict";
(() => {
  const SECOND_KEY_WITHIN = 1500; // milliseconds between g and the room's letter
  let pressedG = 0;

  const typing = (element) => element instanceof Element && element.closest("input, textarea, select, [contenteditable]");

  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(document.activeElement) && !event.defaultPrevented) document.activeElement.blur();
    if (event.key === "Escape") closeRail();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const followsG = event.timeStamp - pressedG < SECOND_KEY_WITHIN && pressedG > 0;
    pressedG = 0;
    if (followsG) {
      const room = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (room) {
        event.preventDefault();
        room.click();
      }
      return;
    }
    if (event.key === "g") pressedG = event.timeStamp;
    else if (event.key === "?") {
      event.preventDefault();
      openDialog("shortcuts");
    } else if (event.key === "/") {
      const field = [...document.querySelectorAll("[data-search]")].find((one) => one.offsetParent);
      if (field) {
        event.preventDefault();
        field.focus();
        field.select();
      }
    }
  });

  /* Lists within Django's forms scroll sideways in a narrow window: then the keyboard must reach them. */
  function reachScrollers() {
    for (const box of document.querySelectorAll(".inline-group")) {
      if (box.scrollWidth > box.clientWidth) {
        const heading = box.querySelector(".inline-heading");
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        if (heading) box.setAttribute("aria-labelledby", heading.id);
      } else if (box.tabIndex === 0) {
        for (const name of ["tabindex", "role", "aria-labelledby"]) box.removeAttribute(name);
      }
    }
  }
  addEventListener("resize", reachScrollers);
  addEventListener("load", reachScrollers);

  const rail = document.querySelector("[data-rail]");
  const more = document.querySelector("[data-rail-more]");

  function setRail(open) {
    if (!rail || !more) return;
    rail.toggleAttribute("data-open", open);
    more.setAttribute("aria-expanded", String(open));
  }

  function closeRail() {
    if (rail && rail.hasAttribute("data-open")) {
      setRail(false);
      more.focus();
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    if (target.closest("[data-rail-more]")) setRail(!rail.hasAttribute("data-open"));
    else if (rail && !target.closest("[data-rail]")) setRail(false);

    const opener = target.closest("[data-open-dialog]");
    if (opener) {
      setRail(false);
      openDialog(opener.dataset.openDialog);
    }
    const closer = target.closest("[data-close-dialog]");
    if (closer) closer.closest("dialog").close();
    // A click beside a dialog lands on the dialog itself.
    if (target instanceof HTMLDialogElement && target.open) target.close();

    const turner = target.closest("[data-show-pane]");
    const split = turner && turner.closest(".split-2, .split-3");
    if (split) split.dataset.show = turner.dataset.showPane;
  });
})();
