/* Files of the composer: picked, dropped or pasted; uploaded at once, with their progress; sent with the message.
   What is uploaded stands in the form as inputs named "file". A chat that is left keeps its files, also while they
   are still on their way. On the form it dispatches
     files-changed   after any change, bubbling; composer.js keeps the draft then
     files-problem   {sentence} why a file was not taken
   and listens to files-restore {files} and, on the body, to composer-sent. */
"use strict";
(() => {
  const body = document.body;
  const AT_ONCE = 2;
  const kept = new Map(); // the draft's name -> the files of that chat, in order
  let flying = []; // the ids in the request that is on its way
  let counter = 0;

  const form = () => document.getElementById("composer");
  const filesOf = (name) => {
    if (!kept.has(name)) kept.set(name, []);
    return kept.get(name);
  };
  const token = () => JSON.parse(body.getAttribute("hx-headers"))["X-CSRFToken"];
  const mine = () => (form() ? filesOf(form().dataset.draft) : []);

  function size(bytes) {
    if (bytes < 1000) return `${bytes} B`;
    const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }

  /* Taking files in */
  function add(list) {
    const files = [...list];
    if (!form() || !files.length) return;
    const { draft, upload, largest, most, endings } = form().dataset;
    const known = new Set(endings.split(" "));
    const entries = filesOf(draft);
    const problems = [];
    for (const file of files) {
      const problem = wrong(file, entries.length, Number(largest), Number(most), known);
      if (problem) problems.push(problem);
      else entries.push({ key: ++counter, file, name: file.name || "file", size: file.size, kind: "file", state: "waiting", done: 0, upload });
    }
    changed(draft);
    if (problems.length) tell([...new Set(problems)].join(" "));
    pump(draft);
  }

  // The server checks all of it again.
  function wrong(file, number, largest, most, known) {
    const dot = file.name.lastIndexOf(".");
    if (number >= most) return `A message can have ${most} files at the most.`;
    if (!file.size) return `“${file.name}” is empty, or a folder.`;
    if (file.size > largest) return `“${file.name}” is larger than ${Math.round(largest / 1048576)} MB.`;
    if (dot >= 0 && !known.has(file.name.slice(dot + 1).toLowerCase())) return `“${file.name}”: files of this type cannot be sent.`;
    return "";
  }

  function tell(sentence) {
    form()?.dispatchEvent(new CustomEvent("files-problem", { bubbles: true, detail: { sentence } }));
  }

  /* Uploading */
  function pump(draft) {
    const entries = filesOf(draft);
    let running = entries.filter((one) => one.state === "going").length;
    for (const entry of entries) {
      if (running >= AT_ONCE) return;
      if (entry.state === "waiting") {
        running += 1;
        start(entry, draft);
      }
    }
  }

  function start(entry, draft) {
    const xhr = new XMLHttpRequest();
    const data = new FormData();
    data.append("file", entry.file, entry.name);
    entry.state = "going";
    entry.done = 0;
    entry.xhr = xhr;
    xhr.open("POST", entry.upload);
    xhr.setRequestHeader("X-CSRFToken", token());
    xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    xhr.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      entry.done = event.loaded / event.total;
      const bar = document.querySelector(`[data-files] [data-key="${entry.key}"] progress`);
      if (bar) bar.value = Math.round(entry.done * 100);
    });
    xhr.addEventListener("loadend", () => {
      if (entry.state !== "going") return; // removed meanwhile
      const answer = read(xhr);
      if (xhr.status === 201 && answer) {
        Object.assign(entry, answer, { state: "there", file: null });
      } else {
        entry.state = "failed";
        entry.again = xhr.status === 0 || xhr.status >= 500;
        entry.problem = answer?.problem || reason(xhr.status);
      }
      entry.xhr = null;
      changed(draft);
      said(entry.state === "there" ? `${entry.name} is attached.` : entry.problem);
      pump(draft);
    });
    xhr.send(data);
    changed(draft);
  }

  function read(xhr) {
    try {
      return JSON.parse(xhr.responseText);
    } catch {
      return null;
    }
  }

  function reason(status) {
    if (status === 0) return "The upload broke off.";
    if (status === 413) return "It is too large for the server.";
    if (status === 200 || status === 403) return "You may not attach files here any more. Reload the page.";
    return "The server could not take it.";
  }

  function remove(entry, draft) {
    const entries = filesOf(draft);
    const at = entries.indexOf(entry);
    if (at < 0) return;
    entries.splice(at, 1);
    const was = entry.state;
    entry.state = "removed";
    if (was === "going") entry.xhr.abort();
    if (was === "there") {
      // Should this be lost, the server deletes it by itself after a day.
      fetch(`${entry.url}discard/`, { method: "POST", headers: { "X-CSRFToken": token() } }).catch(() => {});
    }
    changed(draft);
    said(`${entry.name} is removed.`);
    pump(draft);
    (document.querySelector("[data-files] li button") || document.getElementById("composer-text"))?.focus();
  }

  /* Showing */
  function said(sentence) {
    const place = form()?.querySelector("[data-files-said]");
    if (place) place.textContent = sentence;
  }

  function element(tag, className, text = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function button(label, text, act) {
    const made = element("button", "btn btn-small btn-quiet", text);
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  function chip(entry, draft) {
    const item = element("li", "composer-file");
    item.dataset.key = entry.key;
    item.dataset.state = entry.state;
    if (entry.state === "there" && entry.kind === "image") {
      const picture = element("img");
      picture.src = entry.url;
      picture.alt = "";
      picture.width = picture.height = 32;
      item.append(picture);
    }
    const words = element("span", "composer-file-words");
    const name = element("bdi", "cut", entry.name);
    name.title = entry.name;
    words.append(name);
    if (entry.state === "failed") words.append(element("span", "composer-file-problem", entry.problem));
    else if (entry.state === "there") words.append(element("span", "file-note", size(entry.size)));
    else {
      const bar = element("progress", "progress");
      bar.max = 100;
      bar.value = Math.round(entry.done * 100);
      bar.setAttribute("aria-label", `Uploading ${entry.name}`);
      words.append(bar);
    }
    item.append(words);
    if (entry.state === "failed" && entry.again && entry.file) {
      item.append(button(`Try ${entry.name} again`, "Try again", () => {
        entry.state = "waiting";
        changed(draft);
        pump(draft);
      }));
    }
    item.append(button(`Remove ${entry.name}`, "✕", () => remove(entry, draft)));
    if (entry.state === "there") {
      const field = element("input");
      Object.assign(field, { type: "hidden", name: "file", value: entry.id });
      item.append(field);
    }
    return item;
  }

  function changed(draft) {
    if (!form() || form().dataset.draft !== draft) return;
    const list = form().querySelector("[data-files]");
    const entries = filesOf(draft);
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : "";
    list.replaceChildren(...entries.map((entry) => chip(entry, draft)));
    list.hidden = !entries.length;
    if (focused) [...list.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === focused)?.focus();
    form().dataset.filesWait = entries.some((one) => one.state === "waiting" || one.state === "going") ? "1" : "";
    form().dataset.filesFailed = entries.some((one) => one.state === "failed") ? "1" : "";
    form().dispatchEvent(new CustomEvent("files-changed", { bubbles: true, detail: { files: entries.filter((one) => one.state === "there").map(({ id, name, size: bytes, kind, url }) => ({ id, name, size: bytes, kind, url })) } }));
  }

  /* What a person does */
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-attach]")) form().querySelector("[data-pick]").click();
  });
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-pick]")) return;
    add(event.target.files);
    event.target.value = ""; // the same file may be picked again
    document.getElementById("composer-text").focus();
  });
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    if (event.target.id !== "composer-text" || !data?.files.length || data.types.includes("text/plain")) return;
    event.preventDefault();
    add(data.files);
  });
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const pane = () => document.getElementById("thread");
  let over = 0;
  function mark(on) {
    clearTimeout(over);
    pane()?.toggleAttribute("data-dropping", on);
    if (on) over = setTimeout(() => mark(false), 300); // dragover comes again while something is held there
  }
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault(); // beside the chat a dropped file would replace the page, and what was written with it
    const takes = Boolean(form() && pane()?.contains(event.target));
    event.dataTransfer.dropEffect = takes ? "copy" : "none";
    mark(takes);
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark(false);
    if (pane()?.contains(event.target)) add(event.dataTransfer.files);
  });

  /* The message leaves */
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "composer") flying = mine().filter((one) => one.state === "there").map((one) => one.id);
  });
  body.addEventListener("composer-sent", () => {
    if (!form()) return;
    const { draft } = form().dataset;
    kept.set(draft, filesOf(draft).filter((one) => !flying.includes(one.id)));
    flying = [];
    changed(draft);
  });

  /* Pictures that cannot be shown say so, instead of a broken box */
  document.addEventListener("error", (event) => {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !picture.closest(".shot")) return;
    picture.closest(".shot").toggleAttribute("data-gone", true);
  }, true);

  /* A chat was opened */
  body.addEventListener("files-restore", (event) => {
    const entries = mine();
    if (!entries.length) for (const one of event.detail.files) entries.push({ ...one, key: ++counter, state: "there", done: 1 });
  });
  let seen = null;
  function settle() {
    if (!form() || form() === seen) return;
    seen = form();
    form().querySelector("[data-attach]").hidden = false;
    changed(seen.dataset.draft);
  }
  // After composer.js has restored the draft, which may hold files.
  body.addEventListener("composer-opened", settle);
})();
