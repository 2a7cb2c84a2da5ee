//! `deny.toml`, as cargo-deny 0.20 and its predecessors read it.

mod spelling;

use toml_span::Span;
use toml_span::value::{Table, Value};

use provenance_build::name::PackageName;

use self::spelling::{exact, max_age, registry, requirement};
use super::super::Level;
use super::super::reader::{Result, quoted};
use super::taking::{NO_REASON, Taking, basic, in_order, is_table};
use super::{Ignored, Sourced};
use crate::model::LicenseName;

const WHOLE_GRAPH: &str = "every package of `Cargo.lock` is judged, for all targets and features";

/// Why a setting is not followed that made an old cargo-deny milder, and that the ones since 0.15 do not read.
const IGNORED: &str = "cargo-deny ignores it today, and denies";

/// Why settings about the list itself have none.
const NO_COUNTERPART: &str = "has no counterpart";

pub(super) fn take(taking: &mut Taking<'_>, root: Table<'_>) -> Result<()> {
    for (span, key, mut value) in in_order(root) {
        match key.as_str() {
            "advisories" => advisories(taking, &mut value, span)?,
            "bans" => bans(taking, &mut value, span)?,
            "licenses" => licenses(taking, &mut value, span)?,
            "sources" => sources(taking, &mut value, span)?,
            "graph" => {
                let keys = taking.section(&mut value, span, &key)?;
                taking.leave_all(keys, "graph", WHOLE_GRAPH);
            }
            "output" => {
                let keys = taking.section(&mut value, span, &key)?;
                taking.leave_all(keys, "output", "says how another tool prints");
            }
            "targets" | "exclude" | "all-features" | "no-default-features" | "features" | "exclude-dev" => {
                taking.leave(span, &key, WHOLE_GRAPH);
            }
            "feature-depth" => taking.leave(span, &key, "says how another tool prints"),
            _ => taking.leave(span, &key, "is not known to this version"),
        }
    }
    Ok(())
}

/// `deny.exceptions.toml`, which holds nothing else.
pub(super) fn take_exceptions(taking: &mut Taking<'_>, root: Table<'_>) -> Result<()> {
    for (span, key, value) in in_order(root) {
        match key.as_str() {
            "exceptions" => exceptions(taking, value, &key)?,
            _ => taking.leave(span, &key, "is not known to this version"),
        }
    }
    Ok(())
}

fn advisories(taking: &mut Taking<'_>, value: &mut Value<'_>, span: Span) -> Result<()> {
    for (span, name, mut value) in taking.section(value, span, "advisories")? {
        let key = format!("advisories.{name}");
        match name.as_str() {
            "version" => {}
            "db-urls" => {
                let urls = taking.texts(value, &key)?;
                taking.databases(span, &key, urls);
            }
            "db-url" => {
                let url = taking.text(&value, &key)?.to_owned();
                taking.databases(span, &key, vec![(value.span, url)]);
            }
            "db-path" => taking.leave(span, &key, "copies of databases lie in the cargo home"),
            "ignore" => {
                for mut entry in taking.reader.array(value, &key)? {
                    ignored(taking, &mut entry)?;
                }
            }
            "yanked" => {
                let level = taking.lint(&value, &key)?;
                taking.set(span, &key, "version-yanked", level);
            }
            "disable-yank-checking" => {
                if taking.reader.boolean(&value, &key)? {
                    taking.set(span, &key, "version-yanked", Level::Allow);
                }
            }
            "unmaintained" | "unsound" => {
                let check = if name == "unsound" { "unsound" } else { "unmaintained" };
                match taking.text(&value, &key)? {
                    "all" => taking.set(span, &key, check, Level::Deny),
                    "none" => taking.set(span, &key, check, Level::Allow),
                    // What the other tool does not look at is shown here.
                    "workspace" => taking.set_parts(span, &key, check, Level::Deny, Level::Note),
                    "transitive" => taking.set_parts(span, &key, check, Level::Note, Level::Deny),
                    _ => {
                        let level = taking.lint(&value, &key)?;
                        taking.set(span, &key, check, level);
                    }
                }
            }
            "vulnerability" => match taking.lint(&value, &key)? {
                Level::Deny => taking.set(span, &key, "vulnerability", Level::Deny),
                _ => taking.leave(span, &key, IGNORED),
            },
            "notice" => {
                let level = taking.lint(&value, &key)?;
                taking.set(span, &key, "notice", level);
            }
            "unused-ignored-advisory" => {
                let level = taking.lint(&value, &key)?;
                taking.set(span, &key, "exception-unused", level);
            }
            "maximum-db-staleness" => match max_age(taking.text(&value, &key)?) {
                Some(age) => {
                    let age = taking.sourced(span, age);
                    taking.taken.max_age = Some(age);
                }
                None => taking.leave(span, &key, "is no number of days or weeks, or longer than ten years"),
            },
            "git-fetch-with-cli" => taking.leave(span, &key, "databases are always fetched by your git"),
            "severity-threshold" => taking.leave(span, &key, "advisories are not weighed by their score"),
            _ => {
                let _ = value.take();
                taking.leave(span, &key, "is not known to this version");
            }
        }
    }
    Ok(())
}

