//! What `[audits]` says of publishers: how old a release must be before the name of whoever published it counts, and who
//! is asked about that.

use toml_span::Value;

use super::AuditRules;
use crate::model::{WebAddress, WebAddressError};
use crate::policy::reader::{Reader, Result};
use crate::policy::{At, MaxAge};

/// Days where the policy does not say. Twice what a version must have lasted to enter at all: 31 of 39 malicious releases on
/// crates.io had been found by then (RustSec).
const DAYS: u64 = 14;

/// Who is asked who published what, where the policy does not say.
const CRATES_IO: &str = "https://crates.io";

/// Seconds of a day.
const DAY: u64 = 86_400;

impl AuditRules {
    /// Days that must have passed since a release before the name of its publisher counts.
    pub fn publisher_days(&self) -> u64 {
        self.publisher_age.map_or(DAYS, |at| at.value.seconds.div_ceil(DAY))
    }

    /// Where it is said who published the versions of a crate.
    pub fn publishers_of(&self, krate: &str) -> std::result::Result<WebAddress, WebAddressError> {
        let base = self.publishers_from.as_deref().unwrap_or(CRATES_IO);
        WebAddress::parse(&format!("{base}/api/v1/crates/{krate}/versions"))
    }
}

impl Reader<'_> {
    pub(super) fn publisher_age(&self, value: &Value<'_>, line: u32) -> Result<At<MaxAge>> {
        let help = "write an age from a day to ten years, such as `\"14 days\"` or `\"4 weeks\"`";
        let age = value.as_str().and_then(MaxAge::parse).filter(|age| age.seconds >= DAY);
        let age = age.ok_or_else(|| self.invalid(value.span, "`publisher-age` is not an age", help))?;
        Ok(At { value: age, line })
    }

    pub(super) fn publishers_from(&self, value: &Value<'_>) -> Result<String> {
        let help = "write where the interface of crates.io is offered, such as `\"https://crates.io\"`";
        let text = value.as_str().unwrap_or_default();
        let is_base = WebAddress::parse(text).is_ok() && !text.contains('?') && !text.ends_with('/');
        let what = "`publishers-from` is not an address that is fetched from";
        if is_base { Ok(text.to_owned()) } else { Err(self.invalid(value.span, what, help)) }
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

    #[test]
    fn nobody_who_could_be_overheard_is_asked() {
        let asked = |audits: &str| {
            let text = format!("version = 1\n[audits]\n{audits}");
            let policy = Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES)?;
            let asked = policy.audits().expect("rules").publishers_of("a-b").expect("an address");
            Ok::<_, crate::policy::PolicyError>(asked.to_string())
        };
        assert_eq!(asked("").expect("the default"), "https://crates.io/api/v1/crates/a-b/versions");
        let own = asked("publishers-from = 'https://mirror.example.org/crates'").expect("a policy");
        assert_eq!(own, "https://mirror.example.org/crates/api/v1/crates/a-b/versions");
        for bad in
            ["http://crates.io", "https://me:pw@crates.io", "https://h/?q=", "https://h/", "crates.io", ""]
        {
            let error = asked(&format!("publishers-from = '{bad}'")).expect_err(bad).to_string();
            assert!(error.contains("is not an address that is fetched from"), "{error}");
        }
    }
}
