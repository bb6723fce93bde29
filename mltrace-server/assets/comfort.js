// Comfort only: every page is whole without this. Local times, live lists, verdicts in place, keys, completion, copying.
"use strict";

const main = document.getElementById("main");
const each = (root, selector, work) => root.querySelectorAll(selector).forEach(work);
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// Times are those of the reader; the title keeps them in UTC.
const two = (number) => String(number).padStart(2, "0");
const local = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
const showTimes = (root) => each(root, "time", (time) => {
  const at = new Date(time.dateTime);
  // How long ago something was is the same everywhere.
  if (Number.isNaN(at.getTime()) || !/^\d{4}-/.test(time.textContent)) return;
  time.textContent = local(at) + (time.classList.contains("exact") ? ":" + two(at.getSeconds()) : "");
});
const zone = document.getElementById("zone");
if (zone) zone.textContent = `Times are those of ${Intl.DateTimeFormat().resolvedOptions().timeZone || "this machine"}; point at one for UTC.`;

// What somebody may want elsewhere can be copied: the name in a heading, and each name under the mouse.
const copy = (text, button) => navigator.clipboard?.writeText(text).then(() => {
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}, () => {});
const offerCopies = (root) => each(root, "h1 .name", (name) => {
  if (!navigator.clipboard || name.parentElement.querySelector(".copy")) return;
  const button = element("button", { type: "button", className: "copy", textContent: "copy", title: "Copy the name" });
  button.setAttribute("aria-label", "Copy the name");
  button.addEventListener("click", () => copy(name.textContent, button));
  name.after(button);
});

// Everything of a page that is made ready, at first and whenever a part of it was replaced.
const ready = (root) => {
  showTimes(root);
  offerCopies(root);
  document.dispatchEvent(new Event("mltrace:shown"));
};
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
const replaceMain = (page) => {
  const fresh = page.getElementById("main");
  const places = page.getElementById("places");
  if (!fresh) return false;
  main.replaceChildren(...fresh.childNodes);
  if (places) document.getElementById("places")?.replaceChildren(...places.childNodes);
  ready(main);
  return true;
};

// A verdict is given without leaving the page, and taken back from where it is reported.
let toast = null;
const report = (words, ...more) => {
  toast?.remove();
  toast = element("div", { className: "toast" }, element("span", { textContent: words }), ...more);
  toast.setAttribute("role", "status");
  document.body.append(toast);
  const mine = toast;
  setTimeout(() => { if (!mine.matches(":hover, :focus-within")) mine.remove(); }, 12000);
};
const send = async (action, fields) => {
  const response = await fetch(action, { method: "POST", body: fields });
  const page = parsed(await response.text());
  if (!response.ok) {
    report([...page.querySelectorAll("main h1, main .lead")].map((part) => part.textContent).join(": "));
    return false;
  }
  // Where somebody worked stays where it is.
  const [x, y] = [scrollX, scrollY];
  const done = replaceMain(page);
  scrollTo(x, y);
  return done;
};
const DONE = { flagged: "Flagged as bad", ok: "Marked as ok", none: "Taken back" };
const shorten = (text) => (text.length > 80 ? "…" + text.slice(-79) : text);
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form.judge, form[data-stay]") || event.submitter?.formMethod === "get") return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const verdict = fields.get("verdict");
  // Of many runs each may have had another verdict: theirs are taken back.
  const previous = form.dataset.now || "none";
  const count = [...fields.keys()].filter((name) => name.startsWith("run-")).length;
  const what = fields.get("artifact*") || fields.get("artifact")?.replace(/@.*/, "") || (count ? `the outputs of ${count} run${count > 1 ? "s" : ""}` : "all that are shown");
  try {
    if (!(await send(form.action, fields))) return;
  } catch {
    report("The server cannot be reached: nothing was recorded.");
    return;
  }
  const undo = element("button", { type: "button", textContent: "Undo" });
  undo.addEventListener("click", async () => {
    fields.set("verdict", previous);
    toast?.remove();
    if (await send(form.action, fields)) report("Undone.");
  });
  const review = element("a", { href: "/review", textContent: "Whom to suspect" });
  report(`${DONE[verdict] || "Recorded"}: ${shorten(what)}.`, undo, ...(verdict === "flagged" ? [review] : []));
});