/// An id, a package, or a table with one of them and a reason.
fn ignored(taking: &mut Taking<'_>, entry: &mut Value<'_>) -> Result<()> {
    let span = entry.span;
    if !is_table(entry) {
        let text = taking.text(entry, "advisories.ignore")?.to_owned();
        match PackageName::parse(&text).is_some() && !is_advisory(&text) || text.contains(['@', ':']) {
            true => ignored_yank(taking, span, &text, None),
            false => taking.ignore(span, &text, None),
        }
        return Ok(());
    }
    let table = taking.reader.table(entry, span, "ignore")?;
    let reason = optional(taking, &table, "reason")?;
    match (optional(taking, &table, "id")?, package_of(taking, &table)?) {
        (Some(id), _) => taking.ignore(span, &id, reason),
        (None, Some(spec)) => ignored_yank(taking, span, &spec, reason),
        (None, None) => taking.leave(span, "advisories.ignore", "names neither an advisory nor a package"),
    }
    Ok(())
}

fn is_advisory(text: &str) -> bool {
    ["RUSTSEC-", "GHSA-", "CVE-"].iter().any(|beginning| text.starts_with(beginning))
}

/// A package in the list of ignored advisories may be yanked.
fn ignored_yank(taking: &mut Taking<'_>, span: Span, spec: &str, reason: Option<String>) {
    match exact(spec) {
        Some(package) => {
            let ignored = taking.sourced(span, Ignored::Package { check: "version-yanked", package, reason });
            taking.taken.ignored.push(ignored);
        }
        None => taking.leave(
            span,
            "advisories.ignore",
            format!("`{}` is not one package or one version", quoted(spec)),
        ),
    }
}

fn bans(taking: &mut Taking<'_>, value: &mut Value<'_>, span: Span) -> Result<()> {
    for (span, name, value) in taking.section(value, span, "bans")? {
        let key = format!("bans.{name}");
        match name.as_str() {
            "deny" => {
                for mut entry in taking.reader.array(value, &key)? {
                    banned(taking, &mut entry)?;
                }
            }
            "multiple-versions" => {
                let level = taking.lint(&value, &key)?;
                taking.set(span, &key, "duplicate-version", level);
            }
            "highlight" => taking.leave(span, &key, "says how another tool prints"),
            "multiple-versions-include-dev" | "skip" | "skip-tree" => {
                taking.leave(
                    span,
                    &key,
                    "let two versions in with an `[[exception]]` of `duplicate-version`",
                );
            }
            "wildcards" | "allow-wildcard-paths" | "workspace-dependencies" => {
                taking.leave(span, &key, "is about the team's own manifests; pins hold every version anyway");
            }
            "allow" | "allow-workspace" => {
                taking.leave(
                    span,
                    &key,
                    "packages are let in one by one, by their pins; no list of names lets them in",
                );
            }
            "features" | "external-default-features" | "workspace-default-features" => {
                taking.leave(span, &key, "packages are judged with all of their features");
            }
            "build" => {
                taking.leave(
                    span,
                    &key,
                    "pins hold the bytes of everything that runs at build time; names are not enough",
                );
            }
            "std-replacements" => taking.leave(span, &key, NO_COUNTERPART),
            _ => taking.leave(span, &key, "is not known to this version"),
        }
    }
    Ok(())
}

