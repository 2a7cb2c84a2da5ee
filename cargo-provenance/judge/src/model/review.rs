//! How a reviewer grades a review, in crev's words.

/// How much of something there was: of thoroughness, or of understanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Hardly any.
    None,
    /// A little.
    Low,
    /// As much as for an ordinary review.
    Medium,
    /// All that is asked for.
    High,
}

impl Level {
    /// Its name as crev writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            _ => None,
        }
    }
}

/// What came of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// Not fit for use.
    Negative,
    /// Nothing in particular, or no review at all.
    Neutral,
    /// Fit for use.
    Positive,
    /// Good in all respects.
    Strong,
}

impl Rating {
    /// Its name as crev writes it, and wrote it in the beginning.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "dangerous" | "negative" => Some(Self::Negative),
            "neutral" => Some(Self::Neutral),
            "positive" => Some(Self::Positive),
            "strong" => Some(Self::Strong),
            _ => None,
        }
    }
}
