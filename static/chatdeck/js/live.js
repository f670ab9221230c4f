/* Live events. One stream (server-sent events) for all tabs of a person: the tab that holds the lock
   listens and tells the others, because a browser keeps only a few connections to one server.

   On document.body it dispatches, with what happened in `detail`:
     live        every event as it came: {topic, line, chat, message, on}
     messages-<chat>, chat-<chat>, inbox, operations, events, lines, sync
                 for htmx regions and our modules; a burst becomes one, with all its ids: {chats, messages}
     catch-up    once, when the stream begins: something may have happened since the page was made
     poll        ask again: every 5 seconds while the stream is cut, and once when it is back
     unread      {total} of all chats of this person
   Regions with data-quiet fail without a toast: the note about the connection says it already.
   A form inside one has no such mark of its own, so what a person does still fails aloud. */
"use strict";
(() => {
  const { stream, unread, user } = document.currentScript.dataset;
  const body = document.body;
  const emit = (name, detail = {}) => body.dispatchEvent(new CustomEvent(name, { detail }));

  /* What happened, to the regions of the page */
  const GATHER = 60; // milliseconds that the first event of a burst waits for its followers
  const REST = 300; // milliseconds between two of the same name
  const waiting = new Map();
  const lastAt = new Map();

  function namesOf({ topic, chat }) {
    if (topic === "message") return [`messages-${chat}`, "inbox"];
    if (topic === "chat") return [`chat-${chat}`, "inbox"];
    if (topic === "operation") return chat ? ["operations", `chat-${chat}`] : ["operations"];
    return { event: ["events"], line: ["lines"], sync: ["sync"] }[topic] || [];
  }

  function gather(name, { chat, message }) {
    let burst = waiting.get(name);
    if (!burst) {
      burst = { chats: new Set(), messages: new Set() };
      waiting.set(name, burst);
      const rest = (lastAt.get(name) ?? -REST) + REST - performance.now();
      setTimeout(() => {
        waiting.delete(name);
        lastAt.set(name, performance.now());
        emit(name, { chats: [...burst.chats], messages: [...burst.messages] });
      }, Math.max(GATHER, rest));
    }
    if (chat) burst.chats.add(chat);
    if (message) burst.messages.add(message);
  }

  /* The state of the stream, the same in every tab: null before it began, then true or false */
  const POLL = 5000;
  const CALM = 2000; // a cut shorter than this is nobody's concern
  let connected = null;
  let poller = 0;
  let calm = 0;
  const note = document.createElement("p");
  note.className = "live-note";
  note.setAttribute("role", "status");
  body.append(note);

  function cut() {
    if (poller) return;
    connected = false;
    poller = setInterval(() => { if (!document.hidden) emit("poll"); }, POLL);
    calm = setTimeout(() => { note.textContent = "Reconnecting… News still arrives, a few seconds later."; }, CALM);
  }

  function back() {
    clearInterval(poller);
    clearTimeout(calm);
    poller = 0;
    note.textContent = "";
    const first = connected === null;
    connected = true;
    emit(first ? "catch-up" : "poll");
  }

  function hear(news) {
    if (news.event) {
      emit("live", news.event);
      for (const name of namesOf(news.event)) gather(name, news.event);
    } else if (news.state === "ready") back();
    else if (news.state === "away") cut();
  }

  /* The stream itself */
  const SILENT = 40000; // milliseconds; the server says something every 15 seconds
  let failures = 0;
  let source = null;
  let again = 0;
  let watchdog = 0;
  let state = "away";
  let tell = hear;

  function listen() {
    clearTimeout(again);
    again = 0;
    source = new EventSource(stream);
    source.onerror = lost;
    const on = (name, react) => source.addEventListener(name, (event) => { alive(); react(event); });
    on("beat", () => {});
    on("ready", () => { failures = 0; state = "ready"; tell({ state }); });
    on("live", (event) => tell({ event: JSON.parse(event.data) }));
    on("next", () => reopen(Math.random() * 1000));
    on("away", lost);
    alive();
  }

  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, SILENT);
  }

  function lost() {
    state = "away";
    tell({ state });
    failures += 1;
    reopen(Math.min(15000, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  }

  function reopen(wait) {
    clearTimeout(watchdog);
    source.close();
    if (!again) again = setTimeout(listen, wait);
  }
  addEventListener("online", () => { if (again) listen(); });

  if (navigator.locks && window.BroadcastChannel) {
    const name = `chatdeck-live-${user}`;
    const channel = new BroadcastChannel(name);
    let leads = false;
    channel.onmessage = ({ data }) => {
      if (data.state === "which") {
        if (leads) channel.postMessage({ state });
      } else hear(data);
    };
    tell = (news) => { hear(news); channel.postMessage(news); };
    navigator.locks.request(name, () => {
      leads = true;
      listen();
      return new Promise(() => {}); // held until this tab is gone; then the next one takes over
    });
    channel.postMessage({ state: "which" });
  } else {
    // Without a secure context there are no locks: each tab listens for itself.
    listen();
  }

  /* Unread: one small question after each burst, for the rail and the tab */
  let wanted = 0;
  async function countUnread() {
    wanted += 1;
    if (wanted > 1) return;
    let answered = 0;
    while (answered < wanted) {
      answered = wanted;
      try {
        const answer = await fetch(unread, { headers: { "HX-Request": "true" } });
        if (answer.ok && answer.headers.get("Content-Type") === "application/json") showUnread((await answer.json()).total);
      } catch {
        // The next event, or the next poll, asks again.
      }
    }
    wanted = 0;
  }

  function showUnread(total) {
    const text = total > 99 ? "99+" : total ? String(total) : "";
    for (const place of document.querySelectorAll("[data-unread-total]")) {
      if (place.textContent !== text) place.textContent = text;
    }
    emit("unread", { total });
  }
  if (unread) {
    for (const name of ["inbox", "poll", "catch-up"]) body.addEventListener(name, countUnread);
  }

  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    body.addEventListener(failure, (event) => {
      if (event.target instanceof Element && event.target.matches("[data-quiet]")) event.stopPropagation();
    });
  }
})();