fn banned(taking: &mut Taking<'_>, entry: &mut Value<'_>) -> Result<()> {
    let span = entry.span;
    let (mut reason, mut instead) = (None, None);
    let spec = match is_table(entry) {
        false => Some(taking.text(entry, "bans.deny")?.to_owned()),
        true => {
            let table = taking.reader.table(entry, span, "deny")?;
            reason = optional(taking, &table, "reason")?;
            instead = optional(taking, &table, "use-instead")?;
            if let Some(value) = table.get("deny-multiple-versions")
                && taking.reader.boolean(value, "deny-multiple-versions")?
            {
                taking.leave(
                    span,
                    "bans.deny",
                    "`deny-multiple-versions` bans no package; two versions refuse nothing here",
                );
                return Ok(());
            }
            if let Some((key, _)) = table.get_key_value("wrappers") {
                taking.leave(
                    key.span,
                    "bans.deny.wrappers",
                    "a ban here holds whoever depends on the package",
                );
            }
            package_of(taking, &table)?
        }
    };
    let Some(spec) = spec else {
        taking.leave(span, "bans.deny", "names no package");
        return Ok(());
    };
    let Some((package, versions)) = requirement(&spec) else {
        let what = "is none of `NAME`, `NAME@VERSION` and `NAME:REQUIREMENT`, such as `NAME:<1.2`";
        taking.leave(span, "bans.deny", format!("`{}` {what}", quoted(&spec)));
        return Ok(());
    };
    let mut lines = vec!["[[ban]]".to_owned(), format!("package = {}", basic(&package))];
    lines.extend(versions.map(|versions| format!("versions = {}", basic(&versions))));
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    lines.push(format!("reason = {}", basic(reason.as_deref().unwrap_or(NO_REASON))));
    lines.extend(instead.map(|instead| format!("instead = {}", basic(&instead))));
    let ban = taking.sourced(span, lines);
    taking.taken.bans.push(ban);
    Ok(())
}

fn licenses(taking: &mut Taking<'_>, value: &mut Value<'_>, span: Span) -> Result<()> {
    for (span, name, value) in taking.section(value, span, "licenses")? {
        let key = format!("licenses.{name}");
        match name.as_str() {
            "version" => {}
            "allow" => {
                let mut allow = vec![];
                for (at, text) in taking.texts(value, &key)? {
                    match LicenseName::parse(&text) {
                        Some(_) => allow.push(text),
                        None => taking.leave(
                            at,
                            &key,
                            format!("`{}` is no single license of SPDX", quoted(&text)),
                        ),
                    }
                }
                let allow = taking.sourced(span, allow);
                taking.taken.licenses = Some(allow);
            }
            "exceptions" => exceptions(taking, value, &key)?,
            "unlicensed" => match taking.lint(&value, &key)? {
                Level::Deny => taking.set(span, &key, "license-missing", Level::Deny),
                _ => taking.leave(span, &key, IGNORED),
            },
            "deny" => taking.leave(span, &key, "what is not in `allow` is not allowed"),
            "copyleft" | "default" | "allow-osi-fsf-free" => {
                taking.leave(span, &key, "licenses are allowed by their names alone");
            }
            "confidence-threshold" => {
                taking.leave(span, &key, "texts are not compared: what the manifest says counts")
            }
            "clarify" => {
                taking.leave(span, &key, "read the license, and accept it for these bytes (`--accept`)")
            }
            "private" => taking.leave(
                span,
                &key,
                "members are never judged by their license, packages of registries always",
            ),
            "include-dev" | "include-build" => taking.leave(span, &key, WHOLE_GRAPH),
            "unused-allowed-license" | "unused-license-exception" => taking.leave(span, &key, NO_COUNTERPART),
            _ => taking.leave(span, &key, "is not known to this version"),
        }
    }
    Ok(())
}

