//! Tables for people: columns as wide as their contents, colours on a terminal only, and no control characters in
//! a cell.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

use crate::terminal::{self, say};

/// Characters of a cell that are shown; the last column is shown in full.
const WIDEST: usize = 40;
/// Characters that a narrow terminal leaves of a column, and of the last one as long as others can give more.
const NARROWEST: usize = 6;
const LAST: usize = 16;

/// A table with a heading.
pub(crate) struct Table<const N: usize> {
    heading: [&'static str; N],
    rows: Vec<([String; N], Style)>,
}

impl<const N: usize> Table<N> {
    /// An empty one.
    pub(crate) fn new(heading: [&'static str; N]) -> Self {
        Self { heading, rows: Vec::new() }
    }

    /// Adds a row whose second cell, the status, has this colour.
    pub(crate) fn push(&mut self, cells: [String; N], style: Style) {
        let mut cells = cells.map(|cell| plain(&cell));
        for cell in cells.iter_mut().take(N.saturating_sub(1)) {
            *cell = cut(cell, WIDEST);
        }
        self.rows.push((cells, style));
    }

    pub(crate) fn print(&self) {
        let dim = terminal::style(Style::new().dimmed());
        let widths = match terminal::width() {
            Some(room) => fitted(self.widths(), room),
            None => self.widths(),
        };
        let heading = self.heading.map(str::to_owned);
        say!("{dim}{}{dim:#}", line(&heading, &widths, Style::new()));
        for (cells, style) in &self.rows {
            say!("{}", line(cells, &widths, *style));
        }
    }

    fn widths(&self) -> [usize; N] {
        let mut widths = self.heading.map(|title| title.chars().count());
        for (cells, _) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

/// `widths` for a terminal of so many columns: the last column is narrowed first, then the widest of those between it and
/// the first, which is what one copies.
fn fitted<const N: usize>(mut widths: [usize; N], room: usize) -> [usize; N] {
    let over =
        |widths: &[usize; N]| (widths.iter().sum::<usize>() + 2 * N.saturating_sub(1)).saturating_sub(room);
    if let Some(last) = widths.last_mut() {
        *last = (*last).max(1);
    }
    while over(&widths) > 0 {
        let narrowable = widths.iter().enumerate().skip(1).filter(|(_, width)| **width > NARROWEST);
        let last = widths.len().saturating_sub(1);
        let by_order = narrowable.max_by_key(|(column, width)| (*column == last && **width > LAST, **width));
        let Some((column, _)) = by_order else { break };
        widths[column] -= 1;
    }
    widths
}

/// `cell` in so many characters.
fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N], style: Style) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = cut(cell, *width);
        if column + 1 == N {
            line.push_str(&cell);
            break;
        }
        let style = if column == 1 { style } else { Style::new() };
        let room = width - cell.chars().count();
        // Writing to a string never fails.
        let _ = write!(line, "{style}{cell}{style:#}{:room$}  ", "");
    }
    line.truncate(line.trim_end().len());
    line
}

/// `text` without what a terminal would obey or hide: names and threads are chosen by strangers.
pub(crate) fn plain(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(|c| !unseen(*c)).collect()
}

/// The same for a text of several lines.
pub(crate) fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// The colour of a status, where a person sees it.
pub(crate) fn style(status: &str) -> Style {
    let colour = match status {
        "completed" | "accepted" => AnsiColor::Green,
        "failed" | "rejected" | "expired" | "refused" | "missed" => AnsiColor::Red,
        "awaiting_approval" => AnsiColor::Yellow,
        "ignored" | "duplicate" => AnsiColor::BrightBlack,
        _ => AnsiColor::Cyan,
    };
    terminal::style(Style::new().fg_color(Some(colour.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(["A", "STATUS", "LAST"]);
        table.push(["long name".to_owned(), "x".to_owned(), "end".to_owned()], Style::new());
        let widths = table.widths();
        let heading = table.heading.map(str::to_owned);
        assert_eq!(line(&heading, &widths, Style::new()), "A          STATUS  LAST");
        assert_eq!(line(&table.rows[0].0, &widths, Style::new()), "long name  x       end");
    }

    #[test]
    fn a_narrow_terminal_gets_narrow_columns_and_whole_ids() {
        let widths = [30, 12, 40, 90];
        assert_eq!(fitted(widths, 200), widths);
        assert_eq!(fitted(widths, 120), [30, 12, 40, 32]);
        let narrow = fitted(widths, 80);
        assert_eq!((narrow[0], narrow.iter().sum::<usize>() + 6), (30, 80));
        assert_eq!(fitted(widths, 10)[0], 30);
        assert_eq!(line(&["a".to_owned(), "long".to_owned()], &[1, 3], Style::new()), "a  lo…");
    }

    #[test]
    fn nothing_in_a_cell_is_obeyed_by_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\nc\u{202e}d"), "a[31mbcd");
        assert_eq!(plain_lines("a\r\nb\u{1b}c"), "a\nbc");
    }
}
