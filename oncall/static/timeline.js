// On a timeline the arrow keys go from shift to shift: left and right along a row, up and down to the nearest in another.
// It is one stop of the Tab key. Enter, or a press, shows the details without leaving. Without this file every shift is
// a link and a stop of its own.
"use strict";

(() => {
  const CHART = "[data-timeline]", SHIFT = "a.tl-shift", DETAILS = "shift-details";

  const rows = (chart) => [...chart.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll(SHIFT)]).filter((row) => row.length);
  const middle = (shift) => { const box = shift.getBoundingClientRect(); return box.left + box.width / 2; };
  const nearest = (row, x) => row.reduce((a, b) => (Math.abs(middle(b) - x) < Math.abs(middle(a) - x) ? b : a));

  function hold(chart, shift) {
    chart.querySelectorAll(SHIFT).forEach((one) => one.setAttribute("tabindex", one === shift ? "0" : "-1"));
  }

  function prepare() {
    document.querySelectorAll(CHART).forEach((chart) => {
      const present = document.activeElement && chart.contains(document.activeElement) && document.activeElement.closest(SHIFT);
      const here = chart.querySelector(".bar.here");
      const first = present || (here && here.closest(SHIFT)) || chart.querySelector(SHIFT);
      if (first) hold(chart, first);
    });
  }

  function next(chart, shift, key) {
    const all = rows(chart);
    const at = all.findIndex((row) => row.includes(shift));
    const row = all[at], place = row.indexOf(shift);
    switch (key) {
      case "ArrowRight": return row[place + 1];
      case "ArrowLeft": return row[place - 1];
      case "ArrowDown": return all[at + 1] && nearest(all[at + 1], middle(shift));
      case "ArrowUp": return all[at - 1] && nearest(all[at - 1], middle(shift));
      case "Home": return row[0];
      case "End": return row[row.length - 1];
      default: return null;
    }
  }

  document.addEventListener("keydown", (event) => {
    const shift = event.target.closest && event.target.closest(SHIFT);
    const chart = shift && shift.closest(CHART);
    if (!chart || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    event.preventDefault(); // the page stays where it is, also at the end of a row
    const to = next(chart, shift, event.key);
    if (!to) return;
    hold(chart, to);
    to.focus();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  document.addEventListener("click", (event) => {
    const shift = event.target.closest && event.target.closest(SHIFT);
    if (!shift || !window.htmx || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const chart = shift.closest(CHART);
    if (chart) hold(chart, shift);
    const address = shift.getAttribute("href").split("#")[0];
    window.htmx.ajax("GET", address, { target: `#${DETAILS}`, swap: "outerHTML" }).then(() => {
      const details = document.getElementById(DETAILS);
      details.focus({ preventScroll: true });
      details.scrollIntoView({ block: "nearest" });
    });
  });

  // Closing goes back to the shift that was open.
  document.addEventListener("keydown", (event) => {
    const details = document.getElementById(DETAILS);
    if (event.key !== "Escape" || !details || !details.contains(document.activeElement)) return;
    const held = document.querySelector(`${CHART} ${SHIFT}[tabindex="0"]`);
    details.replaceChildren();
    if (held) held.focus();
  });

  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
})();
