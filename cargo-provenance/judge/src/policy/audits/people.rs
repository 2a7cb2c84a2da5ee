//! `[audits] reviewers` and `self-reviews`: how many people must have looked, and whether authors count.

use toml_span::value::Value;

use crate::policy::reader::{Reader, Result};

/// The most people that can be asked for: who is missing is looked for in every group of that many less one.
const REVIEWERS: i64 = 5;

impl Reader<'_> {
    pub(super) fn reviewers(&self, value: &Value<'_>) -> Result<u8> {
        let number = value.as_integer().filter(|number| (1..=REVIEWERS).contains(number));
        number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| {
            let what = format!("`reviewers` is not a number from 1 to {REVIEWERS}");
            self.invalid(value.span, &what, "write how many different people must have reviewed each version")
        })
    }
}
