// Live regions say how old they are. A region is whatever htmx refreshes by itself: hx-get with hx-trigger="every 10s".
// Fifteen seconds without news: class "stale"; a minute: class "unknown" as well. A screen that cannot ask says so,
// and never goes on showing green (domain.md 5.13).
"use strict";

(() => {
  const STALE_MS = 15000, UNKNOWN_MS = 60000;
  const REGION = "[hx-trigger*='every']";
  const heard = new Map(); // region's key -> when it last had an answer, and what the server's clock said then
  const opened = { at: Date.now(), server: Date.now() };
  let signedOut = false;

  const key = (region) => region.id || region.getAttribute("hx-get") || "";
  const utc = (ms) => new Date(ms).toISOString().slice(11, 19) + " UTC";
  const period = (region) => 1000 * Number((/every\s+(\d+)s/.exec(region.getAttribute("hx-trigger")) || [0, 10])[1]);

  function label(region) {
    const own = region.querySelector("[data-freshness]");
    if (own) return own;
    const note = document.createElement(["UL", "OL"].includes(region.tagName) ? "li" : "p");
    note.className = "freshness";
    note.dataset.freshness = "";
    region.prepend(note);
    return note;
  }

  function age(region) {
    if (["TABLE", "TBODY", "TR", "DL"].includes(region.tagName)) return;
    const last = heard.get(key(region)) || opened;
    const quiet = Date.now() - last.at;
    const late = Math.max(STALE_MS, period(region) + 5000);
    const stale = signedOut || quiet >= late;
    const unknown = signedOut || quiet >= Math.max(UNKNOWN_MS, late);
    region.classList.toggle("stale", stale);
    region.classList.toggle("unknown", unknown);
    let text = `Updated ${utc(last.server)}`;
    if (signedOut) text = "UNKNOWN: you are signed out. Load the page again and sign in.";
    else if (unknown) text = `UNKNOWN: nothing heard since ${utc(last.server)}. Check your connection, then load the page again.`;
    else if (stale) text = `Stale: last heard at ${utc(last.server)}. Trying again.`;
    const note = label(region);
    if (note.textContent === text) return;
    note.textContent = text;
    note.classList.add("freshness");
    note.setAttribute("aria-live", stale ? "polite" : "off");
  }

  const ageAll = () => document.querySelectorAll(REGION).forEach(age);

  function say(element, text) {
    document.querySelectorAll(".error.unsent").forEach((old) => old.remove());
    const note = document.createElement("p");
    note.className = "error unsent";
    note.setAttribute("role", "alert");
    note.textContent = text;
    (element.closest("form") || element).after(note);
  }

  // A lost session answers with the sign-in page: it must not be swapped into the middle of this one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const wanted = new URL(requestConfig.path, location.href).pathname;
    const got = xhr.responseURL ? new URL(xhr.responseURL).pathname : wanted;
    if (got === wanted || !/\/login\//.test(got)) return;
    event.detail.shouldSwap = false;
    signedOut = true;
    if (requestConfig.verb !== "get") location.reload();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr, successful, requestConfig } = event.detail;
    if (successful && requestConfig.verb === "get" && !signedOut) {
      const server = Date.parse(xhr.getResponseHeader("Date") || "") || Date.now();
      heard.set(key(elt), { at: Date.now(), server });
    }
    if (!successful && !elt.matches(REGION)) {
      const shown = [400, 409, 422].includes(xhr.status);
      if (xhr.status === 0) say(elt, "No answer: it may not have been done. When you have a connection again, load the page and look before you press again.");
      else if (!shown) say(elt, `Not done: the server answered ${xhr.status}. Nothing was confirmed. Load the page again and look.`);
    }
    ageAll();
  });

  document.addEventListener("htmx:afterSettle", ageAll);
  document.addEventListener("DOMContentLoaded", ageAll);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !window.htmx) return;
    document.querySelectorAll(REGION).forEach((region) => window.htmx.ajax("GET", region.getAttribute("hx-get"), {
      source: region, target: region, swap: region.getAttribute("hx-swap") || "innerHTML",
    }));
  });
  setInterval(ageAll, 1000);
})();

// Commands of a playbook: a button beside each copies it. Where the browser lets no page copy, it selects it instead.
(() => {
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".pb-text pre").forEach((command) => {
    const frame = document.createElement("div"), button = document.createElement("button");
    frame.className = "pb-command";
    button.type = "button";
    button.textContent = "Copy";
    command.replaceWith(frame);
    frame.append(command, button);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent.replace(/\n$/, ""));
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected: copy it now";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 4000);
    });
  }));
})();

// “/” goes to the search box, the page's own before that of every page; Esc goes back to where one was.
(() => {
  let before = null;
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.key === "Escape" && target.matches("[data-search]")) {
      target.blur();
      if (before && before.isConnected) before.focus({ preventScroll: true });
      before = null;
      return;
    }
    if (event.key !== "/" || event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.isContentEditable || target.closest("input, textarea, select, [role=textbox]")) return;
    const box = document.querySelector("main [data-search]") || document.querySelector("[data-search]");
    if (!box) return;
    event.preventDefault();
    before = target === document.body ? null : target;
    box.focus();
    box.select();
  });
})();
