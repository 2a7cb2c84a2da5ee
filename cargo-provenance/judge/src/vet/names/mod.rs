//! Names that people mean, and names that look like them.
//!
//! What people mean is what they use: the packages that are pinned, the members of the workspace, what the policy names,
//! packages that have advisories, and a `core` of well-known ones. All of it is at hand, so that no name is asked of
//! anybody. A name is compared without its case, its `-` and its `_`.

mod core;

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::PackageName;

pub use self::core::CORE;

/// What is put before or behind a known name to make another one that looks official: the list of crates.io's own check, and
/// what malicious packages of 2022 to 2026 had besides.
const AFFIXES: [&str; 23] = [
    "api", "async", "cargo", "check", "checks", "cli", "client", "core", "dev", "fast", "fork", "lib",
    "main", "next", "official", "rs", "rst", "rust", "safe", "sdk", "sys", "util", "utils",
];

/// Below this length, without separators, one letter makes a name of its own.
const EDIT_LENGTH: usize = 4;

/// Below this length, what is left of a name without its number or its affix could be anything.
const STEM_LENGTH: usize = 3;

/// How a name looks like another one. The first that fits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Only `-`, `_` or case differ.
    Twin,
    /// The same words in another order.
    Swap,
    /// Another number at the end.
    Digit,
    /// A word more, such as `-rs` or `core-`.
    Affix,
    /// One letter more, less or different, or two that changed places.
    Edit,
}

/// The names that people mean.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Never taken for a look-alike.
    known: BTreeSet<String>,
    /// The members of the workspace.
    members: BTreeSet<String>,
    /// Where a look-alike leads: the names by what they are without separators, by their words, by what they are without a
    /// number, and by length.
    twins: BTreeMap<String, Vec<String>>,
    words: BTreeMap<Vec<String>, Vec<String>>,
    stems: BTreeMap<String, Vec<String>>,
    lengths: BTreeMap<usize, Vec<(String, String)>>,
}

impl Names {
    /// The core alone.
    pub fn core() -> Self {
        let mut names = Self::default();
        names.know(CORE.iter().copied());
        names
    }

    /// Adds names that are beyond doubt.
    pub fn know<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            self.known.insert(name.to_ascii_lowercase());
            self.mean(name);
        }
    }

    /// Adds the members of the workspace.
    pub fn own<'n>(&mut self, members: impl IntoIterator<Item = &'n str>) {
        for name in members {
            self.members.insert(canon(name));
            self.know([name]);
        }
    }

    /// Adds names that are in use. They may be look-alikes themselves.
    pub fn meet<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        names.into_iter().for_each(|name| self.mean(name));
    }

    fn mean(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        let canon = canon(&name);
        let same = self.twins.entry(canon.clone()).or_default();
        if same.contains(&name) {
            return;
        }
        same.push(name.clone());
        let words = sorted_words(&name);
        if words.len() > 1 {
            self.words.entry(words).or_default().push(name.clone());
        }
        if let Some(stem) = stem(&canon) {
            self.stems.entry(stem.to_owned()).or_default().push(name.clone());
        }
        if canon.len() >= EDIT_LENGTH {
            self.lengths.entry(canon.len()).or_default().push((canon, name));
        }
    }

    /// Whether a member of the workspace has this name.
    pub fn is_member(&self, name: &PackageName) -> bool {
        self.members.contains(&canon(&name.as_str().to_ascii_lowercase()))
    }

    /// The name that another one looks like, unless that is beyond doubt itself.
    pub fn likeness(&self, name: &PackageName) -> Option<(Likeness, &str)> {
        let name = name.as_str().to_ascii_lowercase();
        if self.known.contains(&name) {
            return None;
        }
        let canon = canon(&name);
        let find = |likeness, names| other(names, &name).map(|other| (likeness, other));
        find(Likeness::Twin, self.twins.get(&canon))
            .or_else(|| find(Likeness::Swap, self.words.get(&sorted_words(&name))))
            .or_else(|| find(Likeness::Digit, stem(&canon).and_then(|stem| self.stems.get(stem))))
            .or_else(|| {
                let mut bare = without_affix(&name).into_iter();
                bare.find_map(|bare| find(Likeness::Affix, self.twins.get(&bare)))
            })
            .or_else(|| self.edited(&canon).map(|other| (Likeness::Edit, other)))
    }

    /// The first name that is one letter away.
    fn edited(&self, canon: &str) -> Option<&str> {
        if canon.len() < EDIT_LENGTH {
            return None;
        }
        let lengths = canon.len() - 1..=canon.len() + 1;
        let mut near = self.lengths.range(lengths).flat_map(|(_, names)| names);
        near.find(|(other, _)| is_one_edit(canon, other)).map(|(_, name)| name.as_str())
    }
}

