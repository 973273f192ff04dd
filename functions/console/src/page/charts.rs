//! Bars, as SVG within the page: no script, no style of their own, readable by a screen reader.

use maud::{Markup, html};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 150.0;
/// Room for the labels below.
const FOOT: f64 = 18.0;
/// Room for the highest value above.
const HEAD: f64 = 16.0;

/// One bar: its label, what it says when it is pointed at, and its parts from the bottom up, each with
/// the class that colours it.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) says: String,
    pub(crate) parts: Vec<(&'static str, f64)>,
}

impl Bar {
    fn total(&self) -> f64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }
}

/// A row of stacked bars. `every` says how many labels are left out between two; `highest` is the
/// greatest value in words.
pub(crate) fn bars(title: &str, bars: &[Bar], every: usize, highest: impl Fn(f64) -> String) -> Markup {
    let most = bars.iter().map(Bar::total).fold(0.0, f64::max);
    let step = WIDTH / precise(bars.len().max(1));
    let room = HEIGHT - FOOT - HEAD;
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            line.axis x1="0" x2=(WIDTH) y1=(HEIGHT - FOOT) y2=(HEIGHT - FOOT) {}
            line.grid x1="0" x2=(WIDTH) y1=(HEAD) y2=(HEAD) {}
            text.label x="0" y=(HEAD - 4.0) { (highest(most)) }
            @for (index, bar) in bars.iter().enumerate() {
                @let x = step * precise(index) + step * 0.14;
                g {
                    title { (bar.label) ": " (bar.says) }
                    rect.hit x=(round(step * precise(index))) y=(HEAD) width=(round(step)) height=(room) {}
                    @for (class, top, height) in stack(bar, most, room) {
                        rect class=(class) x=(round(x)) y=(round(top)) width=(round(step * 0.72))
                            height=(round(height)) rx="1.5" {}
                    }
                    @if index % every == 0 {
                        text.label.middle x=(round(x + step * 0.36)) y=(HEIGHT - 4.0) { (bar.label) }
                    }
                }
            }
        }
    }
}

/// Where each part of a bar begins, and how high it is. Something is never so low that it looks like
/// nothing.
fn stack(bar: &Bar, most: f64, room: f64) -> Vec<(&'static str, f64, f64)> {
    let mut floor = HEIGHT - FOOT;
    let mut placed = Vec::new();
    for (class, value) in bar.parts.iter().filter(|(_, value)| *value > 0.0) {
        let height = (value / most * room).max(1.5);
        floor -= height;
        placed.push((*class, floor, height));
    }
    placed
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "a chart has a few dozen bars")]
fn precise(count: usize) -> f64 {
    count as f64
}

/// What the colours mean.
pub(crate) fn legend<'l>(entries: impl IntoIterator<Item = (&'static str, &'l str)>) -> Markup {
    html! {
        ul.legend { @for (class, name) in entries { li { span.swatch.(class) {} (name) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(parts: &[(&'static str, f64)]) -> Bar {
        Bar { label: "<1>".to_owned(), says: "a & b".to_owned(), parts: parts.to_vec() }
    }

    #[test]
    fn the_highest_bar_fills_the_room_and_a_small_part_is_seen() {
        let bars = [bar(&[("ok", 1_000.0), ("bad", 0.1)]), bar(&[])];
        let parts = stack(&bars[0], bars[0].total(), 100.0);
        assert!((parts[0].2 - 99.99).abs() < 0.01 && parts[1].2 >= 1.5, "{parts:?}");
        assert!(stack(&bars[1], 0.0, 100.0).is_empty());
    }

    #[test]
    fn labels_are_escaped_and_nothing_is_not_a_number() {
        let out = bars("t", &[bar(&[]), bar(&[])], 1, |most| format!("{most}")).into_string();
        assert!(out.contains("&lt;1&gt;") && out.contains("a &amp; b"), "{out}");
        assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
    }
}
