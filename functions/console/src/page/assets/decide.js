// Nothing is decided that nobody has seen. A second key or click that was meant for the page before must not fall on the
// next draft: until a draft has been in view for a second, and the page as well, no button decides.
const LOOK_MS = 1000;
let arrived = performance.now();
let looked = 0;
let since = null;
let inView = false;

function look() {
  const at = performance.now();
  if (since !== null) looked += at - since;
  since = inView && document.visibilityState === "visible" ? at : null;
}

function arrive() {
  arrived = performance.now();
  look();
}

const draft = document.querySelector("#draft .shown");
if (draft) new IntersectionObserver((entries) => { inView = entries.at(-1).isIntersecting; look(); }).observe(draft);
document.addEventListener("visibilitychange", arrive);
addEventListener("focus", arrive);

// Whether what a form decides about was looked at, in the version that its button publishes; if not, it is shown, and said.
function isSeen(form, button) {
  look();
  if (button?.name === "publish" && shownText !== form.querySelector("textarea").value) {
    say("Your version is not shown yet. Nothing was published.");
    preview(form);
    return false;
  }
  const isDraft = form.closest("#draft") !== null;
  unfold(form.querySelectorAll("li:has(input[name=chosen]:checked)"));
  if (performance.now() - arrived >= LOOK_MS && (!isDraft || looked >= LOOK_MS)) return true;
  if (isDraft && !inView) draft.scrollIntoView({ block: "center" });
  say("Not so fast: this has been in view for less than a second. Nothing was decided.");
  return false;
}

// A rejection waits a few seconds for a change of mind, while the next draft is shown. It is kept in the browser until the
// server has answered: who leaves the page, by a key, a link, or by closing it, has rejected; what could not be sent then
// is sent by the next page of the console.
const UNDO_MS = 5000;
const HELD = "afterhook.rejections";
const who = document.querySelector(".who span")?.textContent;
const shownHere = new Map();
let hops = false;

function held() {
  try { return JSON.parse(localStorage.getItem(HELD)) ?? {}; } catch { return {}; }
}

function hold(key, entry) {
  const all = held();
  if (entry) all[key] = entry; else delete all[key];
  localStorage.setItem(HELD, JSON.stringify(all));
}

function rejects(button) {
  return button?.value === "reject" || sendsTo(button, "/reject");
}

// Whether its text is a person's version: the server shows that again, and rejects nothing.
function isEdited(form) {
  return form.querySelector("button[name=publish]")?.value === "edit";
}

function sendsTo(button, what) {
  return button?.hasAttribute("formaction") && path(button.formAction).endsWith(what);
}

function isHeld(page) {
  return Object.values(held()).some((entry) => entry.by === who && entry.back && path(entry.back) === page);
}

// Where the queue goes on from here: not back to what is rejected already, unless everything behind it is.
function onward() {
  const next = document.querySelector("a[rel=next]");
  return next && !isHeld(next.pathname) ? next.href : document.querySelector("a[rel=prev]")?.href;
}

// Holds a rejection, and goes on. It needs no text, and what is sent by a page that is left has to be short. False where
// the browser keeps nothing: it is then sent at once.
function regret(form, button) {
  const action = button.getAttribute("formaction") ?? form.getAttribute("action");
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrf" && name !== "text");
  if (button.name) fields.push([button.name, button.value]);
  const chosen = fields.filter(([name]) => name === "chosen").length;
  if (button.value === "reject" && chosen === 0) return false;
  const says = chosen ? `Rejected: ${chosen}.` : `Rejected: ${document.querySelector(".heading h1").textContent}.`;
  const key = `${Date.now()} ${action}`;
  const entry = { action, fields, says, by: who, back: chosen ? null : here, due: Date.now() + UNDO_MS };
  try { hold(key, entry); } catch { return false; }
  const next = onward();
  if (!chosen && next) {
    hops = true;
    form.dataset.sent = "yes";
    location.assign(address(next, { done: "held" }));
    return true;
  }
  if (chosen) {
    form.querySelectorAll("input[name=chosen]:checked").forEach((box) => {
      box.checked = false;
      box.closest("li").classList.add("leaving");
    });
  } else form.dataset.leaving = "yes";
  bar(key, entry);
  return true;
}

// The line that says so, with the way back.
function bar(key, entry) {
  const line = document.createElement("p");
  [line.className, line.role] = ["notice undo", "status"];
  const undo = document.createElement("button");
  [undo.type, undo.textContent] = ["button", "Undo (u)"];
  undo.addEventListener("click", () => {
    if (!held()[key]?.due) { say("It is rejected already."); return; }
    hold(key, null);
    shownHere.delete(key);
    line.remove();
    document.querySelectorAll(".leaving").forEach((row) => row.classList.remove("leaving"));
    document.querySelectorAll("form[data-leaving]").forEach((form) => delete form.dataset.leaving);
    if (entry.back && path(entry.back) !== path(here)) location.assign(entry.back);
  });
  line.append(`${entry.says} `, undo);
  document.querySelector("main").prepend(line);
  shownHere.set(key, line);
  setTimeout(() => carryOut(key), Math.max(entry.due - Date.now(), 0));
}

