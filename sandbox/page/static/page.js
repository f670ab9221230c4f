// Keeps what is shown fresh; what is being typed stays, since the boxes to type in are outside the panels.
const panels = document.getElementById("panels");
const EVERY = 3000;

async function refresh() {
  if (!document.hidden && !panels.contains(document.activeElement)) {
    try {
      const answer = await fetch("/panels");
      if (answer.ok) panels.innerHTML = await answer.text();
    } catch {
      // The sandbox is being started again; the next try finds it.
    }
  }
  setTimeout(refresh, EVERY);
}
setTimeout(refresh, EVERY);
