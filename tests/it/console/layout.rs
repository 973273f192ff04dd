//! Nothing is drawn over something else, cut off, or broken inside a word: from a small phone to a desk, with and without
//! scripts, whatever the titles are.

use e2e::world::{World, is_triage};
use serde_json::{Value, json};
use standins::gemini::Scripted;

use super::accessibility::views;
use super::browser::{log_in, start, start_in, start_with_banner};

/// What is wrong with the layout of the view that is open: what is wider than the window, text that runs out of what
/// cuts it off, texts of one row or head that are drawn over each other, and words of the navigation that are broken.
const FAULTS: &str = r"(() => {
  const faults = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const texts = (root) => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walk.nextNode()) {
      const node = walk.currentNode;
      if (!node.data.trim() || !node.parentElement.checkVisibility() || node.parentElement.closest('.hidden, .skip, svg, option')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      // What is cut with an ellipsis is seen up to there.
      const end = node.parentElement.closest('.what strong, .what span, .why')?.getBoundingClientRect().bottom ?? Infinity;
      const seen = [...range.getClientRects()].filter((it) => it.width > 1 && it.top < end);
      found.push([node, seen.map(({ left, right, top, bottom }) => ({ left, right, top, bottom: Math.min(bottom, end) }))]);
    }
    return found;
  };
  for (const [node, rects] of texts(document.body)) {
    const cut = node.parentElement.closest('.scroll, .tabs, pre, .what strong, .what span, .why');
    if (!cut && rects.some((it) => it.right > wide + 1 || it.left < -1)) faults.push(`cut off: ${node.data.trim().slice(0, 40)}`);
  }
  for (const row of document.querySelectorAll('.row, .top, .tabs, .heading, .split, .buttons, nav.back')) {
    const all = texts(row);
    all.forEach(([one, left], at) => all.slice(at + 1).forEach(([other, right]) => {
      for (const a of left) for (const b of right) {
        const over = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const deep = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (over > 2 && deep > 4) faults.push(`drawn over each other: ${one.data.trim()} | ${other.data.trim()}`);
      }
    }));
  }
  for (const [node, rects] of [...document.querySelectorAll('.top a, .top button, .pill, .tabs a')].flatMap(texts)) {
    if (new Set(rects.map((it) => Math.round(it.top))).size > 1) faults.push(`broken: ${node.data.trim()}`);
  }
  for (const [node] of [...document.querySelectorAll('th')].flatMap(texts)) {
    for (const word of node.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((it) => Math.round(it.top))).size > 1) faults.push(`broken: ${word[0]}`);
    }
  }
  for (const table of document.querySelectorAll('table')) {
    const box = table.closest('.scroll') ?? table.parentElement;
    if (!table.closest('.scroll') && table.scrollWidth > box.clientWidth + 1) faults.push(`a table is cut: ${table.className}`);
  }
  return [...new Set(faults)];
})()";

#[tokio::test]
async fn nothing_overlaps_or_is_cut_off_on_any_screen_with_and_without_scripts() {
    let Some((system, mut browser)) = start_with_banner().await else { return };
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    let paths = views(&system).await;
    let mut found: Vec<(String, Value)> = Vec::new();
    for scripts in [true, false] {
        browser.scripts(scripts).await;
        for width in if scripts { &[320, 375, 768, 1_280][..] } else { &[320, 375][..] } {
            browser.size(*width, 900, *width < 700).await;
            for path in &paths {
                browser.open(&format!("{}{path}", system.api.url())).await;
                found.push((format!("{path} at {width}, scripts: {scripts}"), browser.eval(FAULTS).await));
            }
        }
    }
    assert!(found.iter().all(|(_, faults)| faults.is_array()), "{found:#?}");
    found.retain(|(_, faults)| *faults != json!([]));
    assert!(found.is_empty(), "{found:#?}");
}

/// A draft that is wider than any screen, and short enough for the queue: a table with a long sentence, a long word and many
/// columns, a long line of code, lists in lists.
fn wide() -> String {
    let (word, sentence) = ("w".repeat(120), "Nobody reads so much in one cell. ".repeat(9));
    let row = |cell: &str| format!("|{}\n", format!(" {cell} |").repeat(9));
    format!(
        "{word}\n\n{}{}{}\n| a | b |\n|-|-|\n| {sentence} | {word} |\n\n```\n{}\n```\n\n`{word}`\n\n1. a\n2. b\n   - c\n     - d\n\n> - e\n",
        row("Heading"),
        row("-"),
        row("unbroken_value"),
        "let x = 1; ".repeat(20),
    )
}

