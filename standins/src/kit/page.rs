//! Pages for people, so that the address of a result can be opened in a browser. Everybody's text is escaped.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::State;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
                     h1{font-size:1.4rem}article{border-left:3px solid #d0d7de;margin:1rem 0;padding:0 1rem}\
                     article:target{border-color:#1264a3}header,footer{color:#656d76}\
                     pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:0}\
                     footer{font-size:.85rem}";

/// A whole page of a stand-in around `body`.
pub(super) fn frame<S: State>(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width";
            title { (title) }
            style { (PreEscaped(STYLE)) }
            body {
                (body)
                footer { "Local stand-in for " (S::TITLE) ": nothing here has left this machine." }
            }
        }
    };
    page.into_string()
}

/// A list of pages, under a title: the address of each and what is said of it.
pub(crate) fn index(title: &str, rows: impl Iterator<Item = (String, String)>) -> (String, Markup) {
    let body = html! {
        h1 { (title) }
        ul { @for (path, text) in rows { li { a href=(path) { (text) } } } }
    };
    (title.to_owned(), body)
}

/// Something that somebody wrote.
pub(crate) fn article(id: &str, author: &str, at: &str, text: &str) -> Markup {
    html! { article id=(id) { header { b { (author) } " at " (at) } pre { (text) } } }
}
