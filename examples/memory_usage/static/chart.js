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

async function draw() {
  const answer = await fetch(chart.dataset.source);
  if (!answer.ok) return;
  const processes = (await answer.json()).slice(0, 10);
  const largest = Math.max(1, ...processes.map((one) => one.memory_kb));
  chart.setAttribute("viewBox", `0 0 600 ${processes.length * ROW}`);
  chart.replaceChildren(...processes.flatMap((one, row) => [
    element("rect", { x: 160, y: row * ROW + 3, height: ROW - 6, width: (430 * one.memory_kb) / largest }),
    element("text", { x: 152, y: row * ROW + 16, "text-anchor": "end" }, one.command.slice(0, 20)),
  ]));
}

draw();
setInterval(draw, 5000);
