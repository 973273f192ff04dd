//! The price table: the one file to edit when Google changes its prices.
//!
//! US dollars per million tokens (storage of a context cache: per million tokens and hour), paid tier,
//! standard service. Source: Google's price page (ai.google.dev/gemini-api/docs/pricing) as of
//! [`PRICES_AS_OF`]. Gemini 3.6, 3.7 and 3.8 Flash are at introductory prices until the end of 2026
//! and cost twice as much from then on.
//!
//! Models of one family are listed newest first: an estimate takes an alias for the first of its own.

use domain::Timestamp;
use jiff::civil::{Date, date};

/// The day on which the table was last compared with the published prices.
pub const PRICES_AS_OF: Date = date(2026, 11, 20);

/// Prompts of more tokens than this are billed at the higher rates, the whole call through.
pub(super) const LONG_PROMPT: u64 = 200_000;

/// What flex costs of the standard price.
pub(super) const FLEX: f64 = 0.5;
/// What priority costs of the standard price.
pub(super) const PRIORITY: f64 = 1.8;

/// US dollars per million tokens, of text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Listed {
    pub(super) input: f64,
    pub(super) cached: f64,
    pub(super) output: f64,
    /// `None`: the model has no explicit caches.
    pub(super) storage: Option<f64>,
}

/// A row of the price table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) model: &'static str,
    pub(super) standard: Listed,
    /// Rates of prompts above [`LONG_PROMPT`], if they differ.
    pub(super) long: Option<Listed>,
    /// Rates from a time on, if they are known to change.
    pub(super) later: Option<(Timestamp, Listed)>,
    /// Sound in, and sound read from a cache, if they cost more than text.
    pub(super) audio: Option<(f64, f64)>,
    /// What flex costs of what is read from a cache; the list rounds some.
    pub(super) flex_cached: f64,
    /// What priority costs of that.
    pub(super) priority_cached: f64,
}

/// Midnight in California.
const END_OF_INTRODUCTION: Timestamp = Timestamp::constant(1_798_790_400, 0);

const PRO: Price = Price {
    long: Some(usd(4.00, 0.40, 18.00, 4.50)),
    flex_cached: 1.0,
    ..flat("gemini-3.1-pro-preview", usd(2.00, 0.20, 12.00, 4.50))
};

const LITE: Price =
    Price { audio: Some((0.50, 0.05)), ..flat("gemini-3.1-flash-lite", usd(0.25, 0.025, 1.50, 1.00)) };

pub(super) const TABLE: &[Price] = &[
    // Has no explicit caches.
    flat("gemini-4-argon", Listed { storage: None, ..usd(2.00, 0.10, 10.00, 0.0) }),
    introductory("gemini-3.8-flash"),
    introductory("gemini-3.7-flash"),
    introductory("gemini-3.6-flash"),
    Price { flex_cached: 0.08 / 0.15, ..flat("gemini-3.5-flash", usd(1.50, 0.15, 9.00, 1.00)) },
    Price {
        flex_cached: 0.02 / 0.03,
        priority_cached: 0.05 / 0.03,
        ..flat("gemini-3.5-flash-lite", usd(0.30, 0.03, 2.50, 1.00))
    },
    PRO,
    Price { model: "gemini-3.1-pro-preview-customtools", ..PRO },
    LITE,
    Price { model: "gemini-3.1-flash-lite-preview", ..LITE },
    Price {
        audio: Some((1.00, 0.10)),
        flex_cached: 1.0,
        ..flat("gemini-3-flash-preview", usd(0.50, 0.05, 3.00, 1.00))
    },
    // The 2.5 models are shut down on 2026-12-01.
    Price {
        long: Some(usd(2.50, 0.25, 15.00, 4.50)),
        flex_cached: 1.0,
        ..flat("gemini-2.5-pro", usd(1.25, 0.125, 10.00, 4.50))
    },
    Price {
        audio: Some((1.00, 0.10)),
        flex_cached: 1.0,
        ..flat("gemini-2.5-flash", usd(0.30, 0.03, 2.50, 1.00))
    },
    Price {
        audio: Some((0.30, 0.03)),
        flex_cached: 1.0,
        ..flat("gemini-2.5-flash-lite", usd(0.10, 0.01, 0.40, 1.00))
    },
];

const fn usd(input: f64, cached: f64, output: f64, storage: f64) -> Listed {
    Listed { input, cached, output, storage: Some(storage) }
}

const fn flat(model: &'static str, standard: Listed) -> Price {
    Price {
        model,
        standard,
        long: None,
        later: None,
        audio: None,
        flex_cached: FLEX,
        priority_cached: PRIORITY,
    }
}

const fn introductory(model: &'static str) -> Price {
    let later = Some((END_OF_INTRODUCTION, usd(1.50, 0.15, 7.50, 1.00)));
    Price { later, ..flat(model, usd(0.75, 0.075, 3.75, 0.50)) }
}
