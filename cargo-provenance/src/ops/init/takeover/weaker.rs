//! What other tools' files make weaker than it would be without them: nobody should have to look for that.

use crate::finding::{Finding, Weight};
use crate::policy::takeover::{Sourced, Taken};
use crate::policy::{Level, MaxAge, RUSTSEC};
use crate::report::plural;
use crate::vet::checks;

/// How old advisories may be without a word.
const MAX_AGE: &str = "14 days";

/// The finding that lists every level below the default and every place that packages or advisories may come from besides.
/// `files` names what was taken over.
pub(super) fn found(taken: &Taken, files: &str) -> Option<Finding> {
    let mut weaker = taken.checks.iter().filter_map(|(id, line)| level(id, line)).collect::<Vec<_>>();
    let note = |origin: &str, what: String| format!("{origin}: {what}");
    for Sourced { value, origin } in taken.registries.iter().chain(&taken.git) {
        let added = value.iter().filter(|place| *place != "crates-io");
        weaker.extend(added.map(|place| note(origin, format!("packages may come from `{place}`"))));
    }
    for Sourced { value, origin } in &taken.prefixes {
        weaker.push(note(origin, format!("packages may come from what `Cargo.lock` has below `{value}`")));
    }
    if let Some(Sourced { value, origin }) = &taken.databases
        && !value.iter().any(|url| url.trim_end_matches(".git") == RUSTSEC)
    {
        weaker.push(note(origin, format!("`{RUSTSEC}` is no longer asked for advisories")));
    }
    let seconds = |age| MaxAge::parse(age).map(|age| age.seconds);
    if let Some(Sourced { value, origin }) = &taken.max_age
        && seconds(value) > seconds(MAX_AGE)
    {
        weaker.push(note(origin, format!("advisories may be as old as {value}, by default {MAX_AGE}")));
    }
    if weaker.is_empty() {
        return None;
    }
    let message = format!("{files} made {} weaker than the default", plural(weaker.len(), "setting"));
    let help = "look at each: what the team does not mean, take out of `Provenance.toml`";
    let mut finding = Finding::new("weaker-than-default", Weight::Note, message).help(help);
    finding.notes = weaker;
    Some(finding)
}

/// A line of `[checks]` which has a level below that of the check, or a part with one.
fn level(id: &str, line: &Sourced<String>) -> Option<String> {
    let default = checks::check(id)?.level;
    let levels = [Level::Allow, Level::Note, Level::Review, Level::Deny];
    let is_below =
        |level: &Level| *level < default && line.value.contains(&format!("\"{}\"", level.as_str()));
    levels.iter().any(is_below).then(|| {
        format!("{}: `{id}` is `{}`, by default `\"{}\"`", line.origin, line.value, default.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(taken: &Taken) -> Vec<String> {
        found(taken, "`deny.toml`").map(|finding| finding.notes).unwrap_or_default()
    }

    fn sourced<T>(value: T) -> Sourced<T> {
        Sourced { value, origin: "deny.toml:1".to_owned() }
    }

    #[test]
    fn only_what_is_weaker_is_listed_and_all_of_it() {
        let check = |id, value: &str| (id, sourced(value.to_owned()));
        let list = |values: &[&str]| Some(sourced(values.iter().map(|it| (*it).to_owned()).collect()));
        let stricter = Taken {
            checks: vec![check("source", "\"deny\""), check("unmaintained", "\"deny\"")],
            registries: list(&["crates-io"]),
            databases: list(&["https://example.org/db", RUSTSEC]),
            max_age: Some(sourced("1 weeks".to_owned())),
            ..Taken::default()
        };
        assert_eq!(notes(&stricter), [] as [String; 0]);
        let weaker = Taken {
            checks: vec![
                check("source", "\"allow\""),
                check("unsound", "{ direct = \"deny\", transitive = \"note\" }"),
            ],
            registries: list(&["crates-io", "sparse+https://example.org/"]),
            git: list(&["https://example.org/x"]),
            prefixes: vec![sourced("https://example.org/team/".to_owned())],
            databases: list(&["https://example.org/db"]),
            max_age: Some(sourced("3 weeks".to_owned())),
            ..Taken::default()
        };
        assert_eq!(
            notes(&weaker),
            [
                "deny.toml:1: `source` is `\"allow\"`, by default `\"deny\"`",
                "deny.toml:1: `unsound` is `{ direct = \"deny\", transitive = \"note\" }`, by default `\"review\"`",
                "deny.toml:1: packages may come from `sparse+https://example.org/`",
                "deny.toml:1: packages may come from `https://example.org/x`",
                "deny.toml:1: packages may come from what `Cargo.lock` has below `https://example.org/team/`",
                "deny.toml:1: `https://github.com/RustSec/advisory-db` is no longer asked for advisories",
                "deny.toml:1: advisories may be as old as 3 weeks, by default 14 days",
            ]
        );
    }
}
