// Comfort only: every page is whole without this. Live lists, completion, a key for the command bar, pan and zoom.
"use strict";

// The command bar completes names, and `/` leads to it.
const command = document.getElementById("command");
const completions = document.getElementById("completions");
let asked = 0;
command.addEventListener("input", async () => {
  const mine = ++asked;
  try {
    const response = await fetch("/api/v1/complete?q=" + encodeURIComponent(command.value));
    if (!response.ok || mine !== asked) return;
    const { lines } = await response.json();
    completions.replaceChildren(...lines.map((line) => {
      const option = document.createElement("option");
      option.value = line;
      return option;
    }));
  } catch {
    // Without completion the bar still takes commands.
  }
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    command.focus();
  }
});

// A list of the last runs follows what happens, unless somebody is reading it with the keyboard.
const live = document.querySelector("[data-live]");
const start = document.querySelector(".start");
if (live || start) {
  const refresh = async () => {
    if (live?.contains(document.activeElement)) return;
    const response = await fetch(location.href);
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (start && !page.querySelector(".start")) location.reload();
    const fresh = live && page.getElementById(live.id);
    // What somebody is about to click stays where it is unless there is news.
    const told = (list) => [...list.querySelectorAll(".id, .status, .verdict")].map((part) => part.textContent).join();
    if (!fresh || told(fresh) === told(live)) return;
    const known = new Set([...live.querySelectorAll(".id")].map((run) => run.textContent));
    live.replaceChildren(...fresh.childNodes);
    for (const row of live.querySelectorAll("tbody tr")) {
      if (!known.has(row.querySelector(".id")?.textContent)) row.classList.add("is-new");
    }
  };
  // A browser keeps few connections to a server: a page that nobody looks at gives its own back.
  let news = null;
  const listen = () => {
    news?.close();
    news = document.hidden ? null : new EventSource("/live");
    news?.addEventListener("runs", () => refresh().catch(() => {}));
    // A stream that ends is begun again by the browser; one that found no place is tried later.
    news?.addEventListener("error", ({ target }) => {
      if (target.readyState === EventSource.CLOSED) setTimeout(() => target === news && listen(), 30000);
    });
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}