/// Licenses that are allowed for one package alone.
fn exceptions(taking: &mut Taking<'_>, value: Value<'_>, key: &str) -> Result<()> {
    for mut entry in taking.reader.array(value, key)? {
        let span = entry.span;
        let table = taking.reader.table(&mut entry, span, "exceptions")?;
        let spec = package_of(taking, &table)?;
        let list = table.get("allow").and_then(Value::as_array).into_iter().flatten();
        let allowed = list.filter_map(Value::as_str).map(quoted).collect();
        match spec.as_deref().and_then(exact) {
            Some(package) => {
                let ignored = taking.sourced(span, Ignored::License { package, allowed });
                taking.taken.ignored.push(ignored);
            }
            None => taking.leave(span, key, "names not one package or one version"),
        }
    }
    Ok(())
}

fn sources(taking: &mut Taking<'_>, value: &mut Value<'_>, span: Span) -> Result<()> {
    let mut unlisted = vec![];
    for (span, name, mut value) in taking.section(value, span, "sources")? {
        let key = format!("sources.{name}");
        match name.as_str() {
            "unknown-registry" | "unknown-git" => {
                unlisted.push((span, key.clone(), taking.lint(&value, &key)?))
            }
            "allow-registry" => {
                let mut registries = vec![];
                for (at, url) in taking.texts(value, &key)? {
                    match registry(&url) {
                        Some(registry) => registries.push(registry),
                        None => taking.leave(at, &key, format!("`{}` is no registry", quoted(&url))),
                    }
                }
                let registries = taking.sourced(span, registries);
                taking.taken.registries = Some(registries);
            }
            "allow-git" => {
                let mut git = vec![];
                for (at, url) in taking.texts(value, &key)? {
                    match super::super::read::git_url(&url) {
                        true => git.push(url),
                        false => {
                            taking.leave(at, &key, format!("`{}` is no URL of a repository", quoted(&url)))
                        }
                    }
                }
                let git = taking.sourced(span, git);
                taking.taken.git = Some(git);
            }
            "private" => {
                for (at, url) in taking.texts(value, &key)? {
                    prefix(taking, at, &url);
                }
            }
            "allow-org" => {
                let table = taking.reader.table(&mut value, span, &name)?;
                for (at, host, value) in in_order(table) {
                    let url = match host.as_str() {
                        "github" => "https://github.com/",
                        "gitlab" => "https://gitlab.com/",
                        "bitbucket" => "https://bitbucket.org/",
                        _ => {
                            taking.leave(at, &key, "is not known to this version");
                            continue;
                        }
                    };
                    for (at, organization) in taking.texts(value, &key)? {
                        prefix(taking, at, &format!("{url}{organization}/"));
                    }
                }
            }
            "required-git-spec" => {
                taking.leave(span, &key, "pins hold commits, whatever the manifest asks for")
            }
            "unused-allowed-source" | "unused-allowed-org" => taking.leave(span, &key, NO_COUNTERPART),
            _ => taking.leave(span, &key, "is not known to this version"),
        }
    }
    // One check judges registries and repositories: only what both leave open is open. Without a word, it denies.
    if let [(span, key, first), (_, _, second)] = &unlisted[..] {
        taking.set(*span, key, "source", *first.max(second));
    } else if let [(span, key, level)] = &unlisted[..] {
        match level {
            Level::Deny => taking.set(*span, key, "source", Level::Deny),
            _ => taking.leave(*span, key, "`source` judges registries and repositories alike, and denies"),
        }
    }
    Ok(())
}

fn prefix(taking: &mut Taking<'_>, span: Span, url: &str) {
    let prefix: Sourced<String> = taking.sourced(span, url.to_owned());
    taking.taken.prefixes.push(prefix);
}

fn optional(taking: &Taking<'_>, table: &Table<'_>, key: &str) -> Result<Option<String>> {
    table.get(key).map(|value| Ok(taking.text(value, key)?.to_owned())).transpose()
}

/// `crate = "…"`, or `name` and `version` as they used to be.
fn package_of(taking: &Taking<'_>, table: &Table<'_>) -> Result<Option<String>> {
    if let Some(spec) = optional(taking, table, "crate")? {
        return Ok(Some(spec));
    }
    let version = optional(taking, table, "version")?.filter(|version| version != "*");
    Ok(optional(taking, table, "name")?.map(|name| match version {
        Some(version) => format!("{name}:{version}"),
        None => name,
    }))
}
