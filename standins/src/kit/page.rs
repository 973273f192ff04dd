//! Pages for people, so that the address of a result can be opened in a browser.

use super::State;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
                     h1{font-size:1.4rem}article{border-left:3px solid #d0d7de;margin:1rem 0;padding:0 1rem}\
                     article:target{border-color:#1264a3}header,footer{color:#656d76}\
                     pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:0}\
                     footer{font-size:.85rem}";

/// A whole page of a stand-in around `body`, which is HTML.
pub(super) fn frame<S: State>(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style><body>{body}<footer>Local stand-in for {}: nothing here \
         has left this machine.</footer></body></html>",
        escape(title),
        S::TITLE
    )
}

/// A list of pages, under a title: the address of each and what is said of it.
pub(crate) fn index(title: &str, rows: impl Iterator<Item = (String, String)>) -> (String, String) {
    let row = |(path, text): (String, String)| {
        format!("<li><a href=\"{}\">{}</a></li>", escape(&path), escape(&text))
    };
    (title.to_owned(), format!("<h1>{title}</h1><ul>{}</ul>", rows.map(row).collect::<String>()))
}

/// Something that somebody wrote.
pub(crate) fn article(id: &str, author: &str, at: &str, text: &str) -> String {
    format!(
        "<article id=\"{}\"><header><b>{}</b> at {}</header><pre>{}</pre></article>",
        escape(id),
        escape(author),
        escape(at),
        escape(text)
    )
}

/// Text that no browser takes for markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
