/**
 * bqplot draws its charts anew for another size some time after it changes, which on paper is too
 * late: there they are scaled from what they are on the screen.
 */
export function scaleChartsInPrint(): void {
  const charts = () => document.querySelectorAll<SVGSVGElement>(".bqplot.figure > svg");
  window.addEventListener("beforeprint", () => {
    for (const svg of charts()) {
      const { clientWidth, clientHeight } = svg;
      if (clientWidth === 0) continue;
      svg.setAttribute("viewBox", `0 0 ${clientWidth} ${clientHeight}`);
      // Rows of bars without an axis keep their height, as names stand beside or above them.
      const rows = svg.querySelector(".axis") === null;
      svg.setAttribute("preserveAspectRatio", rows ? "none" : "xMinYMin meet");
    }
  });
  window.addEventListener("afterprint", () => {
    for (const svg of charts()) svg.removeAttribute("viewBox");
  });
}
