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
  if (document.querySelector("input[name=chosen]:checked, form.decide[data-leaving]")) return true;
  return [...document.querySelectorAll("textarea, .decide input[name=note]")].some((field) => field.value !== field.defaultValue);
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

// What somebody is about to decide stays as they have seen it.
function busy(part) {
  return part.querySelector("form[data-leaving], input[name=chosen]:checked, details.seen[open]") !== null;
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

times(document);
enhance(document);
document.querySelectorAll("[data-live]").forEach(keep);

// A second click must not send the same decision twice: the second one would be told that it lost. A rejection waits a
// few seconds for a change of mind; who leaves the page meanwhile has not rejected.
const SECONDS = 5;

function rejects(button) {
  return button?.value === "reject" || button?.getAttribute("formaction")?.endsWith("/reject");
}

function regret(form, button) {
  form.dataset.leaving = "yes";
  const bar = document.createElement("p");
  [bar.className, bar.role] = ["notice undo", "status"];
  const undo = document.createElement("button");
  [undo.type, undo.textContent] = ["button", "Undo"];
  bar.append(`Rejected in ${SECONDS} seconds. `, undo);
  const timer = setTimeout(() => { form.dataset.sure = "yes"; form.requestSubmit(button); }, SECONDS * 1000);
  undo.addEventListener("click", () => {
    clearTimeout(timer);
    bar.remove();
    delete form.dataset.leaving;
    button.focus();
  });
  form.after(bar);
  undo.focus();
}

// Forms come and go with what is refreshed: the document listens.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form.decide")) return;
  if (form.dataset.sent || (form.dataset.leaving && !form.dataset.sure)) { event.preventDefault(); return; }
  if (rejects(event.submitter) && !form.dataset.sure) {
    event.preventDefault();
    regret(form, event.submitter);
    return;
  }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form.decide").forEach((form) => {
  for (const mark of ["sent", "sure", "leaving"]) delete form.dataset[mark];
}));

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

// Keys, for those who decide all day. None while something is typed or a key of the browser is meant.
function rows() {
  return [...document.querySelectorAll(".list a.row")];
}

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest("li")?.querySelector("a.row"));
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
}

function press(selector) {
  const found = document.querySelector(selector);
  found?.click();
  return Boolean(found);
}

const keys = {
  j: () => rows().length ? step(1) : press("a[rel=next]"),
  k: () => rows().length ? step(-1) : press("a[rel=prev]"),
  x: () => document.activeElement?.closest("li")?.querySelector("input[name=chosen]")?.click(),
  a: () => press("#draft button[name=publish]"),
  e: () => {
    const edit = document.querySelector("#draft details.edit");
    if (edit) { edit.open = true; edit.querySelector("textarea").focus(); }
  },
  r: () => press("#draft button.danger"),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => {
    const known = document.querySelector("dialog.help");
    if (known) { known.remove(); return; }
    const help = document.createElement("dialog");
    help.className = "help card";
    help.innerHTML = "<h2>Keys</h2><dl><dt>j, k</dt><dd>next, previous</dd><dt>Enter</dt><dd>open</dd>" +
      "<dt>x</dt><dd>choose a draft of the list</dd><dt>a</dt><dd>publish what is shown</dd><dt>e</dt><dd>edit</dd>" +
      "<dt>r</dt><dd>reject; undo within seconds</dd><dt>/</dt><dd>search</dd><dt>?</dt><dd>this list</dd></dl>" +
      "<form method=dialog><button>Close</button></form>";
    help.addEventListener("close", () => help.remove());
    document.body.append(help);
    help.showModal();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const does = keys[event.key];
  if (does && !(event.repeat && "are".includes(event.key))) { event.preventDefault(); does(); }
});
