//! The price table: the one file to edit when Google changes its prices.
//!
//! US dollars per million tokens (storage of a context cache: per million tokens and hour), paid tier,
//! standard service, text. Source: Google's price page (ai.google.dev/gemini-api/docs/pricing) as of
//! [`PRICES_AS_OF`]. Gemini 3.6, 3.7 and 3.8 Flash are at introductory prices until the end of 2026
//! and cost twice as much from then on.
//!
//! Models of one family are listed newest first: an estimate takes an alias for the first of its own.

use jiff::civil::{Date, date};

/// The day on which the table was last compared with the published prices.
pub const PRICES_AS_OF: Date = date(2026, 11, 20);

/// Prompts of more tokens than this are billed at the higher rates, the whole call through.
pub(super) const LONG_PROMPT: u64 = 200_000;

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Prompt tokens.
    pub input: f64,
    /// Prompt tokens read from a cache.
    pub cached: f64,
    /// Tokens of the answer and of the thoughts.
    pub output: f64,
    /// Tokens kept in an explicit context cache, for an hour; `None`: the model has no such caches.
    pub storage: Option<f64>,
}

/// A row of the price table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) model: &'static str,
    pub(super) rates: Rates,
    /// Rates of prompts above [`LONG_PROMPT`], if they differ.
    pub(super) long: Option<Rates>,
    /// Rates from a day on, if they are known to change.
    pub(super) later: Option<(Date, Rates)>,
}

const END_OF_INTRODUCTION: Date = date(2027, 1, 1);

const PRO: Price = Price {
    long: Some(usd(4.00, 0.40, 18.00, 4.50)),
    ..flat("gemini-3.1-pro-preview", usd(2.00, 0.20, 12.00, 4.50))
};

pub(super) const TABLE: &[Price] = &[
    // Has no explicit caches.
    flat("gemini-4-argon", Rates { storage: None, ..usd(2.00, 0.10, 10.00, 0.0) }),
    introductory("gemini-3.8-flash"),
    introductory("gemini-3.7-flash"),
    introductory("gemini-3.6-flash"),
    flat("gemini-3.5-flash", usd(1.50, 0.15, 9.00, 1.00)),
    flat("gemini-3.5-flash-lite", usd(0.30, 0.03, 2.50, 1.00)),
    PRO,
    Price { model: "gemini-3.1-pro-preview-customtools", ..PRO },
    flat("gemini-3.1-flash-lite", usd(0.25, 0.025, 1.50, 1.00)),
    flat("gemini-3-flash-preview", usd(0.50, 0.05, 3.00, 1.00)),
    // The 2.5 models are shut down on 2026-12-01.
    Price {
        long: Some(usd(2.50, 0.25, 15.00, 4.50)),
        ..flat("gemini-2.5-pro", usd(1.25, 0.125, 10.00, 4.50))
    },
    flat("gemini-2.5-flash", usd(0.30, 0.03, 2.50, 1.00)),
    flat("gemini-2.5-flash-lite", usd(0.10, 0.01, 0.40, 1.00)),
];

const fn usd(input: f64, cached: f64, output: f64, storage: f64) -> Rates {
    Rates { input, cached, output, storage: Some(storage) }
}

const fn flat(model: &'static str, rates: Rates) -> Price {
    Price { model, rates, long: None, later: None }
}

const fn introductory(model: &'static str) -> Price {
    let later = Some((END_OF_INTRODUCTION, usd(1.50, 0.15, 7.50, 1.00)));
    Price { later, ..flat(model, usd(0.75, 0.075, 3.75, 0.50)) }
}
