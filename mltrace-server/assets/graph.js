
// The picture of a trace can be moved and enlarged, and a click on a box changes what stands beside it, not the page.
const setUpGraph = (graph) => {
  const frame = graph.closest(".picture");
  const drawing = graph.querySelector(".moved");
  const [, , width, height] = graph.dataset.whole.split(" ").map(Number);
  const hung = graph.querySelector(".hung");
  const view = { x: 0, y: 0, scale: 1 };
  const show = () => {
    drawing.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    const here = frame.querySelector(".map .here");
    const size = graph.getBoundingClientRect();
    const part = { x: -view.x / view.scale, y: -view.y / view.scale, width: size.width / view.scale, height: size.height / view.scale };
    for (const side in part) here?.setAttribute(side, part[side]);
  };
  // From here on the picture hangs at its corner, and what was in sight stays there.
  const begin = () => {
    if (graph.classList.contains("is-moved")) return;
    const [from, to] = [graph.getScreenCTM(), drawing.getScreenCTM()];
    graph.classList.add("is-moved");
    const scale = to.a / (graph.hasAttribute("viewBox") ? 1 : from.a);
    const corner = graph.getBoundingClientRect();
    Object.assign(view, { x: to.e - corner.left, y: to.f - corner.top, scale });
    graph.removeAttribute("viewBox");
    hung?.setAttribute("x", 0);
    hung?.setAttribute("y", 0);
    graph.setAttribute("width", "100%");
    const moved = graph.getBoundingClientRect();
    view.x += corner.left - moved.left;
    show();
  };
  const zoom = (factor, x, y) => {
    begin();
    const scale = Math.min(Math.max(view.scale * factor, 0.05), 4);
    view.x = x - (x - view.x) * (scale / view.scale);
    view.y = y - (y - view.y) * (scale / view.scale);
    view.scale = scale;
    show();
  };
  const middle = () => {
    const size = graph.getBoundingClientRect();
    return [size.width / 2, size.height / 2];
  };
  const fit = () => {
    begin();
    const size = graph.getBoundingClientRect();
    view.scale = Math.min(size.width / width, size.height / height, 1);
    view.x = (size.width - width * view.scale) / 2;
    view.y = (size.height - height * view.scale) / 2;
    show();
  };
  // A picture that is a little larger than its frame is shown a little smaller, and then there is nothing to move.
  const room = graph.getBoundingClientRect();
  const share = Math.min(room.width / width, room.height / height);
  if (hung && share < 1 && share > 0.7 && new URLSearchParams(location.search).get("zoom") === null) fit();

  const acts = { in: () => zoom(1.25, ...middle()), out: () => zoom(0.8, ...middle()), fit, read: () => zoom(1 / view.scale, ...middle()) };
  frame.addEventListener("click", (event) => {
    const act = acts[event.target.closest("[data-zoom]")?.dataset.zoom];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  graph.addEventListener("wheel", (event) => {
    const corner = graph.getBoundingClientRect();
    if (event.ctrlKey) zoom(event.deltaY > 0 ? 1 / 1.2 : 1.2, event.clientX - corner.left, event.clientY - corner.top);
    else if (event.deltaX) {
      begin();
      view.x -= event.deltaX;
      show();
    } else return;
    event.preventDefault();
  }, { passive: false });
  let grip = null;
  let isMoved = false;
  graph.addEventListener("pointerdown", (event) => {
    isMoved = false;
    if (event.button === 0) grip = { x: event.clientX, y: event.clientY, isMoving: false };
  });
  graph.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
    if (!grip.isMoving && Math.hypot(dx, dy) < 5) return;
    if (!grip.isMoving) {
      grip.isMoving = true;
      begin();
      graph.setPointerCapture(event.pointerId);
    }
    view.x += dx;
    view.y += dy;
    Object.assign(grip, { x: event.clientX, y: event.clientY });
    show();
  });
  const release = () => {
    isMoved = Boolean(grip?.isMoving);
    grip = null;
  };
  graph.addEventListener("pointerup", release);
  graph.addEventListener("pointercancel", release);
  // The click that ends a move is no click on a box.
  graph.addEventListener("click", (event) => {
    if (!isMoved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  graph.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("keydown", (event) => {
    const act = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[act]();
  });
  // A box that the keyboard reaches comes into sight.
  graph.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    if (!node || !node.matches(":focus-visible")) return;
    const [box, own] = [node.getBoundingClientRect(), graph.getBoundingClientRect()];
    const out = (low, high, from, to) => (low < from ? from - low + 12 : high > to ? to - high - 12 : 0);
    const [dx, dy] = [out(box.left, box.right, own.left, own.right), out(box.top, box.bottom, own.top, own.bottom)];
    if (!dx && !dy) return;
    begin();
    view.x += dx;
    view.y += dy;
    show();
  });
  frame.querySelector(".map")?.addEventListener("click", (event) => {
    const map = event.currentTarget.getBoundingClientRect();
    const [w, h] = middle();
    begin();
    view.x = w - ((event.clientX - map.left) / map.width) * width * view.scale;
    view.y = h - ((event.clientY - map.top) / map.height) * height * view.scale;
    show();
  });
};
const setUpGraphs = () => each(document, ".graph:not([data-ready])", (graph) => {
  graph.dataset.ready = "";
  setUpGraph(graph);
});
setUpGraphs();
document.addEventListener("mltrace:shown", setUpGraphs);

// What is looked at changes in place; the address says it, so that it can be kept and sent.
main.addEventListener("click", async (event) => {
  const side = main.querySelector(".side");
  const link = event.target.closest(".beside a");
  const href = link?.getAttribute("href");
  if (!side || !href?.startsWith("/trace?") || event.defaultPrevented || link.closest(".controls, .shared") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const [there, here] = [new URL(href, location), new URL(location)];
  const isOther = (name) => (there.searchParams.get(name) ?? "") !== (here.searchParams.get(name) ?? "");
  if (["artifact", "open", "view", "all", "zoom", "depth", "as_of"].some(isOther)) return;
  event.preventDefault();
  try {
    const response = await fetch(there);
    if (!response.ok) throw new Error(response.status);
    const page = parsed(await response.text());
    side.replaceChildren(...page.querySelector(".side").childNodes);
    history.pushState(null, "", there);
    const places = (root) => [...root.querySelectorAll(".node, .edge, .timeline li, .tree li")];
    const fresh = places(page);
    places(document.querySelector(".beside")).forEach((place, number) => {
      place.setAttribute("class", fresh[number]?.getAttribute("class") ?? "");
    });
    ready(side);
  } catch {
    location.href = href;
  }
});
addEventListener("popstate", () => main.querySelector(".side") && location.reload());