async function carryOut(key) {
  const entry = held()[key];
  if (!entry || entry.by !== who) { shownHere.get(key)?.remove(); return; }
  hold(key, { ...entry, due: 0 });
  const csrf = document.querySelector(".who input[name=csrf]").value;
  const line = shownHere.get(key);
  line?.querySelector("button")?.remove();
  try {
    const answer = await fetch(entry.action, {
      method: "POST", body: new URLSearchParams([...entry.fields, ["csrf", csrf]]), keepalive: true, credentials: "same-origin",
    });
    if (answer.status >= 500 || new URL(answer.url).pathname === "/ui/login") throw new Error(String(answer.status));
    hold(key, null);
    shownHere.delete(key);
    if (answer.ok) landed(entry, line); else refused(entry, line, await answer.text());
  } catch {
    if (line) line.textContent = `${entry.says} It could not be sent yet; it is tried again.`;
    setTimeout(() => carryOut(key), UNDO_MS);
  }
}

function landed(entry, line) {
  if (entry.back && path(entry.back) === path(here)) { location.replace(address(here, { done: "rejected" })); return; }
  document.querySelectorAll(".leaving").forEach((row) => row.remove());
  setTimeout(() => line?.remove(), 4000);
}

// Somebody else was first, or the draft has changed.
function refused(entry, line, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const word = line ?? document.createElement("p");
  word.className = "notice bad";
  word.textContent = `Not rejected. ${page.querySelector(".notice.bad, main .card ul, main .card p")?.textContent ?? ""} `;
  if (entry.back) {
    const link = document.createElement("a");
    [link.href, link.textContent] = [entry.back, "Show it"];
    word.append(link);
  }
  document.querySelector("main").prepend(word);
  document.querySelectorAll(".leaving").forEach((row) => row.classList.remove("leaving"));
}

// Whom a decision leads to a task that they have rejected goes on; whoever comes by themselves finds it as it was left.
if (who && isHeld(path(here))) {
  document.querySelectorAll("#draft form.decide").forEach((form) => { form.dataset.leaving = "yes"; });
  const said = new URLSearchParams(location.search);
  const next = said.has("done") && onward();
  if (next) {
    hops = true;
    location.replace(address(next, { done: said.get("done"), of: said.get("of") }));
  }
}

if (who) {
  for (const [key, entry] of Object.entries(held())) {
    if (entry.by !== who) continue;
    if (entry.due > Date.now()) bar(key, entry); else carryOut(key);
  }
}
addEventListener("pagehide", () => { if (!hops) [...shownHere.keys()].forEach(carryOut); });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// Forms come and go with what is refreshed: the document listens. A second click must not send the same decision twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.matches("form.who") && shownHere.size > 0) {
    event.preventDefault();
    Promise.all([...shownHere.keys()].map(carryOut)).then(() => form.submit());
    return;
  }
  if (!form.matches("form.decide")) return;
  const decides = form.matches("#draft form, .batch") && !sendsTo(button, "/preview");
  if (form.dataset.sent || form.dataset.leaving || (decides && !isSeen(form, button)) || (rejects(button) && !isEdited(form) && regret(form, button))) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});

function unfold(rows) {
  for (const row of rows) {
    row.querySelectorAll("details.seen:not([open])").forEach((it) => { it.open = true; arrive(); });
  }
}

// What is chosen is unfolded, and has to be in view for a while as well.
document.addEventListener("change", (event) => {
  if (event.target.name !== "chosen" || !event.target.checked) return;
  unfold([event.target.closest("li")]);
  arrive();
});

// An edit takes the place of the draft that is shown, and of its button: what is published is what is seen. The server
// renders it; until it has, nothing is shown, and nothing published. Whoever types a text sees it.
let shownText = document.querySelector("form[data-preview] textarea")?.defaultValue;

async function preview(form) {
  const typed = form.querySelector("textarea");
  const text = typed.value;
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "error",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Answers come in any order: only that to what is typed now is shown.
    if (typed.value !== text) return;
    for (const part of [".shown", ".buttons"]) {
      const made = page.querySelector(`#draft ${part}`);
      document.querySelector(`#draft ${part}`).replaceChildren(...document.importNode(made, true).childNodes);
    }
    draft.hidden = false;
    shownText = text;
  } catch {
    if (typed.value === text) say("Your version cannot be shown now. Publish it again in a moment.");
  }
}

for (const form of document.querySelectorAll("form[data-preview]")) {
  let timer;
  form.querySelector("textarea").addEventListener("input", () => {
    looked = LOOK_MS;
    draft.hidden = true;
    shownText = null;
    const publish = form.querySelector("button[name=publish]");
    [publish.value, publish.textContent] = ["edit", "Publish your version"];
    clearTimeout(timer);
    timer = setTimeout(() => preview(form), 400);
  });
}

