//! The progress bar.

use std::io::{IsTerminal, Write as _};

/// Columns of the bar.
const WIDTH: usize = 30;

/// Draws how far a run is, on a terminal; elsewhere nothing.
pub(crate) fn show(done: usize, all: usize, spent: f64) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let end = if done == all { "\n" } else { "" };
    // A bar that cannot be drawn harms nothing.
    let _drawn = write!(out, "\r{}{end}", line(done, all, spent)).and_then(|()| out.flush());
}

/// Ends the line of a bar that did not fill, with `left` to do.
pub(crate) fn close(left: usize) {
    if left > 0 && std::io::stderr().is_terminal() {
        eprintln!();
    }
}

fn line(done: usize, all: usize, spent: f64) -> String {
    let filled = done * WIDTH / all.max(1);
    format!("[{}{}] {done}/{all}  ${spent:.4} ", "#".repeat(filled), "-".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_bar_fills_with_what_is_done() {
        assert_eq!(line(1, 2, 0.5), format!("[{}{}] 1/2  $0.5000 ", "#".repeat(15), "-".repeat(15)));
        assert!(line(0, 0, 0.0).contains("0/0"));
    }
}
