//! Cargo's own cool-down (`registry.global-min-publish-age` and `registries.NAME.min-publish-age`, stable since cargo 1.100).
//!
//! Cargo applies it when it resolves anew, to nothing that is locked, and not where a registry has no times. Here it stands in
//! for the policy's `days` where the policy sets none, and only where it asks for more than the tool itself does.

use std::collections::BTreeMap;

use provenance_build::Source;

use crate::policy::is_registry;

/// What cargo takes for a month: a twelfth of a Gregorian year.
const MONTH: u64 = 2_629_746;

/// The name of crates.io in a cargo configuration.
const CRATES_IO: &str = "crates-io";

/// How old a version must be by the cargo configuration inside the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cooldown {
    global: Option<Span>,
    /// By the registry's name.
    registries: BTreeMap<String, Span>,
}

/// A time span and where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// In seconds.
    pub seconds: u64,
    /// The value as written.
    pub text: String,
    /// The key and the place, for messages.
    pub set: String,
}

impl Span {
    /// Reads what cargo reads: `"0"`, or a whole number and seconds, minutes, hours, days, weeks or months, in the singular or
    /// the plural. `set` says where it stands.
    pub fn parse(text: &str, set: String) -> Option<Self> {
        let seconds = match text {
            "0" => 0,
            text => {
                let digits = text.bytes().take_while(u8::is_ascii_digit).count();
                let (number, unit) = text.split_at(digits);
                let each = match unit.strip_prefix(' ').unwrap_or(unit) {
                    "second" | "seconds" => 1,
                    "minute" | "minutes" => 60,
                    "hour" | "hours" => 60 * 60,
                    "day" | "days" => 24 * 60 * 60,
                    "week" | "weeks" => 7 * 24 * 60 * 60,
                    "month" | "months" => MONTH,
                    _ => return None,
                };
                number.parse::<u64>().ok()?.checked_mul(each)?
            }
        };
        Some(Self { seconds, text: text.to_owned(), set })
    }
}

impl Cooldown {
    /// Adds what a file says of a registry, or of all. Of several files the one that asks for most counts.
    pub fn add(&mut self, registry: Option<&str>, span: Span) {
        let most = |known: Option<Span>| match known {
            Some(known) if known.seconds >= span.seconds => known,
            _ => span.clone(),
        };
        match registry {
            None => self.global = Some(most(self.global.take())),
            Some(name) => {
                let span = most(self.registries.remove(name));
                self.registries.insert(name.to_owned(), span);
            }
        }
    }

    /// What is set for all registries, and for single ones.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.global.iter().chain(self.registries.values())
    }

    /// What holds for packages of a source: what is set for its registry, else what is set for all.
    pub fn of(&self, source: &Source, index_of: impl Fn(&str) -> Option<String>) -> Option<&Span> {
        let is_it = |name: &str| match name {
            CRATES_IO => source.is_crates_io(),
            name => is_registry(source, name, &index_of),
        };
        let own = self.registries.iter().find(|(name, _)| is_it(name)).map(|(_, span)| span);
        own.or(self.global.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use provenance_build::name;

    use super::*;

    fn span(text: &str) -> Option<Span> {
        Span::parse(text, "x".to_owned())
    }

    #[test]
    fn spans_are_what_cargo_reads() {
        for (text, expected) in [
            ("0", Some(0)),
            ("14 days", Some(14 * 86_400)),
            ("1 day", Some(86_400)),
            ("3hours", Some(10_800)),
            ("2 weeks", Some(14 * 86_400)),
            ("1 month", Some(MONTH)),
            ("90 seconds", Some(90)),
            ("5 minutes", Some(300)),
            ("14", None),
            ("days", None),
            ("-1 days", None),
            ("1.5 days", None),
            ("14  days", None),
            ("14 dyas", None),
            ("", None),
            ("99999999999999999999 days", None),
            ("18446744073709551615 months", None),
        ] {
            assert_eq!(span(text).map(|span| span.seconds), expected, "{text}");
        }
    }

    #[test]
    fn a_registrys_own_span_goes_before_the_one_for_all_and_the_strictest_file_counts() {
        let source = |text: &str| Source::parse(text).expect("a source");
        let (crates_io, corp) = (source(name::CRATES_IO), source("sparse+https://corp/"));
        let index_of = |name: &str| (name == "corp").then(|| "sparse+https://corp/".to_owned());
        let mut cooldown = Cooldown::default();
        let of = |cooldown: &Cooldown, source| cooldown.of(source, index_of).map(|span| span.text.clone());
        assert_eq!(of(&cooldown, &crates_io), None);
        for (registry, text) in
            [(None, "20 days"), (None, "10 days"), (Some("corp"), "0"), (Some("other"), "9 days")]
        {
            cooldown.add(registry, span(text).expect(text));
        }
        assert_eq!(of(&cooldown, &crates_io).as_deref(), Some("20 days"));
        assert_eq!(of(&cooldown, &corp).as_deref(), Some("0"));
        cooldown.add(Some("crates-io"), span("30 days").expect("a span"));
        assert_eq!(of(&cooldown, &crates_io).as_deref(), Some("30 days"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}") {
            let _ = span(&text);
        }
    }
}
