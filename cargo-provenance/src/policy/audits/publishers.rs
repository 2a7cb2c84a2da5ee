//! `[audits] publisher-age`: how old a release must be before the name of whoever published it counts.

use toml_span::Value;

use super::AuditRules;
use crate::policy::reader::{Reader, Result};
use crate::policy::{At, MaxAge};

/// Days where the policy does not say. Twice what a version must have lasted to enter at all: 31 of 39 malicious releases on
/// crates.io had been found by then (RustSec), those of accounts that were taken over within hours.
const DAYS: u64 = 14;

/// Seconds of a day.
const DAY: u64 = 86_400;

impl AuditRules {
    /// Days that must have passed since a release before the name of its publisher counts.
    pub fn publisher_days(&self) -> u64 {
        self.publisher_age.map_or(DAYS, |at| at.value.seconds.div_ceil(DAY))
    }
}

impl Reader<'_> {
    pub(super) fn publisher_age(&self, value: &Value<'_>, line: u32) -> Result<At<MaxAge>> {
        let help = "write an age from a day to ten years, such as `\"14 days\"` or `\"4 weeks\"`";
        let age = value.as_str().and_then(MaxAge::parse).filter(|age| age.seconds >= DAY);
        let age = age.ok_or_else(|| self.invalid(value.span, "`publisher-age` is not an age", help))?;
        Ok(At { value: age, line })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::policy::Policy;
    use crate::policy::catalogue::SAMPLES;

    #[test]
    fn an_age_is_read_and_never_none() {
        let days = |audits: &str| {
            let text = format!("version = 1\n[audits]\n{audits}");
            let policy = Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES);
            policy.map(|policy| policy.audits().expect("rules").publisher_days()).map_err(|it| it.to_string())
        };
        for (text, expected) in [
            ("", 14),
            ("publisher-age = '1 day'", 1),
            ("publisher-age = '4 weeks'", 28),
            ("publisher-age = '25 hours'", 2),
        ] {
            assert_eq!(days(text), Ok(expected), "{text}");
        }
        for text in ["'0 days'", "'1 hour'", "'23 hours'", "0", "14", "'never'", "'11 years'"] {
            let error = days(&format!("publisher-age = {text}")).expect_err(text);
            assert!(error.contains("`publisher-age` is not an age"), "{error}");
        }
    }
}