// One box ticks all of a list.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-all]")) return;
  each(target.form, "input[name^='run-']", (box) => { box.checked = target.checked; });
});

// The command bar completes names.
const command = document.getElementById("command");
const completions = document.getElementById("completions");
let asked = 0;
command.addEventListener("input", async () => {
  const mine = ++asked;
  try {
    const response = await fetch("/api/v1/complete?q=" + encodeURIComponent(command.value));
    if (!response.ok || mine !== asked) return;
    const { lines } = await response.json();
    completions.replaceChildren(...lines.map((value) => element("option", { value })));
  } catch {
    // Without completion the bar still takes commands.
  }
});

// Keys: none of them does anything that a button or a link does not do.
const KEYS = [["/", "search, or the command bar"], ["j k", "next, previous row"], ["o", "open it"], ["f", "flag it as bad"],
  ["g", "mark it as ok"], ["u", "take its verdict back"], ["x", "tick it"], ["r", "load again"], ["?", "these keys"]];
const rows = () => [...main.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
const at = () => main.querySelector(".is-at");
const go = (step) => {
  const all = rows();
  if (!all.length) return;
  const place = all.indexOf(at());
  const next = all[Math.min(Math.max(place + step, 0), all.length - 1)];
  at()?.classList.remove("is-at");
  next.classList.add("is-at");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a, button, input") || next).focus({ preventScroll: true });
};
const press = (verdict) => {
  const scope = at() || main.querySelector(".facts, .verdicts")?.parentElement || main;
  const button = scope.querySelector(`button[name='verdict'][value='${verdict}']`);
  if (button) return button.click();
  const box = scope.querySelector("input[name^='run-']");
  if (!box) return;
  each(box.form, "input[name^='run-']", (other) => { other.checked = other === box; });
  box.form.querySelector(`button[name='verdict'][value='${verdict}']`)?.click();
};
const help = () => {
  const list = element("dl", {}, ...KEYS.flatMap(([key, words]) => [element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: words })]));
  const shown = element("dialog", {}, element("h2", { textContent: "Keys" }), list, element("form", { method: "dialog" }, element("button", { textContent: "Close" })));
  shown.addEventListener("close", () => shown.remove());
  document.body.append(shown);
  shown.showModal();
};
const ACTIONS = {
  "/": () => (document.getElementById("search") || command).focus(),
  "?": help,
  j: () => go(1),
  k: () => go(-1),
  o: () => at()?.querySelector("a.id, a")?.click(),
  f: () => press("flagged"),
  g: () => press("ok"),
  u: () => press("none"),
  x: () => at()?.querySelector("input[type='checkbox']")?.click(),
  r: () => location.reload(),
};
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isTyping = target instanceof Element && target.closest("input:not([type='checkbox']), textarea, select, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(ACTIONS, key)) return;
  event.preventDefault();
  ACTIONS[key]();
});
// A second `/` goes on to the command bar.
document.getElementById("search")?.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.value) return;
  event.preventDefault();
  command.focus();
});

// A list follows what happens, unless somebody is working in it.
const live = () => document.querySelector("[data-live]");
const start = document.querySelector(".start");
if (live() || start) {
  const told = (list) => [...list.querySelectorAll(".id, .status, .verdict, .tile, .ticks title")].map((part) => part.textContent).join();
  const refresh = async () => {
    const list = live();
    if (list?.contains(document.activeElement) || list?.querySelector(":checked")) return;
    const response = await fetch(location.href);
    if (!response.ok) return;
    const page = parsed(await response.text());
    if (start && !page.querySelector(".start")) location.reload();
    const fresh = list && page.getElementById(list.id);
    // What somebody is about to click stays where it is unless there is news.
    if (!fresh || told(fresh) === told(list)) return;
    const known = new Set([...list.querySelectorAll(".id")].map((run) => run.textContent));
    list.replaceChildren(...fresh.childNodes);
    ready(list);
    each(list, "tbody tr", (row) => {
      const id = row.querySelector(".id")?.textContent;
      if (id && !known.has(id)) row.classList.add("is-new");
    });
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
ready(document);
