/* Times: keeps every <time data-time> true, in the reader's own zone.
   Forms: ago, time, day, exact. Counts from the server's clock (html[data-now]), not from the reader's. */
"use strict";
(() => {
  const offset = Date.parse(document.documentElement.dataset.now) - Date.now() || 0;
  const language = document.documentElement.lang || "en";
  const shape = (options) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, options);
  const exact = shape({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const titled = shape({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
  const clock = shape({ hour: "2-digit", minute: "2-digit" });
  const day = shape({ weekday: "long", day: "numeric", month: "long" });
  const dayAndYear = shape({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const date = shape({ day: "numeric", month: "short" });
  const dateAndYear = shape({ day: "numeric", month: "short", year: "numeric" });

  // The server writes times too: a page without scripts, sentences, forms. It learns the zone from this cookie.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`chatdeck_zone=${zone}`)) {
    document.cookie = `chatdeck_zone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }

  const MINUTE = 60, HOUR = 3600, DAY = 86400;

  function ago(moment, now) {
    const seconds = (now - moment) / 1000;
    const distance = Math.abs(seconds);
    let text;
    if (distance < 45) return "now";
    if (distance < HOUR) text = `${Math.max(1, Math.floor(distance / MINUTE))} min`;
    else if (distance < DAY) text = `${Math.floor(distance / HOUR)} h`;
    else if (distance < 7 * DAY) text = `${Math.floor(distance / DAY)} d`;
    else return (moment.getFullYear() === now.getFullYear() ? date : dateAndYear).format(moment);
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  }

  function words(form, moment, now) {
    if (form === "ago") return ago(moment, now);
    if (form === "time") return clock.format(moment);
    if (form === "day") return (moment.getFullYear() === now.getFullYear() ? day : dayAndYear).format(moment);
    return exact.format(moment);
  }

  function show(root) {
    const now = new Date(Date.now() + offset);
    for (const element of root.querySelectorAll("time[data-time]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.valueOf())) continue;
      const text = words(element.dataset.time, moment, now);
      if (element.textContent !== text) element.textContent = text;
      const title = titled.format(moment);
      if (element.title !== title) element.title = title;
    }
  }

  // What arrives later, by htmx or by a live event, is told before it is painted.
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE && (node.matches("time") || node.querySelector("time"))) {
          show(node.parentElement || document);
        }
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
  setInterval(() => { if (!document.hidden) show(document); }, 20000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) show(document); });
  show(document);
})();
