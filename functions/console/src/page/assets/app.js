// What makes the page better than it is without: it stays up to date, and times are the reader's own.
// Everything it inserts was rendered and escaped by the server, and nothing in it can run.
"use strict";

const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const ofDay = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(undefined, { style: "short" });
const now = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" }).format(0, "second");
// Each with its length, and from where on it is used: what rounds to 60 seconds is a minute.
const units = [["day", 86400, 84600], ["hour", 3600, 3570], ["minute", 60, 59.5], ["second", 1, 0.5]];

function relative(at) {
  const seconds = (at - Date.now()) / 1000;
  const found = units.find(([, , from]) => Math.abs(seconds) >= from);
  if (!found) return now;
  const [unit, length] = found;
  return ago.format(Math.round(seconds / length), unit);
}

function clock(at) {
  return (at.toDateString() === new Date().toDateString() ? ofDay : whole).format(at);
}

function times(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = whole.format(at);
    const form = time.dataset.as;
    time.textContent = form === "clock" ? clock(at) : form === "both" ? `${clock(at)} (${relative(at)})` : relative(at);
  }
}

// Whether something was typed that a reload would lose.
function dirty() {
  return [...document.querySelectorAll("textarea, .decide input[name=note]")].some((field) => field.value !== field.defaultValue);
}

function ids(root) {
  return new Set([...root.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
}

function replace(part, html) {
  const known = ids(part);
  const opened = [...part.querySelectorAll("details")].map((it) => it.open);
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  part.innerHTML = html;
  times(part);
  part.querySelectorAll("details").forEach((it, index) => { if (opened[index]) it.open = true; });
  for (const row of part.querySelectorAll("[data-id]")) {
    if (known.size > 0 && !known.has(row.dataset.id)) row.classList.add("arrived");
  }
  if (focused) {
    for (const link of part.querySelectorAll("a[href]")) {
      if (link.getAttribute("href") === focused) { link.focus({ preventScroll: true }); break; }
    }
  }
}

async function refresh(part) {
  const answer = await fetch(part.dataset.live, {
    headers: { "If-None-Match": part.dataset.etag },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
  if (answer.status === 401) { location.reload(); return; }
  if (answer.status === 304) { times(part); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const html = await answer.text();
  const key = answer.headers.get("x-key") ?? "";
  if (key !== part.dataset.key) {
    if (!dirty()) { location.replace(location.pathname + location.search.replace(/[?&]done=\w+/, "")); return; }
    document.querySelector(".changed")?.removeAttribute("hidden");
    part.dataset.key = key;
  }
  part.dataset.etag = answer.headers.get("etag") ?? "";
  replace(part, html);
}

function keep(part) {
  const every = Number(part.dataset.every);
  let wait = every;
  const turn = async () => {
    if (document.visibilityState === "visible" && !document.getSelection()?.toString()) {
      try {
        await refresh(part);
        wait = every;
      } catch {
        wait = Math.min(wait * 2, 60000);
      }
    }
    setTimeout(turn, wait);
  };
  setTimeout(turn, every);
}

times(document);
document.querySelectorAll("[data-live]").forEach(keep);

// A second click must not send the same decision twice: the second one would be told that it lost.
for (const form of document.querySelectorAll("form.decide")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form.decide").forEach((form) => delete form.dataset.sent));

// An edit takes the place of the draft that is shown, and of its button: what is published is what is seen. The server
// renders it; until it has, nothing is shown.
async function preview(form) {
  const answer = await fetch(form.dataset.preview, {
    method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "error",
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of [".shown", ".buttons"]) {
    const made = page.querySelector(`#draft ${part}`);
    if (made) document.querySelector(`#draft ${part}`).replaceWith(document.importNode(made, true));
  }
}

for (const form of document.querySelectorAll("form[data-preview]")) {
  let timer;
  form.querySelector("textarea").addEventListener("input", () => {
    document.querySelector("#draft .shown").hidden = true;
    const publish = form.querySelector("button[name=publish]");
    [publish.value, publish.textContent] = ["edit", "Publish your version"];
    clearTimeout(timer);
    timer = setTimeout(() => preview(form).catch(() => {}), 400);
  });
}
