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
  if (document.querySelector("input[name=chosen]:checked, form.decide[data-leaving], button[value=edit]")) return true;
  return typed().length > 0;
}

// The fields in which somebody has typed something.
function typed() {
  return [...document.querySelectorAll("textarea, .decide input[name=note]")].filter((field) => field.value !== field.defaultValue);
}

function isSent() {
  return document.querySelector("form[data-sent]") !== null;
}

function ids(root) {
  return new Set([...root.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
}

// What tells one foldable part from the others: its row, or its number.
function place(it) {
  const row = it.closest("[data-id]");
  const all = [...(row ?? document).querySelectorAll("details")];
  return `${row?.dataset.id ?? ""} ${all.indexOf(it)}`;
}

function replace(part, html) {
  const known = ids(part);
  const opened = new Set([...part.querySelectorAll("details[open]")].map(place));
  const chosen = new Set([...part.querySelectorAll("input[name=chosen]:checked")].map((box) => box.value));
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  part.innerHTML = html;
  times(part);
  part.querySelectorAll("details").forEach((it) => { if (opened.has(place(it))) it.open = true; });
  // Only the very draft that was chosen stays chosen.
  part.querySelectorAll("input[name=chosen]").forEach((box) => { box.checked = chosen.has(box.value); });
  for (const row of part.querySelectorAll("[data-id]")) {
    if (known.size > 0 && !known.has(row.dataset.id)) row.classList.add("arrived");
  }
  enhance(part);
  if (focused) {
    for (const link of part.querySelectorAll("a[href]")) {
      if (link.getAttribute("href") === focused) { link.focus({ preventScroll: true }); break; }
    }
  }
}

// The address of a page of ours, with these fields of its query, or without those that are null.
function address(href, fields) {
  const url = new URL(href, location.href);
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) url.searchParams.delete(name); else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

function path(href) {
  return new URL(href, location.href).pathname;
}

// That of this page, though it be the answer to a form.
const here = address(document.querySelector(".changed a")?.href ?? location.href, { done: null, of: null });

async function refresh(part) {
  const answer = await fetch(part.dataset.live, {
    headers: { "If-None-Match": part.dataset.etag },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
  const html = await answer.text();
  // What was sent leads to a page of its own, and must not be overtaken by another one.
  if (isSent()) return;
  if (answer.status === 401) { location.reload(); return; }
  if (answer.status === 304) { times(part); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const key = answer.headers.get("x-key") ?? "";
  if (key !== part.dataset.key) {
    if (!dirty()) {
      location.replace(here);
      return;
    }
    document.querySelector(".changed")?.removeAttribute("hidden");
    part.dataset.key = key;
  }
  part.dataset.etag = answer.headers.get("etag") ?? "";
  replace(part, html);
}

// What somebody is about to decide stays as they have seen it.
function busy(part) {
  return part.querySelector("form[data-leaving], .leaving, input[name=chosen]:checked, details.seen[open]") !== null;
}

function keep(part) {
  const every = Number(part.dataset.every);
  let wait = every;
  const turn = async () => {
    if (document.visibilityState === "visible" && !document.getSelection()?.toString() && !busy(part)) {
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

// Buttons that copy the text beside them.
function enhance(root) {
  for (const text of root.querySelectorAll("[data-copy]")) {
    if (text.nextElementSibling?.classList.contains("copy")) continue;
    const button = document.createElement("button");
    [button.type, button.className, button.textContent] = ["button", "copy link", "Copy"];
    button.setAttribute("aria-label", `Copy ${text.dataset.copy}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.value ?? text.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    text.after(button);
  }
  root.querySelectorAll(".keys").forEach((hint) => { hint.hidden = false; });
}

// A soft word that nobody has to answer.
function say(text) {
  document.querySelector(".said-softly")?.remove();
  const word = document.createElement("p");
  [word.className, word.role, word.textContent] = ["notice said-softly", "status", text];
  document.querySelector("main").append(word);
  setTimeout(() => word.remove(), 4000);
}

times(document);
enhance(document);
document.querySelectorAll("[data-live]").forEach(keep);

// What was typed and not sent is not left without a question. A form that is sent takes along what is in it, and nothing else.
addEventListener("beforeunload", (event) => {
  if (typed().every((field) => field.closest("form[data-sent], form[data-leaving]"))) return;
  event.preventDefault();
  // Who stays can send it after all.
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});
