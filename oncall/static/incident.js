// An incident as it happens. What arrived takes its place in the timeline: a line that is there already is drawn once,
// and the box in which somebody types is never touched. Without this file everything works by loading the page again.
"use strict";

(() => {
  const FORM = "form[data-say]";
  const list = () => document.getElementById("lines");

  function place(line) {
    const lines = list();
    const known = lines.querySelector(`:scope > #${CSS.escape(line.id)}`);
    if (known) {
      if (known.outerHTML !== line.outerHTML && !known.contains(document.activeElement)) known.replaceWith(line);
      return;
    }
    const before = [...lines.children].find((one) => (one.dataset.at || "") <= line.dataset.at);
    lines.insertBefore(line, before || null); // the newest stands first
  }

  function settle() {
    const arrived = document.getElementById("arrived");
    if (!arrived || !list()) return;
    [...arrived.content.children].forEach(place);
    arrived.remove();
  }

  const touched = (field) => {
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    const usual = [...field.options].findIndex((one) => one.defaultSelected);
    return field.selectedIndex !== Math.max(0, usual);
  };
  const inUse = (box) => box.contains(document.activeElement)
    || [...box.querySelectorAll("input:not([type=hidden]), select, textarea")].some(touched)
    || [...box.querySelectorAll("details[open]")].length > 0;
  const version = (box) => (box.querySelector("[name=version]") || {}).value;

  // What may be pressed is drawn anew only while nobody is at it; otherwise it says that the incident has moved on.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (!target || !target.matches("[data-typed]") || !inUse(target)) return;
    event.detail.shouldSwap = false;
    const newer = fragment.querySelector("[data-typed]");
    if (newer && version(newer) !== version(target)) target.querySelector("[data-moved]").hidden = false;
  });

  document.addEventListener("htmx:afterSettle", settle);

  // The box empties when its line is written, but not of what was typed since.
  let sent = "";
  const picked = (form) => { form.querySelector("[data-picked]").value = [...form.picture.files].map((file) => file.name).join(""); };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches(FORM)) sent = event.detail.elt.text.value;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches || !form.matches(FORM) || !event.detail.successful) return;
    if (form.text.value === sent) form.text.value = "";
    form.picture.value = "";
    picked(form);
    document.getElementById("note-error").replaceChildren();
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.form;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !form || !form.matches(FORM)) return;
    event.preventDefault();
    form.requestSubmit();
  });

  document.addEventListener("paste", (event) => {
    const form = event.target.form;
    if (!form || !form.matches(FORM)) return;
    const image = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
    if (!image) return;
    const chosen = new DataTransfer();
    chosen.items.add(image);
    form.picture.files = chosen.files;
    picked(form);
  });

  document.addEventListener("change", (event) => {
    if (event.target.form && event.target.form.matches(FORM) && event.target.type === "file") picked(event.target.form);
  });
})();
