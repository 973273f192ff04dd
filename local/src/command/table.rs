//! Tables for people: columns as wide as their contents, colours on a terminal only, and no control characters in
//! a cell.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::terminal::{self, say};

/// Of a cell, in columns of a terminal, of which a wide letter takes two; the last column is shown in full.
const WIDEST: usize = 40;
/// What a narrow terminal leaves of a column.
const NARROWEST: usize = 6;
/// Between two columns.
const GAP: usize = 2;
/// Of a column that is never cut.
pub(crate) const WHOLE: usize = usize::MAX;

/// A table with a heading.
pub(crate) struct Table<const N: usize> {
    heading: [&'static str; N],
    rows: Vec<([String; N], Style)>,
    /// How much of each column makes it worth its place.
    least: [usize; N],
    /// Columns without which the table can do, the first of them first.
    left_out: &'static [usize],
}

impl<const N: usize> Table<N> {
    /// An empty one.
    pub(crate) fn new(heading: [&'static str; N]) -> Self {
        // The first one is what one copies.
        let least = std::array::from_fn(|column| if column == 0 { WHOLE } else { NARROWEST });
        Self { heading, rows: Vec::new(), least, left_out: &[] }
    }

    /// On a narrow terminal `left_out` are left out before a column has less than its `least`.
    pub(crate) fn narrowed(self, least: [usize; N], left_out: &'static [usize]) -> Self {
        Self { least, left_out, ..self }
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
            Some(room) => fitted(self.widths(), self.least, self.left_out, room),
            None => self.widths(),
        };
        let heading = self.heading.map(str::to_owned);
        say!("{dim}{}{dim:#}", line(&heading, &widths, Style::new()));
        for (cells, style) in &self.rows {
            say!("{}", line(cells, &widths, *style));
        }
    }

    fn widths(&self) -> [usize; N] {
        let mut widths = self.heading.map(UnicodeWidthStr::width);
        for (cells, _) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.width().max(*width);
            }
        }
        widths
    }
}

/// `widths` for a terminal of so many columns: those of columns that are left out are 0, and then the widest is narrowed.
fn fitted<const N: usize>(
    mut widths: [usize; N],
    mut least: [usize; N],
    left_out: &[usize],
    room: usize,
) -> [usize; N] {
    let is_over = |widths: &[usize; N]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.map(|width| width + GAP).sum::<usize>() > room + GAP
    };
    for column in left_out {
        let narrowest = std::array::from_fn(|column| widths[column].min(least[column]));
        if !is_over(&narrowest) {
            break;
        }
        widths[*column] = 0;
    }
    // Where even that is too much, what is worth little is more than nothing.
    for floor in [None, Some(NARROWEST)] {
        least = least.map(|least| floor.filter(|_| least != WHOLE).unwrap_or(least));
        while is_over(&widths) {
            let narrowable = (0..N).filter(|column| widths[*column] > least[*column]);
            let Some(column) = narrowable.max_by_key(|column| widths[*column]) else { break };
            widths[column] -= 1;
        }
    }
    widths
}

/// `cell` in so many columns of a terminal.
fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let ends = cell.char_indices().map(|(start, c)| start + c.len_utf8());
    let fitting = ends.take_while(|end| cell[..*end].width() < width);
    format!("{}…", &cell[..fitting.last().unwrap_or_default()])
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N], style: Style) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate().filter(|(_, (_, width))| **width > 0)
    {
        let cell = cut(cell, *width);
        let style = if column == 1 { style } else { Style::new() };
        let room = width - cell.width() + GAP;
        // Writing to a string never fails.
        let _ = write!(line, "{style}{cell}{style:#}{:room$}", "");
    }
    line.truncate(line.trim_end().len());
    line
}

/// `text` without what a terminal would obey or hide: names and threads are chosen by strangers.
pub(crate) fn plain(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}')
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
    fn a_wide_letter_takes_two_columns_and_a_mark_none() {
        let mut table = Table::new(["A", "STATUS", "LAST"]);
        table.push(["\u{6e2f}\u{306e}".to_owned(), "x".to_owned(), "end".to_owned()], Style::new());
        table.push(["e\u{301}\u{1f980}".to_owned(), "x".to_owned(), "end".to_owned()], Style::new());
        let widths = table.widths();
        assert_eq!(widths, [4, 6, 4]);
        let lines = [0, 1].map(|row| line(&table.rows[row].0, &widths, Style::new()));
        assert_eq!(lines[0], "\u{6e2f}\u{306e}  x       end");
        assert_eq!(lines[1], "e\u{301}\u{1f980}   x       end");
        for (width, shown) in [(4, "\u{6e2f}\u{306e}"), (3, "\u{6e2f}…"), (2, "…"), (1, "…")] {
            assert_eq!(cut("\u{6e2f}\u{306e}", width), shown, "in {width}");
        }
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_and_narrower_columns_and_whole_ids() {
        let (widths, least, left_out) = ([30, 12, 40, 90], [WHOLE, NARROWEST, 24, 20], &[3][..]);
        let fitted = |room| super::fitted(widths, least, left_out, room);
        assert_eq!(fitted(200), widths);
        assert_eq!(fitted(120), [30, 12, 36, 36]);
        assert_eq!(fitted(80), [30, 12, 34, 0], "the last column would have too little");
        assert_eq!(fitted(60), [30, 6, 20, 0], "a little is more than nothing");
        assert_eq!(fitted(10), [30, 6, 6, 0]);
        assert_eq!(line(&["a".to_owned(), "long".to_owned()], &[1, 3], Style::new()), "a  lo…");
        let three = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(line(&three, &[1, 0, 1], Style::new()), "a  c");
    }

    #[test]
    fn nothing_in_a_cell_is_obeyed_by_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\nc\u{202e}d"), "a[31mbcd");
        assert_eq!(plain_lines("a\r\nb\u{1b}c"), "a\nbc");
    }
}
