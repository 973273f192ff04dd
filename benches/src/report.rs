//! [`Table`]: what a benchmark prints.

use std::fs;

/// One benchmark's figures, and the load of the machine while they were taken.
pub(crate) struct Table {
    title: String,
    load_before: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    figure: String,
    measured: String,
    target: String,
    /// `None`: reported, and held to nothing.
    met: Option<bool>,
}

impl Table {
    /// An empty table; made before the measuring, for the load.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), load_before: load(), rows: Vec::new(), notes: Vec::new() }
    }

    /// A figure that is held to `target`.
    pub(crate) fn target(&mut self, figure: &str, measured: impl Into<String>, target: &str, met: bool) {
        self.push(figure, measured.into(), target, Some(met));
    }

    /// A figure that explains another.
    pub(crate) fn figure(&mut self, figure: &str, measured: impl Into<String>) {
        self.push(figure, measured.into(), "", None);
    }

    /// `count` is to be the whole of `of`.
    pub(crate) fn all_of(&mut self, figure: &str, count: usize, of: usize) {
        self.target(figure, format!("{count} of {of}"), "all", count == of);
    }

    /// `count` is to be none.
    pub(crate) fn none(&mut self, figure: &str, count: usize) {
        self.target(figure, count.to_string(), "0", count == 0);
    }

    /// A line below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Whether no target was missed.
    pub(crate) fn is_met(&self) -> bool {
        self.rows.iter().all(|row| row.met != Some(false))
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        let width = |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max();
        let figure = width(|row| &row.figure).unwrap_or_default();
        let measured = width(|row| &row.measured).unwrap_or_default();
        let target = width(|row| &row.target).unwrap_or_default().max("target".len());
        println!("\n{} (load {} → {})", self.title, self.load_before, load());
        for row in &self.rows {
            let verdict = match row.met {
                Some(true) => "PASS",
                Some(false) => "MISS",
                None => "",
            };
            let line = format!(
                "  {:<figure$}  {:>measured$}  {:<target$}  {verdict}",
                row.figure, row.measured, row.target
            );
            println!("{}", line.trim_end());
        }
        for note in &self.notes {
            println!("  {note}");
        }
    }

    fn push(&mut self, figure: &str, measured: String, target: &str, met: Option<bool>) {
        self.rows.push(Row { figure: figure.to_owned(), measured, target: target.to_owned(), met });
    }
}

/// The load average of the last minute, where the system tells it.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
