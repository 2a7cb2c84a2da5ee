//! `audit.toml`, as cargo-audit 0.22 reads it.

use toml_span::value::Table;

use super::super::Level;
use super::super::reader::Result;
use super::taking::{Taking, in_order};

const PRINTS: &str = "says how another tool prints";
const ALL_TARGETS: &str = "every package of `Cargo.lock` is judged, for all targets and features";

/// The kinds of advisories that are no vulnerability, which the tool warns of unless told otherwise.
const KINDS: [&str; 3] = ["notice", "unmaintained", "unsound"];

pub(super) fn take(taking: &mut Taking<'_>, root: Table<'_>) -> Result<()> {
    for (span, section, mut value) in in_order(root) {
        if !matches!(
            section.as_str(),
            "advisories" | "database" | "output" | "target" | "yanked" | "packages"
        ) {
            taking.leave(span, &section, "is not known to this version");
            continue;
        }
        for (span, name, value) in taking.section(&mut value, span, &section)? {
            let key = format!("{section}.{name}");
            match (section.as_str(), name.as_str()) {
                ("advisories", "ignore") => {
                    for (at, id) in taking.texts(value, &key)? {
                        taking.ignore(at, &id, None);
                    }
                }
                ("advisories", "informational_warnings") => {
                    let named = taking.texts(value, &key)?;
                    for kind in KINDS.into_iter().filter(|kind| !named.iter().any(|(_, name)| name == kind)) {
                        taking.set(span, &key, kind, Level::Allow);
                    }
                    for (at, name) in named.iter().filter(|(_, name)| !KINDS.contains(&name.as_str())) {
                        taking.leave(
                            *at,
                            &key,
                            format!("`{}` is no kind of advisories", super::super::reader::quoted(name)),
                        );
                    }
                }
                ("advisories", "severity_threshold") => {
                    taking.leave(span, &key, "advisories are not weighed by their score");
                }
                ("database", "url") => {
                    let url = taking.text(&value, &key)?.to_owned();
                    taking.databases(span, &key, vec![(value.span, url)]);
                }
                ("database", "path") => taking.leave(span, &key, "copies of databases lie in the cargo home"),
                ("database", "fetch") => taking.leave(span, &key, "`--offline` keeps the network out"),
                ("database", "stale") => {
                    taking.leave(span, &key, "an old database decides nothing; see `max-age`")
                }
                ("output", "deny") => {
                    for (at, name) in taking.texts(value, &key)? {
                        match name.as_str() {
                            "warnings" => {
                                for check in ["unmaintained", "unsound", "version-yanked"] {
                                    taking.set(at, &key, check, Level::Deny);
                                }
                            }
                            "unmaintained" => taking.set(at, &key, "unmaintained", Level::Deny),
                            "unsound" => taking.set(at, &key, "unsound", Level::Deny),
                            "yanked" => taking.set(at, &key, "version-yanked", Level::Deny),
                            _ => taking.leave(at, &key, "is not known to this version"),
                        }
                    }
                }
                ("output", "format" | "quiet" | "show_tree") => taking.leave(span, &key, PRINTS),
                ("target", "arch" | "os") => taking.leave(span, &key, ALL_TARGETS),
                ("yanked", "enabled") => {
                    if !taking.reader.boolean(&value, &key)? {
                        taking.set(span, &key, "version-yanked", Level::Allow);
                    }
                }
                ("yanked", "update_index") => taking.leave(span, &key, "`--offline` keeps the network out"),
                _ => taking.leave(span, &key, "is not known to this version"),
            }
        }
    }
    Ok(())
}
