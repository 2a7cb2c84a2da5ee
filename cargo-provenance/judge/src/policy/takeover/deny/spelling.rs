//! How cargo-deny spells packages, registries and ages.

use provenance_build::name::{PackageName, Version};

use super::super::super::{MaxAge, read};

/// `name`, `name@1.2.3` (that version) or `name:REQUIREMENT`: the name, and the requirement if there is one.
pub(super) fn requirement(spec: &str) -> Option<(String, Option<String>)> {
    let (name, versions) = match (spec.split_once('@'), spec.split_once(':')) {
        (Some((name, version)), _) => (name, Some(format!("={version}"))),
        (None, Some((name, versions))) => (name, Some(versions.to_owned())),
        (None, None) => (spec, None),
    };
    PackageName::parse(name)?;
    let versions = versions.filter(|versions| versions != "*");
    match versions {
        Some(versions) => {
            semver::VersionReq::parse(&versions).ok()?;
            Some((name.to_owned(), Some(versions)))
        }
        None => Some((name.to_owned(), None)),
    }
}

/// A package, or one version of it, as an exception names it.
pub(super) fn exact(spec: &str) -> Option<String> {
    let (name, versions) = requirement(spec)?;
    match versions {
        None => Some(name),
        Some(versions) => {
            let version = versions.strip_prefix('=')?.trim();
            Version::parse(version)?;
            Some(format!("{name}@{version}"))
        }
    }
}

/// A registry as the policy names it.
pub(super) fn registry(url: &str) -> Option<String> {
    let plain = url.trim_end_matches('/');
    if matches!(
        plain,
        "https://github.com/rust-lang/crates.io-index"
            | "https://index.crates.io"
            | "sparse+https://index.crates.io"
            | "registry+https://github.com/rust-lang/crates.io-index"
    ) {
        return Some("crates-io".to_owned());
    }
    let id = if url.contains('+') { url.to_owned() } else { format!("registry+{url}") };
    read::registry_name(&id).then_some(id)
}

/// `P90D`, `P2W`, `P3M`, as the policy writes an age.
pub(super) fn max_age(text: &str) -> Option<String> {
    let inside = text.trim().strip_prefix(['P', 'p'])?;
    let (number, unit) = inside.split_at_checked(inside.len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok()?;
    let age = match unit {
        "D" | "d" => format!("{number} days"),
        "W" | "w" => format!("{number} weeks"),
        "M" | "m" => format!("{} days", number.checked_mul(30)?),
        "Y" | "y" => format!("{} days", number.checked_mul(365)?),
        _ => return None,
    };
    MaxAge::parse(&age).map(|_| age)
}
