/* The composer: Enter sends, Shift+Enter breaks the line; drafts stay in this browser until they are sent.
   Each intent has a key. It stays through every try of the same text, so a lost answer makes no second message. */
"use strict";
(() => {
  const body = document.body;
  const LINES = 8;
  const NEAR_LIMIT = 500; // characters left from which on they are counted
  const DAYS_KEPT = 30;
  const HOURS_FILES_ARE_KEPT = 23; // what is not sent is deleted after a day
  const SLOW = 1500; // milliseconds without an answer
  const form = () => document.getElementById("composer");
  const box = () => document.getElementById("composer-text");
  const key = () => form().elements.namedItem("key");
  const note = () => document.getElementById("composer-note");
  const length = (text) => [...text].length; // as the server counts: characters, not UTF-16 units
  const newKey = () => (crypto.randomUUID ? crypto.randomUUID() : fallbackKey());
  let tried = null; // what was last given to the server and got no answer
  let attached = []; // the files that go with it, as attachments.js says
  let seen = null; // the form whose draft has been read
  let flying = ""; // the text of the request that is on its way
  let patience = 0; // the timer after which a slow answer is told of

  // Outside a secure context there is no randomUUID.
  function fallbackKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // Text and files are one intent.
  const content = () => [box().value, ...attached.map((one) => one.id)].join("\n");

  /* Drafts */
  function store(write) {
    try {
      return write(localStorage);
    } catch {
      return null; // storage is full or forbidden: the text is still in the box
    }
  }
  function keep() {
    const name = form().dataset.draft;
    const text = box().value;
    const draft = { text, key: key().value, tried, files: attached, at: Date.now() };
    store((storage) => (text || attached.length ? storage.setItem(name, JSON.stringify(draft)) : storage.removeItem(name)));
  }
  function restore() {
    const found = store((storage) => JSON.parse(storage.getItem(form().dataset.draft)));
    if (!found || typeof found.text !== "string" || box().value || Date.now() - found.at > DAYS_KEPT * 86400000) return;
    box().value = found.text;
    if (Array.isArray(found.files) && Date.now() - found.at < HOURS_FILES_ARE_KEPT * 3600000) {
      form().dispatchEvent(new CustomEvent("files-restore", { bubbles: true, detail: { files: found.files } }));
    }
    if (typeof found.key === "string") key().value = found.key;
    tried = typeof found.tried === "string" ? found.tried : null;
  }

  /* The box */
  function fit() {
    const area = box();
    area.rows = 1;
    const style = getComputedStyle(area);
    const line = parseFloat(style.lineHeight);
    const room = area.scrollHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    area.rows = Math.max(1, Math.min(LINES, Math.round(room / line)));
    const limit = Number(form().dataset.limit);
    const left = limit - length(area.value.trim());
    const count = form().querySelector("[data-count]");
    count.textContent = left >= NEAR_LIMIT ? "" : left >= 0 ? `${left} characters left` : `${-left} characters too many`;
    count.classList.toggle("over", left < 0);
  }

  function say(sentence, again = false) {
    const holder = document.createElement("div");
    holder.className = "notice notice-bad";
    holder.dataset.problem = "";
    const text = document.createElement("span");
    text.className = "grow";
    text.textContent = sentence;
    holder.append(text);
    if (again) {
      const button = document.createElement("button");
      button.className = "btn btn-small";
      button.type = "submit";
      button.textContent = "Try again";
      holder.append(button);
    }
    note().replaceChildren(holder);
    box().setAttribute("aria-invalid", "true");
  }

  function hush() {
    note().replaceChildren();
    box().removeAttribute("aria-invalid");
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "composer-text") return;
    if (note().querySelector("[data-problem]")) hush();
    noteChange();
    fit();
    keep();
  });

  // Another content is another intent: the server must not take it for the one it may already have.
  function noteChange() {
    if (tried === null || content() === tried) return;
    tried = null;
    key().value = newKey();
  }

  body.addEventListener("files-changed", ({ detail }) => {
    attached = detail.files;
    if (form() !== seen) return; // its draft has not been read yet
    noteChange();
    // What was said of the files as they were; why one was not taken stays to be read.
    if (note().querySelector('[data-problem=""]')) hush();
    keep();
  });
  body.addEventListener("files-problem", ({ detail }) => {
    say(detail.sentence);
    note().querySelector("[data-problem]").dataset.problem = "file";
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "composer-text" || event.key !== "Enter") return;
    // 229: Safari tells of the Enter that ends an input method's word only so.
    if (event.shiftKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form().requestSubmit(form().querySelector(".send"));
  });

  // Refused in place, before anything is asked.
  body.addEventListener("htmx:confirm", (event) => {
    if (event.target.id !== "composer") return;
    const problem = wrong();
    if (!problem) return;
    event.preventDefault();
    say(problem);
    box().focus();
  });

  function wrong() {
    const text = box().value.trim();
    const over = length(text) - Number(form().dataset.limit);
    if (over > 0) return `This is ${over.toLocaleString("en")} characters too long.`;
    if (form().dataset.filesWait) return "A file is still on its way to the server. Send when it is there.";
    if (form().dataset.filesFailed) return "A file could not be attached. Remove it, or try it again.";
    return text || attached.length ? "" : "Write something first.";
  }

  body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id !== "composer") return;
    flying = box().value;
    tried = content();
    keep();
    const count = form().querySelector("[data-count]");
    patience = setTimeout(() => { count.textContent = "Sending… Your text is kept."; }, SLOW);
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id !== "composer") return;
    clearTimeout(patience);
    fit();
  });

  body.addEventListener("composer-sent", () => {
    // What was added while the answer was on its way is kept.
    if (box().value.startsWith(flying)) box().value = box().value.slice(flying.length);
    tried = null;
    key().value = newKey();
    hush();
    fit();
    keep();
    box().focus();
  });

  // A refusal is an answer: nothing was sent, so the text may change under the same key.
  body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig.elt.id !== "composer") return;
    const { status } = event.detail.xhr;
    if (status !== 409 && status !== 422) return;
    tried = null;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    box().setAttribute("aria-invalid", String(status === 422));
    keep();
  });

  const LOST = {
    "htmx:sendError": "No answer came, so it is not known whether this was sent. Trying again cannot send it twice.",
    "htmx:timeout": "The answer took too long, so it is not known whether this was sent. Trying again cannot send it twice.",
    "htmx:responseError": "The server could not take this. Your text is kept.",
  };
  for (const [name, sentence] of Object.entries(LOST)) {
    body.addEventListener(name, (event) => {
      if (event.target.id !== "composer") return;
      event.stopPropagation();
      say(sentence, true);
    });
  }

  /* A chat was opened */
  function settle() {
    if (!form() || form() === seen) return;
    tried = null;
    attached = [];
    restore();
    seen = form();
    fit();
    body.dispatchEvent(new CustomEvent("composer-opened"));
  }
  body.addEventListener("htmx:afterSettle", settle);
  settle();
})();
