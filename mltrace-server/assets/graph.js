// A large picture can be moved and zoomed; a small one stays as it is.
for (const graph of document.querySelectorAll("[data-pan]")) {
  const whole = graph.viewBox.baseVal;
  const frame = graph.parentElement;
  const view = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  const show = () => graph.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  const begin = () => {
    if (graph.classList.contains("is-moved")) return;
    // The part that is in sight stays in sight; the frame scrolls from its right end to the left.
    const box = frame.getBoundingClientRect();
    const scale = graph.getBoundingClientRect().width / whole.width;
    const left = frame.scrollWidth - frame.clientWidth + frame.scrollLeft;
    const seen = { x: left, y: frame.scrollTop, width: box.width, height: box.height };
    for (const side in seen) view[side] = seen[side] / scale;
    graph.classList.add("is-moved");
    graph.removeAttribute("width");
    graph.removeAttribute("height");
    frame.scrollTo(0, 0);
    show();
  };
  const zoom = (factor, x, y) => {
    begin();
    const size = Math.min(Math.max(view.width * factor, 120), whole.width * 4 + 1000) / view.width;
    view.x += (x - view.x) * (1 - size);
    view.y += (y - view.y) * (1 - size);
    view.width *= size;
    view.height *= size;
    show();
  };
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(graph.getScreenCTM().inverse());
  graph.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const point = at(event);
    zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, point.x, point.y);
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
    const scale = graph.getScreenCTM().a;
    view.x -= dx / scale;
    view.y -= dy / scale;
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
    if (isMoved) event.preventDefault();
  }, { capture: true });
  graph.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("keydown", (event) => {
    if (event.target !== frame) return;
    const middle = [view.x + view.width / 2, view.y + view.height / 2];
    if (event.key === "+" || event.key === "=") zoom(1 / 1.2, ...middle);
    else if (event.key === "-") zoom(1.2, ...middle);
    else if (event.key === "0") {
      graph.classList.remove("is-moved");
      graph.setAttribute("width", whole.width);
      graph.setAttribute("height", whole.height);
    } else return;
    event.preventDefault();
  });
}
