// Keys, for those who decide all day. None while something is typed or a key of the browser is meant.
function rows() {
  return [...document.querySelectorAll(".list a.row")];
}

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest("li")?.querySelector("a.row"));
  // Behind the last one of a page comes the next page.
  if (at >= 0 && !all[at + by] && press(by > 0 ? "a[rel=next]" : "a[rel=prev]")) return;
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
  u: () => press(".undo button"),
  x: () => document.activeElement?.closest("li")?.querySelector("input[name=chosen]")?.click(),
  A: () => press(".batch button[value=approve]"),
  R: () => press(".batch button[value=reject]"),
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
    help.innerHTML = "<h2>Keys of this page</h2><dl></dl><form method=dialog><button>Close</button></form>";
    for (const hint of document.querySelectorAll(".keys > span")) {
      const [key, does] = [document.createElement("dt"), document.createElement("dd")];
      [key.textContent, does.textContent] = [hint.firstChild.textContent, hint.lastChild.textContent];
      help.querySelector("dl").append(key, does);
    }
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
  if (does && !(event.repeat && "arAReu".includes(event.key))) { event.preventDefault(); does(); }
});
