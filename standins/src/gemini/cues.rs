//! The words by which a text shows what it wants.

/// Kinds of messages with their own sort of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Security,
    Refund,
    Bug,
    Feature,
    Docs,
    Question,
    Cancel,
    Account,
    Thanks,
    Other,
}

impl Kind {
    /// What a message of this kind is called in a sentence.
    pub(super) fn as_words(self) -> &'static str {
        match self {
            Self::Security => "a security report",
            Self::Refund => "a question about a payment",
            Self::Bug => "a report of something broken",
            Self::Feature => "a wish for a new feature",
            Self::Docs => "a remark on the documentation",
            Self::Question => "a question about how to use it",
            Self::Cancel => "a wish to cancel",
            Self::Account => "a question about an account",
            Self::Thanks => "thanks",
            Self::Other => "a message without a clear request",
        }
    }
}

/// A kind of message and how it is recognised.
pub(super) struct Family {
    /// Which.
    pub(super) kind: Kind,
    /// Parts of words under which a schema may offer this kind.
    pub(super) names: &'static [&'static str],
    /// Phrases that speak for it, and how strongly.
    pub(super) cues: &'static [(&'static str, f64)],
}

/// All of them.
pub(super) static FAMILIES: &[Family] = &[
    Family {
        kind: Kind::Security,
        names: &["secur", "vulnerab"],
        cues: &[("vulnerab", 3.5), ("cve-", 3.5), ("xss", 3.0), ("sql injection", 3.0), ("exploit", 2.5)],
    },
    Family {
        kind: Kind::Refund,
        names: &["refund", "billing", "payment", "charge", "invoice"],
        cues: &[
            ("refund", 3.5),
            ("money back", 3.5),
            ("charged twice", 3.5),
            ("double charge", 3.5),
            ("overcharged", 3.0),
            ("invoice", 2.0),
            ("billed", 2.0),
            ("payment", 1.5),
            ("charge", 1.5),
        ],
    },
    Family {
        kind: Kind::Bug,
        names: &["bug", "defect", "error", "crash", "incident", "problem", "regression"],
        cues: &[
            ("crash", 3.0),
            ("panic", 3.0),
            ("stack trace", 3.0),
            ("traceback", 3.0),
            ("segfault", 3.0),
            ("bug", 2.5),
            ("regression", 2.5),
            ("exception", 2.5),
            ("error", 2.0),
            ("fails", 2.5),
            ("failed", 2.0),
            ("failing", 2.0),
            ("broken", 2.5),
            ("does not work", 2.5),
            ("doesn't work", 2.5),
            ("not working", 2.5),
            ("stopped working", 2.5),
            ("expected behav", 2.0),
            ("steps to reproduce", 2.5),
            ("hangs", 2.0),
            ("freezes", 2.0),
            ("leak", 1.5),
            ("wrong", 1.5),
            ("what happened", 2.0),
            ("i expected", 1.5),
            ("how to reproduce", 2.5),
            ("to reproduce", 1.5),
            ("drops", 1.5),
            ("loses", 1.5),
            ("leaves out", 1.5),
            ("missing", 1.0),
            ("incorrect", 1.5),
            ("unexpected", 1.5),
            ("no longer", 1.5),
            ("see the same", 1.5),
            ("500", 1.0),
        ],
    },
    Family {
        kind: Kind::Feature,
        names: &["feature", "enhanc", "idea", "suggest", "improve", "wish"],
        cues: &[
            ("please add", 3.0),
            ("feature request", 3.5),
            ("would be nice", 3.0),
            ("would be great", 3.0),
            ("it would be", 1.5),
            ("could you add", 3.0),
            ("can you add", 3.0),
            ("add support", 3.0),
            ("support for", 2.0),
            ("i wish", 2.5),
            ("suggestion", 2.5),
            ("proposal", 2.0),
            ("allow ", 1.0),
            ("option to", 1.5),
            ("ability to", 2.0),
        ],
    },
    Family {
        kind: Kind::Docs,
        names: &["doc", "typo"],
        cues: &[("typo", 3.0), ("readme", 2.0), ("documentation", 2.0), ("docs", 2.0), ("broken link", 2.5)],
    },
    Family {
        kind: Kind::Question,
        names: &["question", "how_to", "howto", "usage"],
        cues: &[
            ("how do i", 3.5),
            ("how do you", 3.0),
            ("how can i", 3.5),
            ("how to", 1.5),
            ("how does", 2.5),
            ("is it possible", 2.5),
            ("is there a", 2.5),
            ("what is", 2.0),
            ("what's the", 2.0),
            ("where can i", 2.5),
            ("which ", 0.7),
            ("why does", 1.0),
            ("can i", 1.5),
            ("question", 2.5),
            ("wondering", 2.0),
            ("?", 0.8),
        ],
    },
    Family {
        kind: Kind::Cancel,
        names: &["cancel", "unsubscribe", "churn"],
        cues: &[("cancel", 3.0), ("unsubscribe", 3.0), ("close my account", 3.0)],
    },
    Family {
        kind: Kind::Account,
        names: &["account", "login", "access", "password"],
        cues: &[("password", 2.5), ("log in", 2.0), ("login", 2.0), ("locked out", 3.0), ("2fa", 2.5)],
    },
    Family {
        kind: Kind::Thanks,
        names: &["thank", "praise", "feedback", "positive", "compliment"],
        cues: &[("thank", 2.0), ("love this", 3.0), ("great work", 3.0), ("awesome", 2.0)],
    },
];

/// Further words a schema may offer, with their cues; no kind of message of their own.
pub(super) static OTHER_WORDS: &[(&[&str], &[&str])] = &[
    (&["spam", "advert"], SPAM),
    (
        &["urgent", "critical", "high", "p0", "blocker"],
        &["urgent", "asap", "immediately", "production is down", "outage", "data loss", "blocking us"],
    ),
    (
        &["negative", "angry", "frustrat"],
        &["angry", "terrible", "unacceptable", "frustrat", "worst", "disappointed"],
    ),
    (&["low", "minor", "trivial"], &["minor", "cosmetic", "not urgent", "whenever", "nitpick"]),
];

/// Phrases of unsolicited advertising.
pub(super) static SPAM: &[&str] = &[
    "casino",
    "crypto giveaway",
    "free crypto",
    "bitcoin giveaway",
    "click here to win",
    "click here now",
    "you have won",
    "free money",
    "make money fast",
    "earn $",
    "buy followers",
    "cheap viagra",
    "viagra",
    "online betting",
    "betting site",
    "payday loan",
    "seo services",
    "backlinks",
    "100% guaranteed",
    "limited time offer",
    "double your",
    "hot singles",
];

/// Words that fit when nothing else does, best first.
pub(super) static FALLBACK: &[&str] =
    &["other", "unknown", "unclear", "general", "none", "default", "medium", "normal", "neutral", "question"];
