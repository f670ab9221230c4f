/* The list of chats: rows change and move in place; the open one is marked; everything works from the keyboard. */
"use strict";
(() => {
  const body = document.body;
  const room = document.querySelector("[data-inbox]");
  if (!room) return;
  const rows = () => document.getElementById("rows");
  const all = () => [...rows().querySelectorAll("[data-chat]")];
  const linkOf = (row) => row?.querySelector("a");
  const filters = document.getElementById("filters");
  let changed = new Set(); // chats the next question is about; 0: the first page

  /* Rows into place */
  const openChat = () => Number(location.pathname.match(/\/inbox\/(\d+)\/$/)?.[1] || 0);

  function mark() {
    const open = openChat();
    for (const row of all()) {
      if (Number(row.dataset.chat) === open) linkOf(row).setAttribute("aria-current", "page");
      else linkOf(row).removeAttribute("aria-current");
    }
  }

  function put(fresh) {
    const pk = fresh.dataset.chat;
    const old = rows().querySelector(`[data-chat="${pk}"]`);
    if (old?.dataset.version === fresh.dataset.version && old.dataset.order === fresh.dataset.order) return;
    const follower = all().find((row) => row !== old && row.dataset.order < fresh.dataset.order);
    const older = document.getElementById("chats-older");
    if (!follower && older && !(old && old.nextElementSibling === older)) {
      old?.remove(); // it belongs to a part of the list that has not been asked for
      return;
    }
    const had = old?.contains(document.activeElement);
    if (old && (old.nextElementSibling === (follower || older))) old.replaceWith(fresh);
    else {
      old?.remove();
      rows().insertBefore(fresh, follower || older);
    }
    htmx.process(fresh);
    if (had) linkOf(fresh).focus({ preventScroll: true });
  }

  function merge(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const found = holder.content.querySelector("[data-rows]");
    if (!found || !rows()) return;
    const fresh = [...found.querySelectorAll("[data-chat]")];
    const here = new Set(fresh.map((row) => row.dataset.chat));
    if (fresh.length && !all().length) document.querySelector("#chat-list > .empty")?.remove();
    // Those asked about and not answered no longer match; the open one stays until another is opened.
    const asked = "firstPage" in found.dataset
      ? all().filter((row) => !("hasMore" in found.dataset) || row.dataset.order >= fresh.at(-1).dataset.order).map((row) => row.dataset.chat)
      : found.dataset.asked.split(",");
    for (const pk of asked) {
      if (!here.has(pk) && Number(pk) !== openChat()) rows().querySelector(`[data-chat="${pk}"]`)?.remove();
    }
    const scroll = document.getElementById("list-scroll");
    const reading = scroll.scrollTop > 0 ? all().find((row) => row.getBoundingClientRect().bottom > scroll.getBoundingClientRect().top) : null;
    const before = reading?.getBoundingClientRect().top;
    fresh.forEach(put);
    if (reading?.isConnected) scroll.scrollTop += reading.getBoundingClientRect().top - before;
    mark();
  }

  body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig.elt.id !== "rows-refresh") return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200) merge(event.detail.xhr.responseText);
  });

  function refresh(chats) {
    if (chats?.length) for (const pk of chats) changed.add(pk);
    else changed.add(0);
    htmx.trigger(document.getElementById("rows-refresh"), "refresh");
  }
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id !== "rows-refresh") return;
    for (const [name, value] of new FormData(filters)) if (value) event.detail.parameters[name] = value;
    if (!changed.has(0)) event.detail.parameters.ids = [...changed].join(",");
    changed = new Set();
  });
  body.addEventListener("htmx:sendError", (event) => { if (event.target.id === "rows-refresh") changed.add(0); });
  body.addEventListener("inbox", ({ detail }) => refresh(detail.chats));
  for (const name of ["poll", "catch-up"]) body.addEventListener(name, () => refresh());

  /* Filters: a chip that is taken away clears its field; a chat's address keeps what the list is narrowed to */
  document.addEventListener("click", (event) => {
    const chip = event.target instanceof Element ? event.target.closest("a[data-unfilter], .pane-list .empty a") : null;
    if (!chip || event.ctrlKey || event.metaKey || event.shiftKey || !chip.pathname.endsWith("/inbox/")) return;
    event.preventDefault();
    const left = new URL(chip.href).searchParams;
    for (const field of filters.elements) {
      if (!field.name) continue;
      if (field.type === "checkbox") field.checked = left.has(field.name);
      else field.value = left.get(field.name) || "";
    }
    htmx.trigger(filters, "submit");
    filters.querySelector("[data-search]").focus();
  });

  /* The tab: how much is unread stands before the title */
  let total = Number(document.title.match(/^\((\d+)\) /)?.[1] || 0);
  function title() {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = total ? `(${total}) ${bare}` : bare;
  }
  body.addEventListener("unread", ({ detail }) => {
    total = detail.total;
    title();
  });

  /* A chat was opened, by a click or from the keyboard */
  body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "thread" && event.detail.target?.id !== "chat-list") return;
    if (event.detail.target.id === "thread") {
      room.dataset.show = "thread";
      if (!matchMedia("(max-width: 720px)").matches) document.getElementById("composer-text")?.focus({ preventScroll: true });
    }
    title();
    mark();
  });
  body.addEventListener("htmx:pushedIntoHistory", mark);

  /* The address: the chat that is open now and what the list is narrowed to now, whichever answer comes last.
     The server names both as they were when it was asked, and a slow search must not close a chat's address. */
  body.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history: update, requestConfig: { elt } } }) => {
    if (elt === filters) {
      update.path = (openChat() ? location.pathname : room.dataset.inboxUrl) + new URL(update.path, location.href).search;
    } else if (elt.matches(".inbox-row")) {
      const narrowed = String(new URLSearchParams([...new FormData(filters)].filter(([, value]) => value)));
      update.path = new URL(update.path, location.href).pathname + (narrowed && `?${narrowed}`);
    }
  });

  function toList() {
    const row = document.querySelector("#rows [aria-current]") || linkOf(all()[0]);
    if (matchMedia("(max-width: 720px)").matches && room.dataset.show !== "list") {
      room.dataset.show = "list";
      const address = document.querySelector("[data-back]")?.href || room.dataset.inboxUrl;
      history.pushState({ htmx: true }, "", address);
      document.title = "Inbox | Chatdeck";
      title();
      mark();
    }
    row?.focus();
  }
  document.addEventListener("click", (event) => {
    const back = event.target instanceof Element ? event.target.closest("[data-back]") : null;
    if (!back || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    toList();
  });

  /* Keys */
  function move(by) {
    const list = all();
    const at = list.findIndex((row) => row.contains(document.activeElement));
    const current = list.findIndex((row) => linkOf(row).hasAttribute("aria-current"));
    const next = at < 0 ? (current < 0 ? 0 : current + by) : at + by;
    linkOf(list[Math.max(0, Math.min(list.length - 1, next))])?.focus();
  }

  function toggleRead() {
    const row = all().find((one) => one.contains(document.activeElement)) || document.querySelector("#rows [data-chat]:has([aria-current])");
    if (!row || !document.querySelector("[data-new-chat]")) return;
    const verb = Number(row.dataset.unread) ? "read" : "unread";
    htmx.ajax("POST", `${linkOf(row).pathname}${verb}/`, { source: row, swap: "none" });
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    e: toggleRead,
    u: () => document.querySelector("[data-mark-unread]")?.click(),
    r: () => document.getElementById("composer-text")?.focus(),
    n: () => document.querySelector("[data-new-chat]")?.click(),
  };
  let afterG = -Infinity;
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : body;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || target.closest("input, textarea, select, [contenteditable]")) return;
    // g and a letter lead to another room (console.js); that letter is not ours.
    const follows = event.timeStamp - afterG < 1500;
    afterG = event.key === "g" ? event.timeStamp : -Infinity;
    if (follows) return;
    if (event.key === "Escape") {
      if (room.dataset.show === "side") room.dataset.show = "thread";
      else toList();
      return;
    }
    const inList = rows()?.contains(target) || target === body;
    const press = KEYS[event.key] || (inList && { ArrowDown: KEYS.j, ArrowUp: KEYS.k }[event.key]);
    if (!press) return;
    event.preventDefault();
    press();
  });

  mark();
})();
