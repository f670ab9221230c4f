/* Tells the server that somebody types, now and then: at the other side it shows for more than a minute.
   Best effort: whatever comes of it, nothing is said. */
"use strict";
(() => {
  const AGAIN = 55000; // milliseconds until typing is told of once more
  const IDLE = 20000; // milliseconds without a key until it is over
  let told = 0; // when it was told of last; 0: it is not
  let where = "";
  let ends = 0;

  function tell(address, off) {
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const content = new FormData();
    if (off) content.set("off", "1");
    fetch(address, { method: "POST", headers, body: content, keepalive: true }).catch(() => {});
  }

  function over() {
    clearTimeout(ends);
    if (told) tell(where, true);
    told = 0;
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "composer-text") return;
    const address = event.target.form.dataset.typingUrl;
    if (where && address !== where) over();
    if (!address) return;
    where = address;
    if (!event.target.value.trim()) {
      over();
      return;
    }
    clearTimeout(ends);
    ends = setTimeout(over, IDLE);
    if (told && Date.now() - told < AGAIN) return;
    told = Date.now();
    tell(address, false);
  });
  // A message that is sent clears it by itself.
  document.body.addEventListener("composer-sent", () => {
    clearTimeout(ends);
    told = 0;
  });
  addEventListener("pagehide", over);
})();
