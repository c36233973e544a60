// Draws what api/processes answers as bars, and again every five seconds.
const SVG = "http://www.w3.org/2000/svg";
const ROW = 22;
const chart = document.getElementById("chart");

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

let processes = [];

function draw() {
  const width = chart.clientWidth;
  const start = Math.min(160, width * 0.4);
  const letters = Math.floor(start / 8);
  const largest = Math.max(1, ...processes.map((one) => one.memory_kb));
  chart.setAttribute("viewBox", `0 0 ${width} ${processes.length * ROW}`);
  chart.replaceChildren(...processes.flatMap((one, row) => [
    element("rect", { x: start, y: row * ROW + 3, height: ROW - 6, width: ((width - start) * one.memory_kb) / largest }),
    element("text", { x: start - 8, y: row * ROW + 16, "text-anchor": "end" }, one.command.slice(0, letters)),
  ]));
}

async function update() {
  const answer = await fetch(chart.dataset.source);
  if (!answer.ok) return;
  processes = (await answer.json()).slice(0, 10);
  draw();
}

update();
setInterval(update, 5000);
addEventListener("resize", draw);
