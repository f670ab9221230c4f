// Keeps what is shown fresh. What is being typed stays, since the boxes to type in are outside the panels; and nothing
// is taken away from somebody who is marking text in them, to copy an id, or has stepped into them with the keyboard.
const panels = document.getElementById("panels");
const EVERY = 3000;

function isInUse() {
  const marked = document.getSelection();
  const marking = marked && !marked.isCollapsed && panels.contains(marked.anchorNode);
  return document.hidden || marking || panels.contains(document.activeElement);
}

async function refresh() {
  if (!isInUse()) {
    try {
      const answer = await fetch("/panels");
      const html = await answer.text();
      if (answer.ok && !isInUse()) panels.innerHTML = html;
    } catch {
      // The sandbox is being started again; the next try finds it.
    }
  }
  setTimeout(refresh, EVERY);
}
setTimeout(refresh, EVERY);
