// Turns notifications of this browser on and off, under Me. Without it, or in a browser that has none, the section says
// so and nothing is lost: a telephone number is what wakes people.
"use strict";

(() => {
  const section = document.getElementById("push");
  if (!section) return;
  const say = section.querySelector("[data-push-says]");
  const on = section.querySelector("[data-push-on]"), off = section.querySelector("[data-push-off]");
  const token = section.querySelector("[name=csrfmiddlewaretoken]").value;

  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say.textContent = "This browser takes no notifications. On an iPhone or iPad, add oncall to the Home Screen first.";
    return;
  }
  const ready = navigator.serviceWorker.register(section.dataset.worker).then(active);

  // Only a worker that has started may agree to notifications; this page is not one of those it looks after.
  async function active(registration) {
    const worker = registration.installing || registration.waiting;
    if (registration.active || !worker) return registration;
    await new Promise((resolve) => worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
    }));
    return registration;
  }

  function key(text) {
    const padded = (text + "=".repeat((4 - (text.length % 4)) % 4)).replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(padded), (one) => one.charCodeAt(0));
  }

  async function send(url, fields) {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token });
    const answer = await fetch(url, { method: "POST", body });
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw new Error(said.detail?.[0] || `The server answered ${answer.status}. Nothing was changed.`);
    }
  }

  async function current() {
    const registration = await ready;
    return registration.pushManager.getSubscription();
  }

  async function show() {
    const known = await current();
    on.hidden = Boolean(known);
    off.hidden = !known;
    say.textContent = known ? "This browser shows your pages." : "This browser does not show your pages.";
  }

  function name() {
    const agent = navigator.userAgent;
    const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((one) => agent.includes(one)) || "Browser";
    const system = ["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"].find((one) => agent.includes(one)) || "";
    return `${{ Edg: "Edge", OPR: "Opera" }[browser] || browser}${system ? " on " + system : ""}`;
  }

  async function subscribe() {
    if ((await Notification.requestPermission()) !== "granted") {
      throw new Error("The browser does not allow it. Allow notifications for this site in its settings.");
    }
    const registration = await ready;
    const made = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key(section.dataset.key),
    });
    const { endpoint, keys } = made.toJSON();
    try {
      await send(on.dataset.url, { endpoint, p256dh: keys.p256dh, auth: keys.auth, label: name() });
    } catch (error) {
      await made.unsubscribe();
      throw error;
    }
  }

  async function unsubscribe() {
    const known = await current();
    if (!known) return;
    await send(off.dataset.url, { endpoint: known.endpoint });
    await known.unsubscribe();
  }

  for (const [button, act] of [[on, subscribe], [off, unsubscribe]]) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await act();
        location.reload();
      } catch (error) {
        say.textContent = error.message;
        button.disabled = false;
      }
    });
  }
  show().catch((error) => { say.textContent = `Notifications cannot be set up here: ${error.message}`; });
})();
