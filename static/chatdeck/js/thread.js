/* The open thread: new and changed bubbles take their place without moving what is being read. */
"use strict";
(() => {
  const body = document.body;
  const NEAR_END = 80; // pixels; so close to the end counts as being there
  const TOGETHER = 5 * 60 * 1000; // milliseconds; as chats.admin.bubbles
  const TYPING = 12000; // milliseconds; a "stopped typing" may get lost
  const list = () => document.getElementById("messages");
  const scroller = () => document.getElementById("thread-scroll");
  const openChat = () => Number(list()?.dataset.chat || 0);
  let changed = new Set(); // ids of messages that the next question is about; empty: the newest
  let hidden = 0; // new messages below what is being read

  // The scroller's column is reversed: 0 is the end, and above it scrollTop is negative.
  const atEnd = () => scroller().scrollTop > -NEAR_END;

  /* Putting bubbles into place */
  function parse(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  function firstInView(box) {
    const top = box.getBoundingClientRect().top;
    return [...list().children].find((one) => one.getBoundingClientRect().bottom > top);
  }

  function put(fresh) {
    const old = document.getElementById(fresh.id);
    if (old && old.dataset.version === fresh.dataset.version) return false;
    const follower = [...list().querySelectorAll(".msg")].find((one) => one !== old && one.dataset.order > fresh.dataset.order);
    if (!old && follower && follower === list().querySelector(".msg") && list().querySelector("[data-older]")) return false; // further up, not read yet
    if (old && old.nextElementSibling === (follower || null)) old.replaceWith(fresh);
    else {
      old?.remove();
      list().insertBefore(fresh, follower || null);
    }
    htmx.process(fresh);
    return !old;
  }

  // Returns the messages that are new here.
  function merge(html) {
    const found = parse(html).querySelector("[data-updates]");
    if (!found || !list() || found.dataset.chat !== list().dataset.chat || !("newest" in list().dataset)) return [];
    const box = scroller();
    const stays = atEnd();
    const anchor = stays ? null : firstInView(box);
    const before = anchor?.getBoundingClientRect().top;
    const added = [...found.querySelectorAll(".msg")].filter(put);
    group(list());
    if (stays) box.scrollTop = 0;
    else if (anchor?.isConnected) box.scrollTop += anchor.getBoundingClientRect().top - before;
    document.querySelector(".thread-empty")?.remove();
    const others = added.filter((one) => one.classList.contains("msg-in"));
    if (others.length) setTyping(false);
    pill(stays ? 0 : others.length);
    if (stays) seenUpTo();
    return added;
  }

  // Days and senders, in the reader's own zone; the server groups by UTC.
  function group(messages) {
    let before = null;
    for (const one of messages.querySelectorAll(".msg")) {
      const at = new Date(one.dataset.at);
      const startsDay = !before || before.at.toDateString() !== at.toDateString();
      one.toggleAttribute("data-starts-day", startsDay);
      one.toggleAttribute("data-starts", startsDay || before.sender !== one.dataset.sender || at - before.at > TOGETHER);
      before = { at, sender: one.dataset.sender };
    }
  }

  // What this page has shown, for the composer: a reply to what one has not seen is asked about.
  function seenUpTo() {
    const seen = document.querySelector("#composer [name=seen][type=hidden]");
    if (!seen || document.hidden) return;
    const newest = Math.max(0, ...[...list().querySelectorAll(".msg")].map((one) => Number(one.dataset.message)));
    if (newest > Number(seen.value)) seen.value = newest;
  }

  function pill(more = 0) {
    hidden += more;
    const button = document.querySelector("[data-to-latest]");
    if (!button) return;
    button.hidden = atEnd();
    if (button.hidden) hidden = 0;
    button.lastElementChild.textContent = hidden ? `${hidden} new` : "Latest messages";
  }

  /* Asking for what changed */
  function refresh(ids) {
    const region = document.getElementById("thread-refresh");
    if (!region) return;
    if (ids?.length) for (const id of ids) changed.add(id);
    else changed.add(0); // the newest
    htmx.trigger(region, "refresh");
  }

  body.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id !== "thread-refresh") return;
    if (!changed.has(0)) event.detail.parameters.ids = [...changed].join(",");
    changed = new Set();
  });
  body.addEventListener("live", ({ detail }) => {
    if (detail.chat !== openChat()) return;
    if (detail.topic === "typing") setTyping(detail.on);
  });
  // Named events of a chat carry its id in their name, so one listener is hung up for the chat that is open.
  let hears = "";
  const onMessages = ({ detail }) => refresh(detail.messages);
  function hearChat() {
    if (hears) body.removeEventListener(hears, onMessages);
    hears = openChat() ? `messages-${openChat()}` : "";
    if (hears) body.addEventListener(hears, onMessages);
  }
  for (const name of ["poll", "catch-up"]) body.addEventListener(name, () => refresh());

  // What answers with bubbles is merged, never swapped.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig: { elt } } = event.detail;
    if (elt.dataset.merge !== "thread" || xhr.status !== 200) return;
    event.detail.shouldSwap = false;
    const added = merge(xhr.responseText);
    if (elt.id === "composer") {
      scroller().scrollTop = 0;
      pill();
      body.dispatchEvent(new CustomEvent("composer-sent"));
    } else if (added.some((one) => one.classList.contains("msg-in"))) markRead();
  });
  // A failed question is asked again by the next event or poll; its ids must not be lost.
  body.addEventListener("htmx:sendError", (event) => { if (event.target.id === "thread-refresh") changed.add(0); });

  /* Reading */
  let readLater = false;
  function markRead() {
    if (document.hidden) {
      readLater = true;
      return;
    }
    readLater = false;
    const region = document.getElementById("thread-read");
    if (region) htmx.trigger(region, "read");
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (readLater) markRead();
    if (list() && atEnd()) seenUpTo();
  });

  /* Typing */
  let typingEnds = 0;
  function setTyping(on) {
    clearTimeout(typingEnds);
    const place = document.querySelector("[data-typing]");
    const head = document.querySelector("[data-thread]");
    if (!place || !head) return;
    place.textContent = on ? `${head.dataset.group ? "Somebody" : head.dataset.title} is typing…` : "";
    if (on) typingEnds = setTimeout(() => setTyping(false), TYPING);
  }

  /* A chat was opened, or older messages came */
  function settle() {
    if (!list()) {
      hearChat();
      return;
    }
    group(list());
    if (hears !== `messages-${openChat()}`) {
      hearChat();
      hidden = 0;
      changed = new Set();
      clearTimeout(typingEnds);
      scroller().addEventListener("scroll", () => {
        pill();
        if (atEnd()) seenUpTo();
      }, { passive: true });
    }
  }
  body.addEventListener("htmx:afterSettle", settle);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-to-latest]")) {
      scroller().scrollTop = 0;
      pill();
      scroller().focus({ preventScroll: true });
    }
  });
  settle();
})();
