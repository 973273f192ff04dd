//! Lines for the person (or program) at the other end of standard output.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use anstyle::Style;

/// Prints a line. When nobody reads any more (`afterhook tasks | head`), the process ends quietly
/// instead of panicking; what is in the stores is safe.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let written = out.write_fmt(text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    if let Err(error) = written {
        let closed = error.kind() == io::ErrorKind::BrokenPipe;
        std::process::exit(i32::from(!closed));
    }
}

/// `style` where standard output shows it: on a terminal that has colours and whose user wants them (`NO_COLOR`,
/// `TERM=dumb`).
pub(crate) fn style(style: Style) -> Style {
    if has_colours() { style } else { Style::new() }
}

fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// The columns of the terminal that standard output is; `None` where it is none.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0)).filter(|columns| *columns > 0)
}

/// The program in which the user likes to write.
pub(crate) fn editor() -> Option<String> {
    wish("VISUAL").or_else(|| wish("EDITOR"))
}

/// Whether the terminal shows what clears others.
pub(crate) fn is_dumb() -> bool {
    wish("TERM").is_some_and(|kind| kind == "dumb")
}

#[expect(clippy::disallowed_methods, reason = "a wish of whoever sits there, and no setting of the system")]
fn wish(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|wish| !wish.trim().is_empty())
}

/// `println!` that survives a closed standard output.
macro_rules! say {
    () => { $crate::terminal::line(format_args!("")) };
    ($($text:tt)*) => { $crate::terminal::line(format_args!($($text)*)) };
}
pub(crate) use say;
