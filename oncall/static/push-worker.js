// Shows a page as a notification, says that it was shown, and opens the answer when it is pressed. It keeps nothing and
// answers no request of any page: a screen is never shown out of a store.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let page;
  try {
    page = event.data.json();
  } catch {
    page = { title: "oncall", body: "There is a page for you. Open oncall.", url: "/" };
  }
  event.waitUntil(show(page));
});

async function show(page) {
  await self.registration.showNotification(page.title, {
    body: page.body,
    tag: page.tag,
    renotify: Boolean(page.tag),
    requireInteraction: Boolean(page.receipt && !page.brief),
    data: { url: page.url },
  });
  if (page.receipt) {
    // Told to nobody but us, and with no cookie: the address is the proof.
    await fetch(page.receipt, { method: "POST", credentials: "omit", referrerPolicy: "no-referrer" }).catch(() => {});
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data?.url || "/"));
});
