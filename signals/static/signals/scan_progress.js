// Fetches the changing part of a scan's page anew until the scan is over. Without this script the
// page shows the same after a reload.
const EVERY_MS = 2000;
const shown = document.getElementById("progress");

async function renew() {
  if (shown.querySelector("[data-over]")) return;
  try {
    const answer = await fetch(shown.dataset.url, { redirect: "error" });
    if (answer.ok) shown.innerHTML = await answer.text();
  } catch {
    // The service is away for a moment: ask again.
  }
  setTimeout(renew, EVERY_MS);
}

setTimeout(renew, EVERY_MS);
