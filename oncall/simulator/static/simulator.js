// Refreshes the part of the page that changes, and sends forms without leaving it. Without this script every form
// and link still works; the page is then refreshed by hand.
"use strict";

const live = document.getElementById("live");
let shown = null; // the fragment as it came, to leave the page alone while nothing changes
let busy = false;

function show(html) {
  if (html === shown) return;
  shown = html;
  const focus = document.activeElement;
  const field = focus && focus.matches("[name=body]") ? { at: focus.selectionStart } : null;
  const written = live.querySelector("[data-keep=reply] [name=body]")?.value ?? "";
  const open = new Map([...live.querySelectorAll("details[data-keep]")].map((one) => [one.dataset.keep, one.open]));
  live.innerHTML = html;
  for (const one of live.querySelectorAll("details[data-keep]")) {
    if (open.has(one.dataset.keep)) one.open = open.get(one.dataset.keep);
  }
  const reply = live.querySelector("[data-keep=reply] [name=body]");
  if (reply) reply.value = written;
  if (reply && field) {
    reply.focus();
    reply.setSelectionRange(field.at, field.at);
  }
  toTheEnd();
}

function toTheEnd() {
  for (const scrolls of live.querySelectorAll(".thread, .talking .transcript")) scrolls.scrollTop = scrolls.scrollHeight;
}

async function ask(url, options = {}) {
  const headers = { "X-Fragment": "1" };
  if (document.hidden) headers["X-Glance"] = "1"; // nobody looks: texts stay unread
  const response = await fetch(url, { ...options, headers });
  if (response.ok) show(await response.text());
}

async function refresh() {
  if (!busy) await ask(location.href).catch(() => {}); // the simulator is being restarted: try again
  setTimeout(refresh, 1000);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  if (busy) return;
  busy = true;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const reply = form.querySelector("[name=body]");
  if (reply) reply.value = "";
  try {
    await ask(form.action, { method: "POST", body });
  } catch {
    form.submit();
  } finally {
    busy = false;
  }
});

toTheEnd();
setTimeout(refresh, 1000);
