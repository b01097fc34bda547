// The countdowns on /session. The server's clock counts: its "now" came with the page.

for (const page of document.querySelectorAll("[data-now]")) {
  const ahead = Number(page.dataset.now) * 1000 - Date.now();
  setInterval(() => {
    for (const time of page.querySelectorAll("[data-deadline]")) {
      time.textContent = clock(Number(time.dataset.deadline) * 1000 - Date.now() - ahead);
    }
  }, 1000);
}
