//! Tables as text: columns under each other, in a font whose characters are equally wide.

use pulldown_cmark::Alignment;

/// A table as it is read: the first row is its head.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) alignments: Vec<Alignment>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// Its rows, a line each, with a line under the head.
    pub(crate) fn aligned(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        if lines.len() > 1 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            lines.insert(1, rules.join("-+-"));
        }
        lines.join("\n")
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, room)| {
                let cell = row.get(column).map_or("", String::as_str);
                let space = room - width(cell);
                let before = match self.alignments.get(column) {
                    Some(Alignment::Right) => space,
                    Some(Alignment::Center) => space / 2,
                    _ => 0,
                };
                format!("{}{cell}{}", " ".repeat(before), " ".repeat(space - before))
            })
            .collect();
        cells.join(" | ").trim_end().to_owned()
    }
}

/// How many columns `text` takes: characters of East Asia and emoji take two.
fn width(text: &str) -> usize {
    let of = |c: char| match c {
        '\u{0300}'..='\u{036F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    };
    text.chars().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let table = Table {
            alignments: vec![Alignment::None, Alignment::Right],
            rows: vec![row(["Name", "Qty"]), row(["a", "1"]), row(["重要", "12"])],
        };
        assert_eq!(table.aligned(), "Name | Qty\n-----+----\na    |   1\n重要 |  12");
        assert_eq!(Table::default().aligned(), "");
    }
}