/// How many tables are wider than what they stand in, and whether each scrolls there; and whether a text's list has the
/// lines of the queue's rows.
const TABLES: &str = r"(() => {
  const tables = [...document.querySelectorAll('#draft .shown table, li.entry .prose table')].filter((it) => it.checkVisibility());
  const scrolls = (it) => getComputedStyle(it.closest('.scroll')).overflowX === 'auto';
  const wide = tables.filter((it) => it.scrollWidth > it.closest('.scroll').clientWidth);
  const lines = [...document.querySelectorAll('.prose li + li')].map((it) => getComputedStyle(it).borderTopWidth);
  return [tables.length, wide.length > 0, wide.every(scrolls), lines.length > 0, lines.every((it) => it === '0px')];
})()";

#[tokio::test]
async fn a_draft_that_is_wider_than_the_screen_scrolls_within_itself_on_its_page_and_in_the_queue() {
    let Some((system, mut browser)) = start_in(World::scripted(|request| {
        let verdict = r#"{"intent": "question", "confidence": 0.4, "spam": false}"#;
        Some(Scripted::Text(if is_triage(&request.body) { verdict.to_owned() } else { wide() }))
    }))
    .await
    else {
        return;
    };
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    for (width, height) in [(320, 700), (768, 900), (1_280, 900)] {
        browser.size(width, height, width < 700).await;
        for path in [format!("/ui/tasks/{id}"), "/?status=awaiting_approval".to_owned()] {
            browser.open(&format!("{}{path}", system.api.url())).await;
            browser
                .eval("document.querySelectorAll('details.seen').forEach((it) => { it.open = true; })")
                .await;
            assert_eq!(browser.eval(TABLES).await, json!([2, true, true, true, true]), "{path} at {width}");
            assert_eq!(browser.eval(FAULTS).await, json!([]), "{path} at {width}");
        }
    }
}

#[tokio::test]
async fn the_question_stands_beside_its_draft_where_there_is_room_and_above_it_elsewhere() {
    let Some((system, mut browser)) = start().await else { return };
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    let box_of = |id: &str| format!("document.querySelector('#{id}').getBoundingClientRect()");
    for (width, beside) in [(1_280, true), (1_100, true), (900, false), (375, false)] {
        browser.size(width, 900, false).await;
        browser.open(&format!("{}/ui/tasks/{id}", system.api.url())).await;
        let is_beside = format!("{}.top === {}.top", box_of("asked"), box_of("draft"));
        assert_eq!(browser.eval(&is_beside).await, beside, "{width}");
        let is_above = format!("{}.bottom <= {}.top", box_of("asked"), box_of("draft"));
        assert_eq!(browser.eval(&is_above).await, !beside, "{width}");
    }
    // The keys are in view, wherever the page is.
    browser.size(1_280, 500, false).await;
    browser.until("!document.querySelector('.keys').hidden").await;
    for place in ["0", "document.body.scrollHeight"] {
        browser.eval(&format!("scrollTo(0, {place})")).await;
        let view = "(({top, bottom}) => top >= 0 && bottom <= innerHeight)(document.querySelector('.keys').getBoundingClientRect())";
        assert_eq!(browser.eval(view).await, true, "{place}");
    }
    for (path, named) in [
        (format!("/ui/tasks/{id}"), "a e r"),
        ("/ui/overview".to_owned(), ""),
        ("/?status=all".to_owned(), "j k"),
    ] {
        browser.open(&format!("{}{path}", system.api.url())).await;
        let keys = browser
            .eval("[...document.querySelectorAll('.keys kbd')].map(it => it.innerText).join(' ')")
            .await;
        assert!(keys.as_str().unwrap().starts_with(named), "{path}: {keys}");
        assert_eq!(keys.as_str().unwrap().contains("a e r"), path.starts_with("/ui/tasks"), "{path}: {keys}");
    }
}