fn other<'n>(names: Option<&'n Vec<String>>, name: &str) -> Option<&'n str> {
    names?.iter().map(String::as_str).find(|other| *other != name)
}

/// A name without its separators.
fn canon(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

fn words(name: &str) -> Vec<&str> {
    name.split(['-', '_']).filter(|word| !word.is_empty()).collect()
}

fn sorted_words(name: &str) -> Vec<String> {
    let mut words = words(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
    words.sort_unstable();
    words
}

/// What a name is without the number at its end.
fn stem(canon: &str) -> Option<&str> {
    let stem = canon.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem.len() >= STEM_LENGTH).then_some(stem)
}

/// What a name is without the affix at its beginning or its end.
fn without_affix(name: &str) -> Vec<String> {
    let words = words(name);
    let mut bare = vec![];
    if let [first, rest @ ..] = words.as_slice() {
        bare.extend(AFFIXES.contains(first).then(|| rest.concat()));
    }
    if let [rest @ .., last] = words.as_slice() {
        bare.extend(AFFIXES.contains(last).then(|| rest.concat()));
    }
    bare.retain(|bare| bare.len() >= STEM_LENGTH);
    bare
}

/// Whether two words are one letter apart, or two neighbors that changed places: a Damerau-Levenshtein distance of 1.
fn is_one_edit(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let head = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[head..], &other[head..]);
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&one[..one.len() - tail], &other[..other.len() - tail]) {
        ([_], []) | ([], [_]) | ([_], [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// Whether two packages belong together by their names: they begin with the same word, or one is the beginning of the other.
pub fn same_family(one: &PackageName, other: &PackageName) -> bool {
    let first = |name: &PackageName| {
        let name = name.as_str().to_ascii_lowercase();
        let first = words(&name).first().copied().unwrap_or_default().to_owned();
        first.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
    };
    let (a, b) = (first(one), first(other));
    let (one, other) = (canon(one.as_str()), canon(other.as_str()));
    let begins = |long: &str, short: &str| short.len() >= STEM_LENGTH && long.starts_with(short);
    (!a.is_empty() && a == b) || begins(&one, &other) || begins(&other, &one)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> PackageName {
        PackageName::parse(text).expect("a name")
    }

    fn looks(names: &Names, text: &str) -> Option<(Likeness, String)> {
        names.likeness(&name(text)).map(|(likeness, other)| (likeness, other.to_owned()))
    }

    #[test]
    fn malicious_names_look_like_what_they_aimed_at() {
        use Likeness::{Affix, Digit, Edit, Swap, Twin};
        let names = Names::core();
        for (malicious, likeness, target) in [
            ("rustdecimal", Twin, "rust_decimal"),
            ("lazystatic", Twin, "lazy_static"),
            ("envlogger", Twin, "env_logger"),
            ("oncecell", Twin, "once_cell"),
            ("if-cfg", Swap, "cfg-if"),
            ("bit-flags", Twin, "bitflags"),
            ("proc-macro1", Digit, "proc-macro2"),
            ("rewqest", Edit, "reqwest"),
            ("serd", Edit, "serde"),
            ("postgress", Edit, "postgres"),
            ("rands", Edit, "rand"),
            ("tracings", Edit, "tracing"),
            ("tracing-check", Affix, "tracing"),
            ("rpc-check", Affix, "rpc"),
            ("Serde-JSON", Twin, "serde_json"),
            ("rust-tokio", Affix, "tokio"),
        ] {
            let mut names = names.clone();
            names.meet(["rpc"]);
            assert_eq!(looks(&names, malicious), Some((likeness, target.to_owned())), "{malicious}");
        }
    }

    #[test]
    fn what_is_known_is_no_look_alike_and_what_is_in_use_may_be_one() {
        let mut names = Names::core();
        for known in CORE {
            assert_eq!(looks(&names, known), None, "{known}");
        }
        names.meet(["proc-macro1", "acme-billing"]);
        assert_eq!(looks(&names, "proc-macro1").map(|(_, other)| other).as_deref(), Some("proc-macro2"));
        assert_eq!(looks(&names, "billing_acme"), Some((Likeness::Swap, "acme-billing".to_owned())));
        names.know(["proc-macro1"]);
        assert_eq!(looks(&names, "proc-macro1"), None);
        names.own(["Billing_Core"]);
        assert!(names.is_member(&name("billing-core")) && !names.is_member(&name("billing")));
        assert_eq!(looks(&names, "billing-core"), Some((Likeness::Twin, "billing_core".to_owned())));
    }

    #[test]
    fn short_names_and_strangers_look_like_nothing() {
        let names = Names::core();
        for stranger in ["h9", "ab", "zzyzx", "frobnicate", "x-core", "rs", "a1", "core"] {
            assert_eq!(looks(&names, stranger), None, "{stranger}");
        }
        assert_eq!(Names::default().likeness(&name("serde")), None);
    }

    #[test]
    fn families_share_a_beginning() {
        for (one, other, expected) in [
            ("serde", "serde_core", true),
            ("windows-sys", "windows-targets", true),
            ("futures", "futures2-util", true),
            ("rustls", "rustlswebpki", true),
            ("arrayref", "proc-macro1", false),
            ("a-b", "a", true),
            ("ab", "abc", false),
            ("-", "_", false),
        ] {
            assert_eq!(same_family(&name(one), &name(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn ten_thousand_names_and_four_hundred_packages_take_no_time() {
        let mut names = Names::core();
        let many =
            (0..10_000).map(|n| format!("{}-{}-{n}", CORE[n % CORE.len()], CORE[(n * 7) % CORE.len()]));
        let many = many.collect::<Vec<_>>();
        names.meet(many.iter().map(String::as_str));
        let packages = (0..400).map(|n| name(&format!("package-{}-{}", CORE[n % CORE.len()], n * 31)));
        let packages = packages.collect::<Vec<_>>();
        let start = Instant::now();
        let found = packages.iter().filter(|package| names.likeness(package).is_some()).count();
        // 50 ms in a release build; tests are built without optimization, on machines that do other things as well.
        assert!(start.elapsed().as_millis() < 5_000, "{:?}", start.elapsed());
        assert!(found <= packages.len());
    }

    proptest! {
        #[test]
        fn one_edit_is_a_distance_of_one(one in "[abc]{0,6}", other in "[abc]{0,6}") {
            let distance = strsim::damerau_levenshtein(&one, &other);
            prop_assert_eq!(is_one_edit(&one, &other), distance == 1, "{} {}", one, other);
        }

        #[test]
        fn no_name_makes_it_panic(text in "[a-zA-Z0-9_-]{1,20}") {
            let names = Names::core();
            let text = name(&text);
            let _ = names.likeness(&text);
            let _ = same_family(&text, &name("serde"));
        }
    }
}
